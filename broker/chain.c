/* chain.c - see chain.h. */
#include "chain.h"

#include <assert.h>
#include <string.h>

static const uint8_t FIELD[3] = {0x8A, 0x01, MST_HASH_SIZE}; // field 17, length-delimited, 32 bytes

size_t
mst_chain_seal(mst_hash *hash, bool first, uint8_t last_hash[MST_HASH_SIZE], uint8_t *packed, size_t size,
               mst_slice body)
{
    assert(size > MST_CHAIN_BEHIND_SIZE);
    mst_hash_add(hash, last_hash, first ? 0 : MST_HASH_SIZE);
    mst_hash_add(hash, packed, size);
    mst_hash_add(hash, body.data, body.size);
    mst_hash_take(hash, last_hash);
    uint8_t *field = packed + size - MST_CHAIN_BEHIND_SIZE;
    memmove(field + MST_CHAIN_FIELD_SIZE, field, MST_CHAIN_BEHIND_SIZE);
    memcpy(field, FIELD, sizeof FIELD);
    memcpy(field + sizeof FIELD, last_hash, MST_HASH_SIZE);
    return size + MST_CHAIN_FIELD_SIZE;
}

bool
mst_chain_check(mst_hash *hash, bool first, uint8_t last_hash[MST_HASH_SIZE], mst_slice packed, mst_slice body)
{
    const size_t cut = MST_CHAIN_FIELD_SIZE + MST_CHAIN_BEHIND_SIZE;
    uint8_t computed[MST_HASH_SIZE];
    if (packed.size <= cut)
        return false;
    const uint8_t *field = packed.data + packed.size - cut;
    if (memcmp(field, FIELD, sizeof FIELD) != 0)
        return false;
    mst_hash_add(hash, last_hash, first ? 0 : MST_HASH_SIZE);
    mst_hash_add(hash, packed.data, packed.size - cut);
    mst_hash_add(hash, field + MST_CHAIN_FIELD_SIZE, MST_CHAIN_BEHIND_SIZE);
    mst_hash_add(hash, body.data, body.size);
    mst_hash_take(hash, computed);
    if (memcmp(computed, field + sizeof FIELD, MST_HASH_SIZE) != 0)
        return false;
    memcpy(last_hash, computed, MST_HASH_SIZE);
    return true;
}
