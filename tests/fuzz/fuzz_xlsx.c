/* fuzz_xlsx.c - any bytes behind the beginning of a zip archive: never a crash, never a row beyond the limits, and
 * whoever is refused is told why and what to do. */
#include "services/parsing/reader.h"
#include "services/parsing/utf8.h"
#include <assert.h>
#include <string.h>

#define PIECE 4096u

static bool
on_form(void *context, const reader *source, const file_form *form)
{
    (void)context;
    reader_sheet found;
    assert(form->rows_count > 0 && form->header_row < form->rows_count && form->columns <= CSV_COLUMNS_MAX);
    assert(reader_decoder(source) != NULL || reader_sheet_of(source, &found));
    return true;
}

static bool
on_row(void *context, const csv_row *row)
{
    uint64_t *line = context;
    size_t size = 0;
    assert(row->cells_count <= CSV_COLUMNS_MAX && row->cells_count <= row->columns && row->line > *line);
    *line = row->line;
    for (uint32_t i = 0; i < row->cells_count; i++) {
        assert(row->cells[i].size <= CSV_FIELD_SIZE_MAX);
        size += row->cells[i].size;
    }
    assert(size <= CSV_ROW_SIZE_MAX);
    return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t line = 0;
    const reader_sink sink = {.context = &line, .recognised = on_form, .row = on_row};
    reader *source = reader_new(&sink);
    static const uint8_t zip[4] = {'P', 'K', 3, 4};
    bool ok = reader_feed(source, zip, sizeof zip, false);
    for (size_t at = 0; ok && at < size; at += PIECE)
        ok = reader_feed(source, data + at, size - at < PIECE ? size - at : PIECE, at + PIECE >= size);
    if (ok && size == 0)
        ok = reader_feed(source, NULL, 0, true);
    while (ok && reader_pending(source))
        ok = reader_feed(source, NULL, 0, true);
    const char *advice, *failure = reader_failure(source, &advice);
    assert(ok == (failure == NULL));
    assert(failure == NULL || (utf8_ok((const uint8_t *)failure, strlen(failure)) && advice[0] != '\0'));
    reader_destroy(&source);
    return 0;
}
