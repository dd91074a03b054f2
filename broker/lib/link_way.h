/* link_way.h - what a link must know before it can connect: where, with which keys, under which name. Inside the
 * library.
 *
 * Thread: any. */
#ifndef MUSTER_LINK_WAY_H
#define MUSTER_LINK_WAY_H

#include "link.h"

#define MST_WAY_KEY_SIZE 40 /* characters of a CURVE key in Z85 */

typedef struct mst_way_curve {
    bool used; /* tcp; within a host the directory's permissions do */
    char secret_key[MST_WAY_KEY_SIZE + 1], public_key[MST_WAY_KEY_SIZE + 1], server_key[MST_WAY_KEY_SIZE + 1];
} mst_way_curve;

/* Reads the keys that the endpoint needs. MST_INVALID: `why` says which one is missing or wrong. */
MST_NODISCARD mst_status mst_way_keys(mst_way_curve *curve, const mst_link_options *options, char why[256]);
/* False: somebody else's socket in a place all may write to. */
bool mst_way_is_ours(const char *endpoint);
/* The person: as given, or as the operating system says. On the heap. */
char *mst_way_operator(const char *given);
/* "parsing/1" as given; a tool's name gets a random end, so that two of them never share an epoch. On the heap. */
char *mst_way_producer(const char *given);

#endif
