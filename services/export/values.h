/* values.h - the values that records have: all of a list to pick from, and whether some are there. */
#ifndef MUSTER_EXPORT_VALUES_H
#define MUSTER_EXPORT_VALUES_H

#include "services/export/export_state.h"

#define VALUES_MAX 1000u       /* values in one answer */
#define VALUES_LIKE_MAX 50000u /* records whose values are compared by likeness; of more, those with the words */
#define VALUES_LOOKED_UP 1000u /* rows of one LookUpRecords */

/* In order of value, without regard to case and accents; `after` goes on behind an earlier answer. With a text the
 * likest first, of a large kind those in which all its words occur. One scan of the kind: a million records take some
 * tenths of a second. */
void values_list(export_state *state, mst_work *work, const Muster__V1__ListValues *query);
void values_look_up(export_state *state, mst_work *work, const Muster__V1__LookUpRecords *query);

#endif
