/* entries.h - from the bytes of a file to the events that say what is in it.
 *
 * Everything parsing decides about a file is decided here, without bus or clock, and only by the bytes and the
 * settings: the same file, fed in the same pieces, gives the same chunks in the same parts however often it is read.
 * That is what lets a second reader go on where the first one died. (Other pieces give the same rows; only how soon a
 * file that began as ASCII is found to be windows-1252 may differ.)
 *
 * A part holds what is committed together: FileRecognised (first part), chunks of EntriesRead, WrongValuesFound.
 * Memory: one piece, one row, one part. Thread: the one that made it. */
#ifndef MUSTER_PARSING_ENTRIES_H
#define MUSTER_PARSING_ENTRIES_H

#include "corrections.h"
#include "mapping.h"
#include "parsing.pb-c.h"
#include "reader.h"

#define CHUNK_ROWS 1000u /* rows in a chunk, fewer when it would grow too large */
#define CHUNK_SIZE                                                                                                     \
    (768u * 1024u)                 /* bytes of values and ends at which a chunk is closed; a row adds at most 0.5 MiB  \
                                    */
#define PART_CHUNKS 8u             /* chunks in a part */
#define PART_SIZE (1024u * 1024u)  /* bytes of chunks, or of wrong values, at which a part is closed */
#define ENTRIES_ROWS_MAX 10000000u /* rows in a file; one more and the file is refused */

typedef struct entries entries;

typedef struct entries_settings {
    const char *batch_id;
    uint32_t generation;
    wanted_columns wanted; /* what its pointers point to must live as long as the entries */
    char *const *missing_values;
    size_t missing_values_count;
    const Muster__V1__Template *template; /* its rules, sample row and primary key; NULL: an import */
    corrections *corrections;             /* laid over the rows; NULL: none */
    char *const *repairs;                 /* names of remarks whose repair was asked for */
    size_t repairs_count;
    const char *today;     /* YYYY-MM-DD: no birth date lies behind it; NULL or "": not known */
    const char *spool_dir; /* where a workbook is set aside while it is read; NULL: in memory */
} entries_settings;

/* Everything given is borrowed for the call. */
typedef struct entries_sink {
    void *context;
    void (*recognised)(void *context, const Muster__V1__FileRecognised *recognised);
    void (*chunk)(void *context, const Muster__V1__EntriesRead *chunk);
    void (*wrong)(void *context, const Muster__V1__WrongValuesFound *wrong, uint32_t rows);
    void (*remarks)(void *context,
                    const Muster__V1__RemarksFound *remarks); /* once, behind the last row; may be NULL */
    void (*part)(void *context);                              /* the part is complete and more will follow */
} entries_sink;

entries *entries_new(const entries_settings *settings, const entries_sink *sink);
/* The next bytes; `last` with the last ones. False: the file cannot be used, see entries_failure. */
bool entries_feed(entries *self, const void *data, size_t size, bool last);
/* After the last bytes: there are more rows, about a part of them a call. Feed (NULL, 0, true) until there are none. */
bool entries_pending(const entries *self);
const char *entries_failure(const entries *self, const char **advice);
/* After the last bytes: counts and control totals; texts are the entries' own. */
void entries_finished(entries *self, Muster__V1__ReadingFinished *finished, uint8_t hash[16]);
/* The reader, for those who want to show how the file was understood. */
const reader *entries_reader(const entries *self);
void entries_destroy(entries **self);

#endif
