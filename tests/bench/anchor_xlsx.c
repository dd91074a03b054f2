/* anchor_xlsx.c - libzip and expat with empty callbacks: the price of unpacking and parsing a workbook's shared texts
 * and first sheet, and nothing else. */
#include "anchor.h"
#include "broker/lib/clock.h"

#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

enum { PIECE_SIZE = 65536 };

static void XMLCALL
on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    (void)attributes;
    *(uint64_t *)context += strcmp(name, "row") == 0;
}

static void XMLCALL
on_end(void *context, const XML_Char *name)
{
    (void)context, (void)name;
}

static void XMLCALL
on_text(void *context, const XML_Char *text, int size)
{
    (void)context, (void)text, (void)size;
}

/* Bytes of the part. */
static uint64_t
read_part(zip_t *zip, const char *name, uint64_t *rows)
{
    zip_file_t *file = zip_fopen(zip, name, 0);
    if (file == NULL)
        return 0;
    XML_Parser parser = XML_ParserCreate(NULL);
    XML_SetUserData(parser, rows);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    uint64_t bytes = 0;
    zip_int64_t got;
    do {
        got = zip_fread(file, XML_GetBuffer(parser, PIECE_SIZE), PIECE_SIZE);
        if (got < 0 || XML_ParseBuffer(parser, (int)got, got == 0) != XML_STATUS_OK) {
            fprintf(stderr, "muster-bench-anchor: %s is damaged\n", name);
            exit(1);
        }
        bytes += (uint64_t)got;
    } while (got > 0);
    XML_ParserFree(parser);
    zip_fclose(file);
    return bytes;
}

void
anchor_expat(const char *path)
{
    int why;
    uint64_t rows = 0, cpu = mst_clock_cpu_us();
    int64_t start = mst_clock_monotonic_us();
    zip_t *zip = zip_open(path, ZIP_RDONLY, &why);
    if (zip == NULL) {
        fprintf(stderr, "muster-bench-anchor: cannot read %s\n", path);
        exit(1);
    }
    uint64_t bytes = read_part(zip, "xl/sharedStrings.xml", &rows);
    bytes += read_part(zip, "xl/worksheets/sheet1.xml", &rows);
    zip_discard(zip);
    cpu = mst_clock_cpu_us() - cpu;
    double seconds = (double)(mst_clock_monotonic_us() - start) / 1e6;
    printf("{\"rows\": %llu, \"cpu_us_per_row\": %.4f, \"mb_per_s\": %.1f, \"rows_per_s\": %.0f}\n",
           (unsigned long long)rows, (double)cpu / (double)rows, (double)bytes / 1e6 / seconds, (double)rows / seconds);
}
