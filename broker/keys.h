/* keys.h - the broker's own CURVE key and who is authorised over the network.
 *
 * $dir/keys/server.key holds the secret key (0600; lines beginning with # are for people, one of 40 characters Z85);
 * $dir/authorised_keys has a line for each client: <public key> <role> <principal name>. The latter is read again when
 * it changes, so that taking a line out takes the right away from connections that exist. Thread: one. */
#ifndef MUSTER_KEYS_H
#define MUSTER_KEYS_H

#include "lib/status.h"
#include "rights.h"
#include <stdint.h>

#define MST_KEY_TEXT_SIZE 40u
#define MST_KEYS_MAX 1024u /* lines of authorised_keys; more are not read, and said so */

typedef struct mst_keys mst_keys;

/* Reads both. MST_NOT_FOUND: no server key; MST_DENIED: others may read it; `why` says what to do. */
MST_NODISCARD mst_status mst_keys_open(mst_keys **keys, const char *dir, char why[512]);
/* Forgets the secret key and the rest. */
void mst_keys_close(mst_keys **keys);
const char *mst_keys_secret(const mst_keys *keys);
const char *mst_keys_public(const mst_keys *keys);
/* Reads authorised_keys again if it changed; true if it did. */
bool mst_keys_refresh(mst_keys *keys);
/* Who this key belongs to; NULL nobody. */
const mst_principal *mst_keys_find(const mst_keys *keys, const char *public_key);

#endif
