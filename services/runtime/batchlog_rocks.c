/* batchlog_rocks.c - the batch log on disk. Layout: see batchlog.h. */
#include "services/runtime/batchlog_ops.h"
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <rocksdb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITE_BUFFER_SIZE (8u << 20) /* bytes */
#define WAL_SIZE_MAX (32u << 20)     /* bytes of write-ahead log kept: what an opening has to read */
#define CACHE_SIZE (8u << 20)        /* bytes */
#define KEY_SIZE_MAX 1024            /* bytes; stream names and batch ids are far below */

/* Versions of streams added and not yet flushed. */
typedef struct fresh {
    char *stream;
    uint64_t version;
} fresh;

typedef struct rocks {
    mst_batchlog base;
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_cache_t *cache;
    rocksdb_writeoptions_t *write_options;
    rocksdb_readoptions_t *read_options;
    rocksdb_writebatch_t *batch;
    fresh *fresh;
    size_t fresh_count, fresh_room;
} rocks;

static void
put64(uint8_t *out, uint64_t number)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(number >> (56 - 8 * i));
}

static uint64_t
get64(const uint8_t *in)
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | in[i];
    return number;
}

static mst_status
rocks_status(char *error, char why[256])
{
    if (!error)
        return MST_OK;
    mst_status rc = strstr(error, "lock") || strstr(error, "LOCK") ? MST_BUSY
                    : strstr(error, "Corruption")                  ? MST_CORRUPT
                                                                   : MST_IO;
    if (why)
        snprintf(why, 256, "%.250s", error);
    rocksdb_free(error);
    return rc;
}

static size_t
event_key(uint8_t key[KEY_SIZE_MAX], const char *batch_id, uint64_t seq)
{
    size_t size = strlen(batch_id);
    assert(size + 10 <= KEY_SIZE_MAX);
    key[0] = 'e';
    memcpy(key + 1, batch_id, size + 1);
    put64(key + size + 2, seq);
    return size + 10;
}

static size_t
version_key(uint8_t key[KEY_SIZE_MAX], const char *stream)
{
    size_t size = strlen(stream);
    assert(size + 1 <= KEY_SIZE_MAX);
    key[0] = 'v';
    memcpy(key + 1, stream, size);
    return size + 1;
}

static void
fresh_forget(rocks *self)
{
    while (self->fresh_count)
        free(self->fresh[--self->fresh_count].stream);
    rocksdb_writebatch_clear(self->batch);
}

static void
rocks_close(mst_batchlog *log)
{
    rocks *self = (rocks *)log;
    if (self->batch)
        fresh_forget(self);
    if (self->db)
        rocksdb_close(self->db);
    if (self->batch)
        rocksdb_writebatch_destroy(self->batch);
    rocksdb_writeoptions_destroy(self->write_options);
    rocksdb_readoptions_destroy(self->read_options);
    rocksdb_options_destroy(self->options);
    rocksdb_cache_destroy(self->cache);
    free(self->fresh);
    free(self);
}

static void
position_pack(const mst_position *position, uint8_t out[64])
{
    memcpy(out, position->incarnation, 16);
    put64(out + 16, position->applied_seq);
    put64(out + 24, position->seen_seq);
    memcpy(out + 32, position->seen_hash, MST_HASH_SIZE);
}

static mst_status
rocks_clear(mst_batchlog *log)
{
    rocks *self = (rocks *)log;
    char *error = NULL;
    uint8_t position[64];
    fresh_forget(self);
    rocksdb_writebatch_delete_range(self->batch, "\0", 1, "\xff", 1);
    position_pack(&log->next, position);
    rocksdb_writebatch_put(self->batch, "p", 1, (char *)position, sizeof position);
    rocksdb_write(self->db, self->write_options, self->batch, &error);
    rocksdb_writebatch_clear(self->batch);
    return rocks_status(error, NULL);
}

static void
rocks_add(mst_batchlog *log, const Muster__V1__Envelope *head, mst_slice body)
{
    rocks *self = (rocks *)log;
    uint8_t key[KEY_SIZE_MAX], seq[9] = "q", version[8];
    size_t head_size = muster__v1__envelope__get_packed_size(head);
    size_t value_size = 5 + head_size + body.size;
    uint8_t *value = mst_alloc(value_size);
    for (int i = 0; i < 4; i++)
        value[i] = (uint8_t)(head_size >> (8 * i));
    value[4] = body.data != NULL;
    muster__v1__envelope__pack(head, value + 5);
    if (body.size)
        memcpy(value + 5 + head_size, body.data, body.size);
    size_t key_size = event_key(key, head->batch_id, head->seq);
    rocksdb_writebatch_put(self->batch, (char *)key, key_size, (char *)value, value_size);
    free(value);
    put64(seq + 1, head->seq);
    rocksdb_writebatch_put(self->batch, (char *)seq, sizeof seq, head->batch_id, strlen(head->batch_id));
    put64(version, head->stream_version);
    key_size = version_key(key, head->stream);
    rocksdb_writebatch_put(self->batch, (char *)key, key_size, (char *)version, sizeof version);

    if (self->fresh_count == self->fresh_room) {
        self->fresh_room = self->fresh_room ? self->fresh_room * 2 : 64;
        self->fresh = mst_realloc(self->fresh, self->fresh_room * sizeof *self->fresh);
    }
    self->fresh[self->fresh_count++] = (fresh){mst_strdup(head->stream), head->stream_version};
}

static mst_status
rocks_flush(mst_batchlog *log)
{
    rocks *self = (rocks *)log;
    char *error = NULL;
    uint8_t position[64];
    position_pack(&log->next, position);
    rocksdb_writebatch_put(self->batch, "p", 1, (char *)position, sizeof position);
    rocksdb_write(self->db, self->write_options, self->batch, &error);
    if (!error)
        fresh_forget(self);
    return rocks_status(error, NULL);
}

static uint64_t
rocks_version(mst_batchlog *log, const char *stream)
{
    rocks *self = (rocks *)log;
    for (size_t i = self->fresh_count; i-- > 0;)
        if (strcmp(self->fresh[i].stream, stream) == 0)
            return self->fresh[i].version;
    uint8_t key[KEY_SIZE_MAX];
    size_t key_size = version_key(key, stream), size = 0;
    char *error = NULL;
    char *value = rocksdb_get(self->db, self->read_options, (char *)key, key_size, &size, &error);
    uint64_t version = value && size == 8 ? get64((uint8_t *)value) : 0;
    /* An unreadable version reads as 0: the broker then refuses the commit, which is the safe side. */
    (void)rocks_status(error, NULL);
    rocksdb_free(value);
    return version;
}

/* One event by its seq and batch. */
static mst_status
event_read(rocks *self, uint64_t seq, const char *batch_id, mst_batchlog_each *each, void *context)
{
    uint8_t key[KEY_SIZE_MAX];
    size_t key_size = event_key(key, batch_id, seq), size = 0;
    char *error = NULL;
    char *found = rocksdb_get(self->db, self->read_options, (char *)key, key_size, &size, &error);
    if (error)
        return rocks_status(error, NULL);
    mst_status rc = MST_CORRUPT;
    const uint8_t *value = (const uint8_t *)found;
    if (value && size >= 5) {
        size_t head_size = value[0] | (size_t)value[1] << 8 | (size_t)value[2] << 16 | (size_t)value[3] << 24;
        Muster__V1__Envelope *head =
            head_size <= size - 5 ? muster__v1__envelope__unpack(NULL, head_size, value + 5) : NULL;
        if (head) {
            each(context, head, (mst_slice){value[4] ? value + 5 + head_size : NULL, size - 5 - head_size});
            muster__v1__envelope__free_unpacked(head, NULL);
            rc = MST_OK;
        }
    }
    rocksdb_free(found);
    return rc;
}

static mst_status
rocks_replay(mst_batchlog *log, uint64_t after_seq, mst_batchlog_each *each, void *context)
{
    rocks *self = (rocks *)log;
    mst_status rc = MST_OK;
    uint8_t first[9] = "q";
    char *error = NULL;
    put64(first + 1, after_seq + 1);
    rocksdb_iterator_t *at = rocksdb_create_iterator(self->db, self->read_options);
    for (rocksdb_iter_seek(at, (char *)first, sizeof first); rc == MST_OK && rocksdb_iter_valid(at);
         rocksdb_iter_next(at)) {
        size_t key_size, value_size;
        const char *key = rocksdb_iter_key(at, &key_size), *value = rocksdb_iter_value(at, &value_size);
        if (key[0] != 'q' || key_size != sizeof first)
            break;
        char batch_id[KEY_SIZE_MAX];
        if (value_size >= sizeof batch_id) {
            rc = MST_CORRUPT;
            break;
        }
        memcpy(batch_id, value, value_size);
        batch_id[value_size] = '\0';
        rc = event_read(self, get64((const uint8_t *)key + 1), batch_id, each, context);
    }
    rocksdb_iter_get_error(at, &error); /* a damaged block looks like the end */
    rocksdb_iter_destroy(at);
    return error ? rocks_status(error, NULL) : rc;
}

static mst_status
rocks_snapshot_put(mst_batchlog *log, uint64_t seq, mst_slice state)
{
    rocks *self = (rocks *)log;
    char *error = NULL;
    uint8_t *value = mst_alloc(8 + state.size);
    put64(value, seq);
    if (state.size)
        memcpy(value + 8, state.data, state.size);
    rocksdb_put(self->db, self->write_options, "s", 1, (char *)value, 8 + state.size, &error);
    free(value);
    return rocks_status(error, NULL);
}

static mst_status
rocks_snapshot_get(mst_batchlog *log, mst_arena *arena, uint64_t *seq, mst_slice *state)
{
    rocks *self = (rocks *)log;
    char *error = NULL;
    size_t size = 0;
    char *value = rocksdb_get(self->db, self->read_options, "s", 1, &size, &error);
    if (error)
        return rocks_status(error, NULL);
    mst_status rc = value && size >= 8 ? MST_OK : MST_NOT_FOUND;
    if (rc == MST_OK) {
        *seq = get64((uint8_t *)value);
        *state = mst_arena_slice(arena, (mst_slice){(uint8_t *)value + 8, size - 8});
    }
    rocksdb_free(value);
    return rc;
}

static rocksdb_options_t *
options_new(rocksdb_cache_t *cache)
{
    rocksdb_options_t *options = rocksdb_options_create();
    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();
    rocksdb_block_based_options_set_block_cache(table, cache);
    rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1);
    rocksdb_options_set_block_based_table_factory(options, table);
    rocksdb_block_based_options_destroy(table);
    rocksdb_options_set_create_if_missing(options, 1);
    rocksdb_options_set_write_buffer_size(options, WRITE_BUFFER_SIZE);
    rocksdb_options_set_max_total_wal_size(options, WAL_SIZE_MAX);
    rocksdb_options_set_max_open_files(options, 64);
    rocksdb_options_set_info_log_level(options, 4); /* writing it aborts the process on a full disk */
    rocksdb_options_set_keep_log_file_num(options, 2);
    rocksdb_options_set_compression(options, rocksdb_lz4_compression);
    return options;
}

/* Reads the position; a log without one is new. */
static mst_status
position_read(rocks *self, char why[256])
{
    char *error = NULL;
    size_t size = 0;
    char *value = rocksdb_get(self->db, self->read_options, "p", 1, &size, &error);
    if (value && size == 64) {
        const uint8_t *in = (const uint8_t *)value;
        mst_position *position = &self->base.position;
        memcpy(position->incarnation, in, 16);
        position->applied_seq = get64(in + 16);
        position->seen_seq = get64(in + 24);
        memcpy(position->seen_hash, in + 32, MST_HASH_SIZE);
        self->base.next = *position;
    }
    rocksdb_free(value);
    return rocks_status(error, why);
}

mst_status
mst_batchlog_open(mst_batchlog **log, const char *dir, char why[256])
{
    static const mst_batchlog_ops ops = {rocks_close,   rocks_clear,  rocks_add,          rocks_flush,
                                         rocks_version, rocks_replay, rocks_snapshot_put, rocks_snapshot_get};
    rocks *self = mst_alloc(sizeof *self);
    char *error = NULL;
    *self = (rocks){.base.ops = &ops};
    *log = NULL;
    self->cache = rocksdb_cache_create_lru(CACHE_SIZE);
    self->options = options_new(self->cache);
    self->write_options = rocksdb_writeoptions_create(); /* sync off: see batchlog.h */
    self->read_options = rocksdb_readoptions_create();
    self->db = rocksdb_open(self->options, dir, &error);
    mst_status rc = rocks_status(error, why);
    if (rc == MST_OK) {
        self->batch = rocksdb_writebatch_create();
        rc = position_read(self, why);
    }
    if (rc == MST_OK)
        *log = &self->base;
    else
        rocks_close(&self->base);
    return rc;
}

/* --dump ---------------------------------------------------------------------------------------------- */

static void
print_pair(const char *store, const char *key, size_t key_size, const char *value, size_t value_size)
{
    uint8_t digest[MST_HASH_SIZE];
    char key_hex[2 * MST_HASH_SIZE + 1], value_hex[2 * MST_HASH_SIZE + 1];
    mst_sha256(key, key_size, digest);
    mst_hex(digest, sizeof digest, key_hex);
    mst_sha256(value, value_size, digest);
    mst_hex(digest, sizeof digest, value_hex);
    printf("%s %s %s\n", store, key_hex, value_hex);
}

static mst_status
store_dump(const char *path, const char *name, char why[256])
{
    char *error = NULL;
    rocksdb_options_t *options = rocksdb_options_create();
    rocksdb_options_set_info_log_level(options, 4);
    rocksdb_readoptions_t *read_options = rocksdb_readoptions_create();
    rocksdb_readoptions_set_fill_cache(read_options, 0);
    rocksdb_t *db = rocksdb_open_for_read_only(options, path, 0, &error);
    if (db) {
        rocksdb_iterator_t *at = rocksdb_create_iterator(db, read_options);
        for (rocksdb_iter_seek_to_first(at); rocksdb_iter_valid(at); rocksdb_iter_next(at)) {
            size_t key_size, value_size;
            const char *key = rocksdb_iter_key(at, &key_size), *value = rocksdb_iter_value(at, &value_size);
            if (strcmp(name, "batchlog") == 0 && key_size == 1 && key[0] == 's')
                continue;
            print_pair(name, key, key_size, value, value_size);
        }
        rocksdb_iter_get_error(at, &error);
        rocksdb_iter_destroy(at);
        rocksdb_close(db);
    }
    rocksdb_readoptions_destroy(read_options);
    rocksdb_options_destroy(options);
    return rocks_status(error, why);
}

mst_status
mst_batchlog_dump(const char *dir, char why[256])
{
    struct dirent **names = NULL;
    int count = scandir(dir, &names, NULL, alphasort);
    if (count < 0) {
        snprintf(why, 256, "cannot read %s: %s", dir, strerror(errno));
        return MST_NOT_FOUND;
    }
    mst_status rc = MST_OK;
    for (int i = 0; i < count; i++) {
        char path[4096];
        int size = snprintf(path, sizeof path - 16, "%s/%s", dir, names[i]->d_name);
        if (rc == MST_OK && names[i]->d_name[0] != '.' && size < (int)sizeof path - 16) {
            strcpy(path + size, "/CURRENT");
            bool store = access(path, F_OK) == 0;
            path[size] = '\0';
            if (store)
                rc = store_dump(path, names[i]->d_name, why);
        }
        free(names[i]);
    }
    free(names);
    return rc;
}
