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

static const Muster__V1__Kind *
one_kind(const void *kind, const char *name)
{
    (void)name;
    return kind;
}

/* Whether it fits a directory in which every kind is called as it is asked for. */
static void
fits_or_says_why(const Muster__V1__Template *template, const Muster__V1__Kind *kind, char why[512])
{
    why[0] = '\0';
    if (!mst_template_fits(template, one_kind, kind, why))
        assert(strlen(why) > 5 && strlen(why) < 512);
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
    else if (mst_tableschema_plain(arena, (const char *)data, size, "name", "kind", &compiled, why) == MST_OK)
        travels(arena, &compiled->base);
    else
        assert(strlen(why) > 5 && strlen(why) < sizeof why);
    if (mst_tableschema_kinds(arena, (const char *)data, size, &kinds, &kinds_count, why) == MST_OK)
        for (size_t i = 0; i < kinds_count; i++)
            travels(arena, &kinds[i]->base);
    if (compiled != NULL) {
        Muster__V1__Kind itself = MUSTER__V1__KIND__INIT;
        itself.name = compiled->kind;
        itself.fields = compiled->fields;
        itself.n_fields = compiled->n_fields;
        fits_or_says_why(compiled, &itself, why);
        fits_or_says_why(compiled, NULL, why);
    }
    mst_arena_destroy(&arena);
    return 0;
}
