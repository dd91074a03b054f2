/* codec.h - the one door between bytes and messages.
 *
 * Whatever arrives from outside passes mst_unpack: the size is capped before unpacking, memory comes
 * from the caller's allocator (give it a quota: hostile bytes can ask for 70 times their size), and
 * every string is checked for UTF-8 and NUL afterwards, which protobuf-c does not do.
 * Thread: no state, any thread. */
#ifndef MUSTER_PROTO_CODEC_H
#define MUSTER_PROTO_CODEC_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MST_CONTROL_SIZE_MAX 65536u /* bytes in frame 1 of a message (BusRequest, BusReply) */
#define MST_BODY_SIZE_MAX 1048576u  /* bytes in one body (an event, the argument of a call) */

/* The descriptor of message `name` ("EntriesRead") of package muster.v1 that may stand in a body: an event,
 * a command, a query or an answer. NULL: unknown here. */
const ProtobufCMessageDescriptor *mst_codec_find(const char *name);

/* Unpacks `size` bytes (at most `size_max`). The message and all it holds belong to `allocator`; free it with
 * protobuf_c_message_free_unpacked unless the allocator is an arena. NULL: too large, malformed, over the
 * allocator's quota, a string that is not UTF-8 or holds NUL, or not the canonical encoding (fields in the order of
 * their numbers, defaults left out, numbers in their fewest bytes: what every protobuf library writes). */
ProtobufCMessage *mst_unpack(const ProtobufCMessageDescriptor *descriptor, const uint8_t *data, size_t size,
                             size_t size_max, ProtobufCAllocator *allocator);

/* True if every string in the message, at any depth, is UTF-8 without NUL. */
bool mst_codec_strings_ok(const ProtobufCMessage *message);

#endif
