/* mapping_guess.h - what a column may be whose header is nobody's name: a field misspelled, or known by its values.
 *
 * A misspelled header counts only where no other field is nearly as like it, and never where digits differ ("Address
 * 2"). Values count where the header says nothing ("", "Column 4"), the file has no header, and exactly one column and
 * one field fit each other. Thread: any. */
#ifndef MUSTER_PARSING_MAPPING_GUESS_H
#define MUSTER_PARSING_MAPPING_GUESS_H

#include "dialect.h"
#include "template.pb-c.h"

/* How sure (0..100) it is that the folded header `written` is `key` misspelled; 0: it is another word. */
uint32_t guess_spelling(const char *written, const char *key);
/* Is this header (folded) no name at all? */
bool guess_header_is_empty(const char *folded);
/* How sure it is that the values of this column are the field's; 0: they say nothing. */
uint32_t guess_content(const file_form *form, uint32_t column, const Muster__V1__Field *field);

#endif
