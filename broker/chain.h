/* chain.h - each event's hash covers the one before it, so that nothing in the log can change or vanish unseen.
 *
 * hash = SHA-256(hash before || head packed without its hash || body); the first event has no hash before. */
#ifndef MUSTER_CHAIN_H
#define MUSTER_CHAIN_H

#include "lib/hash.h"
#include <stdbool.h>

#define MST_CHAIN_FIELD_SIZE 35u  /* bytes: tag, length and value of Envelope.hash in a packed head */
#define MST_CHAIN_BEHIND_SIZE 19u /* bytes: Envelope.incarnation, the only field behind it */

/* `packed` is a head without hash, with room for MST_CHAIN_FIELD_SIZE more bytes: computes the hash, puts it in as a
 * packer would have, and moves `last_hash` on. `first`: there is no hash before. Returns the size with hash. */
size_t mst_chain_seal(mst_hash *hash, bool first, uint8_t last_hash[MST_HASH_SIZE], uint8_t *packed, size_t size,
                      mst_slice body);
/* True if a packed head with hash continues the chain; `last_hash` moves on then. */
bool mst_chain_check(mst_hash *hash, bool first, uint8_t last_hash[MST_HASH_SIZE], mst_slice packed, mst_slice body);

#endif
