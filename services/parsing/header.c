/* header.c - see header.h. */
#include "header.h"

#include "shapes.h"
#include <string.h>

#define HEADER_ROWS_MAX 30u /* the header is looked for among so many rows */
#define GROUP_ROWS_MAX 3u   /* rows that a header has */
#define AGAIN_CELLS_MIN 3u  /* cells by which a header is known again */
#define SHAPED_COLUMNS 200u /* columns whose values are looked at */
#define SHAPED_ROWS 100u    /* and rows */

static uint32_t
given(const sample_row *row)
{
    return row->count < CSV_COLUMNS_MAX ? row->count : CSV_COLUMNS_MAX;
}

static cell_shape
shape_at(const sample_row *row, uint32_t column)
{
    return column < given(row) ? shape_of(row->cells[column]) : SHAPE_EMPTY;
}

static uint32_t
filled_cells(const sample_row *row)
{
    uint32_t filled = 0;
    for (uint32_t i = 0; i < given(row); i++)
        filled += shape_at(row, i) != SHAPE_EMPTY;
    return filled;
}

/* No value stands in it. */
static bool
only_text(const sample_row *row)
{
    for (uint32_t i = 0; i < given(row); i++)
        if (shape_at(row, i) > SHAPE_TEXT)
            return false;
    return true;
}

uint32_t
header_best(const file_form *form, header_hint hint, uint32_t *row)
{
    uint32_t best = 0;
    *row = 0;
    for (uint32_t i = 0; hint.fits != NULL && i < form->rows_count && i < HEADER_ROWS_MAX; i++) {
        uint32_t fits = hint.fits(hint.context, form->rows[i].cells, given(&form->rows[i]));
        if (fits > best) {
            best = fits;
            *row = i;
        }
        if (best >= 2 && 2 * best >= given(&form->rows[i]))
            break; // no other row will be more of a header
    }
    return best;
}

/* The shape that most values of a column below `row` have; text when none has. */
static cell_shape
shape_below(const file_form *form, uint32_t row, uint32_t column)
{
    uint32_t seen[SHAPES_COUNT] = {0}, all = 0;
    for (uint32_t i = row + 1; i < form->rows_count && i <= row + SHAPED_ROWS; i++) {
        cell_shape shape = shape_at(&form->rows[i], column);
        seen[shape]++;
        all += shape != SHAPE_EMPTY;
    }
    for (cell_shape shape = SHAPE_NUMBER; shape < SHAPES_COUNT; shape++)
        if (all > 0 && seen[shape] * 10 >= all * 7)
            return shape;
    return SHAPE_TEXT;
}

/* Does this row look like the values below it? */
static bool
looks_like_data(const file_form *form, uint32_t row)
{
    const sample_row *looked = &form->rows[row];
    uint32_t like = 0, unlike = 0, values = 0, emails = 0, filled = filled_cells(looked);
    for (uint32_t i = 0; i < given(looked) && i < SHAPED_COLUMNS; i++) {
        cell_shape own = shape_at(looked, i), below = shape_below(form, row, i);
        values += own > SHAPE_TEXT;
        emails += own == SHAPE_EMAIL;
        if (own == SHAPE_EMPTY || below == SHAPE_TEXT)
            continue;
        like += own > SHAPE_TEXT;
        unlike += own == SHAPE_TEXT;
    }
    if (emails > 0 && unlike == 0)
        return true;
    return like + unlike == 0 ? values * 10 > filled * 3 : like > unlike;
}

/* Half of the columns are filled: no title, and no line of a preamble. */
static bool
fills_the_columns(const file_form *form, uint32_t row)
{
    uint32_t filled = filled_cells(&form->rows[row]);
    return form->columns <= 1 ? filled > 0 : filled >= 2 && filled * 2 > form->columns;
}

/* A row of names, one for each column, some of them over values. */
static bool
names_all_columns(const file_form *form, uint32_t row)
{
    bool over_values = false;
    for (uint32_t i = 0; i < form->columns && i < SHAPED_COLUMNS; i++) {
        if (shape_at(&form->rows[row], i) != SHAPE_TEXT)
            return false;
        over_values = over_values || shape_below(form, row, i) != SHAPE_TEXT;
    }
    return over_values;
}

/* The row at which the table begins. */
static uint32_t
first_of_table(const file_form *form)
{
    uint32_t row = 0, last = form->rows_count < HEADER_ROWS_MAX ? form->rows_count : HEADER_ROWS_MAX;
    while (row < last && !fills_the_columns(form, row))
        row++;
    if (row == last) {
        for (row = 0; row < last && form->rows[row].count != form->columns; row++)
            ;
        return row == last ? 0 : row;
    }
    // A line of prose may fill as many columns; the header behind it has exactly those of the rows.
    while (row + 2 < last && form->rows[row].count != form->columns && form->rows[row + 1].count == form->columns &&
           only_text(&form->rows[row + 1]) && fills_the_columns(form, row + 1) && looks_like_data(form, row + 2))
        row++;
    // So may the last line of a preamble ("Church:", "St Mary"); the header names every column.
    if (row + 2 < last && filled_cells(&form->rows[row]) < form->columns && names_all_columns(form, row + 1))
        row++;
    return row;
}

static bool
same_cell(csv_cell a, csv_cell b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static bool
same_row(const sample_row *a, const sample_row *b)
{
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < given(a); i++)
        if (!same_cell(a->cells[i], b->cells[i]))
            return false;
    return true;
}

static bool
names_one_twice(const sample_row *row)
{
    for (uint32_t i = 0; i < given(row) && i < SHAPED_COLUMNS; i++)
        for (uint32_t j = 0; j < i; j++)
            if (shape_at(row, i) != SHAPE_EMPTY && same_cell(row->cells[i], row->cells[j]))
                return true;
    return false;
}

/* Blank cells of one row over which, or under which, the other has text. */
static uint32_t
blanks_filled(const sample_row *row, const sample_row *other)
{
    uint32_t filled = 0;
    for (uint32_t i = 0; i < given(row); i++)
        filled += shape_at(row, i) == SHAPE_EMPTY && shape_at(other, i) != SHAPE_EMPTY;
    return filled;
}

/* Does the upper of two rows name groups of the lower one's columns? */
static bool
names_groups(const file_form *form, uint32_t upper)
{
    const sample_row *above = &form->rows[upper], *below = &form->rows[upper + 1];
    if (above->count != form->columns || below->count != form->columns || !only_text(above) || !only_text(below) ||
        filled_cells(above) < 2 || filled_cells(below) < 2 || blanks_filled(above, below) == 0)
        return false;
    if (names_one_twice(below))
        return true;
    return blanks_filled(below, above) > 0 && shape_at(below, 0) == SHAPE_EMPTY;
}

static csv_cell
join_cells(mst_arena *arena, csv_cell a, csv_cell b)
{
    if (a.size == 0 || b.size == 0)
        return a.size == 0 ? b : a;
    char *text =
        mst_arena_printf(arena, "%.*s %.*s", (int)a.size, (const char *)a.data, (int)b.size, (const char *)b.data);
    return (csv_cell){(uint8_t *)text, (uint32_t)strlen(text)};
}

/* Puts the upper row's text in front of the lower one's; a group goes on over blanks under which there is text. */
static void
join_rows(const sample_row *upper, sample_row *lower, mst_arena *arena)
{
    csv_cell *joined = mst_arena_alloc(arena, (given(lower) + 1) * sizeof *joined), group = {(const uint8_t *)"", 0};
    for (uint32_t i = 0; i < given(lower); i++) {
        csv_cell above = i < given(upper) ? upper->cells[i] : (csv_cell){(const uint8_t *)"", 0};
        if (shape_of(above) != SHAPE_EMPTY)
            group = above;
        else if (shape_at(lower, i) != SHAPE_EMPTY)
            above = group;
        joined[i] = join_cells(arena, above, lower->cells[i]);
    }
    lower->cells = joined;
}

/* The rows of a header with its groups become one; `row` is the last of them. */
static uint32_t
join_header(file_form *form, uint32_t row, uint32_t *first, mst_arena *arena)
{
    *first = row;
    while (*first > 0 && row - *first + 1 < GROUP_ROWS_MAX && names_groups(form, *first - 1))
        --*first;
    while (row + 2 < form->rows_count && row - *first + 1 < GROUP_ROWS_MAX &&
           (names_groups(form, row) || same_row(&form->rows[row], &form->rows[row + 1])))
        row++;
    for (uint32_t i = row; i > *first; i--)
        join_rows(&form->rows[i - 1], &form->rows[row], arena);
    return row;
}

void
header_find(file_form *form, header_hint hint, mst_arena *arena)
{
    uint32_t row, first;
    form->header = true;
    uint32_t fits = header_best(form, hint, &row);
    first = row;
    if (fits == 0) {
        first = row = first_of_table(form);
        form->header = form->rows_count == 0 || !looks_like_data(form, row);
        if (form->header && hint.fits == NULL && form->rows_count > 0)
            row = join_header(form, row, &first, arena);
    }
    form->header_row = row;
    form->preamble_lines = first < form->rows_count ? (uint32_t)form->rows[first].line - 1 : 0;
}

bool
header_again(const file_form *form, const csv_row *row)
{
    if (!form->header || form->header_row >= form->rows_count)
        return false;
    const sample_row *header = &form->rows[form->header_row];
    uint32_t count = given(header) < row->cells_count ? given(header) : row->cells_count;
    if (count < AGAIN_CELLS_MIN || count * 2 < given(header))
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!same_cell(header->cells[i], row->cells[i]))
            return false;
    return true;
}
