/* row_cells.c - see row_cells.h. */
#include "row_cells.h"

#include "utf8.h"
#include <stdlib.h>
#include <string.h>

static inline uint64_t
size_bit(size_t size)
{
    return UINT64_C(1) << (size < 63 ? size : 63);
}

void
row_cells_init(row_cells *self, char *const *missing, size_t missing_count)
{
    *self = (row_cells){.missing = missing, .missing_count = missing_count};
    for (size_t i = 0; i < missing_count; i++)
        if (missing[i][0] != '\0')
            self->missing_sizes |= size_bit(strlen(missing[i]));
}

void
row_cells_columns(row_cells *self, const mapping *columns, size_t fields_count, uint32_t header_columns,
                  mst_arena *arena)
{
    self->columns = columns;
    self->fields_count = fields_count;
    self->header_columns = header_columns;
    self->cells = mst_arena_alloc(arena, (fields_count + 1) * sizeof *self->cells);
    self->broken = mst_arena_alloc(arena, (fields_count + 1) * sizeof *self->broken);
}

void
row_cells_release(row_cells *self)
{
    free(self->clean);
    self->clean = NULL;
}

/* `cell` has the size of a missing value. Not inlined: the loop over the cells would run out of registers. */
static __attribute__((noinline)) bool
is_missing(const row_cells *self, csv_cell cell)
{
    for (size_t i = 0; i < self->missing_count; i++)
        if (self->missing[i][0] == (char)cell.data[0] && strlen(self->missing[i]) == cell.size &&
            memcmp(self->missing[i], cell.data, cell.size) == 0)
            return true;
    return false;
}

/* Text again, whatever the bytes were; and hard blanks around it taken away. */
static csv_cell
clean_cell(row_cells *self, csv_cell cell, bool *broken)
{
    if (!utf8_ok(cell.data, cell.size)) {
        // Never longer than it was: the limits of rows hold for what is made of them.
        char *out = (char *)self->clean + self->clean_used;
        size_t size = utf8_clean(cell.data, cell.size, out, cell.size + 1u);
        self->clean_used += cell.size + 1u;
        self->any_broken = *broken = true;
        return (csv_cell){(const uint8_t *)out, (uint32_t)size};
    }
    while (cell.size >= 2 && memcmp(cell.data, "\xC2\xA0", 2) == 0)
        cell = cell_trim((csv_cell){cell.data + 2, cell.size - 2});
    while (cell.size >= 2 && memcmp(cell.data + cell.size - 2, "\xC2\xA0", 2) == 0)
        cell = cell_trim((csv_cell){cell.data, cell.size - 2});
    return cell;
}

/* An apostrophe before what a spreadsheet would take for a formula is the guard that muster and others put there. */
static inline csv_cell
unguard(csv_cell cell)
{
    if (cell.size > 1 && cell.data[0] == '\'' && memchr("=+-@\t\r", cell.data[1], 6) != NULL)
        return (csv_cell){cell.data + 1, cell.size - 1};
    return cell;
}

/* Whether a cell is one of those, nearly all, that need no look but at their ends. */
static inline bool
is_bare(csv_cell cell)
{
    return cell.data[0] > '\'' && cell.data[cell.size - 1] > ' ';
}

/* `at` says which of `broken` is about it. */
static __attribute__((noinline)) csv_cell
tidy_cell(row_cells *self, const csv_row *row, csv_cell cell, size_t at)
{
    cell = unguard(cell_trim(cell));
    return row->plain ? cell : clean_cell(self, cell, &self->broken[at]);
}

/* The cell in this column. */
static inline csv_cell
take(row_cells *self, const csv_row *row, uint32_t column, size_t at)
{
    if (column >= row->cells_count)
        return (csv_cell){(const uint8_t *)"", 0};
    csv_cell cell = row->cells[column];
    return cell.size == 0 || (row->plain && is_bare(cell)) ? cell : tidy_cell(self, row, cell, at);
}

/* Room for all cells of the row, as text again. A column may be both a field and the id. */
static void
make_room(row_cells *self, const csv_row *row)
{
    size_t room = 1;
    for (uint32_t i = 0; i < row->cells_count; i++)
        room += 2 * row->cells[i].size + 2;
    if (room <= self->clean_room)
        return;
    self->clean_room = room;
    self->clean = mst_realloc(self->clean, room);
}

void
row_cells_take(row_cells *self, const csv_row *row)
{
    if (self->any_broken)
        memset(self->broken, 0, (self->fields_count + 1) * sizeof *self->broken);
    self->any_broken = false;
    self->clean_used = 0;
    if (!row->plain)
        make_room(self, row);
    const uint32_t *columns = self->columns->columns;
    const uint64_t missing_sizes = self->missing_sizes;
    csv_cell *cells = self->cells;
    size_t filled = 0, size = 0;
    for (size_t i = 0, count = self->fields_count; i < count; i++) {
        csv_cell cell = take(self, row, columns[i], i);
        if ((missing_sizes & size_bit(cell.size)) != 0 && is_missing(self, cell))
            cell.size = 0;
        cells[i] = cell;
        filled += cell.size > 0;
        size += cell.size;
    }
    self->filled = filled;
    self->size = size;
    if (self->columns->id_column != MAPPING_NONE)
        self->id = take(self, row, self->columns->id_column, self->fields_count);
}

bool
row_cells_whole(const row_cells *self, const csv_row *row)
{
    if (row->columns == self->header_columns || row->mended)
        return !row->mended;
    if (row->columns < self->header_columns || row->columns > CSV_COLUMNS_MAX ||
        row->columns != self->columns->usual_columns)
        return false;
    for (uint32_t i = self->header_columns; i < row->columns; i++)
        if (cell_trim(row->cells[i]).size > 0)
            return false;
    return true;
}

bool
row_cells_blank(const csv_row *row)
{
    if (row->cells_count > 0 && row->cells[0].size > 0 && row->cells[0].data[0] > ' ')
        return false;
    for (uint32_t i = 0; i < row->cells_count; i++)
        if (cell_trim(row->cells[i]).size > 0)
            return false;
    return true;
}
