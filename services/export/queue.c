/* queue.c - who may go to export: everything is closed and decided, then the batch waits its turn among those that
 * write the same kinds. */
#include "services/export/queue.h"

#include "export.pb-c.h"
#include "matching.pb-c.h"
#include "parsing.pb-c.h"
#include <stdlib.h>
#include <string.h>

/* Whether the input closes what stands before export, and for which generation. */
static bool
is_ready(const batch *one, const mst_event *input, uint32_t *generation)
{
    const char *type = input->head->type;
    if (strcmp(type, "EntriesAccepted") == 0) {
        const Muster__V1__EntriesAccepted *accepted = (const void *)input->message;
        *generation = accepted->generation;
        return accepted->purpose == MUSTER__V1__PURPOSE__PURPOSE_IMPORT;
    }
    if (strcmp(type, "MatchingFinished") == 0) {
        const Muster__V1__MatchingFinished *finished = (const void *)input->message;
        *generation = finished->generation;
        return finished->discrepancies == 0 || one->dry_run; // a dry run asks nobody
    }
    if (strcmp(type, "RecheckFinished") == 0) {
        const Muster__V1__RecheckFinished *finished = (const void *)input->message;
        *generation = finished->generation;
        return finished->n_questions == 0;
    }
    const Muster__V1__VerificationFinished *finished = (const void *)input->message;
    *generation = finished->generation;
    return true;
}

static bool
writes(const Muster__V1__Template *template, const char *kind)
{
    bool found = strcmp(template->kind, kind) == 0;
    for (size_t i = 0; i < template->n_related; i++)
        found = found || strcmp(template->related[i]->kind, kind) == 0;
    return found;
}

/* The kinds that exports of a batch may write, and those that templates link to them: a caseload row writes enrollments
 * too, so both stand in one queue. */
typedef struct linked {
    const char **kinds;
    size_t count;
} linked;

static bool
is_linked(const linked *self, const char *kind)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp(self->kinds[i], kind) == 0)
            return true;
    return false;
}

/* Adds the kinds of a template that writes one of them. True: some were new. */
static bool
link_template(linked *self, const Muster__V1__Template *template)
{
    bool touches = false, grown = false;
    for (size_t i = 0; i < self->count; i++)
        touches = touches || writes(template, self->kinds[i]);
    for (size_t i = 0; touches && i <= template->n_related; i++) {
        const char *kind = i == 0 ? template->kind : template->related[i - 1]->kind;
        if (is_linked(self, kind))
            continue;
        self->kinds = mst_realloc(self->kinds, (self->count + 1) * sizeof *self->kinds);
        self->kinds[self->count++] = kind;
        grown = true;
    }
    return grown;
}

static linked
linked_to(const mst_catalog *catalog, const batch *one)
{
    linked found = {.kinds = mst_alloc(sizeof *found.kinds), .count = 1};
    found.kinds[0] = one->kind;
    const Muster__V1__Template *own = mst_catalog_template(catalog, one->template_name, one->template_version);
    bool grown = true;
    while (grown) {
        grown = own != NULL && link_template(&found, own);
        for (size_t i = 0; i < mst_catalog_templates_count(catalog); i++)
            grown = link_template(&found, mst_catalog_template_at(catalog, i)) || grown;
    }
    return found;
}

bool
queue_shared(const mst_catalog *catalog, const batch *left, const batch *right)
{
    linked found = linked_to(catalog, left);
    bool shared = is_linked(&found, right->kind);
    free(found.kinds);
    return shared;
}

/* The queue's name: the first of its kinds. */
static char *
queue_key(const mst_catalog *catalog, mst_arena *arena, const batch *one)
{
    linked found = linked_to(catalog, one);
    const char *first = found.kinds[0];
    for (size_t i = 1; i < found.count; i++)
        first = strcmp(found.kinds[i], first) < 0 ? found.kinds[i] : first;
    char *key = mst_arena_printf(arena, "kind:%s", first);
    free(found.kinds);
    return key;
}

void
queue_input(export_state *state, mst_work *work, const mst_step *step)
{
    const batch *one = batches_find(state->batches, step->input.head->batch_id);
    uint32_t generation = 0;
    if (one != NULL && one->kind != NULL && !one->cancelled && !one->failed &&
        is_ready(one, &step->input, &generation) && generation == one->generation) {
        Muster__V1__ExportQueued queued = MUSTER__V1__EXPORT_QUEUED__INIT;
        queued.batch_id = (char *)(uintptr_t)one->id;
        queued.generation = generation;
        queued.kind = one->kind;
        queued.position = one->import ? 0 : one->position;
        queued.round = one->rechecks + 1;
        mst_arena *scratch = mst_work_scratch(work);
        mst_work_event(work, mst_arena_printf(scratch, "export/%s", one->id), one->id,
                       queue_key(state->catalog, scratch, one), 0, &queued.base);
    }
    mst_work_finish(work);
}
