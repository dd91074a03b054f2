/* tune.c - see tune.h. */
#include "tune.h"

#include <stdlib.h>
#include <string.h>

#define CERTAIN 5000            /* 1/1000 bit with prior: certain enough without the group to learn about it */
#define PRIOR_OBSERVATIONS 200u /* pairs that the shipped levels count for */
#define PRIOR_ROWS 20u          /* rows that the shipped priors count for */
#define ADJUST_MAX 2500         /* 1/1000 bit: most a level's weight moves */

/* How often, in a thousand, a group of one person has each level where both sides are filled: the shipped m. */
static const uint16_t EXPECTED[GROUP_COUNT][8] = {
    [GROUP_GIVEN] = {0, 860, 50, 30, 10, 15, 35, 0},    [GROUP_FAMILY] = {0, 880, 50, 10, 10, 15, 35, 0},
    [GROUP_MIDDLE] = {0, 600, 350, 0, 0, 0, 50, 0},     [GROUP_SUFFIX] = {0, 900, 0, 90, 0, 0, 10, 0},
    [GROUP_BIRTH] = {0, 910, 50, 10, 0, 10, 20, 0},     [GROUP_GENDER] = {0, 985, 0, 0, 0, 0, 15, 0},
    [GROUP_EMAIL] = {0, 600, 40, 60, 0, 0, 300, 0},     [GROUP_PHONE] = {0, 600, 30, 0, 0, 0, 370, 0},
    [GROUP_ADDRESS] = {0, 600, 0, 100, 150, 0, 150, 0}, [GROUP_ID] = {0, 450, 30, 450, 0, 0, 50, 20}};

static void
learn_levels(weigher *weigher, const uint32_t seen[GROUP_COUNT][8])
{
    for (int group = 0; group < GROUP_COUNT; group++) {
        uint64_t all = 0;
        for (int level = 1; level < 8; level++)
            all += seen[group][level];
        for (int level = 1; level < 8; level++) {
            uint64_t expected = EXPECTED[group][level];
            if (expected == 0)
                continue;
            // (seen + prior * m) / (all + prior) against m
            uint64_t over = seen[group][level] * 1000u + PRIOR_OBSERVATIONS * expected;
            int32_t adjust = log2_milli(over, (all + PRIOR_OBSERVATIONS) * expected);
            weigher->adjust[group][level] = adjust > ADJUST_MAX    ? ADJUST_MAX
                                            : adjust < -ADJUST_MAX ? -ADJUST_MAX
                                                                   : adjust;
        }
    }
}

/* The shift of a prior whose shipped share of rows with a person is `shipped` per mille, when `likely` millionths of
 * `rows` rows have one. */
static int32_t
learn_share(uint64_t likely, uint64_t rows, uint32_t shipped)
{
    uint64_t share = (likely / 1000 + (uint64_t)PRIOR_ROWS * shipped) / (rows + PRIOR_ROWS);
    share = share < 20 ? 20 : share > 900 ? 900 : share;
    return log2_milli(share * (1000 - shipped), (1000 - share) * shipped);
}

/* Chance, in millionths, that the row is any of its candidates of one side. */
static uint32_t
any_of_side(const found *found, uint8_t count, bool in_file, int32_t shift)
{
    int32_t weights[CANDIDATES_MAX] = {0};
    uint32_t chances[CANDIDATES_MAX] = {0}, any = 0;
    size_t used = 0;
    for (uint8_t i = 0; i < count; i++)
        if ((found[i].row != 0) == in_file)
            weights[used++] = found[i].weight + shift;
    probabilities(weights, used, chances);
    for (size_t i = 0; i < used; i++)
        any += chances[i];
    return any > 1000000 ? 1000000 : any;
}

void
tune(weigher *weigher, const people *directory, uint64_t position, const people *file, const person *const *rows,
     size_t count)
{
    const person **sample = mst_alloc((TUNE_SAMPLE_MAX + 1) * sizeof *sample);
    size_t sampled = 0, stride = count / TUNE_SAMPLE_MAX + 1;
    for (size_t at = 0; at < count; at += stride)
        if (rows[at] != NULL)
            sample[sampled++] = rows[at];
    finder *finder = mst_alloc(sizeof *finder);
    found *found = mst_alloc((sampled + 1) * CANDIDATES_MAX * sizeof *found);
    uint8_t *counts = mst_alloc(sampled + 1);
    memset(weigher->adjust, 0, sizeof weigher->adjust);
    weigher->shift_directory = weigher->shift_file = 0;
    finder_init(finder, directory, position, file, weigher, 0);
    finder_find(finder, sample, sampled, found, counts);

    uint32_t seen[GROUP_COUNT][8] = {0};
    for (size_t r = 0; r < sampled; r++) {
        if (counts[r] == 0)
            continue;
        const struct found *best = &found[r * CANDIDATES_MAX];
        for (int group = 0; group < GROUP_COUNT; group++)
            if (best->weight - best->verdict.parts[group] * 250 >= CERTAIN)
                seen[group][LIKENESS_LEVEL(best->verdict.likeness, group)]++;
    }
    int32_t shift_directory = 0, shift_file = 0;
    for (int round = 0; round < 3; round++) {
        uint64_t known = 0, repeated = 0;
        for (size_t r = 0; r < sampled; r++) {
            known += any_of_side(&found[r * CANDIDATES_MAX], counts[r], false, shift_directory);
            repeated += any_of_side(&found[r * CANDIDATES_MAX], counts[r], true, shift_file);
        }
        shift_directory = learn_share(known, sampled, SHARE_KNOWN);
        shift_file = learn_share(repeated, sampled, SHARE_REPEATED);
    }
    learn_levels(weigher, seen);
    weigher->shift_directory = shift_directory;
    weigher->shift_file = shift_file;
    free(sample);
    free(finder);
    free(found);
    free(counts);
}
