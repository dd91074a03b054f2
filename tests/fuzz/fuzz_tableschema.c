/* fuzz_tableschema.c - JSON to templates and kinds: refused with a sentence, or something that travels. */
#include "proto/codec.h"
#include "services/runtime/tableschema.h"
#include <assert.h>
#include <string.h>

static void
travels(mst_arena *arena, const ProtobufCMessage *message)
{
    mst_slice packed = mst_arena_pack(arena, message);
    if (packed.size <= MST_BODY_SIZE_MAX)
        assert(mst_unpack(message->descriptor, packed.data, packed.size, MST_BODY_SIZE_MAX,
                          mst_arena_allocator(arena)) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[512] = "";
    mst_arena *arena = mst_arena_new(0);
    Muster__V1__Template *compiled = NULL;
    Muster__V1__Kind **kinds = NULL;
    size_t kinds_count = 0;
    if (mst_tableschema_template(arena, (const char *)data, size, &compiled, why) == MST_OK)
        travels(arena, &compiled->base);
    else
        assert(strlen(why) > 5 && strlen(why) < sizeof why);
    if (mst_tableschema_kinds(arena, (const char *)data, size, &kinds, &kinds_count, why) == MST_OK)
        for (size_t i = 0; i < kinds_count; i++)
            travels(arena, &kinds[i]->base);
    mst_arena_destroy(&arena);
    return 0;
}
