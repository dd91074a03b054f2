/* fuzz_xlsx_parts.c - the parts of a workbook, each without the zip around it: the first byte chooses which one the
 * rest is (s sheet, t shared texts, f formats, b workbook, r relations); the others are fixed. Cells are UTF-8 within
 * the limits, rows in order, and whoever is refused is told why and what to do. */
#include "services/parsing/utf8.h"
#include "services/parsing/xlsx.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PARTS 6u

typedef struct part {
    const char *name;
    const void *data;
    size_t size;
    uint32_t crc, offset;
} part;

typedef struct bytes {
    uint8_t *data;
    size_t size;
} bytes;

static uint32_t
crc_of(const uint8_t *data, size_t size)
{
    uint32_t crc = ~0u;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0xEDB88320u & (0u - (crc & 1)));
    }
    return ~crc;
}

static void
put(bytes *out, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++, value >>= 8)
        out->data[out->size++] = (uint8_t)value;
}

static void
put_data(bytes *out, const void *data, size_t size)
{
    memcpy(out->data + out->size, data, size);
    out->size += size;
}

/* The header of a part: in front of it, or in the directory. */
static void
put_header(bytes *out, const part *of, bool directory)
{
    put(out, directory ? 0x02014b50 : 0x04034b50, 4);
    if (directory)
        put(out, 20, 2);
    put(out, 20, 2); // version
    put(out, 0, 4);  // flags, stored
    put(out, 0x00210000, 4);
    put(out, of->crc, 4);
    put(out, of->size, 4);
    put(out, of->size, 4);
    put(out, strlen(of->name), 2);
    put(out, 0, 2);
    if (directory) {
        put(out, 0, 6);
        put(out, 0, 4);
        put(out, of->offset, 4);
    }
    put_data(out, of->name, strlen(of->name));
}

static bytes
archive_of(part *parts)
{
    size_t room = 1024;
    for (size_t i = 0; i < PARTS; i++)
        room += parts[i].size + 256;
    bytes out = {.data = malloc(room)};
    for (size_t i = 0; i < PARTS; i++) {
        parts[i].crc = crc_of(parts[i].data, parts[i].size);
        parts[i].offset = (uint32_t)out.size;
        put_header(&out, &parts[i], false);
        if (parts[i].size > 0)
            put_data(&out, parts[i].data, parts[i].size);
    }
    size_t begin = out.size;
    for (size_t i = 0; i < PARTS; i++)
        put_header(&out, &parts[i], true);
    size_t size = out.size - begin;
    put(&out, 0x06054b50, 4);
    put(&out, 0, 4);
    put(&out, PARTS, 2);
    put(&out, PARTS, 2);
    put(&out, size, 4);
    put(&out, begin, 4);
    put(&out, 0, 2);
    return out;
}

static bool
on_row(void *context, const csv_row *row)
{
    uint64_t *line = context;
    size_t size = 0;
    assert(row->cells_count <= CSV_COLUMNS_MAX && row->cells_count <= row->columns && row->columns > 0);
    assert(row->line > *line && row->line <= SHEET_ROWS_MAX && row->columns <= SHEET_COLUMNS_MAX);
    *line = row->line;
    for (uint32_t i = 0; i < row->cells_count; i++) {
        const csv_cell cell = row->cells[i];
        assert(cell.size <= CSV_FIELD_SIZE_MAX && utf8_ok(cell.data, cell.size));
        for (uint32_t j = 0; j < cell.size && row->plain; j++)
            assert(cell.data[j] < 0x80 && cell.data[j] >= 0x09);
        size += cell.size;
    }
    assert(size <= CSV_ROW_SIZE_MAX);
    return true;
}

#define RELATION(id, type, target)                                                                                     \
    "<Relationship Id=\"" id "\" Type=\"http://o/relationships/" type "\" Target=\"" target "\"/>"
#define TEXT(name, text)                                                                                               \
    {                                                                                                                  \
        name, text, sizeof(text) - 1, 0, 0                                                                             \
    }

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    part parts[PARTS] = {
        TEXT("_rels/.rels", "<Relationships>" RELATION("a", "officeDocument", "/xl/workbook.xml") "</Relationships>"),
        TEXT("xl/_rels/workbook.xml.rels",
             "<Relationships>" RELATION("r1", "worksheet", "worksheets/sheet1.xml")
                 RELATION("r2", "sharedStrings", "sharedStrings.xml") RELATION("r3", "styles", "/xl/styles.xml")
                     RELATION("r4", "worksheet", "../xl/worksheets/sheet1.xml") "</Relationships>"),
        TEXT("xl/workbook.xml", "<workbook><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"r1\" xmlns:r=\"r\"/></sheets>"
                                "</workbook>"),
        TEXT("xl/sharedStrings.xml", "<sst><si><t>one</t></si><si><r><t>t</t></r><r><t>w\xC3\xB6</t></r></si></sst>"),
        TEXT("xl/styles.xml", "<styleSheet><numFmts><numFmt numFmtId=\"170\" formatCode=\"[h]:mm\"/></numFmts><cellXfs>"
                              "<xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"170\"/></cellXfs></styleSheet>"),
        TEXT("xl/worksheets/sheet1.xml", "<worksheet><sheetData><row r=\"1\"><c t=\"s\"><v>0</v></c><c "
                                         "t=\"s\"><v>1</v></c></row><row><c s=\"1\"><v>1.5"
                                         "</v></c><c s=\"2\"><v>1.5</v></c></row></sheetData></worksheet>"),
    };
    const char *order = "arbtfs", *chosen = strchr(order, data[0]);
    part *fuzzed = &parts[chosen == NULL || data[0] == 0 ? 5 : chosen - order];
    fuzzed->data = data + 1;
    fuzzed->size = size - 1;
    bytes file = archive_of(parts);

    uint64_t line = 0;
    const xlsx_sink sink = {.context = &line, .row = on_row};
    xlsx *source = xlsx_new(&sink);
    bool ok = xlsx_feed(source, file.data, file.size);
    while (ok && !xlsx_ended(source))
        ok = xlsx_step(source);
    const char *advice, *fault = xlsx_fault_of(source, &advice);
    assert(ok == (fault == NULL) && (fault == NULL || advice[0] != '\0'));
    xlsx_destroy(&source);
    free(file.data);
    return 0;
}
