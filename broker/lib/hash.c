/* hash.c - see hash.h. */
#include "hash.h"
#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct mst_hash {
    EVP_MD_CTX *context;
};

/* libcrypto fails here only when memory ends or the library is broken; nothing can go on then. */
static void
must(int ok)
{
    assert(ok == 1);
}

/* Fetched once: a lookup per hash would cost more than hashing a small event. */
static const EVP_MD *
sha256(void)
{
    static _Thread_local EVP_MD *md;
    if (!md)
        md = EVP_MD_fetch(NULL, "SHA256", NULL);
    must(md != NULL);
    return md;
}

mst_hash *
mst_hash_new(void)
{
    mst_hash *hash = mst_alloc(sizeof *hash);
    hash->context = EVP_MD_CTX_new();
    must(hash->context != NULL);
    must(EVP_DigestInit_ex(hash->context, sha256(), NULL));
    return hash;
}

void
mst_hash_add(mst_hash *hash, const void *data, size_t size)
{
    must(EVP_DigestUpdate(hash->context, data, size));
}

void
mst_hash_take(mst_hash *hash, uint8_t digest[MST_HASH_SIZE])
{
    must(EVP_DigestFinal_ex(hash->context, digest, NULL));
    must(EVP_DigestInit_ex(hash->context, sha256(), NULL));
}

void
mst_hash_destroy(mst_hash **hash)
{
    if (!*hash)
        return;
    EVP_MD_CTX_free((*hash)->context);
    free(*hash);
    *hash = NULL;
}

void
mst_sha256(const void *data, size_t size, uint8_t digest[MST_HASH_SIZE])
{
    static _Thread_local EVP_MD_CTX *context;
    if (!context)
        context = EVP_MD_CTX_new();
    must(context != NULL);
    must(EVP_DigestInit_ex(context, sha256(), NULL));
    must(EVP_DigestUpdate(context, data, size));
    must(EVP_DigestFinal_ex(context, digest, NULL));
}

void
mst_id_of(uint8_t id[MST_ID_SIZE], const mst_slice *parts, size_t parts_count)
{
    uint8_t digest[MST_HASH_SIZE];
    mst_hash *hash = mst_hash_new();
    for (size_t i = 0; i < parts_count; i++) {
        uint8_t size[8];
        for (int byte = 0; byte < 8; byte++)
            size[byte] = (uint8_t)((uint64_t)parts[i].size >> (8 * byte));
        mst_hash_add(hash, size, sizeof size);
        mst_hash_add(hash, parts[i].data, parts[i].size);
    }
    mst_hash_take(hash, digest);
    mst_hash_destroy(&hash);
    memcpy(id, digest, MST_ID_SIZE);
}

void
mst_random(void *data, size_t size)
{
    uint8_t *at = data;
    while (size) {
        ssize_t got = getrandom(at, size, 0);
        if (got < 0)
            continue; /* a signal came; the kernel's generator itself never fails */
        at += got;
        size -= (size_t)got;
    }
}

void
mst_hex(const uint8_t *data, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * size] = '\0';
}
