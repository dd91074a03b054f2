/* rows.c - see rows.h. */
#include "rows.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
mst_rows_ok(const Muster__V1__Rows *rows)
{
    if (rows == NULL || rows->n_ends != (size_t)rows->rows * rows->columns)
        return false;
    uint32_t before = 0;
    for (size_t i = 0; i < rows->n_ends; i++) {
        if (rows->ends[i] < before)
            return false;
        before = rows->ends[i];
    }
    return before == rows->values.len;
}

const char *
mst_rows_cell(const Muster__V1__Rows *rows, uint32_t row, uint32_t column, size_t *size)
{
    assert(row < rows->rows && column < rows->columns);
    size_t at = (size_t)row * rows->columns + column;
    uint32_t start = at == 0 ? 0 : rows->ends[at - 1];
    *size = rows->ends[at] - start;
    return *size == 0 ? "" : (const char *)rows->values.data + start;
}

void
mst_rows_builder_init(mst_rows_builder *builder, uint32_t columns)
{
    assert(columns > 0);
    builder->columns = columns;
    builder->values_size = 0;
    builder->ends_count = 0;
}

static void *
grow(void *memory, size_t *room, size_t wanted, size_t unit)
{
    if (wanted <= *room && memory != NULL)
        return memory;
    size_t next = *room < 1024 ? 1024 : *room * 2;
    if (next < wanted)
        next = wanted;
    memory = realloc(memory, next * unit);
    if (memory == NULL) {
        fprintf(stderr, "out of memory: %zu bytes for rows\n", next * unit);
        abort();
    }
    *room = next;
    return memory;
}

void
mst_rows_builder_reserve(mst_rows_builder *builder, size_t cells, size_t size)
{
    assert(builder->values_size + size <= UINT32_MAX);
    builder->values = grow(builder->values, &builder->values_room, builder->values_size + size, 1);
    builder->ends = grow(builder->ends, &builder->ends_room, builder->ends_count + cells, sizeof *builder->ends);
}

void
mst_rows_builder_add(mst_rows_builder *builder, const void *data, size_t size)
{
    mst_rows_builder_reserve(builder, 1, size);
    mst_rows_builder_put(builder, size == 0 ? "" : data, size);
}

uint32_t
mst_rows_builder_rows(const mst_rows_builder *builder)
{
    return (uint32_t)(builder->ends_count / builder->columns);
}

void
mst_rows_builder_view(const mst_rows_builder *builder, uint32_t first_row, Muster__V1__Rows *rows)
{
    assert(builder->ends_count % builder->columns == 0);
    muster__v1__rows__init(rows);
    rows->first_row = first_row;
    rows->rows = mst_rows_builder_rows(builder);
    rows->columns = builder->columns;
    rows->values.data = builder->values;
    rows->values.len = builder->values_size;
    rows->ends = builder->ends;
    rows->n_ends = builder->ends_count;
}

void
mst_rows_builder_release(mst_rows_builder *builder)
{
    free(builder->values);
    free(builder->ends);
    memset(builder, 0, sizeof *builder);
}
