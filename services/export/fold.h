/* fold.h - values as they are compared: without case, accents and blanks around them.
 *
 * "Müller ", "MULLER" and "müller" written with a combining mark become the same bytes; punctuation, digits and blanks
 * inside stay. Letters of all scripts are folded as Unicode says; accents are the combining diacritical marks only, so
 * that vowel signs of other scripts stay. ASCII never reaches ICU. Pure. Thread: any. */
#ifndef MUSTER_EXPORT_FOLD_H
#define MUSTER_EXPORT_FOLD_H

#include "broker/lib/arena.h"
#include <stdbool.h>

/* Text with bytes that are not UTF-8 stays as it is, but for ASCII letters and blanks around it. Borrows `value` where
 * nothing changes. */
mst_slice export_fold(mst_arena *arena, mst_slice value);
bool export_same(mst_slice left, mst_slice right);

#endif
