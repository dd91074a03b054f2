/* rows.h - reading and building Rows, the columnar form in which row values travel.
 *
 * A reader borrows the message; a builder owns growing memory that it reuses from chunk to chunk.
 * Thread: the one that made it. */
#ifndef MUSTER_PROTO_ROWS_H
#define MUSTER_PROTO_ROWS_H

#include "rows.pb-c.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* True if counts and offsets fit each other; call once on anything from outside before mst_rows_cell. */
bool mst_rows_ok(const Muster__V1__Rows *rows);

/* The cell at 0-based row and column; borrowed, not terminated. Asserts that both are in range. */
const char *mst_rows_cell(const Muster__V1__Rows *rows, uint32_t row, uint32_t column, size_t *size);

typedef struct mst_rows_builder {
    uint8_t *values;
    size_t values_size, values_room;
    uint32_t *ends;
    size_t ends_count, ends_room;
    uint32_t columns;
} mst_rows_builder;

/* Empties the builder for rows of `columns` cells; memory is kept. */
void mst_rows_builder_init(mst_rows_builder *builder, uint32_t columns);
/* Adds the next cell, row after row. Bytes are copied. */
void mst_rows_builder_add(mst_rows_builder *builder, const void *data, size_t size);
/* Makes room for `cells` more cells of `size` bytes in all, so that mst_rows_builder_put may follow for them. */
void mst_rows_builder_reserve(mst_rows_builder *builder, size_t cells, size_t size);
/* As add, for cells that room was made for. */
static inline void
mst_rows_builder_put(mst_rows_builder *builder, const void *data, size_t size)
{
    if (size > 0)
        memcpy(builder->values + builder->values_size, data, size);
    builder->values_size += size;
    builder->ends[builder->ends_count++] = (uint32_t)builder->values_size;
}
/* Full rows so far. */
uint32_t mst_rows_builder_rows(const mst_rows_builder *builder);
/* Lets `rows` borrow what was built; valid until the builder is touched again. */
void mst_rows_builder_view(const mst_rows_builder *builder, uint32_t first_row, Muster__V1__Rows *rows);
/* Frees the memory; the builder may be initialised again. */
void mst_rows_builder_release(mst_rows_builder *builder);

#endif
