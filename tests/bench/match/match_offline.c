/* match_offline.c - matching without bus and log: two CSV files in, quality and speed out.
 *
 *   match_offline --roles surname=family_name,.. --truth COLUMN [--directory A.csv] --rows B.csv [--repeat N] [--show
 * K]
 *
 * Times are CPU times. The truth column says who a row is; "-org" and "-dup-N" at its end do not count. It is never
 * compared. */
#include "broker/lib/clock.h"
#include "services/matching/clusters.h"
#include "services/matching/finder.h"
#include "services/matching/normalise.h"
#include "services/matching/sentences.h"
#include "services/matching/tune.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 128

typedef struct table {
    char *bytes;
    char *header[COLUMNS_MAX];
    size_t columns, rows;
    char **cells; /* rows * columns */
} table;

/* Quotes as RFC 4180; cells are cut out in place. */
static table
read_csv(const char *path)
{
    table table = {0};
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    table.bytes = malloc((size_t)size + 2);
    size_t got = fread(table.bytes, 1, (size_t)size, file);
    fclose(file);
    table.bytes[got] = '\n';
    table.bytes[got + 1] = 0;
    size_t room = 0, count = 0;
    char *in = table.bytes, *end = table.bytes + got;
    char **cells = NULL;
    while (in < end) {
        size_t column = 0;
        for (bool more = true; more;) {
            char *out = in, *start;
            while (*in == ' ')
                in++;
            if (*in == '"') {
                start = out = ++in;
                for (; in < end && !(in[0] == '"' && in[1] != '"'); in++) {
                    if (*in == '"')
                        in++;
                    *out++ = *in;
                }
                in++;
            } else {
                start = in;
                while (*in != ',' && *in != '\n' && *in != '\r')
                    in++;
                out = in;
            }
            while (*in == '\r')
                in++;
            more = *in++ == ',';
            *out = 0;
            if (table.rows == 0 && count < COLUMNS_MAX && table.columns == 0)
                table.header[column] = start;
            else if (column < table.columns) {
                if (count == room)
                    cells = realloc(cells, (room = room * 2 + 1024) * sizeof *cells);
                cells[count++] = start;
            }
            column++;
        }
        if (table.columns == 0) {
            table.columns = column;
            continue;
        }
        while (count % table.columns != 0)
            cells[count++] = "";
        table.rows++;
    }
    table.cells = cells;
    return table;
}

static const char *roles_text;

static Muster__V1__Role
role_of(const char *header)
{
    size_t size = strlen(header);
    for (const char *at = roles_text; at != NULL && *at != 0;) {
        if (strncmp(at, header, size) == 0 && at[size] == '=') {
            char name[64] = "ROLE_";
            size_t k = 5;
            for (const char *c = at + size + 1; *c != 0 && *c != ',' && k < 60; c++)
                name[k++] = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
            name[k] = 0;
            const ProtobufCEnumValue *value =
                protobuf_c_enum_descriptor_get_value_by_name(&muster__v1__role__descriptor, name);
            if (value == NULL) {
                fprintf(stderr, "no role %s\n", name);
                exit(2);
            }
            return (Muster__V1__Role)value->value;
        }
        at = strchr(at, ',');
        at = at == NULL ? NULL : at + 1;
    }
    return MUSTER__V1__ROLE__ROLE_NONE;
}

static int
column_of(const table *table, const char *name)
{
    for (size_t i = 0; i < table->columns; i++)
        if (strcmp(table->header[i], name) == 0)
            return (int)i;
    fprintf(stderr, "no column %s\n", name);
    exit(2);
}

static people *
load(const table *table, const char *prefix, person_ref *refs)
{
    people *people = people_new();
    Muster__V1__Role roles[COLUMNS_MAX];
    unsigned nths[COLUMNS_MAX];
    for (size_t c = 0; c < table->columns; c++) {
        roles[c] = role_of(table->header[c]);
        nths[c] = 0;
        for (size_t b = 0; b < c; b++)
            nths[c] += roles[b] == roles[c];
    }
    for (size_t r = 0; r < table->rows; r++) {
        draft draft;
        char id[32];
        draft_clear(&draft);
        for (int role = 1; role < MUSTER__V1__ROLE__ROLE_CAMPUS; role++)
            for (size_t c = 0; c < table->columns; c++)
                if ((int)roles[c] == role) {
                    const char *cell = table->cells[r * table->columns + c];
                    if (strcmp(cell, "NA") != 0)
                        draft_put(&draft, roles[c], nths[c], cell, strlen(cell));
                }
        draft_finish(&draft);
        size_t id_size = prefix == NULL ? 0 : (size_t)snprintf(id, sizeof id, "%s%zu", prefix, r + 1);
        person_ref ref = people_add(people, &draft, id, id_size, r + 1, prefix == NULL ? (uint32_t)(r + 1) : 1);
        if (refs != NULL)
            refs[r] = ref;
    }
    return people;
}

static size_t
truth_size(const char *truth)
{
    const char *mark = strstr(truth, "-org");
    if (mark == NULL)
        mark = strstr(truth, "-dup");
    return mark == NULL ? strlen(truth) : (size_t)(mark - truth);
}

static bool
same_truth(const char *a, const char *b)
{
    size_t size = truth_size(a);
    return size == truth_size(b) && memcmp(a, b, size) == 0 && size > 0;
}

static size_t *parents;

static size_t
root(size_t i)
{
    while (parents[i] != i)
        i = parents[i] = parents[parents[i]];
    return i;
}

typedef struct keyed {
    const char *truth;
    size_t cluster;
} keyed;

static int
by_truth(const void *a, const void *b)
{
    return strcmp(((const keyed *)a)->truth, ((const keyed *)b)->truth);
}
static int
by_both(const void *a, const void *b)
{
    const keyed *x = a, *y = b;
    if (x->cluster != y->cluster)
        return x->cluster < y->cluster ? -1 : 1;
    return strcmp(x->truth, y->truth);
}

/* Pairs by transitive closure: found, true, both. */
static void
score(keyed *all, size_t count, const char *what)
{
    double found = 0, real = 0, both = 0;
    qsort(all, count, sizeof *all, by_truth);
    for (size_t i = 0, k; i < count; i = k) {
        for (k = i; k < count && strcmp(all[k].truth, all[i].truth) == 0; k++)
            ;
        real += (double)(k - i) * (double)(k - i - 1) / 2;
    }
    for (size_t i = 0; i < count; i++)
        all[i].cluster = root(all[i].cluster);
    qsort(all, count, sizeof *all, by_both);
    for (size_t i = 0, k; i < count; i = k) {
        for (k = i; k < count && all[k].cluster == all[i].cluster; k++)
            ;
        found += (double)(k - i) * (double)(k - i - 1) / 2;
        for (size_t a = i, b; a < k; a = b) {
            for (b = a; b < k && strcmp(all[b].truth, all[a].truth) == 0; b++)
                ;
            both += (double)(b - a) * (double)(b - a - 1) / 2;
        }
    }
    double precision = found > 0 ? both / found : 1, recall = real > 0 ? both / real : 1;
    printf("%-10s precision %.4f recall %.4f f1 %.4f (true pairs %.0f, found %.0f)\n", what, precision, recall,
           2 * precision * recall / (precision + recall + 1e-12), real, found);
}

int
main(int argc, char **argv)
{
    const char *directory_path = NULL, *rows_path = NULL, *truth_name = NULL;
    int repeat = 1, show = 0;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--roles") == 0)
            roles_text = argv[i + 1];
        else if (strcmp(argv[i], "--directory") == 0)
            directory_path = argv[i + 1];
        else if (strcmp(argv[i], "--rows") == 0)
            rows_path = argv[i + 1];
        else if (strcmp(argv[i], "--truth") == 0)
            truth_name = argv[i + 1];
        else if (strcmp(argv[i], "--repeat") == 0)
            repeat = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--show") == 0)
            show = atoi(argv[i + 1]);
    }
    if (rows_path == NULL || truth_name == NULL || roles_text == NULL) {
        fprintf(stderr, "usage: match_offline --roles C=ROLE,.. --truth COLUMN [--directory A.csv] --rows B.csv\n");
        return 2;
    }
    table directory_table = {0}, rows_table = read_csv(rows_path);
    if (directory_path != NULL)
        directory_table = read_csv(directory_path);
    size_t rows = rows_table.rows, known = directory_table.rows;
    int64_t start = (int64_t)mst_clock_cpu_us();
    people *directory = directory_path == NULL ? NULL : load(&directory_table, "D", NULL);
    int64_t built = (int64_t)mst_clock_cpu_us();
    person_ref *refs = malloc((rows + 1) * sizeof *refs);
    people *file = load(&rows_table, NULL, refs);
    int64_t filed = (int64_t)mst_clock_cpu_us();

    mst_arena *arena = mst_arena_new(0);
    weigher weigher;
    bool ok = weigher_init(&weigher, weigher_pack(arena, directory));
    assert(ok);
    weigher.file = file;
    static finder finder;
    const person **people_list = malloc((rows + 1) * sizeof *people_list);
    for (size_t r = 0; r < rows; r++)
        people_list[r] = people_at(file, refs[r]);
    found *found_all = malloc(rows * CANDIDATES_MAX * sizeof *found_all);
    uint8_t *counts = malloc(rows + 1);
    int64_t tune_start = (int64_t)mst_clock_cpu_us();
    tune(&weigher, directory, known, file, people_list, rows);
    int64_t find_start = (int64_t)mst_clock_cpu_us();
    for (int i = 0; i < repeat; i++) {
        finder_init(&finder, directory, known, file, &weigher, 0);
        finder_find(&finder, people_list, rows, found_all, counts);
    }
    int64_t find_end = (int64_t)mst_clock_cpu_us();

    // Fold, in row order.
    parents = malloc((rows + known + 1) * sizeof *parents);
    size_t *parents_auto = malloc((rows + known + 1) * sizeof *parents_auto);
    for (size_t i = 0; i <= rows + known; i++)
        parents[i] = parents_auto[i] = i;
    int directory_truth = directory_path == NULL ? 0 : column_of(&directory_table, truth_name);
    int rows_truth = column_of(&rows_table, truth_name);
    char **ids = malloc(rows * CANDIDATES_MAX * sizeof *ids);
    clusters *clusters = clusters_new((uint32_t)rows);
    settings settings = {.merge_cost = 50, .may_create = true};
    size_t matched = 0, asked = 0, fresh = 0, wrong = 0, reasons[16] = {0}, asked_right = 0, bins[11][2] = {{0}};
    typedef struct edge {
        size_t to;
        bool automatic;
    } edge;
    edge *edges = calloc(rows, sizeof *edges);
    int64_t fold_start = (int64_t)mst_clock_cpu_us();
    for (size_t r = 0; r < rows; r++) {
        candidate candidates[CANDIDATES_MAX];
        for (uint8_t i = 0; i < counts[r]; i++) {
            found *f = &found_all[r * CANDIDATES_MAX + i];
            candidates[i] = (candidate){.row = f->row,
                                        .weight = f->weight,
                                        .likeness = f->verdict.likeness,
                                        .parts = f->verdict.parts,
                                        .version = 1};
            if (f->row == 0) {
                person_view view;
                person_view_of(&view, people_at(directory, f->ref));
                candidates[i].id = view.record_id;
                candidates[i].id_size = view.person->record_id_size;
            }
        }
        resolution resolution;
        clusters_resolve(clusters, (uint32_t)(r + 1), candidates, counts[r], &settings, &resolution);
        edges[r].to = SIZE_MAX;
        const char *mine = rows_table.cells[r * rows_table.columns + (size_t)rows_truth];
        bool right = false;
        if (resolution.options_count > 0) {
            const option *best = &resolution.options[0];
            size_t target;
            if (best->row != 0) {
                target = known + best->row - 1;
                right = same_truth(mine, rows_table.cells[(best->row - 1) * rows_table.columns + (size_t)rows_truth]);
            } else {
                char digits[32] = "";
                memcpy(digits, best->id + 1, best->id_size - 1);
                target = strtoul(digits, NULL, 10) - 1;
                right =
                    same_truth(mine, directory_table.cells[target * directory_table.columns + (size_t)directory_truth]);
            }
            bins[best->probability / 100000][right]++;
            if (resolution.decision.decision == MUSTER__V1__DECISION__DECISION_MATCHED ||
                (resolution.decision.decision == MUSTER__V1__DECISION__DECISION_DISCREPANCY &&
                 best->probability >= 500000)) {
                edges[r].to = target;
                edges[r].automatic = resolution.decision.decision == MUSTER__V1__DECISION__DECISION_MATCHED;
            }
        }
        if (resolution.decision.decision == MUSTER__V1__DECISION__DECISION_MATCHED) {
            matched++;
            wrong += !right;
        } else if (resolution.decision.decision == MUSTER__V1__DECISION__DECISION_DISCREPANCY) {
            asked++;
            asked_right += right;
            reasons[resolution.decision.reason]++;
        } else {
            fresh++;
        }
        bool odd = (resolution.decision.decision == MUSTER__V1__DECISION__DECISION_MATCHED && !right) ||
                   (resolution.decision.decision == MUSTER__V1__DECISION__DECISION_DISCREPANCY && show > 1) ||
                   (resolution.decision.decision == MUSTER__V1__DECISION__DECISION_NEW &&
                    resolution.options_count > 0 && right);
        if (show > 0 && odd) {
            const option *best = &resolution.options[0];
            printf(
                "%s row %zu (%s) p %.4f w %d right %d %s: %s\n",
                resolution.decision.decision == MUSTER__V1__DECISION__DECISION_MATCHED ? "WRONG"
                : resolution.decision.decision == MUSTER__V1__DECISION__DECISION_NEW   ? "MISSED"
                                                                                       : "ASKED",
                r + 1, mine, best->probability / 1e6, best->weight, right,
                protobuf_c_enum_descriptor_get_value(&muster__v1__reason__descriptor, (int)resolution.decision.reason)
                    ->name,
                sentence_of_candidate(arena, best->likeness, best->row));
        }
    }
    int64_t fold_end = (int64_t)mst_clock_cpu_us();
    keyed *all = malloc((rows + known) * sizeof *all);
    for (int pass = 0; pass < 2; pass++) {
        size_t count = 0;
        for (size_t i = 0; i <= rows + known; i++)
            parents[i] = i;
        for (size_t r = 0; r < rows; r++)
            if (edges[r].to != SIZE_MAX && (pass == 1 || edges[r].automatic))
                parents[root(known + r)] = root(edges[r].to);
        for (size_t i = 0; i < rows + known; i++) {
            char *truth = i < known ? directory_table.cells[i * directory_table.columns + (size_t)directory_truth]
                                    : rows_table.cells[(i - known) * rows_table.columns + (size_t)rows_truth];
            char *cut = strndup(truth, truth_size(truth));
            if (*cut == 0)
                continue;
            all[count++] = (keyed){cut, i};
        }
        score(all, count, pass == 0 ? "automatic" : "linked");
    }
    printf("rows %zu: matched %zu, new %zu, asked %zu (%zu rightly)\n", rows, matched, fresh, asked, asked_right);
    printf("wrong automatic merges %zu = %.2f per 10,000 rows; questions %.1f per 1,000 rows\n", wrong,
           (double)wrong * 10000 / (double)rows, (double)asked * 1000 / (double)rows);
    printf("questions by reason:");
    for (int i = 0; i < 16; i++)
        if (reasons[i] > 0)
            printf(" %s %zu", protobuf_c_enum_descriptor_get_value(&muster__v1__reason__descriptor, i)->name + 7,
                   reasons[i]);
    printf("\nbest candidate right by probability:");
    for (int i = 0; i <= 10; i++)
        if (bins[i][0] + bins[i][1] > 0)
            printf(" %.1f: %zu/%zu", i / 10.0, bins[i][1], bins[i][0] + bins[i][1]);
    printf("\ntuning: %.1f ms; prior moved by %.2f bits (directory), %.2f (file)",
           (double)(find_start - tune_start) / 1000, weigher.shift_directory / 1000.0, weigher.shift_file / 1000.0);
    people_stats stats;
    people_stats_of(directory != NULL ? directory : file, &stats);
    size_t indexed = directory != NULL ? known : rows;
    printf("\nindex: %.2f us a person, %.0f bytes a person, %.1f keys a person, %zu oversize blocks\n",
           directory != NULL ? (double)(built - start) / (double)known : (double)(filed - built) / (double)rows,
           (double)people_memory(directory != NULL ? directory : file) / (double)indexed,
           (double)stats.keys / (double)indexed, (size_t)stats.oversize_blocks);
    printf("find: %.2f us a row, %.0f rows/s, %.2f pairs a row; file index %.2f us a row; fold %.2f us a row\n",
           (double)(find_end - find_start) / (double)rows / repeat,
           (double)rows * repeat * 1e6 / (double)(find_end - find_start), (double)finder.compared / (double)rows,
           (double)(filed - built) / (double)rows, (double)(fold_end - fold_start) / (double)rows);
    return 0;
}
