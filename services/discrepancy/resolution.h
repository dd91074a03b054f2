/* resolution.h - may this decision be taken? Pure: no work, no log, no clock.
 *
 * Two people may look at the same discrepancy; the first decision counts and the second person is told, never
 * overruled in silence. A decision that says what is decided already is welcome whenever it comes (A27: a client may
 * confirm twice). Thread: any. */
#ifndef MUSTER_DISCREPANCY_RESOLUTION_H
#define MUSTER_DISCREPANCY_RESOLUTION_H

#include "services/discrepancy/cases.h"

#define RESOLUTION_NOTE_SIZE_MAX 2000u /* bytes */
#define RESOLUTION_ID_SIZE_MAX 200u    /* bytes */

typedef enum verdict {
    VERDICT_ACCEPT,
    VERDICT_SAME,      /* decided just so before: success, nothing to add */
    VERDICT_STALE,     /* based on an old version; why says who did what */
    VERDICT_REFUSE,    /* why says what is wrong and what to do */
    VERDICT_ASK_EXPORT /* acceptable if the record exists: it is not among the candidates */
} verdict;

/* `why` gets a sentence for people. */
verdict resolution_check(const batch *one, const a_case *asked, bool may_create,
                         const Muster__V1__ResolveDiscrepancy *decision, char why[600]);
/* What keeps decisions about this batch from being taken now; NULL: nothing. */
const char *resolution_closed(const batch *one);

#endif
