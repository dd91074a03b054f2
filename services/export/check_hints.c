/* check_hints.c - see check_hints.h. */
#include "services/export/check_hints.h"

#include "services/export/check_groups.h"
#include "services/export/fold.h"
#include "services/export/notes.h"
#include "services/export/periods.h"
#include "services/runtime/suggest.h"
#include <stdlib.h>
#include <string.h>

#define VALUE_SIZE_MAX 300u  /* bytes of a suggested value */
#define NEAR_SIZE_MAX 40u    /* bytes of a value whose typing errors are tried */
#define NEAR_COST 4000u      /* of trying them */
#define NAMESAKES_MAX 50u    /* people of one name looked at */
#define LIKENESS_NEAR 850u   /* one typing error away */
#define LIKENESS_SAME 1000u  /* has just these values, as others do */
#define LIKENESS_BORN 980u   /* the same names and date of birth */
#define LIKENESS_NAMED 900u  /* the same names */
#define LIKENESS_UNLIKE 600u /* the same names, another date of birth */

/* The values of a reference's fields in all records, as they were. */
typedef struct list {
    bool made;
    mst_suggester *suggester; /* NULL: too many */
    char **ids;
    size_t count;
} list;

struct check_hints {
    const check_plan *plan;
    directory *of;
    lookups *among;
    uint64_t as_of;
    mst_arena *kept, *scratch;
    list *lists; /* one for each reference */
    uint64_t cost, chunk_cost;
    size_t chunk_size;
};

check_hints *
check_hints_new(const check_plan *plan, directory *of, lookups *among, uint64_t as_of)
{
    check_hints *self = mst_alloc(sizeof *self);
    *self = (check_hints){.plan = plan, .of = of, .among = among, .as_of = as_of};
    self->kept = mst_arena_new(0);
    self->scratch = mst_arena_new(0);
    self->lists = mst_arena_alloc(self->kept, (plan->references_count + 1) * sizeof *self->lists);
    return self;
}

void
check_hints_destroy(check_hints **self)
{
    if (*self == NULL)
        return;
    for (size_t i = 0; i < (*self)->plan->references_count; i++)
        mst_suggester_destroy(&(*self)->lists[i].suggester);
    mst_arena_destroy(&(*self)->kept);
    mst_arena_destroy(&(*self)->scratch);
    free(*self);
    *self = NULL;
}

void
check_hints_begin(check_hints *self)
{
    self->chunk_cost = self->chunk_size = 0;
}

static bool
affordable(check_hints *self, uint64_t cost)
{
    if (self->chunk_cost + cost > HINTS_CHUNK_COST_MAX || self->cost + cost > HINTS_COST_MAX)
        return false;
    self->chunk_cost += cost;
    self->cost += cost;
    return true;
}

/* What is suggested ------------------------------------------------------------------------------------ */

typedef struct hinting {
    check_hints *self;
    const check_reference *by;
    mst_arena *arena;
    Muster__V1__WrongValue *value;
} hinting;

static mst_slice
cell_of(const check_reference *by, const directory_record *record, const mst_slice *cells, const char *field)
{
    if (strcmp(field, "id") == 0)
        return (mst_slice){(const uint8_t *)record->id, record->id_size};
    int column = periods_column(by->kind, field);
    return column < 0 ? (mst_slice){NULL, 0} : cells[column];
}

/* Whether a suggested value alone says nothing to people. */
static bool
is_number(const check_reference *by)
{
    return by->count == 1 && note_needed(by->kind, by->kind_fields[0]);
}

static bool
is_there(const Muster__V1__WrongValue *value, const Muster__V1__Suggestion *one)
{
    for (size_t i = 0; i < value->n_suggestions; i++) {
        const Muster__V1__Suggestion *other = value->suggestions[i];
        bool same = strcmp(one->value, other->value) == 0 && one->n_values == other->n_values;
        for (size_t at = 0; at < one->n_values && same; at++)
            same = strcmp(one->values[at], other->values[at]) == 0;
        if (same)
            return true;
    }
    return false;
}

/* Puts it in its place among those that are there; equally like ones stay in the order they came. */
static void
put(const hinting *it, Muster__V1__Suggestion *one)
{
    Muster__V1__WrongValue *value = it->value;
    if (is_there(value, one))
        return;
    if (value->suggestions == NULL)
        value->suggestions = mst_arena_alloc(it->arena, (HINTS_MAX + 1) * sizeof(Muster__V1__Suggestion *));
    size_t at = value->n_suggestions;
    for (; at > 0 && value->suggestions[at - 1]->likeness < one->likeness; at--)
        value->suggestions[at] = value->suggestions[at - 1];
    value->suggestions[at] = one;
    value->n_suggestions += value->n_suggestions < HINTS_MAX;
}

/* Suggests the values of a record. */
static void
put_record(const hinting *it, const directory_record *record, uint32_t likeness, bool with_note)
{
    const check_reference *by = it->by;
    mst_slice *cells = mst_arena_alloc(it->arena, (by->kind->n_fields + 1) * sizeof *cells);
    directory_cells(it->self->of, record, by->kind, cells);
    Muster__V1__Suggestion *one = mst_arena_alloc(it->arena, sizeof *one);
    muster__v1__suggestion__init(one);
    one->likeness = likeness;
    one->value = check_text(it->arena, cell_of(by, record, cells, by->kind_fields[0]), VALUE_SIZE_MAX);
    if (by->count > 1) {
        const char *all = "";
        one->values = mst_arena_alloc(it->arena, by->count * sizeof *one->values);
        for (one->n_values = 0; one->n_values < by->count; one->n_values++) {
            char *text =
                check_text(it->arena, cell_of(by, record, cells, by->kind_fields[one->n_values]), VALUE_SIZE_MAX);
            one->values[one->n_values] = text;
            all = mst_arena_printf(it->arena, "%s%s%s", all, all[0] == '\0' || text[0] == '\0' ? "" : " ", text);
        }
        one->value = (char *)(uintptr_t)all;
    }
    if (with_note)
        one->note = (char *)(uintptr_t)note_of(it->arena, by->kind, cells);
    if (one->value[0] != '\0')
        put(it, one);
}

static mst_status
put_id(const hinting *it, const char *id, uint32_t likeness)
{
    directory_record record = {.id = id, .id_size = strlen(id)};
    mst_status status =
        directory_fetch_as_of(it->self->of, it->by->kind->name, it->self->as_of, &record, 1, it->self->scratch);
    if (status == MST_OK && record.version > 0 && !record.deleted)
        put_record(it, &record, likeness, is_number(it->by) || it->by->count > 1);
    return status;
}

/* Likest of a list ------------------------------------------------------------------------------------- */

typedef struct gathering {
    check_hints *self;
    const check_reference *by;
    char last[DIRECTORY_ID_SIZE_MAX];
    size_t last_size;
    mst_slice *cells;
    char **ids;
    const char **values;
    size_t count, max;
    bool too_many;
} gathering;

/* Versions come newest first: the first that is old enough is how the record was. */
static bool
gather(void *context, const directory_record *record)
{
    gathering *it = context;
    if (record->seq > it->self->as_of || export_same((mst_slice){(const uint8_t *)record->id, record->id_size},
                                                     (mst_slice){(const uint8_t *)it->last, it->last_size}))
        return true;
    memcpy(it->last, record->id, record->id_size);
    it->last_size = record->id_size;
    if (record->deleted)
        return true;
    it->too_many = it->count == it->max;
    if (it->too_many)
        return false;
    directory_cells(it->self->of, record, it->by->kind, it->cells);
    const char *all = "";
    for (size_t i = 0; i < it->by->count; i++) {
        char *text =
            check_text(it->self->scratch, cell_of(it->by, record, it->cells, it->by->kind_fields[i]), VALUE_SIZE_MAX);
        all = all[0] == '\0' ? text : mst_arena_printf(it->self->scratch, "%s %s", all, text);
    }
    if (all[0] == '\0')
        return true;
    it->ids[it->count] = mst_arena_strndup(it->self->kept, record->id, record->id_size);
    it->values[it->count++] = all;
    return true;
}

static mst_status
make_list(check_hints *self, const check_reference *by, list *made)
{
    made->made = true;
    size_t max = is_number(by) ? HINTS_NUMBERS_MAX : HINTS_LIST_MAX;
    gathering it = {.self = self, .by = by, .max = max};
    it.cells = mst_arena_alloc(self->scratch, (by->kind->n_fields + 1) * sizeof *it.cells);
    it.ids = mst_arena_alloc(self->kept, (max + 1) * sizeof *it.ids);
    it.values = mst_arena_alloc(self->scratch, (max + 1) * sizeof *it.values);
    mst_status status = directory_scan_versions(self->of, by->kind->name, gather, &it);
    if (status != MST_OK || it.too_many)
        return status;
    made->suggester = mst_suggester_new(it.values, it.count);
    made->ids = it.ids;
    made->count = it.count;
    return status;
}

static mst_status
put_likest(const hinting *it, const list *from, const mst_slice *row)
{
    if (!affordable(it->self, from->count + 1))
        return MST_OK;
    const char *all = "";
    for (size_t i = 0; i < it->by->count; i++) {
        char *text = check_text(it->self->scratch, row[it->by->columns[i]], VALUE_SIZE_MAX);
        all = all[0] == '\0' ? text : mst_arena_printf(it->self->scratch, "%s %s", all, text);
    }
    mst_suggested best[2 * HINTS_MAX];
    size_t found = mst_suggest(from->suggester, all, best, 2 * HINTS_MAX);
    mst_status status = MST_OK;
    for (size_t i = 0; i < found && status == MST_OK; i++)
        status = put_id(it, from->ids[best[i].index], best[i].likeness);
    return status;
}

/* One typing error away -------------------------------------------------------------------------------- */

typedef struct trying {
    const hinting *it;
    mst_status status;
} trying;

static void
try_value(trying *self, const char *text, size_t size)
{
    const hinting *it = self->it;
    mst_slice value = {(const uint8_t *)text, size};
    bool may = false;
    if (self->status != MST_OK || size == 0)
        return;
    self->status = lookups_may_find(it->self->among, it->by->kind, it->by->kind_fields, 1, &value, &may);
    if (self->status != MST_OK || !may)
        return;
    directory_record *records = NULL;
    size_t given = 0, found = 0;
    self->status = lookups_find_as_of(it->self->among, it->self->as_of, it->by->kind, it->by->kind_fields, 1, &value,
                                      HINTS_MAX, it->self->scratch, &records, &given, &found);
    for (size_t i = 0; i < given; i++)
        put_record(it, &records[i], LIKENESS_NEAR, true);
}

/* Two neighbours swapped, a letter left out, another in its place, one too few. */
static mst_status
put_near(const hinting *it, mst_slice wrong)
{
    static const char LETTERS[] = "0123456789abcdefghijklmnopqrstuvwxyz-";
    mst_slice folded = export_fold(it->self->scratch, wrong);
    if (folded.size == 0 || folded.size > NEAR_SIZE_MAX || !affordable(it->self, NEAR_COST))
        return MST_OK;
    trying all = {.it = it};
    char text[NEAR_SIZE_MAX + 2];
    size_t size = folded.size;
    const char *from = (const char *)folded.data;
    for (size_t i = 0; i + 1 < size; i++) {
        memcpy(text, from, size);
        text[i] = from[i + 1];
        text[i + 1] = from[i];
        try_value(&all, text, size);
    }
    for (size_t i = 0; i < size; i++) {
        memcpy(text, from, i);
        memcpy(text + i, from + i + 1, size - i - 1);
        try_value(&all, text, size - 1);
    }
    for (size_t i = 0; i <= size; i++)
        for (const char *letter = LETTERS; *letter != '\0'; letter++) {
            memcpy(text, from, size);
            text[i] = *letter;
            if (i < size && from[i] != *letter)
                try_value(&all, text, size);
            memcpy(text + i + 1, from + i, size - i);
            try_value(&all, text, size + 1);
        }
    return all.status;
}

/* Namesakes -------------------------------------------------------------------------------------------- */

/* The row's cell for a field of the kind with this role, and the field. */
static const char *
cell_of_role(const hinting *it, const mst_slice *row, Muster__V1__Role role, mst_slice *cell)
{
    const check_plan *plan = it->self->plan;
    for (size_t i = 0; i < plan->fields_count; i++) {
        if (plan->kinds[i] != it->by->kind)
            continue;
        int target = mst_catalog_target(it->by->kind, plan->fields[i]);
        if (target < 0 || it->by->kind->fields[target]->role != role || row[i].size == 0)
            continue;
        *cell = row[i];
        return it->by->kind->fields[target]->name;
    }
    return NULL;
}

static mst_status
put_namesakes(const hinting *it, const mst_slice *row)
{
    mst_slice values[2], born = {NULL, 0};
    char *fields[2];
    size_t count = 0;
    const Muster__V1__Role roles[] = {MUSTER__V1__ROLE__ROLE_GIVEN_NAME, MUSTER__V1__ROLE__ROLE_FAMILY_NAME};
    for (size_t i = 0; i < 2; i++)
        if ((fields[count] = (char *)(uintptr_t)cell_of_role(it, row, roles[i], &values[count])) != NULL)
            count++;
    if (count < 2) {
        fields[0] = (char *)(uintptr_t)cell_of_role(it, row, MUSTER__V1__ROLE__ROLE_FULL_NAME, &values[0]);
        count = 1;
    }
    if (fields[0] == NULL || !affordable(it->self, NAMESAKES_MAX))
        return MST_OK;
    const char *birth = cell_of_role(it, row, MUSTER__V1__ROLE__ROLE_BIRTH_DATE, &born);
    int column = birth == NULL ? CHECK_NONE : periods_column(it->by->kind, birth);
    directory_record *records = NULL;
    size_t given = 0, found = 0;
    mst_status status = lookups_find_as_of(it->self->among, it->self->as_of, it->by->kind, fields, count, values,
                                           NAMESAKES_MAX, it->self->scratch, &records, &given, &found);
    mst_slice *cells = mst_arena_alloc(it->self->scratch, (it->by->kind->n_fields + 1) * sizeof *cells);
    for (size_t i = 0; i < given; i++) {
        directory_cells(it->self->of, &records[i], it->by->kind, cells);
        bool unknown = column < 0 || cells[column].size == 0;
        put_record(it, &records[i],
                   unknown                            ? LIKENESS_NAMED
                   : export_same(cells[column], born) ? LIKENESS_BORN
                                                      : LIKENESS_UNLIKE,
                   true);
    }
    return status;
}

/* Several records -------------------------------------------------------------------------------------- */

/* The records that all have the values: told apart by the field that names them by id, which the group then has as
 * its last one, or, where there is none, by how exactly they are written. */
static mst_status
put_candidates(const hinting *it, const mst_slice *row)
{
    const check_reference *by = it->by;
    const check_reference *ids = by->by_id == CHECK_NONE ? NULL : &it->self->plan->references[by->by_id];
    mst_slice *values = mst_arena_alloc(it->self->scratch, by->count * sizeof *values);
    for (size_t i = 0; i < by->count; i++)
        values[i] = row[by->columns[i]];
    directory_record *records = NULL;
    size_t given = 0, found = 0;
    mst_status status = lookups_find_as_of(it->self->among, it->self->as_of, by->kind, by->kind_fields, by->count,
                                           values, HINTS_MAX, it->self->scratch, &records, &given, &found);
    mst_slice *cells = mst_arena_alloc(it->self->scratch, (by->kind->n_fields + 1) * sizeof *cells);
    for (size_t i = 0; i < given; i++) {
        if (ids == NULL) {
            put_record(it, &records[i], LIKENESS_SAME, true);
            continue;
        }
        directory_cells(it->self->of, &records[i], by->kind, cells);
        Muster__V1__Suggestion *one = mst_arena_alloc(it->arena, sizeof *one);
        muster__v1__suggestion__init(one);
        one->likeness = LIKENESS_SAME;
        one->value = check_text(it->arena, cell_of(ids, &records[i], cells, ids->kind_fields[0]), VALUE_SIZE_MAX);
        one->note = (char *)(uintptr_t)note_of(it->arena, by->kind, cells);
        one->n_values = by->count + 1;
        one->values = mst_arena_alloc(it->arena, one->n_values * sizeof *one->values);
        for (size_t at = 0; at < by->count; at++)
            one->values[at] = (char *)(uintptr_t) "";
        one->values[by->count] = one->value;
        put(it, one);
    }
    return status;
}

/* What a value that nothing has may have been meant to be. */
static mst_status
put_meant(const hinting *it, size_t number, const mst_slice *row)
{
    list *from = &it->self->lists[number];
    const check_reference *by = it->by;
    mst_status status = from->made ? MST_OK : make_list(it->self, by, from);
    if (status == MST_OK && by->subject && by->count == 1)
        status = put_namesakes(it, row);
    if (status == MST_OK && from->suggester != NULL)
        status = put_likest(it, from, row);
    else if (status == MST_OK && by->count == 1)
        status = put_near(it, row[by->columns[0]]);
    return status;
}

mst_status
check_hints_set(check_hints *self, size_t number, size_t found, const mst_slice *row, mst_arena *arena,
                Muster__V1__WrongValue *value)
{
    const check_reference *by = &self->plan->references[number];
    const hinting it = {self, by, arena, value};
    mst_status status = MST_OK;
    if (by->kind == NULL || self->chunk_size > HINTS_CHUNK_SIZE_MAX)
        return MST_OK;
    if (found > 1)
        status = put_candidates(&it, row);
    else
        status = put_meant(&it, number, row);
    for (size_t i = 0; i < value->n_suggestions; i++)
        self->chunk_size += muster__v1__suggestion__get_packed_size(value->suggestions[i]) + 4;
    mst_arena_reset(self->scratch);
    return status;
}
