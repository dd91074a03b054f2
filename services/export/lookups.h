/* lookups.h - which records have these values: the directory asked by other fields than the id.
 *
 * An index in memory for each (kind, fields) asked for lately, of every value that a record ever had: built by one scan
 * of the kind, kept up to date by the changes applied since. About 40 bytes a record; a million take half a second.
 * What the index names is fetched and compared, so that it need not forget. Values are compared as they are kept,
 * without case, accents and blanks around them; where some records have them to the byte, only these count.
 * Field "id" is the record's id.
 * Ownership: results live in the caller's arena. Thread: one. */
#ifndef MUSTER_EXPORT_LOOKUPS_H
#define MUSTER_EXPORT_LOOKUPS_H

#include "directory.h"

#define LOOKUPS_MAX 64u        /* indexes kept; the one not asked for longest makes room */
#define LOOKUPS_READ_MAX 4096u /* records read for one question; where more have the value the rest is only counted */
#define LOOKUPS_NOW UINT64_MAX

typedef struct lookups lookups;

lookups *lookups_new(directory *of);
void lookups_destroy(lookups **self);
/* After directory_apply of the same event. */
void lookups_apply(lookups *self, const Muster__V1__RecordsChanged *changed);
/* A kind was declared anew: its indexes are built again when they are asked for. */
void lookups_forget(lookups *self, const char *kind);
/* The records, not deleted, whose fields `fields[0..count)` have these values; at most `max` of them, in order of id,
 * with their newest version (see directory_fetch). `found` may be larger than what is given. Values that are all blank
 * name no record. */
MST_NODISCARD mst_status lookups_find(lookups *self, const Muster__V1__Kind *kind, char *const *fields, size_t count,
                                      const mst_slice *values, size_t max, mst_arena *arena, directory_record **records,
                                      size_t *given, size_t *found);
/* The same as the directory was when `as_of` was the last seq taken. */
MST_NODISCARD mst_status lookups_find_as_of(lookups *self, uint64_t as_of, const Muster__V1__Kind *kind,
                                            char *const *fields, size_t count, const mst_slice *values, size_t max,
                                            mst_arena *arena, directory_record **records, size_t *given, size_t *found);
/* One of many questions with the same fields. */
typedef struct lookups_question {
    const mst_slice *values;
    bool answered; /* false: several records may be meant, or ids are asked for: ask it by itself */
    size_t found;
    directory_record record; /* found 1 */
} lookups_question;

/* The same for many questions at once, in one pass over the directory in order of id. */
MST_NODISCARD mst_status lookups_find_many(lookups *self, uint64_t as_of, const Muster__V1__Kind *kind,
                                           char *const *fields, size_t count, lookups_question *questions,
                                           size_t questions_count, mst_arena *arena);
/* Whether some record may have these values: never wrong when it says no. Reads no record. */
MST_NODISCARD mst_status lookups_may_find(lookups *self, const Muster__V1__Kind *kind, char *const *fields,
                                          size_t count, const mst_slice *values, bool *may);

#endif
