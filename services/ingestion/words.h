/* words.h - what a template wants, in words for people: for notes, instructions and documentation.
 *
 * Everything is made from the template alone, so that the same template always gives the same words. Texts live in the
 * arena given, or are the template's own. Thread: any. */
#ifndef MUSTER_INGESTION_WORDS_H
#define MUSTER_INGESTION_WORDS_H

#include "broker/lib/arena.h"
#include "template.pb-c.h"
#include <stdbool.h>

/* NULL: the template has none of that name. */
const Muster__V1__Field *words_field(const Muster__V1__Template *template, const char *name);
/* The title, the name where there is none. */
const char *words_title(const Muster__V1__Field *field);
/* The title of the field of that name. */
const char *words_title_of(const Muster__V1__Template *template, const char *name);
/* As it stands over a column: "#" in front marks a field of the duplicate check (C1). */
const char *words_header(mst_arena *arena, const Muster__V1__Template *template, const Muster__V1__Field *field);
bool words_checks_duplicates(const Muster__V1__Template *template, const Muster__V1__Field *field);
/* "text", "whole number", "date: 2026-12-31" .. */
const char *words_type(mst_arena *arena, const Muster__V1__Field *field);
/* What is allowed beyond the type: "one of: a, b", "at most 80 characters"; "" no limits. */
const char *words_allowed(mst_arena *arena, const Muster__V1__Template *template, const Muster__V1__Field *field);
/* A value that would do; "" none is known. */
const char *words_example(const Muster__V1__Template *template, size_t at);
const char *words_rule(mst_arena *arena, const Muster__V1__Template *template, const Muster__V1__Rule *rule);
/* The reference that this field is the only column of; NULL: none. */
const Muster__V1__Reference *words_reference(const Muster__V1__Template *template, const Muster__V1__Field *field);
/* Titles of these fields, with `between` between them. */
const char *words_titles(mst_arena *arena, const Muster__V1__Template *template, char *const *names, size_t count,
                         const char *between);

/* What to do before and after filling the file in (B53), NULL-ended. */
extern const char *const words_advice[];

#endif
