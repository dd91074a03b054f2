/* clusters.c - see clusters.h. */
#include "clusters.h"

#include "broker/lib/arena.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What became of a row: the record it is, or the earlier row it follows (itself where it follows none). */
typedef struct fate {
    const char *id;
    uint32_t id_size, version;
    uint32_t root;
} fate;

struct clusters {
    fate *fates; /* by row; 0 unused */
    uint32_t rows;
};

clusters *
clusters_new(uint32_t rows)
{
    clusters *clusters = mst_alloc(sizeof *clusters);
    clusters->rows = rows;
    clusters->fates = mst_alloc(((size_t)rows + 1) * sizeof *clusters->fates);
    memset(clusters->fates, 0, ((size_t)rows + 1) * sizeof *clusters->fates);
    return clusters;
}

void
clusters_destroy(clusters **clusters)
{
    if (*clusters == NULL)
        return;
    free((*clusters)->fates);
    free(*clusters);
    *clusters = NULL;
}

static bool
same_person(const option *a, const option *b)
{
    if (a->row != 0 || b->row != 0)
        return a->row == b->row;
    return a->id_size == b->id_size && memcmp(a->id, b->id, a->id_size) == 0;
}

/* The answer a candidate stands for. */
static option
answer_of(const clusters *clusters, const candidate *candidate)
{
    option option = {.id = candidate->id,
                     .id_size = candidate->id_size,
                     .version = candidate->version,
                     .weight = candidate->weight,
                     .likeness = candidate->likeness,
                     .parts = candidate->parts};
    if (candidate->row == 0)
        return option;
    assert(candidate->row <= clusters->rows);
    const fate *fate = &clusters->fates[candidate->row];
    option.followed = candidate->row;
    option.row = fate->id != NULL ? 0 : fate->root;
    option.id = fate->id;
    option.id_size = fate->id_size;
    option.version = fate->version;
    return option;
}

/* Adds an answer or joins it to the same one: the better likeness speaks, but a contradiction of either stays. */
static void
add_answer(resolution *out, const option *added)
{
    Muster__V1__Reason veto = decide_veto(added->likeness);
    bool contradicts = veto == MUSTER__V1__REASON__REASON_CONFLICT || veto == MUSTER__V1__REASON__REASON_FAMILY;
    for (size_t i = 0; i < out->options_count; i++) {
        option *there = &out->options[i];
        if (!same_person(there, added))
            continue;
        if (contradicts)
            there->veto = veto;
        if (added->followed == 0)
            there->followed = 0;
        return;
    }
    if (out->options_count < OPTIONS_MAX)
        out->options[out->options_count++] = *added;
}

void
clusters_resolve(clusters *clusters, uint32_t row, const candidate *candidates, size_t count, const settings *settings,
                 resolution *out)
{
    assert(row >= 1 && row <= clusters->rows);
    out->options_count = 0;
    for (size_t i = 0; i < count; i++) {
        option option = answer_of(clusters, &candidates[i]);
        if (option.row == 0 && option.id == NULL)
            continue; // an earlier row that was left out
        add_answer(out, &option);
    }
    out->decision = decide(out->options, out->options_count, settings);
    fate *fate = &clusters->fates[row];
    fate->root = row;
    if (out->decision.decision == MUSTER__V1__DECISION__DECISION_MATCHED) {
        const option *best = &out->options[0];
        fate->id = best->id;
        fate->id_size = best->id_size;
        fate->version = best->version;
        fate->root = best->row != 0 ? best->row : row;
    }
}
