/* csv_rows_odd.c - the parts of csv_rows that are about rows csv_odd reads; see csv_rows_inside.h. */
#include "csv_rows_inside.h"

#include "broker/lib/arena.h"
#include <string.h>

bool
rows_fail(csv_rows *self, csv_fault fault, uint64_t line, uint32_t column)
{
    self->fault = fault;
    self->fault_line = line;
    self->fault_column = column;
    return false;
}

bool
rows_deliver(csv_rows *self, const csv_cell *cells, bool plain, bool mended)
{
    csv_row row = {.cells = cells,
                   .cells_count = self->columns < CSV_COLUMNS_MAX ? self->columns : CSV_COLUMNS_MAX,
                   .columns = self->columns,
                   .line = self->line,
                   .plain = plain,
                   .mended = mended};
    return self->handler(self->context, &row) || rows_fail(self, CSV_FAULT_STOPPED, self->line, 0);
}

bool
rows_plain(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (data[i] >= 0x80 || data[i] < 0x09)
            return false;
    return true;
}

size_t
rows_line_end(const csv_rows *self, size_t from, bool last)
{
    for (size_t at = from; at < self->size; at++) {
        if (self->buffer[at] == '\n')
            return at + 1;
        if (self->buffer[at] != '\r')
            continue;
        if (at + 1 < self->size)
            return self->buffer[at + 1] == '\n' ? at + 2 : at + 1;
        return last ? at + 1 : 0;
    }
    return last ? self->size : 0;
}

bool
rows_mend(csv_rows *self, size_t start, size_t size, bool last, size_t *next)
{
    if (self->dialect.columns < 2)
        return false;
    size_t end = rows_line_end(self, start, last || self->buffer[self->size - 1] == '\r');
    if (end == 0 || end - start > CSV_FIELD_SIZE_MAX || self->mended + size > CSV_MEND_SIZE_MAX ||
        memchr(self->buffer + start, self->dialect.quote, end - start) == NULL)
        return false;
    self->mended += size;
    if (self->odd == NULL)
        self->odd = csv_odd_new();
    size_t text = end - start;
    while (text > 0 && (self->buffer[start + text - 1] == '\n' || self->buffer[start + text - 1] == '\r'))
        text--;
    if (!csv_odd_mend(self->odd, &self->dialect, self->buffer + start, text))
        return false;
    self->fault = CSV_FAULT_NONE;
    self->skip_lf = end == self->size && self->buffer[end - 1] == '\r';
    self->columns = self->odd->columns;
    *next = end;
    if (rows_deliver(self, self->odd->cells, rows_plain(self->buffer + start, text), true))
        self->line++;
    return true;
}

bool
rows_scan_odd(csv_rows *self, bool last, size_t *done)
{
    if (self->odd == NULL)
        self->odd = csv_odd_new();
    while (*done < self->size) {
        const uint8_t *at = self->buffer + *done;
        size_t left = self->size - *done, next = *done;
        if (*at == '\n' || *at == '\r') {
            next = rows_line_end(self, *done, last);
            if (next == 0)
                return true;
            self->line++;
            *done = next;
            continue;
        }
        size_t used = csv_odd_read(self->odd, &self->dialect, at, left, last);
        csv_odd *odd = self->odd;
        bool whole = used > 0;
        if (!whole && !last && left - (odd->open ? odd->open_at : 0) <= CSV_FIELD_SIZE_MAX)
            return true;
        if ((!whole || odd->columns != self->dialect.columns) &&
            rows_mend(self, *done, whole ? used : left, last, &next)) {
            if (self->fault != CSV_FAULT_NONE)
                return false;
            *done = next;
            continue;
        }
        if (!whole || odd->columns != self->dialect.columns) // mending looked at other readings
            used = csv_odd_read(odd, &self->dialect, at, left, last);
        if (!whole)
            return odd->open ? rows_fail(self, CSV_FAULT_OPEN_QUOTE, self->line + odd->open_line, odd->open_column)
                             : rows_fail(self, CSV_FAULT_ROW, self->line, 0);
        self->columns = odd->columns;
        for (uint32_t i = 0; i < odd->columns && i < CSV_COLUMNS_MAX; i++)
            if (odd->cells[i].size > CSV_FIELD_SIZE_MAX)
                return rows_fail(self, CSV_FAULT_FIELD, self->line, i + 1);
        if (used > CSV_ROW_SIZE_MAX)
            return rows_fail(self, CSV_FAULT_ROW, self->line, 0);
        if (!rows_deliver(self, odd->cells, rows_plain(at, used), false))
            return false;
        self->line += odd->lines;
        *done += used;
    }
    return true;
}
