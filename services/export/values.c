/* values.c - see values.h. */
#include "services/export/values.h"

#include "services/export/check_groups.h"
#include "services/export/fold.h"
#include "services/export/notes.h"
#include "services/export/periods.h"
#include "services/export/words.h"
#include "services/runtime/suggest.h"
#include <stdlib.h>
#include <string.h>

#define VALUES_DEFAULT 100u
#define ANSWER_SIZE_MAX (768u << 10) /* bytes of values in one answer; then there is `more` */
#define VALUE_SIZE_MAX 1000u         /* bytes of a value shown */
#define COLUMN_ID (-1)
#define SCRATCH_SIZE_MAX (1u << 20)

/* The values of one record: folded for their order, then as they are. */
typedef struct item {
    mst_slice *folded, *values;
    const char *note;
} item;

typedef struct picking {
    export_state *state;
    const Muster__V1__Kind *kind;
    int *columns; /* of the kind; COLUMN_ID the record's id */
    size_t count;
    mst_arena *arena, *scratch;
    mst_slice *cells;
    item *items; /* in order, each once; one more than `max` while there are */
    size_t items_count, max;
    item after; /* values NULL: from the first */
    words *words;
    bool all; /* keep all in the order they come, as likeness wants them */
    bool noted;
} picking;

static int
compare_slices(const mst_slice *left, const mst_slice *right, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t size = left[i].size < right[i].size ? left[i].size : right[i].size;
        int order = size == 0 ? 0 : memcmp(left[i].data, right[i].data, size);
        if (order == 0)
            order = (left[i].size > right[i].size) - (left[i].size < right[i].size);
        if (order != 0)
            return order;
    }
    return 0;
}

static int
compare_items(const picking *self, const item *left, const item *right)
{
    int order = compare_slices(left->folded, right->folded, self->count);
    return order != 0 ? order : compare_slices(left->values, right->values, self->count);
}

static item
item_of(mst_arena *arena, const mst_slice *values, size_t count)
{
    item one = {.note = ""};
    one.values = mst_arena_alloc(arena, count * sizeof *one.values);
    one.folded = mst_arena_alloc(arena, count * sizeof *one.folded);
    for (size_t i = 0; i < count; i++) {
        one.values[i] = values[i];
        one.folded[i] = export_fold(arena, values[i]);
    }
    return one;
}

static item
item_keep(const picking *self, const item *one)
{
    item kept = {.note = self->noted ? note_of(self->arena, self->kind, self->cells) : ""};
    kept.values = mst_arena_alloc(self->arena, self->count * sizeof *kept.values);
    kept.folded = mst_arena_alloc(self->arena, self->count * sizeof *kept.folded);
    for (size_t i = 0; i < self->count; i++) {
        kept.values[i] = mst_arena_slice(self->arena, one->values[i]);
        kept.folded[i] = mst_arena_slice(self->arena, one->folded[i]);
    }
    return kept;
}

/* Puts it in its place, if it is among the first. */
static void
place(picking *self, const item *one)
{
    size_t low = 0, high = self->items_count;
    if (self->after.values != NULL && compare_items(self, one, &self->after) <= 0)
        return;
    if (high > self->max && compare_items(self, one, &self->items[high - 1]) >= 0)
        return;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_items(self, one, &self->items[middle]);
        if (order == 0)
            return;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    self->items_count += self->items_count <= self->max;
    memmove(&self->items[low + 1], &self->items[low], (self->items_count - 1 - low) * sizeof *self->items);
    self->items[low] = item_keep(self, one);
}

static bool
has_words(picking *self, const item *one)
{
    words_begin(self->words);
    for (size_t i = 0; i < self->count; i++)
        words_add(self->words, one->values[i]);
    return words_found(self->words);
}

static bool
pick(void *context, const directory_record *record)
{
    picking *self = context;
    if (record->deleted)
        return true;
    if (mst_arena_used(self->scratch) > SCRATCH_SIZE_MAX)
        mst_arena_reset(self->scratch);
    directory_cells(self->state->directory, record, self->kind, self->cells);
    mst_slice *values = mst_arena_alloc(self->scratch, self->count * sizeof *values);
    bool blank = true;
    for (size_t i = 0; i < self->count; i++) {
        int column = self->columns[i];
        values[i] =
            column == COLUMN_ID ? (mst_slice){(const uint8_t *)record->id, record->id_size} : self->cells[column];
        blank = blank && values[i].size == 0;
    }
    if (blank)
        return true;
    item one = item_of(self->scratch, values, self->count);
    if (self->words != NULL && !has_words(self, &one))
        return true;
    if (!self->all)
        place(self, &one);
    else if (self->items_count < self->max)
        self->items[self->items_count++] = item_keep(self, &one);
    return true;
}

/* Answers ---------------------------------------------------------------------------------------------- */

static Muster__V1__Suggestion *
suggestion_of(const picking *self, const item *one, uint32_t likeness)
{
    Muster__V1__Suggestion *made = mst_arena_alloc(self->arena, sizeof *made);
    muster__v1__suggestion__init(made);
    made->likeness = likeness;
    made->note = (char *)(uintptr_t)one->note;
    made->value = check_text(self->arena, one->values[0], VALUE_SIZE_MAX);
    if (self->count == 1)
        return made;
    const char *all = "";
    made->values = mst_arena_alloc(self->arena, self->count * sizeof *made->values);
    for (size_t i = 0; i < self->count; i++) {
        char *text = made->values[made->n_values++] = check_text(self->arena, one->values[i], VALUE_SIZE_MAX);
        all = mst_arena_printf(self->arena, "%s%s%s", all, all[0] == '\0' || text[0] == '\0' ? "" : " ", text);
    }
    made->value = (char *)(uintptr_t)all;
    return made;
}

static bool
answer_add(Muster__V1__ValueList *list, size_t *size, size_t max, Muster__V1__Suggestion *one)
{
    *size += muster__v1__suggestion__get_packed_size(one) + 8;
    list->more = list->n_values == max || (*size > ANSWER_SIZE_MAX && list->n_values > 0);
    if (!list->more)
        list->values[list->n_values++] = one;
    return !list->more;
}

/* The likest of all values to a text. */
static void
answer_likest(picking *self, const char *text, size_t max, Muster__V1__ValueList *list)
{
    const char **all = mst_arena_alloc(self->arena, (self->items_count + 1) * sizeof *all);
    for (size_t i = 0; i < self->items_count; i++)
        all[i] = suggestion_of(self, &self->items[i], 0)->value;
    mst_suggester *suggester = mst_suggester_new(all, self->items_count);
    size_t room = 2 * max + 1, size = 0;
    mst_suggested *best = mst_arena_alloc(self->arena, room * sizeof *best);
    size_t found = mst_suggest(suggester, text, best, room);
    for (size_t i = 0; i < found; i++) {
        const item *one = &self->items[best[i].index];
        bool there = false;
        for (size_t at = 0; at < i && !there; at++)
            there = compare_items(self, &self->items[best[at].index], one) == 0;
        if (!there && !answer_add(list, &size, max, suggestion_of(self, one, best[i].likeness)))
            break;
    }
    mst_suggester_destroy(&suggester);
}

static bool
fields_ok(mst_work *work, const Muster__V1__Kind *kind, char *const *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i], "id") != 0 && periods_column(kind, fields[i]) < 0) {
            mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_NOT_FOUND, NULL,
                            "Records of kind \"%s\" have no field \"%.100s\".", kind->name, fields[i]);
            return false;
        }
    if (count == 0)
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED, NULL, "Say of which fields.");
    return count > 0;
}

/* Reads the kind. */
static void
pick_all(picking *self, const Muster__V1__ListValues *query)
{
    words sought = {0};
    self->scratch = mst_arena_new(0);
    self->cells = mst_arena_alloc(self->arena, (self->kind->n_fields + 1) * sizeof *self->cells);
    self->items = mst_arena_alloc(self->arena, (self->max + 2) * sizeof *self->items);
    if (query->n_after == query->n_fields) {
        mst_slice *after = mst_arena_alloc(self->arena, self->count * sizeof *after);
        for (size_t i = 0; i < self->count; i++)
            after[i] = (mst_slice){(const uint8_t *)query->after[i], strlen(query->after[i])};
        self->after = item_of(self->arena, after, self->count);
    }
    if (query->text[0] != '\0' && !self->all) {
        words_make(&sought, self->arena, query->text);
        self->words = &sought;
    }
    export_must(directory_scan(self->state->directory, self->kind->name, "", pick, self));
    words_release(&sought);
    mst_arena_destroy(&self->scratch);
}

void
values_list(export_state *state, mst_work *work, const Muster__V1__ListValues *query)
{
    const Muster__V1__Kind *kind = calls_kind(state, work, query->kind);
    if (kind == NULL || !fields_ok(work, kind, query->fields, query->n_fields))
        return;
    size_t max = query->max == 0 ? VALUES_DEFAULT : query->max > VALUES_MAX ? VALUES_MAX : query->max, size = 0;
    picking self = {.state = state, .kind = kind, .count = query->n_fields, .arena = mst_work_arena(work)};
    self.columns = mst_arena_alloc(self.arena, self.count * sizeof *self.columns);
    for (size_t i = 0; i < self.count; i++)
        self.columns[i] = strcmp(query->fields[i], "id") == 0 ? COLUMN_ID : periods_column(kind, query->fields[i]);
    self.all = query->text[0] != '\0' && directory_kind_of(state->directory, kind->name).records <= VALUES_LIKE_MAX;
    self.max = self.all ? VALUES_LIKE_MAX : max;
    self.noted = self.count == 1 && note_needed(kind, query->fields[0]);
    pick_all(&self, query);
    Muster__V1__ValueList list = MUSTER__V1__VALUE_LIST__INIT;
    list.values = mst_arena_alloc(self.arena, (max + 1) * sizeof *list.values);
    if (self.all)
        answer_likest(&self, query->text, max, &list);
    for (size_t i = 0; i < self.items_count && !self.all; i++)
        if (!answer_add(&list, &size, max, suggestion_of(&self, &self.items[i], 0)))
            break;
    mst_work_answer(work, &list.base);
}

void
values_look_up(export_state *state, mst_work *work, const Muster__V1__LookUpRecords *query)
{
    const Muster__V1__Kind *kind = calls_kind(state, work, query->kind);
    if (kind == NULL || !fields_ok(work, kind, query->fields, query->n_fields))
        return;
    size_t rows = query->n_values / query->n_fields;
    if (rows * query->n_fields != query->n_values || rows > VALUES_LOOKED_UP) {
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED, NULL,
                        "Give a value for each field of each row, of at most %u rows.", VALUES_LOOKED_UP);
        return;
    }
    mst_arena *arena = mst_work_arena(work);
    Muster__V1__LookUpResult result = MUSTER__V1__LOOK_UP_RESULT__INIT;
    result.ids = mst_arena_alloc(arena, (rows + 1) * sizeof *result.ids);
    result.found = mst_arena_alloc(arena, (rows + 1) * sizeof *result.found);
    result.n_ids = result.n_found = rows;
    mst_slice *values = mst_arena_alloc(arena, query->n_fields * sizeof *values);
    for (size_t row = 0; row < rows; row++) {
        directory_record *records = NULL;
        size_t given = 0, found = 0;
        for (size_t i = 0; i < query->n_fields; i++) {
            const char *value = query->values[row * query->n_fields + i];
            values[i] = (mst_slice){(const uint8_t *)value, strlen(value)};
        }
        export_must(lookups_find(state->lookups, kind, query->fields, query->n_fields, values, 1, arena, &records,
                                 &given, &found));
        result.ids[row] = given == 0 ? "" : mst_arena_strndup(arena, records[0].id, records[0].id_size);
        result.found[row] = (uint32_t)found;
    }
    mst_work_answer(work, &result.base);
}
