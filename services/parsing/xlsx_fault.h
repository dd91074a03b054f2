/* xlsx_fault.h - why a workbook cannot be read. The first reason counts; it is text whatever the workbook names.
 * Thread: the reader's. */
#ifndef MUSTER_PARSING_XLSX_FAULT_H
#define MUSTER_PARSING_XLSX_FAULT_H

#include "broker/lib/status.h"
#include "utf8.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define XLSX_SAVE_AGAIN                                                                                                \
    "Open it in a spreadsheet program, save it again as \"Excel Workbook (.xlsx)\", and upload that file as a new "    \
    "batch."
#define XLSX_MAKE_SMALLER                                                                                              \
    "Copy the rows that are wanted into a new workbook, or save the sheet as CSV UTF-8, and upload that file as a "    \
    "new batch."

typedef struct xlsx_fault {
    char text[512];
    const char *advice; /* not owned: a constant */
} xlsx_fault;

/* False, for the caller to return. */
static inline MST_PRINTF(3, 4) bool xlsx_fail(xlsx_fault *self, const char *advice, const char *format, ...)
{
    if (self->text[0] != '\0')
        return false;
    char raw[sizeof self->text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(raw, sizeof raw, format, arguments);
    va_end(arguments);
    utf8_clean((const uint8_t *)raw, strlen(raw), self->text, sizeof self->text);
    self->advice = advice;
    return false;
}

static inline bool
xlsx_failed(const xlsx_fault *self)
{
    return self->text[0] != '\0';
}

#endif
