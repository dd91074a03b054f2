/* lookup.c - see lookup.h. */
#include "services/export/lookup.h"

#include "services/export/record.h"

/* A seek costs about as much as this many steps (measured: 5 us against 0.3), so where every so manieth record is
 * wanted one scan over all is cheaper. */
#define STEPS_OF_A_SEEK 16u

/* In a scan a record further away than this is sought all the same. */
#define STEPS_MAX (4 * STEPS_OF_A_SEEK)

static int
compare_ids(const char *left, size_t left_size, const char *right, size_t right_size)
{
    return store_compare((mst_slice){(const uint8_t *)left, left_size},
                         (mst_slice){(const uint8_t *)right, right_size});
}

static void
seek_to(const store_ops *ops, store_cursor *cursor, uint16_t kind, const char *id, size_t id_size)
{
    uint8_t key[RECORD_KEY_SIZE_MAX];
    ops->seek(cursor, (mst_slice){key, record_key(key, kind, id, id_size, UINT32_MAX)});
}

/* Moves on to the newest version of `wanted`, or to what stands behind its place. True: found; `found` is filled in. */
static bool
scan_to(const store_ops *ops, store_cursor *cursor, uint16_t kind, const directory_record *wanted,
        directory_record *found)
{
    for (uint32_t steps = 0; ops->valid(cursor) && record_of_key(found, ops->key(cursor), kind); steps++) {
        int order = compare_ids(found->id, found->id_size, wanted->id, wanted->id_size);
        if (order >= 0)
            return order == 0;
        if (steps == STEPS_MAX)
            seek_to(ops, cursor, kind, wanted->id, wanted->id_size);
        else
            ops->next(cursor);
    }
    return false;
}

static bool
find(const store_ops *ops, store_cursor *cursor, uint16_t kind, const directory_record *wanted, directory_record *found)
{
    seek_to(ops, cursor, kind, wanted->id, wanted->id_size);
    return ops->valid(cursor) && record_of_key(found, ops->key(cursor), kind) &&
           compare_ids(found->id, found->id_size, wanted->id, wanted->id_size) == 0;
}

/* Goes back from the newest version, where the cursor stands, to the one that held as of `as_of`. False: none yet. */
static bool
back_to(const store_ops *ops, store_cursor *cursor, uint16_t kind, const directory_record *wanted, uint64_t as_of,
        mst_status *status)
{
    directory_record found;
    for (; ops->valid(cursor) && record_of_key(&found, ops->key(cursor), kind); ops->next(cursor)) {
        if (compare_ids(found.id, found.id_size, wanted->id, wanted->id_size) != 0)
            return false;
        if (!record_of_value(&found, ops->value(cursor))) {
            *status = MST_CORRUPT;
            return false;
        }
        if (found.seq <= as_of)
            return true;
    }
    return false;
}

mst_status
lookup_fetch(store *from, uint16_t kind, uint64_t population, uint64_t as_of, directory_record *records, size_t count,
             mst_arena *arena)
{
    for (size_t i = 0; i < count; i++)
        records[i].version = 0;
    if (count == 0)
        return MST_OK;
    bool scan = population < count * (uint64_t)STEPS_OF_A_SEEK;
    const store_ops *ops = from->ops;
    store_cursor *cursor = store_cursor_open(from, scan);
    mst_status status = MST_OK;
    if (scan)
        seek_to(ops, cursor, kind, records[0].id, records[0].id_size);
    for (size_t i = 0; i < count && status == MST_OK; i++) {
        directory_record found;
        if (!(scan ? scan_to : find)(ops, cursor, kind, &records[i], &found))
            continue;
        if (as_of < UINT64_MAX && (!back_to(ops, cursor, kind, &records[i], as_of, &status) ||
                                   !record_of_key(&found, ops->key(cursor), kind)))
            continue;
        if (!record_of_value(&found, mst_arena_slice(arena, ops->value(cursor)))) {
            status = MST_CORRUPT;
            continue;
        }
        found.id = records[i].id;
        found.id_size = records[i].id_size;
        records[i] = found;
    }
    if (status == MST_OK)
        status = ops->status(cursor);
    ops->cursor_close(cursor);
    return status;
}

mst_status
lookup_history(store *from, uint16_t kind, const char *id, size_t id_size, mst_arena *arena, directory_record **records,
               size_t *count)
{
    const store_ops *ops = from->ops;
    store_cursor *cursor = store_cursor_open(from, false);
    mst_status status = MST_OK;
    size_t room = 0;
    *records = NULL;
    *count = 0;
    seek_to(ops, cursor, kind, id, id_size);
    directory_record found;
    for (; ops->valid(cursor) && status == MST_OK; ops->next(cursor)) {
        if (!record_of_key(&found, ops->key(cursor), kind) || compare_ids(found.id, found.id_size, id, id_size) != 0)
            break;
        if (*count == room) {
            size_t wider_room = room == 0 ? 8 : room * 2;
            directory_record *wider = mst_arena_alloc(arena, wider_room * sizeof *wider);
            if (room > 0)
                memcpy(wider, *records, room * sizeof *wider);
            *records = wider;
            room = wider_room;
        }
        found.id = mst_arena_copy(arena, id, id_size);
        if (!record_of_value(&found, mst_arena_slice(arena, ops->value(cursor))))
            status = MST_CORRUPT;
        (*records)[(*count)++] = found;
    }
    if (status == MST_OK)
        status = ops->status(cursor);
    ops->cursor_close(cursor);
    return status;
}

mst_status
lookup_scan(store *from, uint16_t kind, const char *after_id, bool versions, directory_visit visit, void *context)
{
    const store_ops *ops = from->ops;
    store_cursor *cursor = store_cursor_open(from, true);
    mst_status status = MST_OK;
    /* The id shown or skipped last: its older versions follow it. */
    char last[DIRECTORY_ID_SIZE_MAX];
    size_t last_size = strnlen(after_id, sizeof last);
    memcpy(last, after_id, last_size);
    seek_to(ops, cursor, kind, last, last_size);
    directory_record found;
    for (; ops->valid(cursor) && record_of_key(&found, ops->key(cursor), kind); ops->next(cursor)) {
        if (!versions && compare_ids(found.id, found.id_size, last, last_size) == 0)
            continue;
        if (found.id_size > sizeof last || !record_of_value(&found, ops->value(cursor))) {
            status = MST_CORRUPT;
            break;
        }
        memcpy(last, found.id, found.id_size);
        last_size = found.id_size;
        if (!visit(context, &found))
            break;
    }
    if (status == MST_OK)
        status = ops->status(cursor);
    ops->cursor_close(cursor);
    return status;
}
