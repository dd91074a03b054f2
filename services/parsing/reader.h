/* reader.h - from the bytes of a file to its header and rows.
 *
 * The first bytes tell a workbook (.xlsx) from text, whatever the name of the file; the first rows tell encoding,
 * dialect and header; then everything streams: memory is the same for any size of file (of a workbook: see xlsx.h).
 * Rows of a workbook come like those of CSV: texts, the line being the row's number in its sheet. The service and
 * `muster-parsing --read` see a file through this same door. Thread: the one that made it. */
#ifndef MUSTER_PARSING_READER_H
#define MUSTER_PARSING_READER_H

#include "dialect.h"
#include "encoding.h"

#define READER_SAMPLE_SIZE (256u * 1024u) /* bytes looked at before anything is decided */

typedef struct reader reader;

/* A workbook's sheet. */
typedef struct reader_sheet {
    const char *name;
    uint32_t worksheets;     /* in the workbook */
    uint32_t formulas;       /* cells so far whose value a formula computed: the last value it had is read */
    uint32_t formulas_empty; /* of these without any value: they were never computed */
} reader_sheet;

typedef struct reader_sink {
    void *context;
    header_hint hint;
    /* What was found; the header is form->rows[form->header_row]. False: no rows, please. */
    bool (*recognised)(void *context, const reader *reader, const file_form *form);
    csv_row_handler *row;
    const char *spool_dir; /* where a workbook is set aside while it is read; NULL: in memory */
    uint32_t sheet;        /* the worksheet of a workbook, from 1; 0: the leftmost that is shown */
} reader_sink;

reader *reader_new(const reader_sink *sink);
/* The next bytes. False: the file cannot be read (further), see reader_failure; or the sink wanted no more. */
bool reader_feed(reader *self, const void *data, size_t size, bool last);
/* After the last bytes: a workbook has more rows. Feed (NULL, 0, true) until it has none; a call gives some MiB of them
 * at most. */
bool reader_pending(const reader *self);
/* Why, and what to do; NULL: nothing is wrong with the file. */
const char *reader_failure(const reader *self, const char **advice);
/* For once, NULL before the file is recognised. */
const file_form *reader_form(const reader *self);
/* NULL: not yet, or the file is a workbook. */
decoder *reader_decoder(const reader *self);
/* False: the file is not a workbook, or its sheet is not known yet. */
bool reader_sheet_of(const reader *self, reader_sheet *found);
void reader_destroy(reader **self);

#endif
