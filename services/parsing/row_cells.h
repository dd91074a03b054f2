/* row_cells.h - from a row of the file to the cells of its fields: without blanks around them, text whatever the bytes
 * were, empty where the value is one that stands for none.
 *
 * Cells are borrowed from the row or from the gatherer and live until the next row. Thread: one. */
#ifndef MUSTER_PARSING_ROW_CELLS_H
#define MUSTER_PARSING_ROW_CELLS_H

#include "mapping.h"

typedef struct row_cells {
    char *const *missing; /* values that stand for none */
    size_t missing_count;
    uint64_t missing_sizes; /* a bit for each size that a missing value has; bit 63: any of 63 and more */
    const mapping *columns;
    uint32_t header_columns;
    size_t fields_count;
    csv_cell *cells; /* of each field */
    size_t filled;   /* how many of these are not empty, as they were taken */
    size_t size;     /* their bytes, as they were taken */
    csv_cell id;     /* of an import */
    bool *broken;    /* of each field, and behind them of the id: its bytes were no text */
    bool any_broken;
    uint8_t *clean; /* cells of this row made text again */
    size_t clean_room, clean_used;
} row_cells;

/* `missing` is borrowed. */
void row_cells_init(row_cells *self, char *const *missing, size_t missing_count);
/* Once, when the columns are known; `columns` is borrowed. */
void row_cells_columns(row_cells *self, const mapping *columns, size_t fields_count, uint32_t header_columns,
                       mst_arena *arena);
void row_cells_release(row_cells *self);
/* Takes the cells of one row. */
void row_cells_take(row_cells *self, const csv_row *row);
/* Whether the row has as many cells as the header. Empty ones beyond it are leftovers of a spreadsheet where most rows
 * have them; in one row alone they may be values moved by a delimiter too many. Of a row that was mended nobody knows.
 */
bool row_cells_whole(const row_cells *self, const csv_row *row);
/* Whether nothing stands in the row. */
bool row_cells_blank(const csv_row *row);

static inline csv_cell
cell_trim(csv_cell cell)
{
    if (cell.size > 0 && cell.data[0] > ' ' && cell.data[cell.size - 1] > ' ')
        return cell;
    while (cell.size > 0 && (cell.data[0] == ' ' || (cell.data[0] >= '\t' && cell.data[0] <= '\r'))) {
        cell.data++;
        cell.size--;
    }
    while (cell.size > 0 &&
           (cell.data[cell.size - 1] == ' ' || (cell.data[cell.size - 1] >= '\t' && cell.data[cell.size - 1] <= '\r')))
        cell.size--;
    return cell;
}

#endif
