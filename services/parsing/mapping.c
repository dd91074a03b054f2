/* mapping.c - see mapping.h. */
#include "mapping.h"

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
enum { BY_CHOICE, BY_NAME, BY_TITLE, BY_SYNONYM, BY_NOTHING };
static const char *const HOW[] = {"chosen", "name", "title", "synonym", "left out"};

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
        for (size_t j = 0; j < wanted->choices_count && !chosen; j++)
            chosen = strcmp(folded,
                            mapping_fold(arena, wanted->choices[j]->header, strlen(wanted->choices[j]->header))) == 0;
        fits += reason != BY_NOTHING || chosen;
    }
    mst_arena_destroy(&arena);
    return fits;
}

/* State of making one mapping. */
typedef struct maker {
    const wanted_columns *wanted;
    mst_arena *arena;
    mapping *made;
    uint32_t count;
    char **headers; /* as shown */
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

/* Column `column` becomes field `field`. False: another column is understood as the same field. The operator's choice
 * alone may put a column in another's place. */
static bool
assign(maker *self, uint32_t column, size_t field, int reason)
{
    mapping *made = self->made;
    uint32_t before = made->columns[field];
    if (before != MAPPING_NONE && self->reasons[field] == BY_CHOICE && reason != BY_CHOICE)
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
            if (strcmp(wanted->fields[j]->name, choice->field) == 0 && !assign(self, column, j, BY_CHOICE))
                return false;
    }
    return true;
}

static bool
apply_names(maker *self, const bool *decided)
{
    for (uint32_t i = 0; i < self->count; i++) {
        int reason;
        size_t field = field_of(self->wanted, self->folded[i], &reason);
        if (!decided[i] && reason != BY_NOTHING && !assign(self, i, field, reason))
            return false;
    }
    return true;
}

static bool
is_needed(const wanted_columns *wanted, const Muster__V1__Field *field)
{
    for (size_t i = 0; i < wanted->needed_count; i++)
        if (strcmp(wanted->needed[i], field->name) == 0)
            return true;
    return field->required;
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
    if (found == 0) {
        char *names = "";
        for (size_t i = 0; i < wanted->fields_count && i <= LIST_SHOWN; i++)
            names = mst_arena_printf(self->arena, "%s%s%s", names, i == 0 ? "" : ", ",
                                     i == LIST_SHOWN ? ".." : shown_name(wanted->fields[i]));
        self->why =
            mst_arena_printf(self->arena, "None of the %u columns of the file (%s) is known to \"%s\", which has %s.",
                             self->count, list_headers(self, false), wanted->name, names);
        return false;
    }
    if (missing[0] != '\0') {
        char *left = list_headers(self, true);
        self->why = mst_arena_printf(self->arena, "The file has no column for %s. %s%s.", missing,
                                     left[0] == '\0' ? "All its columns are used" : "Columns not understood: ", left);
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

bool
mapping_make(const wanted_columns *wanted, const csv_cell *header, uint32_t count, mst_arena *arena, mapping *made,
             const char **why, const char **advice)
{
    maker self = {.wanted = wanted, .arena = arena, .made = made, .count = count};
    memset(made, 0, sizeof *made);
    *advice = "Correct the header, or say which column is which field, and upload the file as a new batch.";
    made->columns = mst_arena_alloc(arena, (wanted->fields_count + 1) * sizeof *made->columns);
    self.reasons = mst_arena_alloc(arena, (wanted->fields_count + 1) * sizeof *self.reasons);
    for (size_t i = 0; i < wanted->fields_count; i++)
        made->columns[i] = MAPPING_NONE;
    made->described = mst_arena_alloc(arena, (count + 1) * sizeof *made->described);
    made->described_count = count;
    made->warnings = mst_arena_alloc(arena, (count + 1) * sizeof *made->warnings);
    self.headers = mst_arena_alloc(arena, (count + 1) * sizeof *self.headers);
    self.folded = mst_arena_alloc(arena, (count + 1) * sizeof *self.folded);
    for (uint32_t i = 0; i < count; i++) {
        char shown[HEADER_SHOWN];
        utf8_clean(header[i].data, header[i].size, shown, sizeof shown);
        char *from = shown + strspn(shown, " ");
        for (size_t size = strlen(from); size > 0 && from[size - 1] == ' ';)
            from[--size] = '\0';
        self.headers[i] = mst_arena_strdup(arena, from);
        self.folded[i] = mapping_fold(arena, header[i].data, header[i].size);
        made->described[i] = mst_arena_alloc(arena, sizeof **made->described);
        muster__v1__column_mapping__init(made->described[i]);
        made->described[i]->column = i;
        made->described[i]->header = self.headers[i];
        made->described[i]->how = (char *)HOW[BY_NOTHING];
    }
    bool *decided = mst_arena_alloc(arena, count + 1);
    bool ok = apply_choices(&self, decided) && apply_names(&self, decided) && check_complete(&self) && find_id(&self);
    *why = self.why;
    for (uint32_t i = 0; ok && i < count; i++)
        if (made->described[i]->field[0] == '\0' && !decided[i])
            warn(&self, mst_arena_printf(arena, "Column %u \"%s\" is not known to \"%s\" and was left out.", i + 1,
                                         self.headers[i], wanted->name));
    return ok;
}
