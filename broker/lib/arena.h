/* arena.h - memory by lifetime: many allocations, one end.
 *
 * An arena hands out zero-filled, 16-byte aligned memory that is taken back all at once by reset or destroy.
 * With a quota it refuses what goes beyond; without one, running out of memory aborts with a clear line.
 * Thread: one arena belongs to one thread. */
#ifndef MUSTER_ARENA_H
#define MUSTER_ARENA_H

#include "status.h"
#include <protobuf-c/protobuf-c.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of memory that belongs to somebody else. */
typedef struct mst_slice {
    const uint8_t *data;
    size_t size; /* bytes */
} mst_slice;

typedef struct mst_arena mst_arena;

/* `quota` in bytes, 0 for none. */
mst_arena *mst_arena_new(size_t quota);
/* Frees *arena and all it gave out, and sets it to NULL; NULL is fine. */
void mst_arena_destroy(mst_arena **arena);
/* Takes everything back; up to 1 MiB is kept for the next turn. */
void mst_arena_reset(mst_arena *arena);
/* NULL only when over the quota. */
void *mst_arena_alloc(mst_arena *arena, size_t size);
void *mst_arena_copy(mst_arena *arena, const void *data, size_t size);
char *mst_arena_strdup(mst_arena *arena, const char *text);
/* Copies `size` bytes and terminates them. */
char *mst_arena_strndup(mst_arena *arena, const void *text, size_t size);
char *mst_arena_printf(mst_arena *arena, const char *format, ...) MST_PRINTF(2, 3);
mst_slice mst_arena_slice(mst_arena *arena, mst_slice slice);
/* For protobuf-c: free does nothing, alloc honours the quota. Lives as long as the arena. */
ProtobufCAllocator *mst_arena_allocator(mst_arena *arena);
/* Packs into the arena. */
mst_slice mst_arena_pack(mst_arena *arena, const ProtobufCMessage *message);
/* Bytes given out since the last reset. */
size_t mst_arena_used(const mst_arena *arena);

/* malloc, realloc, strdup that abort with a clear line when memory ends. */
void *mst_alloc(size_t size);
void *mst_realloc(void *memory, size_t size);
char *mst_strdup(const char *text);

#endif
