/* layout.c - muster-bench-layout: what a chunk of 1,000 rows costs to pack and unpack, by layout.
 *
 * Three ways to carry the same cells: a message per row with a string per cell, one blob with varint ends, and one
 * blob with fixed32 ends (proto/rows.proto, what muster uses). Unpacked with malloc and into an arena. Each figure is
 * the median of the rounds; the layouts take turns within a round, so that a noisy minute meets all of them. */
#include "broker/lib/arena.h"
#include "broker/lib/clock.h"
#include "layout.pb-c.h"
#include "proto/rows.h"
#include "stats.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 1000, COLUMNS = 16, ROUNDS = 15, REPEATS = 50 };

typedef enum layout { MESSAGE_PER_ROW, VARINT_ENDS, FIXED32_ENDS, LAYOUTS } layout;
static const char *const layout_names[LAYOUTS] = {"message per row", "blob, varint ends", "blob, fixed32 ends"};
static const char *const layout_keys[LAYOUTS] = {"message_per_row", "varint_ends", "fixed32_ends"};

typedef enum cost { PACK, UNPACK_MALLOC, UNPACK_ARENA, COSTS } cost;
static const char *const cost_keys[COSTS] = {"pack_ns_per_row", "unpack_malloc_ns_per_row", "unpack_arena_ns_per_row"};

typedef struct chunk {
    const ProtobufCMessage *message;
    uint8_t *packed;
    size_t packed_size;
    double samples[COSTS][ROUNDS]; /* ns per row */
} chunk;

/* Cells of about the length they have in a file of people; a third are empty. */
static void
fill(mst_rows_builder *columnar, Muster__Bench__TextRow *rows, mst_arena *arena)
{
    static const char *const cells[COLUMNS] = {"Jacqueline",
                                               "",
                                               "Cindlwick",
                                               "",
                                               "1994-04-18",
                                               "female",
                                               "jacqueline.cindlwick@example.com",
                                               "531-843-5761",
                                               "9003 Mustang Blvd",
                                               "Fort Wayne",
                                               "IN",
                                               "46829",
                                               "West",
                                               "",
                                               "",
                                               "First visit"};
    mst_rows_builder_init(columnar, COLUMNS);
    for (int row = 0; row < ROWS; row++) {
        muster__bench__text_row__init(&rows[row]);
        rows[row].n_cells = COLUMNS;
        rows[row].cells = mst_arena_alloc(arena, COLUMNS * sizeof(char *));
        for (int column = 0; column < COLUMNS; column++) {
            char *cell = mst_arena_printf(arena, "%s", cells[(column + row % 2 * 3) % COLUMNS]);
            rows[row].cells[column] = cell;
            mst_rows_builder_add(columnar, cell, strlen(cell));
        }
    }
}

static void
measure(chunk *self, int round, mst_arena *arena)
{
    const ProtobufCMessageDescriptor *descriptor = self->message->descriptor;
    int64_t start = mst_clock_monotonic_us();
    for (int i = 0; i < REPEATS; i++) {
        size_t size = protobuf_c_message_get_packed_size(self->message);
        assert(size == self->packed_size);
        protobuf_c_message_pack(self->message, self->packed);
    }
    int64_t packed = mst_clock_monotonic_us();
    for (int i = 0; i < REPEATS; i++) {
        ProtobufCMessage *copy = protobuf_c_message_unpack(descriptor, NULL, self->packed_size, self->packed);
        assert(copy != NULL);
        protobuf_c_message_free_unpacked(copy, NULL);
    }
    int64_t unpacked = mst_clock_monotonic_us();
    for (int i = 0; i < REPEATS; i++) {
        ProtobufCMessage *copy =
            protobuf_c_message_unpack(descriptor, mst_arena_allocator(arena), self->packed_size, self->packed);
        assert(copy != NULL);
        mst_arena_reset(arena);
    }
    int64_t arena_unpacked = mst_clock_monotonic_us();
    const double rows = (double)ROWS * REPEATS;
    self->samples[PACK][round] = (double)(packed - start) * 1e3 / rows;
    self->samples[UNPACK_MALLOC][round] = (double)(unpacked - packed) * 1e3 / rows;
    self->samples[UNPACK_ARENA][round] = (double)(arena_unpacked - unpacked) * 1e3 / rows;
}

int
main(int argc, char **argv)
{
    bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
    mst_arena *data = mst_arena_new(0), *turn = mst_arena_new(0);
    Muster__Bench__TextRow texts[ROWS], *rows[ROWS];
    mst_rows_builder columnar = {0};
    fill(&columnar, texts, data);
    for (int row = 0; row < ROWS; row++)
        rows[row] = &texts[row];

    Muster__Bench__MessagePerRow per_row = MUSTER__BENCH__MESSAGE_PER_ROW__INIT;
    per_row.n_rows = ROWS;
    per_row.rows = rows;
    Muster__V1__Rows fixed = MUSTER__V1__ROWS__INIT;
    mst_rows_builder_view(&columnar, 1, &fixed);
    Muster__Bench__VarintEnds varint = MUSTER__BENCH__VARINT_ENDS__INIT;
    varint.values = fixed.values;
    varint.n_ends = fixed.n_ends;
    varint.ends = fixed.ends;

    chunk chunks[LAYOUTS] = {{.message = &per_row.base}, {.message = &varint.base}, {.message = &fixed.base}};
    for (int i = 0; i < LAYOUTS; i++) {
        chunks[i].packed_size = protobuf_c_message_get_packed_size(chunks[i].message);
        chunks[i].packed = mst_arena_alloc(data, chunks[i].packed_size);
    }
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < LAYOUTS; i++)
            measure(&chunks[i], round, turn);

    printf("%-20s %12s %12s %14s %14s\n", "1,000 rows x 16", "bytes/row", "pack ns/row", "malloc ns/row",
           "arena ns/row");
    double figures[LAYOUTS][COSTS];
    for (int i = 0; i < LAYOUTS; i++) {
        for (int what = 0; what < COSTS; what++)
            figures[i][what] = stats_percentile(chunks[i].samples[what], ROUNDS, 0.5);
        printf("%-20s %12.1f %12.1f %14.1f %14.1f\n", layout_names[i], (double)chunks[i].packed_size / ROWS,
               figures[i][PACK], figures[i][UNPACK_MALLOC], figures[i][UNPACK_ARENA]);
    }
    if (json) {
        printf("{");
        for (int i = 0; i < LAYOUTS; i++) {
            printf("%s\"%s\": {\"bytes_per_row\": %.1f", i ? ", " : "", layout_keys[i],
                   (double)chunks[i].packed_size / ROWS);
            for (int what = 0; what < COSTS; what++)
                printf(", \"%s\": %.2f", cost_keys[what], figures[i][what]);
            printf("}");
        }
        printf("}\n");
    }
    mst_rows_builder_release(&columnar);
    mst_arena_destroy(&turn);
    mst_arena_destroy(&data);
    return 0;
}
