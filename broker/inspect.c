/* inspect.c - see inspect.h. */
#include "inspect.h"

#include "envelope.pb-c.h"
#include "eventlog.h"
#include "highwater.h"
#include "lib/hash.h"
#include "proto/codec.h"
#include "table.h"
#include "verify.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_SIZE 4096

/* JSON text: what is printed here are our own words and numbers of events, but paths are the user's. */
static void
print_text(const char *text)
{
    putchar('"');
    for (const unsigned char *at = (const unsigned char *)text; *at != 0; at++) {
        if (*at == '"' || *at == '\\')
            printf("\\%c", *at);
        else if (*at < 0x20)
            printf("\\u%04x", *at);
        else
            putchar(*at);
    }
    putchar('"');
}

static int
unreadable(const char *why, bool json)
{
    if (json) {
        printf("{\"whole\":false,\"why\":");
        print_text(why);
        printf("}\n");
    } else {
        printf("damaged or unreadable: %s\n", why);
    }
    return 1;
}

static mst_status
open_log(mst_store **store, const char *data_dir, char dir[PATH_SIZE], char why[MST_EVENTLOG_WHY_SIZE])
{
    snprintf(dir, PATH_SIZE, "%s/broker", data_dir);
    mst_eventlog_options options = {.dir = dir, .read_only = true};
    return mst_eventlog_open(store, &options, why);
}

/* The end of the log has to reach what is known to have been synced. */
static void
check_end(const char *dir, mst_store *store, mst_verify_result *result)
{
    char path[PATH_SIZE + 16];
    mst_highwater mark;
    snprintf(path, sizeof path, "%s/highwater", dir);
    if (result->damaged_from != 0 || mst_highwater_read(path, &mark) != MST_OK || mark.seq <= store->tail(store))
        return;
    result->damaged_from = store->tail(store) + 1;
    result->damaged_to = mark.seq;
    snprintf(result->why, sizeof result->why, "they were synced and are gone");
}

int
mst_inspect_verify(const char *data_dir, bool json)
{
    char why[MST_EVENTLOG_WHY_SIZE], dir[PATH_SIZE], hex[2 * MST_HASH_SIZE + 1];
    mst_store *store;
    mst_verify_result result;
    if (open_log(&store, data_dir, dir, why) != MST_OK)
        return unreadable(why, json);
    mst_status rc = mst_verify_log(store, 1, NULL, true, &result);
    check_end(dir, store, &result);
    bool whole = rc == MST_OK && result.damaged_from == 0;
    mst_hex(result.hash, MST_HASH_SIZE, hex);
    if (json) {
        printf("{\"whole\":%s,\"events\":%llu,\"last_seq\":%llu,\"body_bytes\":%llu,\"hash\":\"%s\"",
               whole ? "true" : "false", (unsigned long long)result.events, (unsigned long long)store->tail(store),
               (unsigned long long)result.body_bytes, hex);
        if (!whole) {
            printf(",\"damaged_from\":%llu,\"damaged_to\":%llu,\"why\":", (unsigned long long)result.damaged_from,
                   (unsigned long long)result.damaged_to);
            print_text(result.why);
        }
        printf("}\n");
    } else if (whole) {
        printf("whole: %llu events, %llu bytes, chain ends in %.16s\n", (unsigned long long)result.events,
               (unsigned long long)(result.body_bytes + result.head_bytes), hex);
    } else {
        printf("damaged: events %llu to %llu cannot be trusted: %s\n", (unsigned long long)result.damaged_from,
               (unsigned long long)result.damaged_to, result.why);
    }
    mst_store_close(&store);
    return whole ? 0 : 1;
}

typedef struct counter {
    uint64_t events, bytes, rows;
} counter;

typedef struct counting {
    mst_table *types;
    mst_arena *arena;
    counter all;
    bool failed;
} counting;

static bool
count_head(void *context, uint64_t seq, mst_slice packed)
{
    counting *self = context;
    (void)seq;
    mst_arena_reset(self->arena);
    const Muster__V1__Envelope *head =
        (const Muster__V1__Envelope *)mst_unpack(&muster__v1__envelope__descriptor, packed.data, packed.size,
                                                 MST_CONTROL_SIZE_MAX, mst_arena_allocator(self->arena));
    self->failed = head == NULL;
    if (self->failed)
        return false;
    void **slot = mst_table_at(self->types, head->type, strlen(head->type));
    if (*slot == NULL) {
        *slot = mst_alloc(sizeof(counter));
        *(counter *)*slot = (counter){0};
    }
    counter *counters[2] = {*slot, &self->all};
    for (int i = 0; i < 2; i++) {
        counters[i]->events++;
        counters[i]->bytes += head->body_size;
        counters[i]->rows += head->rows;
    }
    return true;
}

typedef struct line {
    const char *type;
    counter *counter;
} line;

static int
by_type(const void *a, const void *b)
{
    return strcmp(((const line *)a)->type, ((const line *)b)->type);
}

static void
print_stats(const counting *self, bool json)
{
    size_t count = 0, at = 0, types = mst_table_count(self->types);
    line *lines = mst_alloc((types + 1) * sizeof *lines);
    mst_slice key;
    void *value;
    while (mst_table_next(self->types, &at, &key, &value))
        lines[count++] = (line){(const char *)key.data, value};
    qsort(lines, count, sizeof *lines, by_type);
    if (json)
        printf("{\"events\":%llu,\"body_bytes\":%llu,\"types\":[", (unsigned long long)self->all.events,
               (unsigned long long)self->all.bytes);
    else
        printf("%-24s %12s %16s %12s\n", "type", "events", "bytes", "rows");
    for (size_t i = 0; i < count; i++) {
        const counter *c = lines[i].counter;
        if (json) {
            printf("%s{\"type\":", i > 0 ? "," : "");
            print_text(lines[i].type);
            printf(",\"events\":%llu,\"body_bytes\":%llu,\"rows\":%llu}", (unsigned long long)c->events,
                   (unsigned long long)c->bytes, (unsigned long long)c->rows);
        } else {
            printf("%-24s %12llu %16llu %12llu\n", lines[i].type, (unsigned long long)c->events,
                   (unsigned long long)c->bytes, (unsigned long long)c->rows);
        }
        free(lines[i].counter);
    }
    if (json)
        printf("]}\n");
    else
        printf("%-24s %12llu %16llu\n", "all", (unsigned long long)self->all.events,
               (unsigned long long)self->all.bytes);
    free(lines);
}

int
mst_inspect_stats(const char *data_dir, bool json)
{
    char why[MST_EVENTLOG_WHY_SIZE], dir[PATH_SIZE];
    mst_store *store;
    if (open_log(&store, data_dir, dir, why) != MST_OK)
        return unreadable(why, json);
    counting self = {.types = mst_table_new(NULL), .arena = mst_arena_new(0)};
    mst_status rc = store->heads(store, 1, UINT64_MAX, count_head, &self);
    bool whole = rc == MST_OK && !self.failed && self.all.events == store->tail(store);
    print_stats(&self, json);
    if (!whole)
        fprintf(stderr, "the log is damaged: run muster log verify\n");
    mst_table_destroy(&self.types);
    mst_arena_destroy(&self.arena);
    mst_store_close(&store);
    return whole ? 0 : 1;
}
