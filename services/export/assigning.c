/* assigning.c - one row that writes records of other kinds than it was matched to, or several: see assignments.h. */
#include "services/export/job.h"

#include "services/export/periods.h"
#include <stdio.h>
#include <string.h>

/* What a row makes of one record. */
typedef struct placed {
    size_t at;               /* of the plan's kinds */
    directory_record record; /* version and deleted as they are before */
    bool made;
    const mst_slice *before; /* NULL: made */
    mst_slice *after;
    bool differs;
} placed;

#define NAMED_SLOTS 1024u /* of each reference, in a stretch; a later record takes the place of an earlier one */

/* What a reference's values name. */
typedef struct named_record {
    uint64_t hash;
    const mst_slice *values;
    directory_record record; /* found > 0 */
    const mst_slice *cells;
    size_t found;
} named_record;

void
assign_begin(job *self)
{
    for (size_t i = 0; i < self->kinds_count; i++) {
        const assignment_kind *of = &self->assignment.kinds[i];
        if (self->dry_arena == NULL || self->changed[i].arena == NULL) // a dry run's are never shown by the directory
            changes_begin(&self->changed[i], self->dry_arena == NULL ? self->arena : self->dry_arena,
                          of->kind->n_fields, of->key, of->key_count);
    }
    self->named =
        mst_arena_alloc(self->arena, (self->assignment.references_count * NAMED_SLOTS + 1) * sizeof(named_record *));
}

/* One row while it is looked at. */
typedef struct placing {
    job *self;
    mst_arena *arena; /* of the step */
    const Muster__V1__Rows *rows;
    uint32_t row;
    const fate *fate;
    mst_slice **given; /* of each kind: values that stand in for cells */
    char why[ASSIGNMENT_WHY_MAX];
} placing;

static mst_slice *
new_cells(const placing *it, size_t at)
{
    return mst_arena_alloc(it->arena, (it->self->assignment.kinds[at].kind->n_fields + 1) * sizeof(mst_slice));
}

/* References ------------------------------------------------------------------------------------------- */

/* Value `field` of a record (-1: its id), never without data: also an empty one stands in for the cell. */
static mst_slice
value_of(const directory_record *record, const mst_slice *cells, int field)
{
    mst_slice value = field < 0 ? (mst_slice){(const uint8_t *)record->id, record->id_size} : cells[field];
    return value.data == NULL ? (mst_slice){(const uint8_t *)"", 0} : value;
}

static void
give(placing *it, size_t at, int field, mst_slice value)
{
    if (field >= 0 && it->given[at][field].data == NULL)
        it->given[at][field] = value;
}

static void
give_all(placing *it, const assignment_reference *of, const directory_record *record, const mst_slice *cells)
{
    const size_t fields = of->reference->n_fields;
    for (size_t at = 0; at < it->self->assignment.kinds_count; at++) {
        give(it, at, of->targets[at], value_of(record, cells, -1));
        for (size_t i = 0; i < fields; i++)
            give(it, at, of->feeds[at * fields + i], value_of(record, cells, of->from[i]));
    }
}

/* The values of a reference as one text for people: "Dana Sample". */
static const char *
text_of(mst_arena *arena, const mst_slice *values, size_t count)
{
    const char *text = "";
    for (size_t i = 0; i < count; i++)
        if (values[i].size > 0)
            text = mst_arena_printf(arena, "%s%s%.*s", text, text[0] == 0 ? "" : " ",
                                    (int)(values[i].size < 80 ? values[i].size : 80), (const char *)values[i].data);
    return text;
}

static uint64_t
hash_of(const mst_slice *values, size_t count)
{
    uint64_t hash = count;
    for (size_t i = 0; i < count; i++) {
        hash = (hash ^ values[i].size) * 0x9E3779B97F4A7C15u;
        for (size_t at = 0; at < values[i].size; at++)
            hash = (hash ^ values[i].data[at]) * 0x100000001B3u;
    }
    return hash ^ hash >> 32;
}

static bool
same_values(const mst_slice *left, const mst_slice *right, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (left[i].size != right[i].size ||
            (left[i].size > 0 && memcmp(left[i].data, right[i].data, left[i].size) != 0))
            return false;
    return true;
}

/* The record that these values name; files name the same few programs and people again and again. */
static const named_record *
look_up(job *self, size_t number, const mst_slice *values)
{
    const assignment_reference *of = &self->assignment.references[number];
    size_t fields = of->reference->n_fields, given = 0;
    uint64_t hash = hash_of(values, fields);
    named_record **slot = &self->named[number * NAMED_SLOTS + hash % NAMED_SLOTS];
    if (*slot != NULL && (*slot)->hash == hash && same_values((*slot)->values, values, fields))
        return *slot;
    named_record *one = mst_arena_alloc(self->arena, sizeof *one);
    mst_slice *kept = mst_arena_alloc(self->arena, (fields + 1) * sizeof *kept);
    for (size_t i = 0; i < fields; i++)
        kept[i] = mst_arena_slice(self->arena, values[i]);
    *one = (named_record){.hash = hash, .values = kept};
    directory_record *records = NULL;
    export_must(lookups_find(self->state->lookups, of->kind, of->reference->kind_fields, fields, kept, 1, self->arena,
                             &records, &given, &one->found));
    if (given > 0) {
        mst_slice *cells = mst_arena_alloc(self->arena, (of->kind->n_fields + 1) * sizeof *cells);
        directory_cells(self->state->directory, &records[0], of->kind, cells);
        one->record = records[0];
        one->cells = cells;
    }
    *slot = one;
    return one;
}

/* Finds the record that the row names this way. False: the row cannot be written. */
static bool
resolve(placing *it, size_t number)
{
    const assignment_reference *of = &it->self->assignment.references[number];
    const Muster__V1__Reference *reference = of->reference;
    size_t fields = reference->n_fields;
    mst_slice *values = mst_arena_alloc(it->arena, (fields + 1) * sizeof *values);
    bool filled = false;
    for (size_t i = 0; i < fields; i++) {
        if (of->columns[i] >= 0)
            values[i].data =
                (const uint8_t *)mst_rows_cell(it->rows, it->row, (uint32_t)of->columns[i], &values[i].size);
        filled |= values[i].size > 0;
    }
    if (!filled)
        return true;
    const named_record *named = look_up(it->self, number, values);
    if (named->found == 0) {
        snprintf(it->why, sizeof it->why, "\"%s\" is not in the directory any more (%.60s).",
                 text_of(it->arena, values, fields), of->kind->name);
        return false;
    }
    if (named->found > 1 && reference->target[0] != 0) {
        snprintf(it->why, sizeof it->why, "\"%s\" is the name of %zu records (%.60s): it is not clear which is meant.",
                 text_of(it->arena, values, fields), named->found, of->kind->name);
        return false;
    }
    give_all(it, of, &named->record, named->cells);
    return true;
}

/* Records with the key ----------------------------------------------------------------------------------- */

typedef struct held {
    assignment_record *records;
    directory_record *standing; /* of each: as the directory has it, with the version that it has now */
    size_t count;
} held;

static void
hold(held *all, const directory_record *standing, const mst_slice *cells)
{
    all->records[all->count] = (assignment_record){standing->id, standing->id_size, cells};
    all->standing[all->count++] = *standing;
}

/* Adds what this batch changed already: it comes before what the directory shows. */
static void
hold_changed(const changes *changed, const mst_slice *key, held *all)
{
    for (const change *one = changes_with_key(changed, key, NULL); one != NULL;
         one = changes_with_key(changed, key, one)) {
        const directory_record standing = {.id = one->id, .id_size = one->id_size, .version = one->version};
        hold(all, &standing, one->cells);
    }
}

static bool
has_key(const assignment_kind *of, const mst_slice *cells, const mst_slice *key)
{
    for (size_t i = 0; i < of->key_count; i++) {
        mst_slice left = cells[of->key[i]], right = key[of->key[i]];
        if (left.size != right.size || (left.size > 0 && memcmp(left.data, right.data, left.size) != 0))
            return false;
    }
    return true;
}

/* All records whose key is that of `cells`. False: more than can be looked at. */
static bool
find_held(placing *it, size_t at, const mst_slice *cells, held *all)
{
    job *self = it->self;
    const assignment_kind *of = &self->assignment.kinds[at];
    const changes *changed = &self->changed[at];
    directory_record *records = NULL;
    size_t given = 0, found = 0, more = 0;
    mst_slice *values = mst_arena_alloc(it->arena, (of->key_count + 1) * sizeof *values);
    for (size_t i = 0; i < of->key_count; i++)
        values[i] = cells[of->key[i]];
    bool may = of->key_count > 0;
    if (may)
        export_must(lookups_may_find(self->state->lookups, of->kind, of->key_names, of->key_count, values, &may));
    if (may)
        export_must(lookups_find(self->state->lookups, of->kind, of->key_names, of->key_count, values, PERIODS_MAX,
                                 it->arena, &records, &given, &found));
    for (const change *one = changes_with_key(changed, cells, NULL); one != NULL;
         one = changes_with_key(changed, cells, one))
        more++;
    if (found > given || more > PERIODS_MAX) {
        snprintf(it->why, sizeof it->why, "There are more than %u of this %.60s.", PERIODS_MAX, of->name);
        return false;
    }
    all->records = mst_arena_alloc(it->arena, (given + more + 1) * sizeof *all->records);
    all->standing = mst_arena_alloc(it->arena, (given + more + 1) * sizeof *all->standing);
    for (size_t i = 0; i < given; i++) {
        if (changes_find(changed, records[i].id, records[i].id_size) != NULL)
            continue;
        mst_slice *own = new_cells(it, at);
        directory_cells(self->state->directory, &records[i], of->kind, own);
        if (has_key(of, own, cells))
            hold(all, &records[i], own);
    }
    hold_changed(changed, cells, all);
    return true;
}

/* Placing ---------------------------------------------------------------------------------------------- */

/* A record made by this row: "B7-12", a related one "B7-12-enrollment". */
static directory_record
new_record(placing *it, size_t at)
{
    job *self = it->self;
    const assignment_kind *of = &self->assignment.kinds[at];
    const char *id = mst_arena_printf(it->arena, "%s-%u%s%s", self->batch->id, it->rows->first_row + it->row,
                                      of->related ? "-" : "", of->related ? of->kind->name : "");
    directory_record made = {.id = id, .id_size = strlen(id)};
    if (self->look_for_ids[at]) {
        export_must(directory_fetch(self->state->directory, of->kind->name, &made, 1, it->arena));
        naming_find_free(self, at, of->kind, &made);
    }
    return made;
}

/* The record that the row's key means, by what is said in `cells`. */
static bool
place_by_key(placing *it, const mst_slice *cells, placed *to)
{
    job *self = it->self;
    const assignment_kind *of = &self->assignment.kinds[to->at];
    assignment_verb verb = of->related ? VERB_EITHER : assignment_verb_of(&self->assignment, it->rows, it->row);
    held all = {0};
    if (!find_held(it, to->at, cells, &all))
        return false;
    size_t chosen = assignment_choose(of, verb, self->batch->repeat_assignments && !of->related, cells, all.records,
                                      all.count, it->why);
    if (chosen == ASSIGNMENT_REFUSE)
        return false;
    if (chosen == ASSIGNMENT_MAKE && !self->template->may_create) {
        snprintf(it->why, sizeof it->why, "There is no such %.60s, and rows of this batch make none.", of->name);
        return false;
    }
    to->made = chosen == ASSIGNMENT_MAKE;
    to->record = to->made ? new_record(it, to->at) : all.standing[chosen];
    to->before = to->made ? NULL : all.records[chosen].cells;
    return true;
}

/* The record as it is now, where the row was matched to it or becomes it. */
static void
find_matched(placing *it, placed *to)
{
    job *self = it->self;
    const fate *one = it->fate;
    const assignment_kind *of = &self->assignment.kinds[to->at];
    bool known = one->target != FATES_NO_TARGET;
    to->record = (directory_record){.id = self->fates.ids + one->id_at, .id_size = one->id_size};
    if (known)
        to->record = self->records[one->target];
    const change *changed = changes_find(&self->changed[to->at], to->record.id, to->record.id_size);
    if (changed != NULL) {
        to->record.version = changed->version;
        to->record.deleted = false;
        to->before = changed->cells;
    } else if (one->kind == FATE_CREATE && known) {
        naming_find_free(self, to->at, of->kind, &to->record);
    } else if (chunk_exists(&to->record)) {
        mst_slice *cells = new_cells(it, to->at);
        directory_cells(self->state->directory, &to->record, of->kind, cells);
        to->before = cells;
    }
    to->made = to->before == NULL;
}

/* The action column and matching may contradict each other; a person's word stands above both. */
static bool
place_by_match(placing *it, placed *to)
{
    assignment_verb verb = assignment_verb_of(&it->self->assignment, it->rows, it->row);
    find_matched(it, to);
    if (verb == VERB_UNKNOWN)
        snprintf(it->why, sizeof it->why, "The row says neither to insert nor to update.");
    else if (verb == VERB_INSERT && !to->made && !it->fate->by_person)
        snprintf(it->why, sizeof it->why, "Insert: this is %.*s, which is in the directory already.",
                 (int)to->record.id_size, to->record.id);
    else if (verb == VERB_UPDATE && to->made && !it->fate->by_person)
        snprintf(it->why, sizeof it->why, "Update: the directory has nobody like this.");
    return it->why[0] == 0;
}

/* Names the record that the row makes. False: it cannot be, and neither can the rows that follow this one. */
static bool
name_made(placing *it, placed *to)
{
    job *self = it->self;
    const assignment_kind *of = &self->assignment.kinds[to->at];
    bool matched = to->at == 0 && of->key_count == 0 && self->template->subject == NULL;
    bool known = matched && it->fate->target != FATES_NO_TARGET;
    bool named = naming_name(self, to->at, of->kind, to->after[naming_key(of->kind)], &to->record, it->why);
    if (known && named)
        self->records[it->fate->target] = to->record;
    else if (known)
        self->refused[it->fate->target] = true;
    return named;
}

/* Decides what becomes of the record of one kind. */
static bool
place(placing *it, size_t at, placed *to)
{
    const assignment_kind *of = &it->self->assignment.kinds[at];
    *to = (placed){.at = at, .after = new_cells(it, at)};
    if (of->key_count > 0 || it->self->template->subject != NULL) {
        mst_slice *cells = new_cells(it, at);
        update_row(&of->plan, it->rows, it->row, it->given[at], NULL, cells);
        if (!place_by_key(it, cells, to))
            return false;
    } else if (!place_by_match(it, to)) {
        return false;
    }
    to->differs = update_row(&of->plan, it->rows, it->row, it->given[at], to->before, to->after);
    if (to->made && naming_key(of->kind) >= 0 && !name_made(it, to))
        return false;
    return !to->differs || assignment_ok(of, to->before, to->after, it->why);
}

static size_t
size_of(const placing *it, const placed *one)
{
    size_t size = one->record.id_size;
    for (size_t i = 0; i < it->self->assignment.kinds[one->at].kind->n_fields; i++)
        size += one->after[i].size;
    return size;
}

/* Whether all that the row changes fits into the commit of this chunk. */
static bool
has_room(placing *it, const placed *all, size_t count)
{
    size_t size = 0;
    bool fits = true;
    for (size_t i = 0; i < count; i++) {
        size_t one = all[i].differs ? size_of(it, &all[i]) : 0;
        fits = fits && one <= RECORD_SIZE_MAX;
        size += one;
    }
    fits = fits && it->self->chunk_changed_size + size <= CHUNK_CHANGED_SIZE_MAX;
    if (!fits)
        snprintf(it->why, sizeof it->why,
                 "The record would be larger than one may be, or the rows around it change too much at once.");
    return fits;
}

static void
write_placed(placing *it, mst_work *work, placed *one)
{
    job *self = it->self;
    if (!one->differs)
        return;
    one->record.version++;
    self->chunk_changed_size += size_of(it, one);
    if (!self->batch->dry_run) {
        const outgoing_stream to = {work, self->records_stream, self->batch->id, &self->records_events};
        outgoing_add(&self->out[one->at], &to, &one->record, one->after);
    }
    changes_keep(&self->changed[one->at], one->record.id, one->record.id_size, one->record.version, one->made,
                 one->after);
}

/* The row itself ----------------------------------------------------------------------------------------- */

/* Whom the row is about. */
static bool
give_subject(placing *it)
{
    job *self = it->self;
    if (self->template->subject == NULL)
        return true;
    const directory_record *subject = it->fate->target == FATES_NO_TARGET ? NULL : &self->records[it->fate->target];
    if (subject == NULL || !chunk_exists(subject)) {
        snprintf(it->why, sizeof it->why, "The %.60s this row is about (%.*s) is not in the directory any more.",
                 self->matched_kind, (int)it->fate->id_size, self->fates.ids + it->fate->id_at);
        return false;
    }
    for (size_t at = 0; at < self->assignment.kinds_count; at++)
        give(it, at, self->assignment.kinds[at].subject, value_of(subject, NULL, -1));
    return true;
}

/* Everything that the row writes, or false. */
static bool
place_all(placing *it, placed *all, size_t *count)
{
    job *self = it->self;
    const assignment_plan *plan = &self->assignment;
    it->given = mst_arena_alloc(it->arena, (plan->kinds_count + 1) * sizeof(mst_slice *));
    for (size_t at = 0; at < plan->kinds_count; at++)
        it->given[at] = new_cells(it, at);
    if (!give_subject(it))
        return false;
    for (size_t i = 0; i < plan->references_count; i++)
        if (!resolve(it, i))
            return false;
    for (size_t at = 0; at < plan->kinds_count; at++) {
        if (at > 0 && !assignment_filled(&plan->kinds[at], it->rows, it->row, plan->columns))
            continue;
        if (!place(it, at, &all[*count]))
            return false;
        (*count)++;
    }
    return has_room(it, all, *count);
}

void
assign_row(job *self, mst_work *work, const Muster__V1__Rows *rows, uint32_t row, results *of)
{
    const fate *one = chunk_fate(self, rows->first_row + row);
    if (chunk_drop(self, one, of))
        return;
    placing it = {.self = self, .arena = mst_work_scratch(work), .rows = rows, .row = row, .fate = one};
    placed *all = mst_arena_alloc(it.arena, (self->assignment.kinds_count + 1) * sizeof *all);
    size_t count = 0;
    if (!place_all(&it, all, &count)) {
        results_reject(of, it.why);
        return;
    }
    bool differs = false;
    for (size_t i = 0; i < count; i++) {
        write_placed(&it, work, &all[i]);
        differs |= all[i].differs;
    }
    results_add(of,
                all[0].made ? MUSTER__V1__OUTCOME__OUTCOME_CREATED
                : differs   ? MUSTER__V1__OUTCOME__OUTCOME_UPDATED
                            : MUSTER__V1__OUTCOME__OUTCOME_UNCHANGED,
                all[0].record.id, all[0].record.id_size, all[0].record.version);
}
