/* sheet_form.c - see sheet_form.h. */
#include "sheet_form.h"

#include <string.h>

bool
sheet_form_add(file_form *form, const csv_row *row, mst_arena *arena)
{
    if (form->rows == NULL)
        form->rows = mst_arena_alloc(arena, DIALECT_ROWS_MAX * sizeof *form->rows);
    sample_row *kept = &form->rows[form->rows_count++];
    kept->count = row->columns;
    kept->line = row->line;
    kept->cells = mst_arena_alloc(arena, (row->cells_count + 1) * sizeof *kept->cells);
    for (uint32_t i = 0; i < row->cells_count; i++)
        kept->cells[i] =
            (csv_cell){(uint8_t *)mst_arena_strndup(arena, row->cells[i].data, row->cells[i].size), row->cells[i].size};
    return form->rows_count < DIALECT_ROWS_MAX;
}

/* The width that two rows have at least: one alone may have a note beside the table. */
static uint32_t
usual_width(const file_form *form)
{
    uint32_t widest = 0, second = 0;
    for (uint32_t i = 0; i < form->rows_count; i++) {
        uint32_t count = form->rows[i].count < CSV_COLUMNS_MAX ? form->rows[i].count : CSV_COLUMNS_MAX;
        if (count >= widest) {
            second = widest;
            widest = count;
        } else if (count > second) {
            second = count;
        }
    }
    return form->rows_count == 1 ? widest : second;
}

static void
widen(sample_row *row, uint32_t columns, mst_arena *arena)
{
    if (row->count >= columns)
        return;
    csv_cell *cells = mst_arena_alloc(arena, (columns + 1) * sizeof *cells);
    memcpy(cells, row->cells, row->count * sizeof *cells);
    for (uint32_t i = row->count; i < columns; i++)
        cells[i] = (csv_cell){(const uint8_t *)"", 0};
    row->cells = cells;
    row->count = columns;
}

/* A header names its columns; only when half of the rows go on beyond it the table does, too. */
static uint32_t
width_of(const file_form *form, uint32_t usual)
{
    uint32_t named = form->header ? form->rows[form->header_row].count : usual, beyond = 0;
    for (uint32_t i = form->header_row + 1; i < form->rows_count; i++)
        beyond += form->rows[i].count > named;
    return usual > named && beyond > 0 && 2 * beyond >= form->rows_count - form->header_row - 1 ? usual : named;
}

void
sheet_form_find(file_form *form, header_hint hint, mst_arena *arena)
{
    uint32_t usual = usual_width(form);
    form->line_end = "";
    form->columns = usual;
    header_find(form, hint, arena);
    form->columns = width_of(form, usual);
    for (uint32_t i = 0; i < form->rows_count; i++)
        widen(&form->rows[i], form->columns < CSV_COLUMNS_MAX ? form->columns : CSV_COLUMNS_MAX, arena);
}
