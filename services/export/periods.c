/* periods.c - see periods.h. */
#include "services/export/periods.h"

#include "services/export/fold.h"
#include <assert.h>
#include <string.h>

int
periods_column(const Muster__V1__Kind *kind, const char *field)
{
    for (size_t i = 0; i < kind->n_fields; i++)
        if (strcmp(kind->fields[i]->name, field) == 0)
            return (int)i;
    return -1;
}

static mst_slice
cell_of(const Muster__V1__Kind *kind, const mst_slice *cells, const char *field)
{
    int column = periods_column(kind, field);
    return column < 0 ? (mst_slice){NULL, 0} : cells[column];
}

static int
compare_text(mst_slice left, mst_slice right)
{
    size_t size = left.size < right.size ? left.size : right.size;
    int order = size == 0 ? 0 : memcmp(left.data, right.data, size);
    return order != 0 ? order : (left.size > right.size) - (left.size < right.size);
}

/* Dates are YYYY-MM-DD, so their order is that of their letters. */
static bool
is_later(const period *left, const period *right)
{
    int order = compare_text(left->end, right->end);
    return order > 0 || (order == 0 && compare_text(left->begin, right->begin) > 0);
}

mst_status
periods_find(lookups *among, directory *of, uint64_t as_of, const Muster__V1__Kind *kind, const mst_slice *key,
             mst_arena *arena, periods *found)
{
    assert(kind->period != NULL);
    *found = (periods){0};
    const Muster__V1__Period *rule = kind->period;
    directory_record *records = NULL;
    size_t given = 0, all = 0;
    mst_status status =
        lookups_find_as_of(among, as_of, kind, rule->key, rule->n_key, key, PERIODS_MAX, arena, &records, &given, &all);
    found->open = mst_arena_alloc(arena, (given + 1) * sizeof *found->open);
    for (size_t i = 0; status == MST_OK && i < given; i++) {
        period one = {.record = records[i]};
        one.cells = mst_arena_alloc(arena, (kind->n_fields + 1) * sizeof *one.cells);
        directory_cells(of, &records[i], kind, one.cells);
        bool same = true;
        for (size_t at = 0; at < rule->n_key; at++)
            same = same && export_same(cell_of(kind, one.cells, rule->key[at]), key[at]);
        if (!same)
            continue;
        one.begin = cell_of(kind, one.cells, rule->begin);
        one.end = cell_of(kind, one.cells, rule->end);
        if (one.end.size == 0)
            found->open[found->open_count++] = one;
        else if (found->closed == NULL || is_later(&one, found->closed))
            found->closed = mst_arena_copy(arena, &one, sizeof one);
    }
    return status;
}
