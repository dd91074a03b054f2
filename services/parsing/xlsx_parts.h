/* xlsx_parts.h - the small parts of a workbook: which sheets there are, where they stand, what their styles mean.
 *
 * Ownership: what is found lives in the arena. Thread: any. */
#ifndef MUSTER_PARSING_XLSX_PARTS_H
#define MUSTER_PARSING_XLSX_PARTS_H

#include "broker/lib/arena.h"
#include "xlsx_values.h"
#include "xlsx_xml.h"

#define PARTS_SIZE_MAX (64u << 20) /* bytes of such a part, unpacked */
#define PARTS_SHEETS_MAX 4096u     /* sheets in a workbook */
#define PARTS_NAME_SIZE_MAX 255u   /* bytes kept of a sheet's name; a spreadsheet program allows 31 characters */
#define PARTS_RELATIONS_MAX 20000u /* relations of a part */
#define PARTS_STYLES_MAX 200000u   /* cell formats, and number formats, in a workbook */

typedef struct parts_book {
    const char *sheet;                      /* name of the worksheet to be read */
    const char *sheet_part;                 /* ... and where it stands */
    const char *strings_part, *styles_part; /* NULL: none */
    bool from_1904;
    uint32_t worksheets; /* in the workbook */
} parts_book;

typedef struct parts_styles {
    uint8_t *styles; /* an xlsx_style for each cell format */
    uint32_t count;
} parts_styles;

/* `sheet`: the number of the worksheet, from 1; 0: the leftmost that is shown. False: see fault. */
bool parts_find(archive *package, uint32_t sheet, mst_arena *arena, parts_book *book, xlsx_fault *fault);
bool parts_read_styles(archive *package, const char *name, mst_arena *arena, parts_styles *styles, xlsx_fault *fault);

#endif
