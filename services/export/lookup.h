/* lookup.h - reading records of one kind (by its number) from the store: some by id, all versions of one, all in order.
 *
 * Ownership and results as in directory.h. Thread: one. */
#ifndef MUSTER_EXPORT_LOOKUP_H
#define MUSTER_EXPORT_LOOKUP_H

#include "services/export/directory.h"
#include "services/export/store.h"

/* The newest versions that are not younger than `as_of`. `population`: about how many records of the kind there are;
 * tells a scan from seeks. */
MST_NODISCARD mst_status lookup_fetch(store *from, uint16_t kind, uint64_t population, uint64_t as_of,
                                      directory_record *records, size_t count, mst_arena *arena);
MST_NODISCARD mst_status lookup_history(store *from, uint16_t kind, const char *id, size_t id_size, mst_arena *arena,
                                        directory_record **records, size_t *count);
/* `versions`: all of each record, not only the newest. */
MST_NODISCARD mst_status lookup_scan(store *from, uint16_t kind, const char *after_id, bool versions,
                                     directory_visit visit, void *context);
#endif
