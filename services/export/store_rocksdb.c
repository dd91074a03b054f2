/* store_rocksdb.c - the map of store.h in RocksDB. The only file of export that knows it.
 *
 * Bulk writes become one sorted file that RocksDB takes over as it is (measured: 0.5 us a record instead of 3.5-4.6).
 * The file is synced before it is taken over, and taking over is one entry in the manifest: all or nothing. It overlaps
 * with what puts left in memory (the position is in every write), so RocksDB first writes those to disk: no later write
 * survives without an earlier one. */
#include "services/export/store.h"

#include "broker/lib/log.h"
#include <errno.h>
#include <fcntl.h>
#include <rocksdb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHE_SIZE (64u << 20)        /* bytes of blocks kept in memory */
#define WRITE_BUFFER_SIZE (16u << 20) /* bytes of puts before they go to a file */
#define BLOCK_SIZE (8u << 10)         /* bytes */
#define FILTER_BITS 10                /* a record; one file in a hundred is looked into in vain */
#define READAHEAD_SIZE (2u << 20)     /* bytes, for scans */
#define DAMAGED "damaged"             /* name of the file that says so */
#define FILES_OPEN_MAX 256
#define RUNS_BEFORE_COMPACTION 4 /* sorted files over each other; every read merges them */

typedef struct rocks_store {
    store base;
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_block_based_table_options_t *table;
    rocksdb_cache_t *cache;
    rocksdb_envoptions_t *environment;
    rocksdb_writeoptions_t *write_options;
    rocksdb_readoptions_t *seek_options, *scan_options;
    rocksdb_ingestexternalfileoptions_t *ingest_options;
    rocksdb_writebatch_t *batch;
    char *bulk_path;    /* of the file being written; there is at most one */
    char *damaged_path; /* exists: damage was met, the store is not to be opened again */
} rocks_store;

struct store_cursor {
    rocksdb_iterator_t *iterator;
    const char *damaged_path;
};

/* Keys of records end in a NUL and four bytes of version; what is in front names the record. A filter over these names
 * lets a seek for one record pass over the files that do not hold it. */
#define KEY_TAIL_SIZE 5u

static unsigned char
has_name(void *state, const char *key, size_t size)
{
    (void)state;
    return size > KEY_TAIL_SIZE + 3 && key[0] == 'R';
}

static char *
name_of(void *state, const char *key, size_t size, size_t *name_size)
{
    (void)state;
    *name_size = size - KEY_TAIL_SIZE;
    return (char *)(uintptr_t)key;
}

static const char *
naming(void *state)
{
    (void)state;
    return "muster.record";
}

static void
nothing_to_free(void *state)
{
    (void)state;
}

/* Says what happened, once, and what the caller can do about it. Takes the message. `damaged_path` NULL: nothing to
 * remember should it be damage. */
static mst_status
failed(char *message, const char *what, const char *damaged_path)
{
    mst_status status = strstr(message, "No space left") != NULL  ? MST_FULL
                        : strncmp(message, "Corruption", 10) == 0 ? MST_CORRUPT
                        : strstr(message, "lock ") != NULL        ? MST_BUSY
                                                                  : MST_IO;
    mst_log(MST_LOG_ERROR, what, "reason", message, "status", mst_status_name(status), NULL);
    rocksdb_free(message);
    if (status == MST_CORRUPT && damaged_path != NULL) {
        int file = open(damaged_path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        if (file >= 0)
            close(file);
    }
    return status;
}

static mst_status
write_puts(rocks_store *self, const store_entry *entries, size_t count)
{
    rocksdb_writebatch_clear(self->batch);
    for (size_t i = 0; i < count; i++)
        rocksdb_writebatch_put(self->batch, (const char *)entries[i].key.data, entries[i].key.size,
                               (const char *)entries[i].value.data, entries[i].value.size);
    char *message = NULL;
    rocksdb_write(self->db, self->write_options, self->batch, &message);
    return message == NULL ? MST_OK : failed(message, "directory not written", self->damaged_path);
}

static mst_status
write_bulk(rocks_store *self, const store_entry *entries, size_t count)
{
    char *message = NULL;
    rocksdb_sstfilewriter_t *writer = rocksdb_sstfilewriter_create(self->environment, self->options);
    rocksdb_sstfilewriter_open(writer, self->bulk_path, &message);
    for (size_t i = 0; i < count && message == NULL; i++)
        rocksdb_sstfilewriter_put(writer, (const char *)entries[i].key.data, entries[i].key.size,
                                  (const char *)entries[i].value.data, entries[i].value.size, &message);
    if (message == NULL)
        rocksdb_sstfilewriter_finish(writer, &message);
    rocksdb_sstfilewriter_destroy(writer);
    if (message == NULL) {
        const char *paths[] = {self->bulk_path};
        rocksdb_ingest_external_file(self->db, paths, 1, self->ingest_options, &message);
    }
    unlink(self->bulk_path); // moved, or of no use
    return message == NULL ? MST_OK : failed(message, "directory not written", self->damaged_path);
}

static mst_status
rocks_write(store *base, const store_entry *entries, size_t count)
{
    rocks_store *self = (rocks_store *)base;
    return count < STORE_BULK_MIN ? write_puts(self, entries, count) : write_bulk(self, entries, count);
}

static store_cursor *
rocks_cursor_open(store *base, bool scan)
{
    rocks_store *self = (rocks_store *)base;
    store_cursor *cursor = mst_alloc(sizeof *cursor);
    cursor->damaged_path = self->damaged_path;
    cursor->iterator = rocksdb_create_iterator(self->db, scan ? self->scan_options : self->seek_options);
    return cursor;
}

static void
rocks_cursor_close(store_cursor *cursor)
{
    rocksdb_iter_destroy(cursor->iterator);
    free(cursor);
}

static void
rocks_seek(store_cursor *cursor, mst_slice key)
{
    rocksdb_iter_seek(cursor->iterator, (const char *)key.data, key.size);
}

static void
rocks_next(store_cursor *cursor)
{
    rocksdb_iter_next(cursor->iterator);
}

static bool
rocks_valid(const store_cursor *cursor)
{
    return rocksdb_iter_valid(cursor->iterator);
}

static mst_slice
rocks_key(const store_cursor *cursor)
{
    mst_slice key;
    key.data = (const uint8_t *)rocksdb_iter_key(cursor->iterator, &key.size);
    return key;
}

static mst_slice
rocks_value(const store_cursor *cursor)
{
    mst_slice value;
    value.data = (const uint8_t *)rocksdb_iter_value(cursor->iterator, &value.size);
    return value;
}

static mst_status
rocks_status(const store_cursor *cursor)
{
    char *message = NULL;
    rocksdb_iter_get_error(cursor->iterator, &message);
    return message == NULL ? MST_OK : failed(message, "directory not readable", cursor->damaged_path);
}

static void
rocks_close(store *base)
{
    rocks_store *self = (rocks_store *)base;
    if (self->db != NULL)
        rocksdb_close(self->db);
    rocksdb_writebatch_destroy(self->batch);
    rocksdb_ingestexternalfileoptions_destroy(self->ingest_options);
    rocksdb_readoptions_destroy(self->scan_options);
    rocksdb_readoptions_destroy(self->seek_options);
    rocksdb_writeoptions_destroy(self->write_options);
    rocksdb_envoptions_destroy(self->environment);
    rocksdb_options_destroy(self->options);
    rocksdb_block_based_options_destroy(self->table);
    rocksdb_cache_destroy(self->cache);
    free(self->bulk_path);
    free(self->damaged_path);
    free(self);
}

static void
configure(rocks_store *self)
{
    self->cache = rocksdb_cache_create_lru(CACHE_SIZE);
    self->table = rocksdb_block_based_options_create();
    rocksdb_block_based_options_set_block_cache(self->table, self->cache);
    rocksdb_block_based_options_set_block_size(self->table, BLOCK_SIZE);
    rocksdb_block_based_options_set_format_version(self->table, 5);
    rocksdb_block_based_options_set_filter_policy(self->table, rocksdb_filterpolicy_create_bloom_full(FILTER_BITS));
    rocksdb_block_based_options_set_whole_key_filtering(self->table, 0);

    self->options = rocksdb_options_create();
    rocksdb_options_set_create_if_missing(self->options, 1);
    rocksdb_options_set_block_based_table_factory(self->options, self->table);
    rocksdb_options_set_prefix_extractor(
        self->options, rocksdb_slicetransform_create(NULL, nothing_to_free, name_of, has_name, NULL, naming));
    /* A bulk file takes the lowest level where it lies over nothing, so the first seven pile up without being merged.
     * Packing would make the files half as large and their writing and reading a third dearer. */
    rocksdb_options_set_compression(self->options, rocksdb_no_compression);
    rocksdb_options_set_write_buffer_size(self->options, WRITE_BUFFER_SIZE);
    rocksdb_options_set_max_open_files(self->options, FILES_OPEN_MAX);
    rocksdb_options_set_info_log_level(self->options, 4); // fatal only: paths and keys stay out of files
    rocksdb_options_set_keep_log_file_num(self->options, 3);
    rocksdb_options_set_max_background_jobs(self->options, 2);
    rocksdb_options_set_level0_file_num_compaction_trigger(self->options, RUNS_BEFORE_COMPACTION);
    rocksdb_options_set_level0_slowdown_writes_trigger(self->options, 3 * RUNS_BEFORE_COMPACTION);
    rocksdb_options_set_level0_stop_writes_trigger(self->options, 4 * RUNS_BEFORE_COMPACTION);

    self->environment = rocksdb_envoptions_create();
    self->write_options = rocksdb_writeoptions_create();
    self->seek_options = rocksdb_readoptions_create();
    rocksdb_readoptions_set_verify_checksums(self->seek_options, 1);
    rocksdb_readoptions_set_prefix_same_as_start(self->seek_options, 1);
    self->scan_options = rocksdb_readoptions_create();
    rocksdb_readoptions_set_total_order_seek(self->scan_options, 1);
    rocksdb_readoptions_set_verify_checksums(self->scan_options, 1);
    rocksdb_readoptions_set_fill_cache(self->scan_options, 0);
    rocksdb_readoptions_set_readahead_size(self->scan_options, READAHEAD_SIZE);
    self->ingest_options = rocksdb_ingestexternalfileoptions_create();
    rocksdb_ingestexternalfileoptions_set_move_files(self->ingest_options, 1);
    self->batch = rocksdb_writebatch_create();
}

static char *
path_in(const char *dir, const char *name)
{
    size_t size = strlen(dir) + strlen(name) + 2;
    char *path = mst_alloc(size);
    snprintf(path, size, "%s/%s", dir, name);
    return path;
}

mst_status
store_rocksdb_open(store **opened, const char *dir)
{
    static const store_ops ops = {.write = rocks_write,
                                  .cursor_open = rocks_cursor_open,
                                  .cursor_close = rocks_cursor_close,
                                  .seek = rocks_seek,
                                  .next = rocks_next,
                                  .valid = rocks_valid,
                                  .key = rocks_key,
                                  .value = rocks_value,
                                  .status = rocks_status,
                                  .close = rocks_close};
    *opened = NULL;
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        mst_log(MST_LOG_ERROR, "directory not opened", "reason", strerror(errno), NULL);
        return errno == ENOSPC ? MST_FULL : MST_IO;
    }
    rocks_store *self = mst_alloc(sizeof *self);
    *self = (rocks_store){.base = {&ops}};
    configure(self);
    self->bulk_path = path_in(dir, "bulk.tmp");
    self->damaged_path = path_in(dir, DAMAGED);
    if (access(self->damaged_path, F_OK) == 0) {
        rocks_close(&self->base);
        return MST_CORRUPT;
    }

    char *message = NULL;
    self->db = rocksdb_open(self->options, dir, &message);
    if (message != NULL) {
        mst_status status = failed(message, "directory not opened", NULL);
        rocks_close(&self->base);
        return status;
    }
    unlink(self->bulk_path); // left by a process that died while it wrote one
    *opened = &self->base;
    return MST_OK;
}

mst_status
store_rocksdb_delete(const char *dir)
{
    rocksdb_options_t *options = rocksdb_options_create();
    char *message = NULL;
    rocksdb_destroy_db(options, dir, &message);
    rocksdb_options_destroy(options);
    char *damaged_path = path_in(dir, DAMAGED);
    unlink(damaged_path);
    free(damaged_path);
    return message == NULL ? MST_OK : failed(message, "directory not deleted", NULL);
}
