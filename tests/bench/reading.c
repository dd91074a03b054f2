/* reading.c - muster-bench-reading FILE TEMPLATE.json: a file read and validated as an upload would be, by the same
 * code, without bus and broker. Prints one JSON object. */
#include "broker/lib/clock.h"
#include "services/parsing/entries.h"
#include "services/runtime/tableschema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE_SIZE = 512 * 1024, TEMPLATE_SIZE_MAX = 1 << 20 };

static _Noreturn void
give_up(const char *path, const char *why)
{
    fprintf(stderr, "muster-bench-reading: %s: %s\n", path, why);
    exit(1);
}

static void
on_recognised(void *context, const Muster__V1__FileRecognised *recognised)
{
    (void)context, (void)recognised;
}

static void
on_chunk(void *context, const Muster__V1__EntriesRead *chunk)
{
    *(uint64_t *)context += chunk->rows->values.len;
}

static void
on_wrong(void *context, const Muster__V1__WrongValuesFound *wrong, uint32_t rows)
{
    (void)context, (void)wrong, (void)rows;
}

static void
on_part(void *context)
{
    (void)context;
}

/* The most memory it ever held; getrusage would count what started it, too. */
static double
peak_mib(void)
{
    char line[256];
    unsigned long kib = 0;
    FILE *file = fopen("/proc/self/status", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "VmHWM: %lu kB", &kib) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return (double)kib / 1024;
}

static Muster__V1__Template *
template_of(const char *path, mst_arena *arena)
{
    static char json[TEMPLATE_SIZE_MAX];
    char why[512];
    Muster__V1__Template *template;
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        give_up(path, strerror(errno));
    size_t size = fread(json, 1, sizeof json, file);
    fclose(file);
    if (mst_tableschema_template(arena, json, size, &template, why) != MST_OK)
        give_up(path, why);
    return template;
}

static bool
feed_all(entries *source, const char *path)
{
    static uint8_t piece[PIECE_SIZE];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0;
    if (!ok)
        give_up(path, strerror(errno));
    for (ssize_t size = 1; ok && size > 0;) {
        size = read(fd, piece, sizeof piece);
        if (size < 0)
            give_up(path, strerror(errno));
        ok = entries_feed(source, piece, (size_t)size, size == 0);
    }
    while (ok && entries_pending(source))
        ok = entries_feed(source, NULL, 0, true);
    close(fd);
    return ok;
}

int
main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("muster-bench-reading FILE TEMPLATE.json\n", stderr);
        return 2;
    }
    mst_arena *arena = mst_arena_new(0);
    const Muster__V1__Template *template = template_of(argv[2], arena);
    uint64_t bytes = 0, cpu = mst_clock_cpu_us();
    int64_t start = mst_clock_monotonic_us();
    const char *dir = getenv("TMPDIR");
    entries_settings settings = {.batch_id = "B1",
                                 .generation = 1,
                                 .spool_dir = dir == NULL ? "/var/tmp" : dir,
                                 .template = template,
                                 .missing_values = template->missing_values,
                                 .missing_values_count = template->n_missing_values};
    settings.wanted.name = template->name;
    settings.wanted.id_column = "";
    settings.wanted.fields = template->fields;
    settings.wanted.fields_count = template->n_fields;
    const entries_sink sink = {&bytes, on_recognised, on_chunk, on_wrong, NULL, on_part};
    entries *source = entries_new(&settings, &sink);
    const char *advice;
    if (!feed_all(source, argv[1]))
        give_up(argv[1], entries_failure(source, &advice));
    Muster__V1__ReadingFinished finished;
    uint8_t hash[16];
    entries_finished(source, &finished, hash);
    cpu = mst_clock_cpu_us() - cpu;
    double seconds = (double)(mst_clock_monotonic_us() - start) / 1e6;
    printf("{\"rows\": %u, \"wrong_rows\": %u, \"value_bytes\": %llu, \"cpu_us_per_row\": %.4f, \"rows_per_s\": %.0f, "
           "\"peak_rss_mib\": %.1f}\n",
           finished.rows, finished.wrong_rows, (unsigned long long)bytes, (double)cpu / finished.rows,
           finished.rows / seconds, peak_mib());
    entries_destroy(&source);
    mst_arena_destroy(&arena);
    return 0;
}
