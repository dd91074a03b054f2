/* weigh.h - what agreeing and differing is worth, in thousandths of a bit.
 *
 * Fellegi and Sunter: a level of likeness weighs log2(m / u), how much likelier it is between two descriptions of one
 * person than between strangers. m and u are priors that hold for offices in general; the u of a name, city or
 * postcode is how common that very value is among the directory, the file and (for small directories) the census.
 * All weights are integers and computed by integers: every machine weighs alike.
 *
 * A weigher is fixed when a batch starts: the directory's size and its commonest values travel in MatchingStarted;
 * the file's own values are the same for every worker. Thread: one. */
#ifndef MUSTER_WEIGH_H
#define MUSTER_WEIGH_H

#include "broker/lib/arena.h"
#include "people.h"

#define WEIGHER_GROUPS 10u  /* groups of fields (compare.h) */
#define SHARE_KNOWN 500u    /* per mille of rows whose person the directory has, before anything is learnt */
#define SHARE_REPEATED 200u /* per mille of rows that repeat an earlier one */

typedef struct weigher {
    terms listed[TERM_KINDS];          /* commonest values of the directory */
    uint32_t listed_least[TERM_KINDS]; /* count of the rarest listed value, 0 where the list is complete */
    uint32_t population;               /* of the directory */
    uint32_t personal_ids;             /* a bit per identifier: its values name one person, never a family */
    const people *file;                /* rows of the file, or NULL; borrowed */
    /* Learnt from the batch (tune.h); 0 before. 1/1000 bit. */
    int32_t adjust[WEIGHER_GROUPS][8];   /* of each level of each group */
    int32_t shift_directory, shift_file; /* of the priors */
} weigher;

/* The parameters of a directory as it is now, to travel; empty directory (NULL): a few bytes. */
mst_slice weigher_pack(mst_arena *arena, const people *directory);
/* False: `parameters` are not what weigher_pack makes. `weigher` is then empty and usable. */
bool weigher_init(weigher *weigher, mst_slice parameters);
void weigher_release(weigher *weigher);

/* Weight of agreeing in this very value. */
int32_t weigher_equal(const weigher *weigher, term_kind kind, const char *text, size_t size);
/* True if the value is one that several people bear: a real name, not a typing error. */
bool weigher_known(const weigher *weigher, term_kind kind, const char *text, size_t size);
/* Weight against two descriptions being one person before anything is compared: negative, and without what was learnt.
 */
int32_t weigher_prior(const weigher *weigher, bool in_file);

/* 1000 * log2(over / under), exact to 1/1000 or so; both positive. */
int32_t log2_milli(uint64_t over, uint64_t under);

/* Probabilities in millionths of each of `count` exclusive answers whose odds against "none of them" are `weights`
 * (prior included). */
void probabilities(const int32_t *weights, size_t count, uint32_t *millionths);

#endif
