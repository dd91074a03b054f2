/* arena.c - see arena.h. Blocks in a list, each larger than the one before up to a cap; an allocation moves a mark. */
#include "arena.h"
#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 16u
#define BLOCK_SIZE_FIRST 4096u   /* bytes */
#define BLOCK_SIZE_MAX 262144u   /* bytes; what is larger gets a block of its own */
#define KEPT_SIZE_MAX (1u << 20) /* bytes of blocks kept by reset */

typedef struct block {
    struct block *next;
    size_t size; /* bytes of room */
    size_t used;
    alignas(ALIGNMENT) uint8_t room[];
} block;

struct mst_arena {
    ProtobufCAllocator allocator;
    block *blocks; /* the one in use first, full ones behind it */
    block *kept;   /* empty ones, from before the last reset */
    size_t kept_size;
    size_t used;
    size_t quota;
};

static void
out_of_memory(size_t size)
{
    fprintf(stderr, "muster: out of memory (%zu bytes wanted)\n", size);
    abort();
}

void *
mst_alloc(size_t size)
{
    void *memory = malloc(size ? size : 1);
    if (!memory)
        out_of_memory(size);
    return memory;
}

void *
mst_realloc(void *memory, size_t size)
{
    memory = realloc(memory, size ? size : 1);
    if (!memory)
        out_of_memory(size);
    return memory;
}

char *
mst_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(mst_alloc(size), text, size);
}

static void *
allocator_alloc(void *arena, size_t size)
{
    return mst_arena_alloc(arena, size);
}

static void
allocator_free(void *arena, void *memory)
{
    (void)arena;
    (void)memory;
}

mst_arena *
mst_arena_new(size_t quota)
{
    mst_arena *arena = mst_alloc(sizeof *arena);
    *arena = (mst_arena){.quota = quota};
    arena->allocator = (ProtobufCAllocator){allocator_alloc, allocator_free, arena};
    return arena;
}

static void
blocks_free(block *first)
{
    while (first) {
        block *next = first->next;
        free(first);
        first = next;
    }
}

void
mst_arena_destroy(mst_arena **arena)
{
    if (!*arena)
        return;
    blocks_free((*arena)->blocks);
    blocks_free((*arena)->kept);
    free(*arena);
    *arena = NULL;
}

void
mst_arena_reset(mst_arena *arena)
{
    block *at = arena->blocks;
    arena->blocks = NULL;
    arena->used = 0;
    while (at) {
        block *next = at->next;
        if (arena->kept_size + at->size <= KEPT_SIZE_MAX) {
            memset(at->room, 0, at->used); /* what is given out is zero; only what was used needs it */
            at->used = 0;
            at->next = arena->kept;
            arena->kept = at;
            arena->kept_size += at->size;
        } else {
            free(at);
        }
        at = next;
    }
}

/* Puts a block with room for `size` bytes in front: a kept one that is large enough, else a new one. */
static void
block_add(mst_arena *arena, size_t size)
{
    for (block **at = &arena->kept; *at; at = &(*at)->next) {
        block *found = *at;
        if (found->size < size)
            continue;
        *at = found->next;
        arena->kept_size -= found->size;
        found->next = arena->blocks;
        arena->blocks = found;
        return;
    }
    size_t room = arena->blocks ? arena->blocks->size * 2 : BLOCK_SIZE_FIRST;
    if (room > BLOCK_SIZE_MAX)
        room = BLOCK_SIZE_MAX;
    if (room < size)
        room = size;
    block *fresh = calloc(1, sizeof *fresh + room);
    if (!fresh)
        out_of_memory(room);
    fresh->size = room;
    fresh->next = arena->blocks;
    arena->blocks = fresh;
}

void *
mst_arena_alloc(mst_arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        out_of_memory(size);
    size_t rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (rounded == 0)
        rounded = ALIGNMENT;
    if (arena->quota && (arena->used > arena->quota || rounded > arena->quota - arena->used))
        return NULL;
    if (!arena->blocks || arena->blocks->size - arena->blocks->used < rounded)
        block_add(arena, rounded);
    void *memory = arena->blocks->room + arena->blocks->used;
    arena->blocks->used += rounded;
    arena->used += rounded;
    return memory;
}

void *
mst_arena_copy(mst_arena *arena, const void *data, size_t size)
{
    void *copy = mst_arena_alloc(arena, size);
    if (copy && size)
        memcpy(copy, data, size);
    return copy;
}

char *
mst_arena_strndup(mst_arena *arena, const void *text, size_t size)
{
    char *copy = mst_arena_alloc(arena, size + 1);
    if (copy && size)
        memcpy(copy, text, size);
    return copy;
}

char *
mst_arena_strdup(mst_arena *arena, const char *text)
{
    return mst_arena_strndup(arena, text, strlen(text));
}

char *
mst_arena_printf(mst_arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(size >= 0);
    char *text = mst_arena_alloc(arena, (size_t)size + 1);
    if (text)
        vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    return text;
}

mst_slice
mst_arena_slice(mst_arena *arena, mst_slice slice)
{
    uint8_t *copy = mst_arena_copy(arena, slice.data, slice.size);
    return (mst_slice){copy, copy ? slice.size : 0};
}

ProtobufCAllocator *
mst_arena_allocator(mst_arena *arena)
{
    return &arena->allocator;
}

mst_slice
mst_arena_pack(mst_arena *arena, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *data = mst_arena_alloc(arena, size);
    if (!data)
        return (mst_slice){NULL, 0};
    size_t packed = protobuf_c_message_pack(message, data);
    assert(packed == size);
    return (mst_slice){data, size};
}

size_t
mst_arena_used(const mst_arena *arena)
{
    return arena->used;
}
