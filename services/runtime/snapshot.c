/* snapshot.c - see snapshot.h. */
#include "services/runtime/snapshot.h"

#include "broker/lib/hash.h"
#include "proto/codec.h"
#include <string.h>

mst_slice
mst_snapshot_seal(mst_arena *arena, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    if (size > MST_SNAPSHOT_SIZE_MAX - MST_HASH_SIZE)
        return (mst_slice){NULL, 0};
    uint8_t *sealed = mst_arena_alloc(arena, MST_HASH_SIZE + size);
    protobuf_c_message_pack(message, sealed + MST_HASH_SIZE);
    mst_sha256(sealed + MST_HASH_SIZE, size, sealed);
    return (mst_slice){sealed, MST_HASH_SIZE + size};
}

ProtobufCMessage *
mst_snapshot_open(const ProtobufCMessageDescriptor *descriptor, mst_slice snapshot, ProtobufCAllocator *allocator)
{
    uint8_t digest[MST_HASH_SIZE];
    if (snapshot.size < MST_HASH_SIZE)
        return NULL;
    mst_sha256(snapshot.data + MST_HASH_SIZE, snapshot.size - MST_HASH_SIZE, digest);
    if (memcmp(digest, snapshot.data, MST_HASH_SIZE) != 0)
        return NULL;
    ProtobufCMessage *message = mst_unpack(descriptor, snapshot.data + MST_HASH_SIZE, snapshot.size - MST_HASH_SIZE,
                                           MST_SNAPSHOT_SIZE_MAX, allocator);
    if (message != NULL && message->n_unknown_fields > 0) {
        protobuf_c_message_free_unpacked(message, allocator);
        return NULL;
    }
    return message;
}
