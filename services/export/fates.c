/* fates.c - see fates.h. */
#include "services/export/fates.h"

#include "proto/rows.h"
#include "services/export/order.h"
#include "services/export/store.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t fates_rows_max = FATES_ROWS_MAX;

void
fates_reset(fates *self, uint32_t first_row)
{
    self->first_row = first_row;
    self->count = 0;
    self->updates = 0;
    self->ids_size = 0;
}

void
fates_release(fates *self)
{
    free(self->rows);
    free(self->ids);
    *self = (fates){0};
}

bool
fates_full(const fates *self)
{
    return self->count >= fates_rows_max || self->ids_size >= FATES_IDS_SIZE_MAX ||
           (self->updates_max > 0 && self->updates >= self->updates_max);
}

uint32_t
fates_row_of(const char *id, size_t id_size)
{
    if (id_size < 5 || id_size > 14 || memcmp(id, "row:", 4) != 0 || id[4] == '0')
        return 0;
    uint64_t row = 0;
    for (size_t i = 4; i < id_size; i++) {
        if (id[i] < '0' || id[i] > '9')
            return 0;
        row = row * 10 + (uint64_t)(id[i] - '0');
    }
    return row <= UINT32_MAX ? (uint32_t)row : 0;
}

bool
fates_id_ok(const char *id, size_t id_size)
{
    return id_size > 0 && id_size <= DIRECTORY_ID_SIZE_MAX && memchr(id, 0, id_size) == NULL &&
           fates_row_of(id, id_size) == 0;
}

static fate *
add(fates *self, fate_kind kind)
{
    if (self->count == self->rows_room) {
        self->rows_room = self->rows_room == 0 ? 1024 : self->rows_room * 2;
        self->rows = mst_realloc(self->rows, self->rows_room * sizeof *self->rows);
    }
    self->updates += kind == FATE_UPDATE;
    fate *one = &self->rows[self->count++];
    *one = (fate){.kind = (uint8_t)kind, .target = FATES_NO_TARGET};
    return one;
}

static void
set_id(fates *self, fate *one, const char *id, size_t id_size)
{
    assert(id_size <= DIRECTORY_ID_SIZE_MAX && self->ids_size + id_size <= UINT32_MAX);
    if (self->ids_size + id_size > self->ids_room) {
        self->ids_room = self->ids_room * 2 > self->ids_size + id_size ? self->ids_room * 2 : self->ids_size + 65536;
        self->ids = mst_realloc(self->ids, self->ids_room);
    }
    one->id_at = (uint32_t)self->ids_size;
    one->id_size = (uint8_t)id_size;
    memcpy(self->ids + self->ids_size, id, id_size);
    self->ids_size += id_size;
}

/* A new record is named by the batch and the row it came from. */
static void
set_made_id(fates *self, fate *one, const char *batch_id, uint32_t row)
{
    char id[40];
    int size = snprintf(id, sizeof id, "%s-%u", batch_id, row);
    set_id(self, one, id, (size_t)size);
}

/* Adds a row that is the record `id`, or the same as an earlier row. */
static mst_status
add_matched_to(fates *self, uint32_t row, const char *id, size_t id_size, char why[256])
{
    uint32_t followed = fates_row_of(id, id_size);
    if (id_size == 0 || id_size > DIRECTORY_ID_SIZE_MAX || followed >= row) {
        snprintf(why, 256, "row %u was given to a record or row that cannot be", row);
        return MST_INVALID;
    }
    if (followed == 0)
        set_id(self, add(self, FATE_UPDATE), id, id_size);
    else
        add(self, FATE_FOLLOW)->id_at = followed;
    return MST_OK;
}

static mst_status
add_new(fates *self, const fates_rules *rules, uint32_t row)
{
    if (rules->may_create)
        set_made_id(self, add(self, FATE_CREATE), rules->batch->id, row);
    else
        add(self, FATE_REJECT)->why = WHY_MAY_NOT_CREATE;
    return MST_OK;
}

static mst_status
add_resolved(fates *self, const fates_rules *rules, const resolution *word, char why[256])
{
    switch (word->choice) {
    case MUSTER__V1__CHOICE__CHOICE_SELECT:
        return add_matched_to(self, word->row, word->record_id, strlen(word->record_id), why);
    case MUSTER__V1__CHOICE__CHOICE_NEW: return add_new(self, rules, word->row);
    case MUSTER__V1__CHOICE__CHOICE_SKIP: add(self, FATE_SKIP); return MST_OK;
    default: snprintf(why, 256, "the decision about row %u is not known", word->row); return MST_INVALID;
    }
}

static mst_status
add_decided(fates *self, const fates_rules *rules, const Muster__V1__EntriesMatched *matched, uint32_t at,
            char why[256])
{
    uint32_t row = matched->first_row + at;
    uint32_t start = at == 0 ? 0 : matched->id_ends[at - 1];
    const char *id = (const char *)matched->ids.data + start;
    size_t id_size = matched->id_ends[at] - start;
    switch (matched->decisions.data[at]) {
    case MUSTER__V1__DECISION__DECISION_MATCHED: return add_matched_to(self, row, id, id_size, why);
    case MUSTER__V1__DECISION__DECISION_NEW: return add_new(self, rules, row);
    case MUSTER__V1__DECISION__DECISION_REJECTED: add(self, FATE_REJECT); return MST_OK;
    case MUSTER__V1__DECISION__DECISION_DISCREPANCY:
        if (rules->batch->dry_run) { // nobody is asked
            add(self, FATE_SKIP);
            return MST_OK;
        }
        snprintf(why, 256, "nobody has decided row %u", row);
        return MST_INVALID;
    default: snprintf(why, 256, "matching did not decide row %u", row); return MST_INVALID;
    }
}

static bool
columns_fit(const Muster__V1__EntriesMatched *matched)
{
    if (matched->decisions.len != matched->rows || matched->n_id_ends != matched->rows)
        return false;
    uint32_t before = 0;
    for (uint32_t i = 0; i < matched->rows; i++) {
        if (matched->id_ends[i] < before)
            return false;
        before = matched->id_ends[i];
    }
    return before <= matched->ids.len;
}

mst_status
fates_add_matched(fates *self, const fates_rules *rules, const Muster__V1__EntriesMatched *matched, char why[256])
{
    if (!columns_fit(matched) || matched->first_row != self->first_row + self->count) {
        snprintf(why, 256, "the decisions of chunk %u do not fit its rows", matched->chunk);
        return MST_INVALID;
    }
    const batch *one = rules->batch;
    const resolution *word = one->resolutions, *end = one->resolutions + one->resolutions_count;
    while (word < end && word->row < matched->first_row)
        word++;
    for (uint32_t at = 0; at < matched->rows; at++) {
        mst_status status;
        if (word < end && word->row == matched->first_row + at) {
            status = add_resolved(self, rules, word++, why);
            if (status == MST_OK)
                self->rows[self->count - 1].by_person = true;
        } else {
            status = add_decided(self, rules, matched, at, why);
        }
        if (status != MST_OK)
            return status;
    }
    return MST_OK;
}

mst_status
fates_add_import(fates *self, const fates_rules *rules, const Muster__V1__Rows *rows, char why[256])
{
    if (!mst_rows_ok(rows) || rows->first_row != self->first_row + self->count ||
        rules->id_field >= (int)rows->columns) {
        snprintf(why, 256, "the entries from row %u on do not fit", rows->first_row);
        return MST_INVALID;
    }
    for (uint32_t row = 0; row < rows->rows; row++) {
        size_t id_size = 0;
        const char *id = rules->id_field < 0 ? "" : mst_rows_cell(rows, row, (uint32_t)rules->id_field, &id_size);
        if (id_size == 0)
            set_made_id(self, add(self, FATE_CREATE), rules->batch->id, rows->first_row + row);
        else if (!fates_id_ok(id, id_size))
            add(self, FATE_REJECT)->why = WHY_NO_ID;
        else
            set_id(self, add(self, FATE_UPDATE), id, id_size);
    }
    return MST_OK;
}

static int
compare_numbers(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

uint32_t *
fates_far(const fates *self, mst_arena *arena, size_t *count)
{
    size_t found = 0, kept = 0;
    for (uint32_t i = 0; i < self->count; i++)
        found += self->rows[i].kind == FATE_FOLLOW && self->rows[i].id_at < self->first_row;
    uint32_t *far = mst_arena_alloc(arena, (found + 1) * sizeof *far);
    found = 0;
    for (uint32_t i = 0; i < self->count; i++)
        if (self->rows[i].kind == FATE_FOLLOW && self->rows[i].id_at < self->first_row)
            far[found++] = self->rows[i].id_at;
    qsort(far, found, sizeof *far, compare_numbers);
    for (size_t i = 0; i < found; i++)
        if (kept == 0 || far[kept - 1] != far[i])
            far[kept++] = far[i];
    *count = kept;
    return far;
}

mst_status
fates_resolve(fates *self, fates_far_fate far_fate, void *context, char why[256])
{
    for (uint32_t i = 0; i < self->count; i++) {
        fate *one = &self->rows[i];
        if (one->kind != FATE_FOLLOW)
            continue;
        uint32_t followed = one->id_at;
        if (followed >= self->first_row) { // earlier in the stretch, so resolved already
            fate *first = &self->rows[followed - self->first_row];
            assert(first < one && first->kind != FATE_FOLLOW);
            first->followed = true;
            *one = *first;
            one->why = WHY_FOLLOWED;
        } else {
            fate_kind kind = FATE_REJECT;
            mst_slice id = {0};
            if (!far_fate(context, followed, &kind, &id) || id.size > DIRECTORY_ID_SIZE_MAX) {
                snprintf(why, 256, "row %u, which row %u follows, was not exported", followed, self->first_row + i);
                return MST_INVALID;
            }
            one->kind = (uint8_t)kind;
            one->why = WHY_FOLLOWED;
            if (kind == FATE_UPDATE)
                set_id(self, one, (const char *)id.data, id.size);
        }
        if (one->kind == FATE_CREATE)
            one->kind = FATE_UPDATE;
    }
    return MST_OK;
}

static mst_slice
id_of(const fates *self, uint32_t row)
{
    return (mst_slice){(const uint8_t *)self->ids + self->rows[row].id_at, self->rows[row].id_size};
}

static int
compare_ids(const void *context, uint32_t left, uint32_t right)
{
    int order = store_compare(id_of(context, left), id_of(context, right));
    return order != 0 ? order : left < right ? -1 : left > right;
}

directory_record *
fates_targets(fates *self, bool created_too, mst_arena *arena, size_t *count)
{
    order_item *order = mst_alloc(((size_t)self->count + 1) * sizeof *order);
    size_t rows = 0, shared = 0;
    for (uint32_t i = 0; i < self->count; i++) {
        const fate *one = &self->rows[i];
        if (one->kind != FATE_UPDATE && (one->kind != FATE_CREATE || !(one->followed || created_too)))
            continue;
        const char *first = self->ids + self->rows[rows == 0 ? i : order[0].index].id_at;
        size_t most = rows == 0 || one->id_size < shared ? one->id_size : shared;
        shared = order_shared(first, self->ids + one->id_at, most);
        order[rows++].index = i;
    }
    for (size_t i = 0; i < rows; i++) {
        mst_slice id = id_of(self, order[i].index);
        order[i].order = order_of(id.data, id.size, shared);
    }
    order_sort(order, rows, compare_ids, self);
    directory_record *records = mst_arena_alloc(arena, (rows + 1) * sizeof *records);
    *count = 0;
    for (size_t i = 0; i < rows; i++) {
        mst_slice id = id_of(self, order[i].index);
        directory_record *last = *count == 0 ? NULL : &records[*count - 1];
        if (last == NULL || last->id_size != id.size || memcmp(last->id, id.data, id.size) != 0) {
            last = &records[(*count)++];
            last->id = (const char *)id.data;
            last->id_size = id.size;
        }
        self->rows[order[i].index].target = (uint32_t)(last - records);
    }
    free(order);
    return records;
}
