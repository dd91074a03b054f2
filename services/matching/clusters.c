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
    /* Asked about: who it most likely is; the answer to the question decides. */
    const char *maybe_id;
    uint32_t maybe_id_size, maybe_row;
    bool warned; /* the question says already that something contradicts */
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

static bool
contradicts(Muster__V1__Reason veto)
{
    return veto == MUSTER__V1__REASON__REASON_CONFLICT || veto == MUSTER__V1__REASON__REASON_FAMILY;
}

/* Adds an answer or joins it to the same one: the better likeness speaks, but a contradiction of either stays. */
static void
add_answer(resolution *out, const option *added)
{
    Muster__V1__Reason veto = decide_veto(added->likeness);
    for (size_t i = 0; i < out->options_count; i++) {
        option *there = &out->options[i];
        if (!same_person(there, added))
            continue;
        if (contradicts(veto))
            there->veto = veto;
        if (added->followed == 0)
            there->followed = 0;
        return;
    }
    if (out->options_count < OPTIONS_MAX)
        out->options[out->options_count++] = *added;
}

static bool
is_maybe(const fate *fate, const option *option)
{
    if (option->row != 0)
        return option->row == fate->maybe_row;
    return fate->maybe_id != NULL && option->id_size == fate->maybe_id_size &&
           memcmp(option->id, fate->maybe_id, option->id_size) == 0;
}

/* "Row 5, of which it is asked whether it is record 812" and "record 812" do not exclude each other: only the likelier
 * stays as an answer. What contradicts the other contradicts both, unless whoever answers is warned of it already. */
static void
join_open_questions(const clusters *clusters, resolution *out)
{
    for (size_t i = 0; i < out->options_count; i++) {
        const option *open = &out->options[i];
        const fate *fate = open->row == 0 ? NULL : &clusters->fates[open->row];
        if (fate == NULL || (fate->maybe_row == 0 && fate->maybe_id == NULL))
            continue;
        for (size_t k = 0; k < out->options_count; k++) {
            if (k == i || !is_maybe(fate, &out->options[k]))
                continue;
            size_t stays = i < k ? i : k, goes = i < k ? k : i; // best first
            Muster__V1__Reason veto = decide_veto(out->options[goes].likeness);
            if (!fate->warned && contradicts(veto))
                out->options[stays].veto = veto;
            memmove(&out->options[goes], &out->options[goes + 1],
                    (out->options_count - goes - 1) * sizeof out->options[0]);
            out->options_count--;
            join_open_questions(clusters, out);
            return;
        }
    }
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
    join_open_questions(clusters, out);
    out->decision = decide(out->options, out->options_count, settings);
    fate *fate = &clusters->fates[row];
    fate->root = row;
    if (out->decision.decision == MUSTER__V1__DECISION__DECISION_MATCHED) {
        const option *best = &out->options[0];
        fate->id = best->id;
        fate->id_size = best->id_size;
        fate->version = best->version;
        fate->root = best->row != 0 ? best->row : row;
    } else if (out->decision.decision == MUSTER__V1__DECISION__DECISION_DISCREPANCY && out->options_count > 0) {
        const option *best = &out->options[0];
        fate->maybe_id = best->row != 0 ? NULL : best->id;
        fate->maybe_id_size = best->id_size;
        fate->maybe_row = best->row;
        fate->warned = contradicts(out->decision.reason);
    }
}
