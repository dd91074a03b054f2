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

mst_status
periods_find(lookups *among, directory *of, uint64_t as_of, const Muster__V1__Kind *kind, const mst_slice *key,
             mst_arena *arena, span **spans, size_t *count)
{
    assert(kind->period != NULL);
    const Muster__V1__Period *rule = kind->period;
    directory_record *records = NULL;
    size_t given = 0, all = 0;
    mst_status status =
        lookups_find_as_of(among, as_of, kind, rule->key, rule->n_key, key, PERIODS_MAX, arena, &records, &given, &all);
    *spans = mst_arena_alloc(arena, (given + 1) * sizeof **spans);
    *count = 0;
    mst_slice *cells = mst_arena_alloc(arena, (kind->n_fields + 1) * sizeof *cells);
    for (size_t i = 0; status == MST_OK && i < given; i++) {
        directory_cells(of, &records[i], kind, cells);
        bool same = true;
        for (size_t at = 0; at < rule->n_key; at++)
            same = same && export_same(cell_of(kind, cells, rule->key[at]), key[at]);
        if (same)
            (*spans)[(*count)++] = (span){.begin = span_date(cell_of(kind, cells, rule->begin)),
                                          .end = span_date(cell_of(kind, cells, rule->end))};
    }
    return status;
}
