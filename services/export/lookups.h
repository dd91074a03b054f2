/* lookups.h - which records have these values: the directory asked by other fields than the id.
 *
 * An index in memory for each (kind, fields) that was ever asked for: built by one scan of the kind, kept up to date by
 * the changes applied since. About 40 bytes a record. Values are compared as they are kept, without case, accents
 * and blanks around them. Field "id" is the record's id.
 * Ownership: results live in the caller's arena. Thread: one. */
#ifndef MUSTER_EXPORT_LOOKUPS_H
#define MUSTER_EXPORT_LOOKUPS_H

#include "directory.h"

typedef struct lookups lookups;

lookups *lookups_new(directory *directory);
void lookups_destroy(lookups **self);
/* After directory_apply of the same event. */
void lookups_apply(lookups *self, const Muster__V1__RecordsChanged *changed);
/* A kind was declared anew: its indexes are built again when they are asked for. */
void lookups_forget(lookups *self, const char *kind);
/* The records, not deleted, whose fields `fields[0..count)` have these values; at most `max` of them, in order of id,
 * with their newest version (see directory_fetch). `found` may be larger than what is given. */
MST_NODISCARD mst_status lookups_find(lookups *self, const Muster__V1__Kind *kind, char *const *fields, size_t count,
                                      const mst_slice *values, size_t max, mst_arena *arena, directory_record **records,
                                      size_t *given, size_t *found);

#endif
