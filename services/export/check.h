/* check.h - the entries of a batch held against the directory before anything is accepted. */
#ifndef MUSTER_EXPORT_CHECK_H
#define MUSTER_EXPORT_CHECK_H

#include "services/export/export_state.h"

/* Every step of a CheckRequested. */
void check_step(export_state *state, mst_work *work, const mst_step *step);

#endif
