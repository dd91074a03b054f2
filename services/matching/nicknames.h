/* nicknames.h - which given names may be one person's: Bob and Robert.
 *
 * Names are folded (folding.h). Thread: one (the table is made on first use). */
#ifndef MUSTER_NICKNAMES_H
#define MUSTER_NICKNAMES_H

#include <stdbool.h>
#include <stddef.h>

/* True if one is a nickname of the other or both are nicknames of one formal name. */
bool nicknames_same(const char *left, size_t left_size, const char *right, size_t right_size);
/* True for every name of the table. */
bool nicknames_known(const char *name, size_t size);
/* The formal name to look under: the most common one it may stand for, or the name itself. */
const char *nicknames_formal(const char *name, size_t size, size_t *formal_size);

#endif
