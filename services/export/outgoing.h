/* outgoing.h - changed records of one kind on their way into the log, gathered into RecordsChanged that fit.
 *
 * Ownership: values are copied. Thread: one. */
#ifndef MUSTER_EXPORT_OUTGOING_H
#define MUSTER_EXPORT_OUTGOING_H

#include "proto/rows.h"
#include "services/export/directory.h"
#include "services/runtime/service.h"

#define CHANGED_SIZE_MAX                                                                                               \
    (700u << 10) /* bytes of values after which a RecordsChanged is full; less than a body by one                      \
                    record, if it holds more than one */

/* Where they go. */
typedef struct outgoing_stream {
    mst_work *work;
    const char *stream, *batch_id;
    uint64_t *events; /* counts those added */
} outgoing_stream;

typedef struct outgoing {
    const Muster__V1__Kind *kind;
    mst_rows_builder rows;
    uint32_t *versions;
    uint8_t *restored; /* a bit each: was deleted before */
    bool restores;
    size_t room;
} outgoing;

/* Empties it, for records of `kind`; memory is kept. Zero-filled before the first time. */
void outgoing_reset(outgoing *self, const Muster__V1__Kind *kind);
void outgoing_release(outgoing *self);
/* Adds the record with these cells (a cell per field of the kind) at the version that it has now; deleted: it was until
 * now. */
void outgoing_add(outgoing *self, const outgoing_stream *to, const directory_record *record, const mst_slice *cells);
/* Adds what is gathered to the current part. */
void outgoing_send(outgoing *self, const outgoing_stream *to);

#endif
