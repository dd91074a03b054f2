/* doctor.c - see doctor.h. What is counted of each cell; what it means is said in diagnosis.c. */
#include "doctor.h"

#include "ailments.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

doctor *
doctor_new(const wanted_columns *wanted, const char *today, char *const *repairs, size_t repairs_count)
{
    doctor *self = mst_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->arena = mst_arena_new(0);
    self->wanted = wanted;
    self->repairs = repairs;
    self->repairs_count = repairs_count;
    if (today != NULL && strlen(today) == 10)
        self->year = (unsigned)strtoul(today, NULL, 10);
    self->fields = mst_arena_alloc(self->arena, (wanted->fields_count + 1) * sizeof *self->fields);
    self->filled = mst_arena_alloc(self->arena, (wanted->fields_count + 1) * sizeof *self->filled);
    self->repaired = mst_arena_new(0);
    for (size_t i = 0; i < wanted->fields_count; i++) {
        const Muster__V1__Field *field = wanted->fields[i];
        ailing *one = &self->fields[i];
        one->birth = strcasestr(field->name, "birth") != NULL || strcasestr(field->name, "dob") != NULL;
        one->date = field->type == MUSTER__V1__FIELD_TYPE__FIELD_DATE;
        one->short_years = one->date && strstr(field->format, "%y") == NULL;
        one->text = field->type == MUSTER__V1__FIELD_TYPE__FIELD_STRING && field->n_enum_values == 0;
        one->phone = field->type == MUSTER__V1__FIELD_TYPE__FIELD_PHONE;
        one->email = field->type == MUSTER__V1__FIELD_TYPE__FIELD_EMAIL;
        one->width = (unsigned)repair_number(self, "leading-zeros", field->name);
        for (ailment what = 0; what < AILMENTS; what++)
            one->asked[what] = repair_asked(self, ailment_names[what], field->name);
    }
    self->totals_asked = repair_asked(self, "totals-rows", "");
    return self;
}

void
doctor_destroy(doctor **self)
{
    if (*self == NULL)
        return;
    mst_arena_destroy(&(*self)->repaired);
    mst_arena_destroy(&(*self)->arena);
    free(*self);
    *self = NULL;
}

bool
repair_asked(const doctor *self, const char *name, const char *field)
{
    char wanted[300];
    int size = snprintf(wanted, sizeof wanted, "%s%s%s", name, field[0] != '\0' ? ":" : "", field);
    for (size_t i = 0; i < self->repairs_count && size > 0 && (size_t)size < sizeof wanted; i++)
        if (strcmp(self->repairs[i], wanted) == 0)
            return true;
    return false;
}

unsigned long
repair_number(const doctor *self, const char *name, const char *field)
{
    char wanted[300];
    int size = snprintf(wanted, sizeof wanted, "%s:%s:", name, field);
    for (size_t i = 0; i < self->repairs_count && size > 0 && (size_t)size < sizeof wanted; i++)
        if (strncmp(self->repairs[i], wanted, (size_t)size) == 0) {
            unsigned long number = strtoul(self->repairs[i] + size, NULL, 10);
            return number <= DIGITS_MAX ? number : 0;
        }
    return 0;
}

void
doctor_columns(doctor *self, const mapping *columns)
{
    self->columns = columns->columns;
    self->looks = mst_arena_alloc(self->arena, (self->wanted->fields_count + 1) * sizeof *self->looks);
    for (size_t i = 0; i < self->wanted->fields_count; i++) {
        ailing *one = &self->fields[i];
        one->left = one->right = MAPPING_NONE;
        if (self->columns[i] == MAPPING_NONE)
            continue;
        if (one->date || one->email || one->text || one->phone)
            self->looks[self->looks_count++] = (look){(uint32_t)i, one->date    ? LOOK_DATE
                                                                   : one->email ? LOOK_EMAIL
                                                                                : LOOK_TEXT};
        for (size_t j = 0; one->email && j < self->wanted->fields_count; j++) {
            if (self->columns[j] == MAPPING_NONE)
                continue;
            if (self->columns[j] + 1 == self->columns[i])
                one->left = (uint32_t)j;
            if (self->columns[j] == self->columns[i] + 1)
                one->right = (uint32_t)j;
        }
    }
}

/* Counting ----------------------------------------------------------------------------------------------- */

static void
note(doctor *self, noticed *what, uint32_t row, csv_cell as_is, const char *proposal)
{
    if (what->rows_count < DOCTOR_ROWS_MAX)
        what->rows[what->rows_count++] = row;
    if (what->examples_count < DOCTOR_EXAMPLES_MAX) {
        size_t size = as_is.size < EXAMPLE_SIZE ? as_is.size : EXAMPLE_SIZE;
        what->examples[what->examples_count] = mst_arena_strndup(self->arena, as_is.data, size);
        what->proposals[what->examples_count++] = mst_arena_strdup(self->arena, proposal == NULL ? "" : proposal);
    }
    what->count++;
}

/* One ailment of one cell: counted, and cured if that was asked for. */
static bool
found(doctor *self, size_t field, ailment what, uint32_t row, csv_cell *cell, const char *proposal)
{
    ailing *one = &self->fields[field];
    note(self, &one->noticed[what], row, *cell, proposal);
    if (!one->asked[what] || proposal == NULL)
        return false;
    size_t size = strlen(proposal);
    *cell = (csv_cell){mst_arena_copy(self->repaired, proposal, size), (uint32_t)size};
    return true;
}

static bool
look_at_digits(doctor *self, size_t field, uint32_t row, csv_cell *cell)
{
    ailing *one = &self->fields[field];
    size_t digits = ailment_digits(*cell);
    if (digits == 0)
        return cell->size > 1 && !isdigit(cell->data[1]) && ailment_scientific(*cell) &&
               found(self, field, AILMENT_SCIENTIFIC, row, cell, NULL);
    if (digits > DIGITS_MAX || one->phone)
        return false;
    one->of_width[digits]++;
    one->leading_zeros += cell->data[0] == '0';
    if (one->first_count[digits] < DOCTOR_ROWS_MAX) {
        if (one->first_count[digits] < DOCTOR_EXAMPLES_MAX)
            memcpy(one->first_values[digits][one->first_count[digits]], cell->data, digits);
        one->first_rows[digits][one->first_count[digits]++] = row;
    }
    if (one->width <= digits)
        return false;
    char *padded = mst_arena_alloc(self->repaired, one->width);
    memset(padded, '0', one->width - digits);
    memcpy(padded + one->width - digits, cell->data, digits);
    *cell = (csv_cell){(const uint8_t *)padded, one->width};
    return true;
}

static bool
look_at_date(doctor *self, size_t field, uint32_t row, csv_cell *cell)
{
    const ailing *one = &self->fields[field];
    char proposal[EXAMPLE_SIZE + 8];
    if (ailment_serial(*cell, proposal))
        return found(self, field, AILMENT_SERIAL_DATE, row, cell, proposal);
    if (one->short_years && ailment_short_year(*cell, self->year, proposal))
        return found(self, field, AILMENT_SHORT_YEAR, row, cell, proposal);
    if (one->birth && self->year > 0 && ailment_future_year(*cell, self->year, proposal))
        return found(self, field, AILMENT_FUTURE_YEAR, row, cell, proposal);
    return false;
}

static bool
has_at(const csv_cell *cells, uint32_t field)
{
    return field != MAPPING_NONE && cells[field].size > 0 && memchr(cells[field].data, '@', cells[field].size) != NULL;
}

static void
look_at_email(doctor *self, size_t field, uint32_t row, const csv_cell *cells)
{
    const ailing *one = &self->fields[field];
    if (has_at(cells, (uint32_t)field) || (!has_at(cells, one->left) && !has_at(cells, one->right)))
        return;
    if (self->shifted_row == row)
        return;
    self->shifted_row = row;
    note(self, &self->shifted, row, cells[has_at(cells, one->left) ? one->left : one->right], NULL);
}

/* "Total" at the beginning of a row that is nearly empty. */
static bool
is_total(const doctor *self, const csv_cell *cells, csv_cell *first)
{
    uint32_t column = MAPPING_NONE;
    for (size_t i = 0; i < self->wanted->fields_count; i++)
        if (cells[i].size > 0 && self->columns[i] < column) {
            column = self->columns[i];
            *first = cells[i];
        }
    return column != MAPPING_NONE && ailment_total(*first);
}

/* Cells that a healthy row is full of are let pass quickly. */
static inline bool
is_healthy(const doctor *self, const look *at, csv_cell cell)
{
    switch (at->kind) {
    case LOOK_DATE: return cell.size == 0 || ailment_plain_date(cell, self->year);
    case LOOK_EMAIL: return cell.size > 0 && memchr(cell.data, '@', cell.size) != NULL;
    case LOOK_TEXT: return cell.size == 0 || cell.data[0] < '0' || cell.data[0] > '9';
    }
    return true;
}

static bool
look_at_cell(doctor *self, const look *at, uint32_t row, csv_cell *cells)
{
    switch (at->kind) {
    case LOOK_DATE: return look_at_date(self, at->field, row, &cells[at->field]);
    case LOOK_EMAIL: look_at_email(self, at->field, row, cells); return false;
    case LOOK_TEXT: return look_at_digits(self, at->field, row, &cells[at->field]);
    }
    return false;
}

static bool
look_at_letters(doctor *self, uint32_t row, csv_cell *cells)
{
    bool changed = false;
    char mended[MOJIBAKE_SIZE];
    for (size_t i = 0; i < self->wanted->fields_count; i++)
        if (cells[i].size > 0 && ailment_mojibake(cells[i], mended))
            changed |= found(self, i, AILMENT_MOJIBAKE, row, &cells[i], mended);
    return changed;
}

bool
doctor_row(doctor *self, uint32_t row, row_cells *taken, bool plain, bool *leave_out)
{
    bool changed = false;
    csv_cell first = {NULL, 0}, *cells = taken->cells;
    const size_t filled = taken->filled;
    *leave_out = false;
    if (self->any_repaired)
        mst_arena_reset(self->repaired);
    if (filled <= TOTALS_CELLS_MAX && filled * 2 <= self->wanted->fields_count && is_total(self, cells, &first)) {
        note(self, &self->totals, row, first, NULL);
        *leave_out = self->totals_asked;
        return false;
    }
    for (size_t i = 0; i < self->looks_count; i++) {
        const look *at = &self->looks[i];
        csv_cell cell = cells[at->field];
        self->filled[at->field] += cell.size > 0;
        if (!is_healthy(self, at, cell))
            changed |= look_at_cell(self, at, row, cells);
    }
    if (!plain)
        changed |= look_at_letters(self, row, cells);
    self->any_repaired = changed;
    return changed;
}
