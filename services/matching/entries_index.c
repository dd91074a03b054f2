/* entries_index.c - see entries_index.h. */
#include "entries_index.h"

#include "proto/rows.h"
#include "tune.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A chunk that came before its predecessors: its people packed one after the other, each with its place in the chunk
 * as version. */
typedef struct early {
    char *packed; /* NULL: not here */
    size_t size;  /* bytes */
    uint32_t first_row, rows;
} early;

struct entries {
    uint32_t chunks, rows;
    layout layout;
    people *people;
    weigher weigher;
    bool tuned, apart;
    person_ref *refs;      /* by row; 0 left out */
    uint32_t *first_rows;  /* by chunk; the last one is behind the last row */
    uint32_t chunks_taken; /* in order */
    early *early;          /* by chunk */
    uint64_t *claims;      /* by run; 0 free */
};

static uint32_t
runs_of(const entries *entries)
{
    return (entries->chunks + CLAIM_CHUNKS - 1) / CLAIM_CHUNKS;
}

entries *
entries_new(uint32_t chunks, uint32_t rows, const layout *layout, mst_slice parameters, bool apart)
{
    entries *entries = mst_alloc(sizeof *entries);
    memset(entries, 0, sizeof *entries);
    entries->chunks = chunks;
    entries->rows = rows;
    entries->layout = *layout;
    entries->people = people_new();
    (void)weigher_init(&entries->weigher, parameters); // parameters of another version: weigh as if nobody were known
    entries->apart = apart;
    entries->weigher.file = entries_people(entries);
    entries->refs = mst_alloc(((size_t)rows + 1) * sizeof *entries->refs);
    memset(entries->refs, 0, ((size_t)rows + 1) * sizeof *entries->refs);
    entries->first_rows = mst_alloc(((size_t)chunks + 1) * sizeof *entries->first_rows);
    entries->first_rows[0] = 1;
    entries->early = mst_alloc(((size_t)chunks + 1) * sizeof *entries->early);
    memset(entries->early, 0, ((size_t)chunks + 1) * sizeof *entries->early);
    entries->claims = mst_alloc(((size_t)runs_of(entries) + 1) * sizeof *entries->claims);
    memset(entries->claims, 0, ((size_t)runs_of(entries) + 1) * sizeof *entries->claims);
    return entries;
}

void
entries_destroy(entries **entries)
{
    if (*entries == NULL)
        return;
    for (uint32_t i = 0; i < (*entries)->chunks; i++)
        free((*entries)->early[i].packed);
    people_destroy(&(*entries)->people);
    weigher_release(&(*entries)->weigher);
    free((*entries)->refs);
    free((*entries)->first_rows);
    free((*entries)->early);
    free((*entries)->claims);
    free(*entries);
    *entries = NULL;
}

bool
entries_complete(const entries *entries)
{
    return entries->chunks_taken == entries->chunks;
}

static bool
chunk_here(const entries *entries, uint32_t chunk)
{
    return chunk < entries->chunks_taken || entries->early[chunk].packed != NULL;
}

bool
entries_claim(entries *entries, uint64_t claimer, uint32_t *first_chunk, uint32_t *chunks)
{
    for (uint32_t run = entries->chunks_taken / CLAIM_CHUNKS; run < runs_of(entries); run++) {
        if (entries->claims[run] != 0)
            continue;
        uint32_t first = run * CLAIM_CHUNKS, end = first + CLAIM_CHUNKS;
        end = end < entries->chunks ? end : entries->chunks;
        while (first < end && chunk_here(entries, first))
            first++;
        if (first == end)
            continue;
        entries->claims[run] = claimer;
        *first_chunk = first;
        *chunks = end - first;
        return true;
    }
    return false;
}

void
entries_unclaim(entries *entries, uint64_t claimer)
{
    for (uint32_t run = 0; run < runs_of(entries); run++)
        if (entries->claims[run] == claimer)
            entries->claims[run] = 0;
}

static bool
left_out(const Muster__V1__EntriesRead *read, uint32_t row)
{
    return read->wrong.len > row / 8 && (read->wrong.data[row / 8] >> (row % 8) & 1) != 0;
}

/* True if a chunk of so many rows may come next. */
static bool
comes_next(const entries *entries, uint32_t first_row, uint32_t rows)
{
    uint32_t first = entries->first_rows[entries->chunks_taken];
    return first_row == first && rows <= entries->rows + 1 - first;
}

static void
chunk_taken(entries *entries, uint32_t rows)
{
    uint32_t first = entries->first_rows[entries->chunks_taken];
    if (entries->chunks_taken == 0)
        people_reserve(entries->people, (uint64_t)entries->rows);
    entries->first_rows[++entries->chunks_taken] = first + rows;
}

static bool
add_rows(entries *entries, const Muster__V1__EntriesRead *read)
{
    const Muster__V1__Rows *rows = read->rows;
    uint32_t first = rows->first_row;
    if (!comes_next(entries, first, rows->rows))
        return false;
    draft draft;
    for (uint32_t row = 0; row < rows->rows; row++) {
        if (left_out(read, row))
            continue;
        draft_fill(&draft, &entries->layout, rows, row);
        entries->refs[first + row] = people_add(entries->people, &draft, NULL, 0, first + row, first + row);
    }
    chunk_taken(entries, rows->rows);
    return true;
}

static void
keep_early(const entries *entries, const Muster__V1__EntriesRead *read, early *early)
{
    const Muster__V1__Rows *rows = read->rows;
    size_t room = (size_t)rows->rows * 160 + PERSON_SIZE_MAX;
    *early = (struct early){.packed = mst_alloc(room), .first_row = rows->first_row, .rows = rows->rows};
    draft draft;
    for (uint32_t row = 0; row < rows->rows; row++) {
        if (left_out(read, row))
            continue;
        if (room - early->size < PERSON_SIZE_MAX)
            early->packed = mst_realloc(early->packed, room *= 2);
        draft_fill(&draft, &entries->layout, rows, row);
        person *person = (struct person *)(early->packed + early->size);
        person_pack(person, &draft, NULL, 0);
        person->version = row;
        early->size += (size_t)person->units * 16;
    }
}

static bool
add_early(entries *entries, early *early)
{
    if (!comes_next(entries, early->first_row, early->rows))
        return false;
    for (size_t at = 0; at < early->size;) {
        const person *person = (const struct person *)(early->packed + at);
        uint32_t row = early->first_row + person->version;
        entries->refs[row] = people_add_packed(entries->people, person, row, row);
        at += (size_t)person->units * 16;
    }
    chunk_taken(entries, early->rows);
    free(early->packed);
    early->packed = NULL;
    return true;
}

bool
entries_take(entries *entries, const Muster__V1__EntriesRead *read)
{
    if (read->chunk >= entries->chunks || !mst_rows_ok(read->rows) || read->rows->columns < entries->layout.width)
        return false;
    if (chunk_here(entries, read->chunk))
        return true;
    if (read->chunk > entries->chunks_taken) {
        keep_early(entries, read, &entries->early[read->chunk]);
        return true;
    }
    bool ok = add_rows(entries, read);
    while (ok && !entries_complete(entries) && entries->early[entries->chunks_taken].packed != NULL)
        ok = add_early(entries, &entries->early[entries->chunks_taken]);
    return ok && (!entries_complete(entries) || entries->first_rows[entries->chunks] == entries->rows + 1);
}

uint32_t
entries_first_row(const entries *entries, uint32_t chunk)
{
    assert(chunk <= entries->chunks_taken);
    return entries->first_rows[chunk];
}

const person *
entries_row(const entries *entries, uint32_t row)
{
    assert(row >= 1 && row <= entries->rows);
    return entries->refs[row] == 0 ? NULL : people_at(entries->people, entries->refs[row]);
}

const people *
entries_people(const entries *entries)
{
    return entries->apart ? NULL : entries->people;
}

weigher *
entries_weigher(entries *entries, const people *directory, uint64_t position)
{
    if (!entries->tuned) {
        const person **rows = mst_alloc(((size_t)entries->rows + 1) * sizeof *rows);
        for (uint32_t row = 1; row <= entries->rows; row++)
            rows[row - 1] = entries_row(entries, row);
        tune(&entries->weigher, directory, position, entries_people(entries), rows, entries->rows);
        free(rows);
        entries->tuned = true;
    }
    return &entries->weigher;
}

uint64_t
entries_memory(const entries *entries)
{
    return people_memory(entries->people) + (uint64_t)entries->rows * sizeof *entries->refs;
}
