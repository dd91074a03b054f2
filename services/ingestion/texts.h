/* texts.h - what people type, made fit to be kept: names, dates, names of files.
 *
 * Texts live in the arena given. Thread: any. */
#ifndef MUSTER_INGESTION_TEXTS_H
#define MUSTER_INGESTION_TEXTS_H

#include "broker/lib/arena.h"
#include <stdbool.h>

#define NAME_LENGTH_MAX 255u /* characters in the name of a batch or file; a longer batch name is refused */

/* Without control characters and blanks around; runs of blanks inside stay. */
char *text_clean(mst_arena *arena, const char *text);
/* Well-formed UTF-8 that XML can hold: bytes that are not are replaced by U+FFFD. The text itself is copied. */
char *text_utf8(mst_arena *arena, const char *text, size_t size);
/* At most `length` characters, "..." at the end where it was longer; the text itself where it was not. */
char *text_cut(const char *text, mst_arena *arena, size_t length);
/* Characters (code points) of UTF-8. */
size_t text_length(const char *text);
/* The last part of a path of any system, cleaned, shortened to NAME_LENGTH_MAX with its ending kept. */
char *text_file_name(mst_arena *arena, const char *path);
bool text_ends_with(const char *text, const char *ending); /* letters of any case */
/* True if `text` is a date of the calendar written YYYY-MM-DD. */
bool text_is_date(const char *text);
/* The UTC date of a moment as YYYY-MM-DD. */
void text_date_of(int64_t ms, char date[16]);

#endif
