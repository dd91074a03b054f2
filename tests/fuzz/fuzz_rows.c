/* fuzz_rows.c - Rows from outside: refused by mst_rows_ok, or every cell lies within the values. */
#include "broker/lib/arena.h"
#include "proto/codec.h"
#include "proto/rows.h"
#include <assert.h>
#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mst_arena *arena = mst_arena_new(64u << 20);
    const Muster__V1__Rows *rows = (const Muster__V1__Rows *)mst_unpack(&muster__v1__rows__descriptor, data, size,
                                                                        MST_BODY_SIZE_MAX, mst_arena_allocator(arena));
    if (rows != NULL && mst_rows_ok(rows)) {
        size_t total = 0;
        uint64_t cells = (uint64_t)rows->rows * rows->columns;
        assert(cells == rows->n_ends);
        for (uint64_t at = 0; at < cells; at++) {
            size_t cell_size;
            const char *cell =
                mst_rows_cell(rows, (uint32_t)(at / rows->columns), (uint32_t)(at % rows->columns), &cell_size);
            assert(cell_size == 0 || memchr(cell, 0, cell_size) != cell + cell_size); // every byte can be read
            total += cell_size;
        }
        assert(total == rows->values.len);
    }
    mst_arena_destroy(&arena);
    return 0;
}
