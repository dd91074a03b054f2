/* mapping.c - see mapping.h. */
#include "mapping.h"

#include "mapping_guess.h"
#include "utf8.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#define HEADER_SHOWN 120u  /* bytes of a header shown in messages */
#define LIST_SHOWN 20u     /* columns listed in messages */
#define HEADER_FOLDED 400u /* UTF-16 units of a header compared */

char *
mapping_fold(mst_arena *arena, const void *text, size_t size)
{
    char clean[HEADER_FOLDED];
    utf8_clean(text, size, clean, sizeof clean);
    UChar wide[HEADER_FOLDED], plain[HEADER_FOLDED * 4];
    int32_t length = 0;
    UErrorCode rc = U_ZERO_ERROR;
    u_strFromUTF8(wide, HEADER_FOLDED, &length, clean, -1, &rc);
    const UNormalizer2 *fold = unorm2_getNFKCCasefoldInstance(&rc), *apart = unorm2_getNFDInstance(&rc);
    UChar folded[HEADER_FOLDED * 2];
    length = unorm2_normalize(fold, wide, length, folded, HEADER_FOLDED * 2, &rc);
    length = unorm2_normalize(apart, folded, length, plain, HEADER_FOLDED * 4, &rc);
    if (U_FAILURE(rc))
        return mst_arena_strdup(arena, clean);
    int32_t kept = 0;
    for (int32_t i = 0; i < length;) {
        UChar32 c;
        int32_t from = i;
        U16_NEXT(plain, i, length, c);
        if (u_isalnum(c))
            while (from < i)
                plain[kept++] = plain[from++];
    }
    char out[HEADER_FOLDED * 8];
    int32_t used = 0;
    rc = U_ZERO_ERROR;
    u_strToUTF8(out, sizeof out, &used, plain, kept, &rc);
    return mst_arena_strndup(arena, out, U_FAILURE(rc) ? 0 : (size_t)used);
}

void
mapping_prepare(wanted_columns *wanted, mst_arena *arena)
{
    const char ***keys = mst_arena_alloc(arena, (wanted->fields_count + 1) * sizeof *keys);
    for (size_t i = 0; i < wanted->fields_count; i++) {
        const Muster__V1__Field *field = wanted->fields[i];
        keys[i] = mst_arena_alloc(arena, (field->n_synonyms + 3) * sizeof **keys);
        keys[i][0] = mapping_fold(arena, field->name, strlen(field->name));
        keys[i][1] = mapping_fold(arena, field->title, strlen(field->title));
        for (size_t j = 0; j < field->n_synonyms; j++)
            keys[i][2 + j] = mapping_fold(arena, field->synonyms[j], strlen(field->synonyms[j]));
    }
    wanted->keys = keys;
}

/* How good the reason is: a smaller number is better. */
enum { BY_CHOICE, BY_MEMORY, BY_NAME, BY_TITLE, BY_SYNONYM, BY_SPELLING, BY_CONTENT, BY_NOTHING };
static const char *const HOW[] = {"chosen",  "remembered", "name",    "title",
                                  "synonym", "spelling",   "content", "left out"};
/* Of the certain ones; spelling and content say how sure they are. */
static const uint32_t SURE[] = {100, 95, 100, 100, 98, 0, 0, 0};

static int
reason_of(const wanted_columns *wanted, size_t field, const char *folded)
{
    if (folded[0] == '\0')
        return BY_NOTHING;
    for (size_t i = 0; wanted->keys[field][i] != NULL; i++)
        if (strcmp(wanted->keys[field][i], folded) == 0)
            return i == 0 ? BY_NAME : i == 1 ? BY_TITLE : BY_SYNONYM;
    return BY_NOTHING;
}

/* The field that this header means best. */
static size_t
field_of(const wanted_columns *wanted, const char *folded, int *reason)
{
    size_t best = wanted->fields_count;
    *reason = BY_NOTHING;
    for (size_t i = 0; i < wanted->fields_count; i++) {
        int found = reason_of(wanted, i, folded);
        if (found < *reason) {
            *reason = found;
            best = i;
        }
    }
    return best;
}

/* Does one of these choices name this folded header? */
static const Muster__V1__ColumnChoice *
choice_of(Muster__V1__ColumnChoice *const *choices, size_t count, const char *folded, mst_arena *arena)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(folded, mapping_fold(arena, choices[i]->header, strlen(choices[i]->header))) == 0)
            return choices[i];
    return NULL;
}

uint32_t
mapping_fits(const void *context, const csv_cell *cells, uint32_t count)
{
    const wanted_columns *wanted = context;
    mst_arena *arena = mst_arena_new(0);
    uint32_t fits = 0;
    for (uint32_t i = 0; i < count; i++) {
        int reason;
        const char *folded = mapping_fold(arena, cells[i].data, cells[i].size);
        field_of(wanted, folded, &reason);
        bool chosen = wanted->id_column[0] != '\0' &&
                      strcmp(folded, mapping_fold(arena, wanted->id_column, strlen(wanted->id_column))) == 0;
        if (reason == BY_NOTHING && !chosen && folded[0] != '\0')
            chosen = choice_of(wanted->choices, wanted->choices_count, folded, arena) != NULL ||
                     choice_of(wanted->remembered, wanted->remembered_count, folded, arena) != NULL;
        fits += reason != BY_NOTHING || chosen;
    }
    mst_arena_destroy(&arena);
    return fits;
}

/* State of making one mapping. */
typedef struct maker {
    const wanted_columns *wanted;
    const file_form *form;
    mst_arena *arena;
    mapping *made;
    uint32_t count;
    char **headers; /* as shown; of a file without header: "column 3" */
    char **folded;
    int *reasons; /* of each field's column */
    const char *why;
} maker;

static void
warn(maker *self, char *text)
{
    self->made->warnings[self->made->warnings_count++] = text;
}

static char *
list_headers(const maker *self, bool left_out_only)
{
    char *list = "";
    uint32_t listed = 0;
    for (uint32_t i = 0; i < self->count && listed <= LIST_SHOWN; i++) {
        if (left_out_only && self->made->described[i]->field[0] != '\0')
            continue;
        const char *shown = listed == LIST_SHOWN ? ".." : self->headers[i];
        list = mst_arena_printf(self->arena, listed == LIST_SHOWN ? "%s%s%s" : "%s%s\"%s\"", list,
                                listed == 0 ? "" : ", ", shown);
        listed++;
    }
    return list;
}

/* Column `column` becomes field `field`. False: another column is understood as the same field. A choice alone, now or
 * earlier, may put a column in another's place. */
static bool
assign(maker *self, uint32_t column, size_t field, int reason, uint32_t sure)
{
    mapping *made = self->made;
    uint32_t before = made->columns[field];
    if (before != MAPPING_NONE && self->reasons[field] <= BY_MEMORY && reason > self->reasons[field])
        return true;
    if (before != MAPPING_NONE) {
        self->why = mst_arena_printf(self->arena, "Columns %u \"%s\" and %u \"%s\" are both understood as \"%s\".",
                                     before + 1, self->headers[before], column + 1, self->headers[column],
                                     self->wanted->fields[field]->name);
        return false;
    }
    made->columns[field] = column;
    self->reasons[field] = reason;
    made->described[column]->field = self->wanted->fields[field]->name;
    made->described[column]->how = (char *)HOW[reason];
    made->described[column]->sure = sure;
    return true;
}

/* A field as people know it: the title of its column. */
static const char *
shown_name(const Muster__V1__Field *field)
{
    return field->title[0] == '\0' ? field->name : field->title;
}

/* The column that the operator means: by its header, or "#3" by its number. */
static uint32_t
chosen_column(const maker *self, const char *header)
{
    unsigned number;
    int used = 0;
    if (sscanf(header, "#%u%n", &number, &used) == 1 && header[used] == '\0' && number >= 1 && number <= self->count)
        return number - 1;
    for (uint32_t i = 0; i < self->count; i++)
        if (strcmp(self->headers[i], header) == 0)
            return i;
    const char *folded = mapping_fold(self->arena, header, strlen(header));
    for (uint32_t i = 0; i < self->count; i++)
        if (strcmp(self->folded[i], folded) == 0)
            return i;
    return MAPPING_NONE;
}

static bool
apply_choices(maker *self, bool *decided)
{
    const wanted_columns *wanted = self->wanted;
    for (size_t i = 0; i < wanted->choices_count; i++) {
        const Muster__V1__ColumnChoice *choice = wanted->choices[i];
        uint32_t column = chosen_column(self, choice->header);
        if (column == MAPPING_NONE) {
            self->why = mst_arena_printf(self->arena, "The file has no column \"%s\", which was chosen for \"%s\".",
                                         choice->header, choice->field);
            return false;
        }
        decided[column] = true;
        for (size_t j = 0; choice->field[0] != '\0' && j < wanted->fields_count; j++)
            if (strcmp(wanted->fields[j]->name, choice->field) == 0 &&
                !assign(self, column, j, BY_CHOICE, SURE[BY_CHOICE]))
                return false;
    }
    return true;
}

/* What was chosen for a header in an earlier batch of the template. */
static bool
apply_memory(maker *self, bool *decided)
{
    const wanted_columns *wanted = self->wanted;
    for (uint32_t i = 0; wanted->remembered_count > 0 && i < self->count; i++) {
        const Muster__V1__ColumnChoice *choice = NULL;
        if (!decided[i] && self->folded[i][0] != '\0')
            choice = choice_of(wanted->remembered, wanted->remembered_count, self->folded[i], self->arena);
        if (choice == NULL)
            continue;
        bool known = choice->field[0] == '\0';
        for (size_t j = 0; !known && j < wanted->fields_count; j++)
            if (strcmp(wanted->fields[j]->name, choice->field) == 0) {
                known = true;
                if (!assign(self, i, j, BY_MEMORY, SURE[BY_MEMORY]))
                    return false;
            }
        if (!known)
            continue; // the template has changed since
        decided[i] = true;
        if (self->made->described[i]->field[0] == '\0') {
            self->made->described[i]->how = (char *)HOW[BY_MEMORY];
            self->made->described[i]->sure = SURE[BY_MEMORY];
        }
        warn(self,
             mst_arena_printf(self->arena, "Column %u \"%s\" %s%s%s as somebody chose for an earlier batch.", i + 1,
                              self->headers[i], choice->field[0] == '\0' ? "was left out" : "was read as \"",
                              choice->field, choice->field[0] == '\0' ? "," : "\","));
    }
    return true;
}

static bool
apply_names(maker *self, const bool *decided)
{
    for (uint32_t i = 0; i < self->count; i++) {
        int reason;
        size_t field = field_of(self->wanted, self->folded[i], &reason);
        if (!decided[i] && reason != BY_NOTHING && !assign(self, i, field, reason, SURE[reason]))
            return false;
    }
    return true;
}

static bool
is_free(const maker *self, uint32_t column, const bool *decided)
{
    return !decided[column] && self->made->described[column]->field[0] == '\0';
}

/* How sure it is that this header is a name of the field misspelled. */
static uint32_t
spelling_of(const maker *self, uint32_t column, size_t field)
{
    uint32_t best = 0;
    for (size_t i = 0; self->wanted->keys[field][i] != NULL; i++) {
        uint32_t sure = guess_spelling(self->folded[column], self->wanted->keys[field][i]);
        best = sure > best ? sure : best;
    }
    return best;
}

/* How sure each guess is: of each column, of each field. Looked at once: a file may have many columns. */
static uint8_t *
guesses(const maker *self, const bool *decided, uint32_t (*sure_of)(const maker *, uint32_t, size_t))
{
    size_t fields = self->wanted->fields_count;
    uint8_t *sure = mst_arena_alloc(self->arena, self->count * fields + 1);
    for (uint32_t i = 0; i < self->count; i++)
        for (size_t j = 0; j < fields; j++)
            sure[i * fields + j] = is_free(self, i, decided) ? (uint8_t)sure_of(self, i, j) : 0;
    return sure;
}

/* Guesses fields for columns that have none, where exactly one column and one field fit each other. */
static bool
apply_guesses(maker *self, const bool *decided, int reason, uint32_t (*sure_of)(const maker *, uint32_t, size_t))
{
    size_t fields = self->wanted->fields_count;
    const uint8_t *sure = guesses(self, decided, sure_of);
    for (size_t field = 0; field < fields; field++) {
        uint32_t columns = 0, column = 0;
        for (uint32_t i = 0; i < self->count; i++)
            if (sure[i * fields + field] > 0) {
                columns++;
                column = i;
            }
        size_t fitting = 0; // a field that has its column already makes the guess doubtful, too
        for (size_t j = 0; columns == 1 && j < fields; j++)
            fitting += sure[column * fields + j] > 0;
        if (fitting == 1 && self->made->columns[field] == MAPPING_NONE &&
            !assign(self, column, field, reason, sure[column * fields + field]))
            return false;
    }
    return true;
}

static uint32_t
content_of(const maker *self, uint32_t column, size_t field)
{
    return guess_content(self->form, column, self->wanted->fields[field]);
}

static uint32_t
content_of_nameless(const maker *self, uint32_t column, size_t field)
{
    bool nameless = !self->form->header || guess_header_is_empty(self->folded[column]);
    return nameless ? content_of(self, column, field) : 0;
}

static bool
is_needed(const wanted_columns *wanted, const Muster__V1__Field *field)
{
    for (size_t i = 0; i < wanted->needed_count; i++)
        if (strcmp(wanted->needed[i], field->name) == 0)
            return true;
    return field->required;
}

/* Another template whose names fit more of the header; "" none. */
static char *
better_template(const maker *self)
{
    const csv_cell *header = self->form->rows[self->form->header_row].cells;
    uint32_t best = mapping_fits(self->wanted, header, self->count);
    char *better = "";
    for (size_t i = 0; i < self->wanted->others_count; i++) {
        const Muster__V1__Template *other = self->wanted->others[i];
        wanted_columns wanted = {
            .name = other->name, .fields = other->fields, .fields_count = other->n_fields, .id_column = ""};
        mapping_prepare(&wanted, self->arena);
        uint32_t fits = mapping_fits(&wanted, header, self->count);
        if (fits > best) {
            best = fits;
            better =
                mst_arena_printf(self->arena, " It fits template \"%s\" better: %u of its %u columns are known there.",
                                 other->name, fits, self->count);
        }
    }
    return better;
}

/* A column whose values look like those of a field that has none; "" none. */
static char *
likely_column(const maker *self)
{
    for (size_t field = 0; field < self->wanted->fields_count; field++) {
        if (self->made->columns[field] != MAPPING_NONE || !is_needed(self->wanted, self->wanted->fields[field]))
            continue;
        for (uint32_t i = 0; i < self->count; i++)
            if (self->made->described[i]->field[0] == '\0' &&
                (content_of(self, i, field) > 0 || spelling_of(self, i, field) > 0))
                return mst_arena_printf(self->arena, " Is column %u \"%s\" meant for \"%s\"?", i + 1, self->headers[i],
                                        shown_name(self->wanted->fields[field]));
    }
    return "";
}

static bool
no_header(maker *self, const char *missing)
{
    self->why = mst_arena_printf(self->arena,
                                 "The file has no line with names of columns, and by the values alone it is not sure "
                                 "which of its %u columns is %s.",
                                 self->count, missing[0] == '\0' ? "which field" : missing);
    return false;
}

/* Every needed field must have a column, and at least one must. */
static bool
check_complete(maker *self)
{
    const wanted_columns *wanted = self->wanted;
    char *missing = "";
    size_t found = 0;
    for (size_t i = 0; i < wanted->fields_count; i++) {
        found += self->made->columns[i] != MAPPING_NONE;
        if (self->made->columns[i] == MAPPING_NONE && is_needed(wanted, wanted->fields[i]))
            missing = mst_arena_printf(self->arena, "%s%s\"%s\"", missing, missing[0] == '\0' ? "" : ", ",
                                       shown_name(wanted->fields[i]));
    }
    if (!self->form->header && (found == 0 || missing[0] != '\0'))
        return no_header(self, missing);
    if (found == 0) {
        char *names = "";
        for (size_t i = 0; i < wanted->fields_count && i <= LIST_SHOWN; i++)
            names = mst_arena_printf(self->arena, "%s%s%s", names, i == 0 ? "" : ", ",
                                     i == LIST_SHOWN ? ".." : shown_name(wanted->fields[i]));
        self->why =
            mst_arena_printf(self->arena, "None of the %u columns of the file (%s) is known to \"%s\", which has %s.%s",
                             self->count, list_headers(self, false), wanted->name, names, better_template(self));
        return false;
    }
    if (missing[0] != '\0') {
        char *left = list_headers(self, true);
        self->why = mst_arena_printf(self->arena, "The file has no column for %s. %s%s.%s%s", missing,
                                     left[0] == '\0' ? "All its columns are used" : "Columns not understood: ", left,
                                     likely_column(self), better_template(self));
        return false;
    }
    return true;
}

static bool
find_id(maker *self)
{
    self->made->id_column = MAPPING_NONE;
    if (self->wanted->id_column[0] == '\0')
        return true;
    self->made->id_column = chosen_column(self, self->wanted->id_column);
    if (self->made->id_column != MAPPING_NONE) {
        Muster__V1__ColumnMapping *described = self->made->described[self->made->id_column];
        if (described->field[0] == '\0') {
            described->field = "id";
            described->how = (char *)HOW[BY_CHOICE];
        }
        return true;
    }
    self->why = mst_arena_printf(self->arena, "The file has no column \"%s\" for the ids of records; it has %s.",
                                 self->wanted->id_column, list_headers(self, false));
    return false;
}

/* The columns as they are in the file, none of them understood yet. */
static void
describe_columns(maker *self)
{
    const sample_row *row = &self->form->rows[self->form->header_row];
    for (uint32_t i = 0; i < self->count; i++) {
        char shown[HEADER_SHOWN] = "";
        if (self->form->header)
            utf8_clean(row->cells[i].data, row->cells[i].size, shown, sizeof shown);
        else
            snprintf(shown, sizeof shown, "column %u", i + 1);
        char *from = shown + strspn(shown, " ");
        for (size_t size = strlen(from); size > 0 && from[size - 1] == ' ';)
            from[--size] = '\0';
        self->headers[i] = mst_arena_strdup(self->arena, from);
        self->folded[i] = mapping_fold(self->arena, shown, strlen(shown));
        Muster__V1__ColumnMapping *described = mst_arena_alloc(self->arena, sizeof *described);
        muster__v1__column_mapping__init(described);
        described->column = i;
        described->header = self->headers[i];
        described->how = (char *)HOW[BY_NOTHING];
        self->made->described[i] = described;
    }
}

/* The wrong file, or the wrong kind: little of it is known. Said first. */
static void
warn_of_little(maker *self)
{
    char *list = "";
    uint32_t known = 0;
    for (uint32_t i = 0; i < self->count; i++) {
        const Muster__V1__ColumnMapping *one = self->made->described[i];
        if (one->field[0] != '\0' && ++known <= LIST_SHOWN)
            list = mst_arena_printf(self->arena, "%s%s\"%s\" as \"%s\"", list, known == 1 ? "" : ", ", self->headers[i],
                                    one->field);
    }
    if (self->wanted->is_import && 2 * known < self->count)
        warn(self, mst_arena_printf(self->arena,
                                    "Only %u of %u columns %s understood: %s. Left out: %s. Is it the right file for "
                                    "\"%s\"?",
                                    known, self->count, known == 1 ? "was" : "were", list, list_headers(self, true),
                                    self->wanted->name));
}

static void
warn_of_guesses(maker *self, const bool *decided)
{
    for (uint32_t i = 0; i < self->count; i++) {
        const Muster__V1__ColumnMapping *one = self->made->described[i];
        if (strcmp(one->how, HOW[BY_SPELLING]) == 0 || strcmp(one->how, HOW[BY_CONTENT]) == 0)
            warn(self,
                 mst_arena_printf(self->arena, "Column %u \"%s\" was read as \"%s\" because of its %s (%u %% sure).",
                                  i + 1, self->headers[i], one->field,
                                  strcmp(one->how, HOW[BY_SPELLING]) == 0 ? "spelling" : "values", one->sure));
        else if (one->field[0] == '\0' && !decided[i])
            warn(self, mst_arena_printf(self->arena, "Column %u \"%s\" is not known to \"%s\" and was left out.", i + 1,
                                        self->headers[i], self->wanted->name));
    }
}

bool
mapping_make(const wanted_columns *wanted, const file_form *form, mst_arena *arena, mapping *made, const char **why,
             const char **advice)
{
    maker self = {.wanted = wanted, .form = form, .arena = arena, .made = made};
    uint32_t count = form->rows[form->header_row].count;
    if (!form->header && form->columns > 0)
        count = form->columns;
    self.count = count = count < CSV_COLUMNS_MAX ? count : CSV_COLUMNS_MAX;
    memset(made, 0, sizeof *made);
    made->usual_columns = form->columns;
    *advice = form->header
                  ? "Correct the header, or say which column is which field with --map \"HEADER=FIELD\", and upload "
                    "the file as "
                    "a new batch."
                  : "Put the names of the columns into the first line, or say which column is which field with --map "
                    "\"#3=FIELD\" (\"#3\" is the third column), and upload the file as a new batch.";
    made->columns = mst_arena_alloc(arena, (wanted->fields_count + 1) * sizeof *made->columns);
    self.reasons = mst_arena_alloc(arena, (wanted->fields_count + 1) * sizeof *self.reasons);
    for (size_t i = 0; i < wanted->fields_count; i++)
        made->columns[i] = MAPPING_NONE;
    made->described = mst_arena_alloc(arena, (count + 1) * sizeof *made->described);
    made->described_count = count;
    made->warnings = mst_arena_alloc(arena, (2 * count + 2) * sizeof *made->warnings);
    self.headers = mst_arena_alloc(arena, (count + 1) * sizeof *self.headers);
    self.folded = mst_arena_alloc(arena, (count + 1) * sizeof *self.folded);
    describe_columns(&self);
    bool *decided = mst_arena_alloc(arena, count + 1);
    bool ok = apply_choices(&self, decided);
    if (ok && form->header)
        ok = apply_memory(&self, decided) && apply_names(&self, decided) &&
             apply_guesses(&self, decided, BY_SPELLING, spelling_of);
    ok =
        ok && apply_guesses(&self, decided, BY_CONTENT, content_of_nameless) && check_complete(&self) && find_id(&self);
    *why = self.why;
    if (ok) {
        warn_of_little(&self);
        warn_of_guesses(&self, decided);
    }
    return ok;
}
