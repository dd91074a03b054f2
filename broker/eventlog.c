/* eventlog.c - see eventlog.h. With startup.c, which holds the protocol of opening, the only file that knows
 * rocksdb/c.h. */
#include "eventlog.h"

#include "eventlog_core.h"
#include "lib/clock.h"
#include "lib/log.h"
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CACHE_SIZE (64u << 20)        /* bytes of blocks kept */
#define WRITE_BUFFER_SIZE (16u << 20) /* bytes; small, so that a restart replays little */
#define WAL_SIZE_MAX (64u << 20)      /* bytes */
#define CHECKSUM_XXH3 4               /* of tables: the CRC-32C of Debian's build is computed byte by byte */
#define INLINE_TURN_MAX 32768u        /* bytes of bodies in a turn; beyond, they go into segments */
#define APART_SIZE_MIN 256u           /* bytes; smaller bodies stay in the log even then */
#define OPEN_FILES_MAX 256
#define MARK_BYTES (64u << 20) /* of events between two marks of the chain */
#define NOTE_US 100000         /* between two writes of the high-water file */
#define KEY_NAME_MAX 600u      /* bytes of a key: a name and a number */

static void
key_seq(char key[9], char letter, uint64_t seq)
{
    key[0] = letter;
    for (int i = 0; i < 8; i++)
        key[1 + i] = (char)(seq >> (56 - 8 * i));
}

static uint64_t
number_be(const char *bytes)
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | (uint8_t)bytes[i];
    return number;
}

static size_t
key_stream(char *key, const char *stream, uint64_t version)
{
    size_t size = strlen(stream);
    assert(size + 10 <= KEY_NAME_MAX);
    key[0] = 's';
    memcpy(key + 1, stream, size + 1);
    char number[9];
    key_seq(number, 0, version);
    memcpy(key + size + 2, number + 1, 8);
    return size + 10;
}

/* Logs an error of the engine once and says what it means. */
static mst_status
failed(char *error, const char *what)
{
    mst_status rc = strstr(error, "Corruption") != NULL ? MST_CORRUPT : MST_IO;
    mst_log(MST_LOG_ERROR, what, "error", error, NULL);
    rocksdb_free(error);
    return rc;
}

/* Writing ---------------------------------------------------------------------------------------------- */

/* Where a body goes. Small turns keep theirs in the write-ahead log, where they share its one sync; with much to write
 * a second sync is cheaper than writing bodies three times. */
static bool
apart(const mst_turn *turn)
{
    size_t size = 0;
    for (size_t i = 0; i < turn->events_count; i++)
        size += turn->events[i].body.size;
    return size > INLINE_TURN_MAX;
}

/* Bodies of a turn into segments, synced; a place's size is 0 for those that stay in the log. */
static mst_status
put_bodies(mst_eventlog *self, const mst_turn *turn, mst_place *places)
{
    mst_slice *large = mst_arena_alloc(self->arena, turn->events_count * sizeof *large);
    mst_place *found = mst_arena_alloc(self->arena, turn->events_count * sizeof *found);
    size_t count = 0;
    for (size_t i = 0; i < turn->events_count; i++)
        if (turn->events[i].body.size >= APART_SIZE_MIN)
            large[count++] = turn->events[i].body;
    if (count == 0)
        return MST_OK;
    mst_status rc = mst_segments_put(self->segments, large, count, found);
    if (rc == MST_OK && self->sync)
        rc = mst_segments_sync(self->segments);
    if (rc != MST_OK) {
        mst_log(MST_LOG_ERROR, "write failed", "error", "bodies cannot be written or synced", NULL);
        return rc;
    }
    count = 0;
    for (size_t i = 0; i < turn->events_count; i++)
        if (turn->events[i].body.size >= APART_SIZE_MIN)
            places[i] = found[count++];
    char value[12];
    uint64_t segment;
    uint32_t end;
    mst_segments_end(self->segments, &segment, &end);
    memcpy(value, &segment, 8);
    memcpy(value + 8, &end, 4);
    rocksdb_writebatch_put(self->batch, "mS", 2, value, sizeof value);
    return MST_OK;
}

/* A head's value ends with a byte that says where its body is: 0 under 'b', 1 at the place that stands before it. */
static void
put_head(mst_eventlog *self, const mst_store_event *event, const mst_place *place)
{
    char key[9];
    uint8_t tail[MST_PLACE_SIZE + 1] = {0};
    bool is_apart = place != NULL && place->segment != 0;
    if (is_apart) {
        mst_place_pack(place, tail);
        tail[MST_PLACE_SIZE] = 1;
    }
    key_seq(key, 'e', event->seq);
    const char *keys[] = {key}, *values[] = {(const char *)event->head.data, (const char *)tail};
    const size_t key_sizes[] = {9}, value_sizes[] = {event->head.size, is_apart ? sizeof tail : 1};
    rocksdb_writebatch_putv(self->batch, 1, keys, key_sizes, 2, values, value_sizes);
}

/* One kind of key after the other: neighbours that follow each other in a batch are inserted at a fraction of the cost
 * (1,000 small events a turn: 26 us an event instead of 38). */
static void
put_events(mst_eventlog *self, const mst_store_event *events, size_t count, const mst_place *places)
{
    char key[KEY_NAME_MAX], number[9];
    for (size_t i = 0; i < count; i++) {
        if (places != NULL && places[i].segment != 0)
            continue;
        key_seq(key, 'b', events[i].seq);
        rocksdb_writebatch_put(self->batch, key, 9, (const char *)events[i].body.data, events[i].body.size);
    }
    for (size_t i = 0; i < count; i++)
        put_head(self, &events[i], places != NULL ? &places[i] : NULL);
    for (size_t i = 0; i < count; i++) {
        size_t size = key_stream(key, events[i].stream, events[i].version);
        key_seq(number, 0, events[i].seq);
        rocksdb_writebatch_put(self->batch, key, size, number + 1, 8);
        self->since_mark += events[i].head.size + events[i].body.size;
    }
}

static void
put_fact(mst_eventlog *self, const mst_store_fact *fact)
{
    char key[KEY_NAME_MAX];
    assert(fact->key.size < KEY_NAME_MAX);
    key[0] = 'f';
    memcpy(key + 1, fact->key.data, fact->key.size);
    if (fact->erase)
        rocksdb_writebatch_delete(self->batch, key, fact->key.size + 1);
    else
        rocksdb_writebatch_put(self->batch, key, fact->key.size + 1, (const char *)fact->value.data, fact->value.size);
}

/* A mark says: the chain is right up to here. The next start checks from the last mark on. */
void
mst_eventlog_put_mark(mst_eventlog *self, uint64_t seq, mst_slice head)
{
    char value[8 + MST_HASH_SIZE], number[9];
    key_seq(number, 0, seq);
    memcpy(value, number + 1, 8);
    const uint8_t *field = head.data + head.size - MST_CHAIN_FIELD_SIZE - MST_CHAIN_BEHIND_SIZE;
    memcpy(value + 8, field + 3, MST_HASH_SIZE);
    rocksdb_writebatch_put(self->batch, "m", 1, value, sizeof value);
    self->since_mark = 0;
}

mst_status
mst_eventlog_write_batch(mst_eventlog *self)
{
    char *error = NULL;
    int64_t before = mst_clock_monotonic_us();
    rocksdb_write(self->db, self->write_options, self->batch, &error);
    int64_t took = mst_clock_monotonic_us() - before;
    rocksdb_writebatch_clear(self->batch);
    if (error != NULL)
        return failed(error, "write failed");
    self->sync_us[self->syncs++ % SYNC_SAMPLES] = (uint32_t)(took < UINT32_MAX ? took : UINT32_MAX);
    return MST_OK;
}

static mst_status
eventlog_append(mst_store *store, const mst_turn *turn)
{
    mst_eventlog *self = (mst_eventlog *)store;
    assert(!self->read_only);
    if (turn->tail != self->tail)
        return MST_STALE;
    mst_place *places = NULL;
    mst_arena_reset(self->arena);
    if (apart(turn)) {
        places = mst_arena_alloc(self->arena, turn->events_count * sizeof *places);
        mst_status rc = put_bodies(self, turn, places);
        if (rc != MST_OK)
            return rc;
    }
    put_events(self, turn->events, turn->events_count, places);
    for (size_t i = 0; i < turn->facts_count; i++)
        put_fact(self, &turn->facts[i]);
    if (self->since_mark > MARK_BYTES && turn->events_count > 0) {
        const mst_store_event *last = &turn->events[turn->events_count - 1];
        mst_eventlog_put_mark(self, last->seq, last->head);
    }
    mst_status rc = mst_eventlog_write_batch(self);
    if (rc == MST_OK)
        self->tail += turn->events_count;
    return rc;
}

/* Reading ---------------------------------------------------------------------------------------------- */

static uint64_t
eventlog_tail(mst_store *store)
{
    return ((mst_eventlog *)store)->tail;
}

static mst_status
get(mst_eventlog *self, const char *key, size_t key_size, rocksdb_pinnableslice_t **value)
{
    char *error = NULL;
    *value = rocksdb_get_pinned(self->db, self->read_options, key, key_size, &error);
    if (error != NULL)
        return failed(error, "read failed");
    return *value == NULL ? MST_NOT_FOUND : MST_OK;
}

static mst_status
get_copy(mst_eventlog *self, const char *key, size_t key_size, mst_arena *arena, mst_slice *out)
{
    rocksdb_pinnableslice_t *value;
    mst_status rc = get(self, key, key_size, &value);
    if (rc != MST_OK)
        return rc;
    size_t size;
    const char *data = rocksdb_pinnableslice_value(value, &size);
    *out = mst_arena_slice(arena, (mst_slice){(const uint8_t *)data, size});
    rocksdb_pinnableslice_destroy(value);
    return MST_OK;
}

/* Splits what stands under 'e'. False: not what was written. */
static bool
split_head(const char *value, size_t size, mst_slice *head, mst_place *place)
{
    *place = (mst_place){0};
    if (size < 1 || (uint8_t)value[size - 1] > 1)
        return false;
    bool is_apart = value[size - 1] == 1;
    size_t behind = is_apart ? MST_PLACE_SIZE + 1 : 1;
    if (size <= behind)
        return false;
    *head = (mst_slice){(const uint8_t *)value, size - behind};
    if (is_apart)
        mst_place_unpack((const uint8_t *)value + size - behind, place);
    return true;
}

static mst_status
eventlog_head(mst_store *store, uint64_t seq, mst_arena *arena, mst_slice *head)
{
    char key[9];
    mst_slice value;
    mst_place place;
    key_seq(key, 'e', seq);
    mst_status rc = get_copy((mst_eventlog *)store, key, 9, arena, &value);
    if (rc != MST_OK)
        return rc;
    return split_head((const char *)value.data, value.size, head, &place) ? MST_OK : MST_CORRUPT;
}

static mst_status
inline_body(mst_eventlog *self, uint64_t seq, mst_body **body)
{
    char key[9];
    rocksdb_pinnableslice_t *value;
    size_t size;
    key_seq(key, 'b', seq);
    mst_status rc = get(self, key, 9, &value);
    if (rc != MST_OK)
        return rc == MST_NOT_FOUND ? MST_CORRUPT : rc;
    const char *data = rocksdb_pinnableslice_value(value, &size);
    *body = mst_body_copy(data, size);
    rocksdb_pinnableslice_destroy(value);
    return MST_OK;
}

static mst_status
eventlog_body(mst_store *store, uint64_t seq, mst_body **body)
{
    mst_eventlog *self = (mst_eventlog *)store;
    char key[9];
    rocksdb_pinnableslice_t *value;
    mst_slice head;
    mst_place place;
    size_t size;
    key_seq(key, 'e', seq);
    mst_status rc = get(self, key, 9, &value);
    if (rc != MST_OK)
        return rc;
    const char *data = rocksdb_pinnableslice_value(value, &size);
    bool whole = split_head(data, size, &head, &place);
    rocksdb_pinnableslice_destroy(value);
    if (!whole)
        return MST_CORRUPT;
    return place.segment != 0 ? mst_segments_get(self->segments, &place, body) : inline_body(self, seq, body);
}

/* An iterator over [from, to) that closes with the error it ended with: without asking for it, damage looks like the
 * end of the data. */
typedef struct range {
    rocksdb_readoptions_t *options;
    rocksdb_iterator_t *iterator;
} range;

static range
range_open(mst_eventlog *self, const char *from, size_t from_size, const char *to, size_t to_size)
{
    range r = {rocksdb_readoptions_create(), NULL};
    rocksdb_readoptions_set_verify_checksums(r.options, 1);
    rocksdb_readoptions_set_iterate_upper_bound(r.options, to, to_size);
    r.iterator = rocksdb_create_iterator(self->db, r.options);
    rocksdb_iter_seek(r.iterator, from, from_size);
    return r;
}

static mst_status
range_close(range *r)
{
    char *error = NULL;
    rocksdb_iter_get_error(r->iterator, &error);
    rocksdb_iter_destroy(r->iterator);
    rocksdb_readoptions_destroy(r->options);
    return error != NULL ? failed(error, "scan failed") : MST_OK;
}

static mst_status
eventlog_heads(mst_store *store, uint64_t from, uint64_t to, mst_head_visit visit, void *context)
{
    char low[9], high[9];
    key_seq(low, 'e', from);
    key_seq(high, to == UINT64_MAX ? 'f' : 'e', to == UINT64_MAX ? 0 : to + 1);
    range r = range_open((mst_eventlog *)store, low, 9, high, to == UINT64_MAX ? 1 : 9);
    bool whole = true;
    for (; rocksdb_iter_valid(r.iterator); rocksdb_iter_next(r.iterator)) {
        size_t key_size, size;
        const char *key = rocksdb_iter_key(r.iterator, &key_size);
        const char *value = rocksdb_iter_value(r.iterator, &size);
        mst_slice head;
        mst_place place;
        whole = key_size == 9 && split_head(value, size, &head, &place);
        if (!whole || !visit(context, number_be(key + 1), head))
            break;
    }
    mst_status rc = range_close(&r);
    return rc == MST_OK && !whole ? MST_CORRUPT : rc;
}

static mst_status
eventlog_stream_last(mst_store *store, const char *stream, uint64_t *version)
{
    char low[KEY_NAME_MAX], high[KEY_NAME_MAX];
    size_t size = key_stream(low, stream, 0);
    key_stream(high, stream, UINT64_MAX);
    *version = 0;
    range r = range_open((mst_eventlog *)store, low, size, high, size);
    rocksdb_iter_seek_to_last(r.iterator);
    if (rocksdb_iter_valid(r.iterator)) {
        size_t key_size;
        const char *key = rocksdb_iter_key(r.iterator, &key_size);
        if (key_size == size && memcmp(key, low, size - 8) == 0)
            *version = number_be(key + size - 8);
    }
    return range_close(&r);
}

static mst_status
eventlog_stream(mst_store *store, const char *stream, uint64_t from, mst_version_visit visit, void *context)
{
    char low[KEY_NAME_MAX], high[KEY_NAME_MAX];
    size_t size = key_stream(low, stream, from);
    key_stream(high, stream, UINT64_MAX);
    range r = range_open((mst_eventlog *)store, low, size, high, size);
    for (; rocksdb_iter_valid(r.iterator); rocksdb_iter_next(r.iterator)) {
        size_t key_size, value_size;
        const char *key = rocksdb_iter_key(r.iterator, &key_size);
        const char *value = rocksdb_iter_value(r.iterator, &value_size);
        if (value_size != 8 || !visit(context, number_be(key + key_size - 8), number_be(value)))
            break;
    }
    return range_close(&r);
}

static mst_status
eventlog_fact(mst_store *store, mst_slice fact, mst_arena *arena, mst_slice *value)
{
    char key[KEY_NAME_MAX];
    assert(fact.size < KEY_NAME_MAX);
    key[0] = 'f';
    memcpy(key + 1, fact.data, fact.size);
    return get_copy((mst_eventlog *)store, key, fact.size + 1, arena, value);
}

static mst_status
eventlog_facts(mst_store *store, mst_slice prefix, mst_fact_visit visit, void *context)
{
    char low[KEY_NAME_MAX];
    assert(prefix.size < KEY_NAME_MAX);
    low[0] = 'f';
    memcpy(low + 1, prefix.data, prefix.size);
    range r = range_open((mst_eventlog *)store, low, prefix.size + 1, "g", 1);
    for (; rocksdb_iter_valid(r.iterator); rocksdb_iter_next(r.iterator)) {
        size_t key_size, size;
        const char *key = rocksdb_iter_key(r.iterator, &key_size);
        const char *value = rocksdb_iter_value(r.iterator, &size);
        if (key_size < prefix.size + 1 || memcmp(key, low, prefix.size + 1) != 0)
            break;
        if (!visit(context, (mst_slice){(const uint8_t *)key + 1, key_size - 1},
                   (mst_slice){(const uint8_t *)value, size}))
            break;
    }
    return range_close(&r);
}

/* Opening and closing ---------------------------------------------------------------------------------- */

rocksdb_options_t *
mst_eventlog_engine_options(mst_eventlog *self, int recovery_mode)
{
    rocksdb_options_t *o = rocksdb_options_create();
    rocksdb_options_set_create_if_missing(o, 1);
    rocksdb_options_set_wal_recovery_mode(o, recovery_mode);
    rocksdb_options_set_paranoid_checks(o, 1);
    rocksdb_options_set_info_log_level(o, 4); // its own log file may not end the process when the disk is full
    rocksdb_options_set_keep_log_file_num(o, 3);
    rocksdb_options_set_write_buffer_size(o, WRITE_BUFFER_SIZE);
    rocksdb_options_set_max_write_buffer_number(o, 4);
    rocksdb_options_set_max_total_wal_size(o, WAL_SIZE_MAX);
    rocksdb_options_set_max_open_files(o, OPEN_FILES_MAX);
    rocksdb_options_set_max_background_jobs(o, 2);
    rocksdb_options_set_bytes_per_sync(o,
                                       512u << 10); // tables go to the disk as they are written, not at once at the end
    rocksdb_options_set_compression(o, rocksdb_no_compression);
    rocksdb_options_set_memtable_whole_key_filtering(o, 1); // most look-ups ask for a commit id that is not there
    rocksdb_options_set_memtable_prefix_bloom_size_ratio(o, 0.1);
    rocksdb_options_set_max_manifest_file_size(o, 4u << 20);
    if (self->cache == NULL) {
        self->cache = rocksdb_cache_create_lru(CACHE_SIZE);
        self->table_options = rocksdb_block_based_options_create();
        rocksdb_block_based_options_set_block_cache(self->table_options, self->cache);
        rocksdb_block_based_options_set_filter_policy(self->table_options, rocksdb_filterpolicy_create_bloom_full(10));
        rocksdb_block_based_options_set_cache_index_and_filter_blocks(self->table_options, 0);
        rocksdb_block_based_options_set_checksum(self->table_options, CHECKSUM_XXH3);
    }
    rocksdb_options_set_block_based_table_factory(o, self->table_options);
    return o;
}

static mst_status
load_tail(mst_eventlog *self)
{
    range r = range_open(self, "e", 1, "f", 1);
    rocksdb_iter_seek_to_last(r.iterator);
    if (rocksdb_iter_valid(r.iterator)) {
        size_t size;
        const char *key = rocksdb_iter_key(r.iterator, &size);
        if (size == 9 && key[0] == 'e')
            self->tail = number_be(key + 1);
    }
    return range_close(&r);
}

/* Where the last body that the log knows of ends. */
static mst_status
open_segments(mst_eventlog *self, const char *dir)
{
    rocksdb_pinnableslice_t *value;
    uint64_t segment = 0;
    uint32_t end = 0;
    mst_status rc = get(self, "mS", 2, &value);
    if (rc == MST_OK) {
        size_t size;
        const char *data = rocksdb_pinnableslice_value(value, &size);
        rc = size == 12 ? MST_OK : MST_CORRUPT;
        if (rc == MST_OK) {
            memcpy(&segment, data, 8);
            memcpy(&end, data + 8, 4);
        }
        rocksdb_pinnableslice_destroy(value);
    } else if (rc == MST_NOT_FOUND) {
        rc = MST_OK;
    }
    return rc == MST_OK ? mst_segments_open(&self->segments, dir, self->read_only, segment, end) : rc;
}

mst_status
mst_eventlog_mark(mst_eventlog *self, uint64_t *seq, uint8_t hash[MST_HASH_SIZE])
{
    rocksdb_pinnableslice_t *value;
    *seq = 0;
    mst_status rc = get(self, "m", 1, &value);
    if (rc != MST_OK)
        return rc == MST_NOT_FOUND ? MST_OK : rc;
    size_t size;
    const char *data = rocksdb_pinnableslice_value(value, &size);
    if (size == 8 + MST_HASH_SIZE) {
        *seq = number_be(data);
        memcpy(hash, data + 8, MST_HASH_SIZE);
    }
    rocksdb_pinnableslice_destroy(value);
    return size == 8 + MST_HASH_SIZE ? MST_OK : MST_CORRUPT;
}

static void
eventlog_close(mst_store *store)
{
    mst_eventlog *self = (mst_eventlog *)store;
    if (self->batch != NULL)
        rocksdb_writebatch_destroy(self->batch);
    if (self->write_options != NULL)
        rocksdb_writeoptions_destroy(self->write_options);
    if (self->read_options != NULL)
        rocksdb_readoptions_destroy(self->read_options);
    if (self->db != NULL)
        rocksdb_close(self->db);
    if (self->options != NULL)
        rocksdb_options_destroy(self->options);
    if (self->table_options != NULL)
        rocksdb_block_based_options_destroy(self->table_options);
    if (self->cache != NULL)
        rocksdb_cache_destroy(self->cache);
    mst_segments_close(&self->segments);
    mst_arena_destroy(&self->arena);
    if (self->highwater_fd >= 0)
        close(self->highwater_fd);
    free(self);
}

mst_status
mst_eventlog_open(mst_store **store, const mst_eventlog_options *options, char why[MST_EVENTLOG_WHY_SIZE])
{
    mst_eventlog *self = mst_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->base = (mst_store){eventlog_append,      eventlog_tail,   eventlog_head, eventlog_heads, eventlog_body,
                             eventlog_stream_last, eventlog_stream, eventlog_fact, eventlog_facts, eventlog_close};
    self->highwater_fd = -1;
    self->sync = options->sync;
    self->read_only = options->read_only;
    self->write_options = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(self->write_options, options->sync);
    self->read_options = rocksdb_readoptions_create();
    rocksdb_readoptions_set_verify_checksums(self->read_options, 1);
    self->batch = rocksdb_writebatch_create();
    self->arena = mst_arena_new(0);
    why[0] = '\0';

    *store = NULL;
    mst_status rc = mst_startup_open(self, options, why);
    if (rc == MST_OK)
        rc = load_tail(self);
    if (rc == MST_OK)
        rc = open_segments(self, options->dir);
    if (rc == MST_OK && !options->read_only)
        rc = mst_startup_check(self, options, why);
    if (rc != MST_OK && why[0] == '\0')
        snprintf(why, MST_EVENTLOG_WHY_SIZE, "the log in %s cannot be opened: %s", options->dir, mst_status_name(rc));
    if (rc == MST_OK)
        *store = &self->base;
    else
        eventlog_close(&self->base);
    return rc;
}

void
mst_eventlog_note(mst_store *store, int64_t now_us, const uint8_t incarnation[16], uint64_t seq,
                  const uint8_t hash[MST_HASH_SIZE], bool at_once)
{
    mst_eventlog *self = (mst_eventlog *)store;
    if (!self->sync || seq == 0 || seq == self->noted_seq || (!at_once && now_us - self->noted_us < NOTE_US))
        return;
    mst_highwater mark = {.seq = seq};
    memcpy(mark.incarnation, incarnation, 16);
    memcpy(mark.hash, hash, MST_HASH_SIZE);
    self->noted_us = now_us;
    self->noted_seq = seq;
    // Not being able to write the witness costs a check at the next start, nothing else.
    if (mst_highwater_write(self->highwater_fd, self->notes++, &mark) != MST_OK)
        mst_log(MST_LOG_WARN, "the high-water file cannot be written", NULL);
}

uint64_t
mst_eventlog_bytes(mst_store *store)
{
    mst_eventlog *self = (mst_eventlog *)store;
    uint64_t bytes = 0;
    rocksdb_property_int(self->db, "rocksdb.total-sst-files-size", &bytes);
    uint64_t memory = 0;
    rocksdb_property_int(self->db, "rocksdb.cur-size-all-mem-tables", &memory);
    return bytes + memory + mst_segments_bytes(self->segments);
}

static int
by_size(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

void
mst_eventlog_sync_us(mst_store *store, uint32_t *p50, uint32_t *p99)
{
    mst_eventlog *self = (mst_eventlog *)store;
    uint32_t sorted[SYNC_SAMPLES];
    size_t count = self->syncs < SYNC_SAMPLES ? self->syncs : SYNC_SAMPLES;
    memcpy(sorted, self->sync_us, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_size);
    *p50 = count == 0 ? 0 : sorted[count / 2];
    *p99 = count == 0 ? 0 : sorted[count * 99 / 100];
}
