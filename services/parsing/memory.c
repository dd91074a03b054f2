/* memory.c - see memory.h. */
#include "memory.h"

#include "services/runtime/roster.h"
#include <string.h>

/* "#3" means a place in that one file. */
static bool
is_place(const char *header)
{
    return header[0] == '#' && header[1] != '\0' && header[1 + strspn(header + 1, "0123456789")] == '\0';
}

static void
recall_choices(const parsing_state *state, const Muster__V1__BatchCreated *created, wanted_columns *wanted,
               mst_arena *arena)
{
    size_t number = mst_batch_number(created->batch_id), looked = 0;
    Muster__V1__ColumnChoice **list = mst_arena_alloc(arena, MEMORY_CHOICES_MAX * sizeof *list);
    while (number > 1 && looked < MEMORY_BATCHES_MAX) {
        const Muster__V1__BatchCreated *earlier = state->batches[--number - 1].created;
        if (earlier == NULL || earlier->purpose != created->purpose ||
            strcmp(earlier->template_name, created->template_name) != 0 || strcmp(earlier->kind, created->kind) != 0)
            continue;
        looked++;
        for (size_t i = 0; i < earlier->n_mapping && wanted->remembered_count < MEMORY_CHOICES_MAX; i++)
            if (!is_place(earlier->mapping[i]->header))
                list[wanted->remembered_count++] = earlier->mapping[i];
    }
    wanted->remembered = list;
}

void
memory_recall(const parsing_state *state, const char *batch_id, wanted_columns *wanted, mst_arena *arena)
{
    const parsed_batch *batch = state_find(state, batch_id);
    if (batch == NULL || batch->created == NULL)
        return;
    recall_choices(state, batch->created, wanted, arena);
    if (batch->created->purpose != MUSTER__V1__PURPOSE__PURPOSE_BATCH)
        return;
    size_t count = mst_catalog_templates_count(state->catalog);
    const Muster__V1__Template **others = mst_arena_alloc(arena, (count + 1) * sizeof *others);
    for (size_t i = 0; i < count; i++) {
        const Muster__V1__Template *other = mst_catalog_template_at(state->catalog, i);
        if (strcmp(other->name, batch->created->template_name) != 0)
            others[wanted->others_count++] = other;
    }
    wanted->others = others;
}
