/* finder.c - see finder.h. */
#include "finder.h"

#include <assert.h>
#include <string.h>

#define GROUP_ROWS 16u
#define SIDES 2u /* directory, file */
/* Twice this is the most one row can bring up: each key one block of each side. */
#define REFS_MAX (BLOCKING_KEYS_MAX * BLOCK_SIZE_MAX)

void
finder_init(finder *finder, const people *directory, uint64_t position, const people *file, weigher *weigher,
            uint32_t duplicate_check)
{
    finder->directory = directory;
    finder->position = position;
    finder->file = file;
    finder->weigher = weigher;
    finder->prior_directory = weigher_prior(weigher, false);
    finder->prior_file = weigher_prior(weigher, true);
    // Both numbers are those of MatchingStarted: the same for every worker.
    finder->coarse[0] = weigher->population <= COARSE_PEOPLE_MAX;
    finder->coarse[1] = file != NULL && people_count(file) <= COARSE_PEOPLE_MAX;
    finder->weight_min = -8000;
    finder->compared = 0;
    finder->stamp = 0;
    memset(finder->seen, 0, sizeof finder->seen);
    query_init(&finder->query, weigher, duplicate_check);
}

typedef struct group_row {
    const person *person;
    uint32_t keys[BLOCKING_KEYS_MAX];
    uint32_t blocks[SIDES][BLOCKING_KEYS_MAX];
    size_t keys_count[SIDES];
    person_ref *refs[SIDES];
    size_t refs_count[SIDES];
} group_row;

/* True the first time a ref comes up for the present stamp. */
static bool
first_seen(finder *finder, person_ref ref)
{
    uint64_t mark = (uint64_t)finder->stamp << 32 | ref;
    uint32_t at = (ref * 0x9E3779B1u) >> 22;
    while (finder->seen[at] >> 32 == finder->stamp) {
        if (finder->seen[at] == mark)
            return false;
        at = (at + 1) & 1023;
    }
    finder->seen[at] = mark;
    return true;
}

static void
next_stamp(finder *finder)
{
    if (++finder->stamp != 0)
        return;
    memset(finder->seen, 0, sizeof finder->seen);
    finder->stamp = 1;
}

/* Best first; equals in an order that no memory layout decides: rows before records, then by number or id. */
static bool
better(const people *directory, const found *a, const found *b)
{
    if (a->weight != b->weight)
        return a->weight > b->weight;
    if ((a->row == 0) != (b->row == 0))
        return a->row != 0;
    if (a->row != 0)
        return a->row < b->row;
    person_view left, right;
    person_view_of(&left, people_at(directory, a->ref));
    person_view_of(&right, people_at(directory, b->ref));
    size_t left_size = left.person->record_id_size, right_size = right.person->record_id_size;
    int order = memcmp(left.record_id, right.record_id, left_size < right_size ? left_size : right_size);
    return order != 0 ? order < 0 : left_size < right_size;
}

static uint8_t
keep(const people *directory, found *list, uint8_t count, const found *added)
{
    uint8_t at = count < CANDIDATES_MAX ? count : CANDIDATES_MAX;
    while (at > 0 && better(directory, added, &list[at - 1])) {
        if (at < CANDIDATES_MAX)
            list[at] = list[at - 1];
        at--;
    }
    if (at < CANDIDATES_MAX) {
        list[at] = *added;
        if (count < CANDIDATES_MAX)
            count++;
    }
    return count;
}

/* An equal identifier is never passed over, however unlike the rest is. */
static bool
names_itself(uint32_t likeness)
{
    unsigned id = LIKENESS_LEVEL(likeness, GROUP_ID);
    return id == LEVEL_EQUAL || id == LEVEL_RELATED || id == LEVEL_MIXED;
}

static uint8_t
score(finder *finder, const group_row *row, found *out)
{
    uint8_t count = 0;
    bool prepared = false;
    for (unsigned side = 0; side < SIDES; side++) {
        const people *people = side == 0 ? finder->directory : finder->file;
        int32_t prior = side == 0 ? finder->prior_directory : finder->prior_file;
        int32_t shift = side == 0 ? finder->weigher->shift_directory : finder->weigher->shift_file;
        uint64_t position = side == 0 ? finder->position : row->person->version - 1;
        for (size_t i = 0; i < row->refs_count[side]; i++) {
            const person *person = people_at(people, row->refs[side][i]);
            if (!person_visible(person, position))
                continue;
            if (!prepared)
                query_set(&finder->query, row->person);
            prepared = true;
            found candidate = {.ref = row->refs[side][i], .row = side == 0 ? 0 : person->version};
            finder->compared++;
            if (!query_compare_from(&finder->query, person, prior, finder->weight_min - prior - shift,
                                    &candidate.verdict))
                continue;
            candidate.weight = candidate.verdict.weight + prior + shift;
            if (candidate.weight >= finder->weight_min ||
                (candidate.verdict.likeness & LIKENESS_DUPLICATE_CHECK) != 0 ||
                names_itself(candidate.verdict.likeness))
                count = keep(finder->directory, out, count, &candidate);
        }
    }
    return count;
}

static void
find_group(finder *finder, group_row *rows, size_t count, found *out, uint8_t *counts, person_ref *refs)
{
    for (size_t r = 0; r < count; r++) {
        person_view view;
        person_view_of(&view, rows[r].person);
        size_t fine, all = blocking_keys(&view, rows[r].keys, &fine);
        rows[r].keys_count[0] = finder->directory == NULL ? 0 : finder->coarse[0] ? all : fine;
        rows[r].keys_count[1] = finder->file == NULL ? 0 : finder->coarse[1] ? all : fine;
        for (unsigned side = 0; side < SIDES; side++)
            for (size_t k = 0; k < rows[r].keys_count[side]; k++)
                people_prefetch_key(side == 0 ? finder->directory : finder->file, rows[r].keys[k]);
    }
    for (size_t r = 0; r < count; r++)
        for (unsigned side = 0; side < SIDES; side++) {
            const people *people = side == 0 ? finder->directory : finder->file;
            for (size_t k = 0; k < rows[r].keys_count[side]; k++) {
                rows[r].blocks[side][k] = people_probe(people, rows[r].keys[k]);
                people_prefetch_block(people, rows[r].blocks[side][k]);
            }
        }
    size_t used = 0;
    for (size_t r = 0; r < count; r++)
        for (unsigned side = 0; side < SIDES; side++) {
            const people *people = side == 0 ? finder->directory : finder->file;
            uint64_t position = side == 0 ? finder->position : rows[r].person->version - 1;
            rows[r].refs[side] = refs + used;
            rows[r].refs_count[side] = 0;
            next_stamp(finder);
            for (size_t k = 0; k < rows[r].keys_count[side]; k++) {
                person_ref block[BLOCK_SIZE_MAX];
                size_t size = people_block(people, rows[r].blocks[side][k], position, block);
                for (size_t i = 0; i < size; i++)
                    if (first_seen(finder, block[i])) {
                        rows[r].refs[side][rows[r].refs_count[side]++] = block[i];
                        people_prefetch(people, block[i]);
                    }
            }
            used += rows[r].refs_count[side];
        }
    for (size_t r = 0; r < count; r++)
        counts[r] = score(finder, &rows[r], out + r * CANDIDATES_MAX);
}

void
finder_find(finder *finder, const person *const *rows, size_t count, found *out, uint8_t *counts)
{
    static _Thread_local group_row group[GROUP_ROWS];
    static _Thread_local person_ref refs[GROUP_ROWS * SIDES * REFS_MAX];
    for (size_t done = 0; done < count;) {
        size_t now = count - done < GROUP_ROWS ? count - done : GROUP_ROWS;
        for (size_t i = 0; i < now; i++)
            group[i].person = rows[done + i];
        find_group(finder, group, now, out + done * CANDIDATES_MAX, counts + done, refs);
        done += now;
    }
}
