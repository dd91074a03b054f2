/* hash.h - SHA-256 (FIPS 180-4, by libcrypto, which uses the processor's instructions for it) and ids made from it. */
#ifndef MUSTER_HASH_H
#define MUSTER_HASH_H

#include "arena.h"

#define MST_HASH_SIZE 32
#define MST_ID_SIZE 16

typedef struct mst_hash mst_hash;

mst_hash *mst_hash_new(void);
void mst_hash_add(mst_hash *hash, const void *data, size_t size);
/* Gives the digest of what was added and starts over. */
void mst_hash_take(mst_hash *hash, uint8_t digest[MST_HASH_SIZE]);
void mst_hash_destroy(mst_hash **hash);

void mst_sha256(const void *data, size_t size, uint8_t digest[MST_HASH_SIZE]);
/* The id of something named by parts: the first 16 bytes of SHA-256 over each part's length (8 bytes, little-endian)
 * and bytes. Equal parts, equal id; that is how a repeated step is recognised. */
void mst_id_of(uint8_t id[MST_ID_SIZE], const mst_slice *parts, size_t parts_count);
/* Random bytes of the operating system; only for names that nothing derives from. */
void mst_random(void *data, size_t size);
/* Writes 2 * size lower-case digits and a NUL. */
void mst_hex(const uint8_t *data, size_t size, char *out);

#endif
