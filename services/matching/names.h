/* names.h - the names of a person taken apart: given, middle, family, suffix; titles dropped.
 *
 * "Dr. Martin Luther King, Jr." and "KING Martin L JR" end up in the same slots. Thread: any. */
#ifndef MUSTER_NAMES_H
#define MUSTER_NAMES_H

#include "person.h"
#include "template.pb-c.h"

/* Adds a value whose role is one of the name roles. Values already there are kept; further given names become
 * middle names. */
void name_put(draft *draft, Muster__V1__Role role, const char *value, size_t size);

#endif
