/* read.c - `muster-parsing --read FILE`: how a file is understood, by the same code that reads uploads. */
#include "parsing.h"

#include "entries.h"
#include "read_json.h"
#include "read_remarks.h"
#include "read_show.h"
#include "services/runtime/tableschema.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PIECE_SIZE (512u * 1024u)
#define TEMPLATE_SIZE_MAX (1u << 20) /* bytes of a packed template */
#define ROWS_SHOWN 10u               /* rows shown when nobody says how many */

typedef struct look {
    show show;
    uint32_t sheet;
    const char *template_file;
    mst_arena *arena;
    Muster__V1__RemarksFound *remarks; /* NULL: none */
} look;

static const char HELP[] =
    "Usage: muster-parsing --read FILE [--format text|json|csv] [--rows N] [--sheet N] [--template-file T]\n"
    "Shows how a CSV file or workbook is understood; nothing is uploaded. T is a template, as JSON or packed.\n"
    "Of a workbook the leftmost worksheet that is shown is read, or with --sheet another one (1 is the first).\n"
    "csv writes RFC 4180 CSV in UTF-8 with commas: the first table of the file, its header in the first line (col_0,\n"
    "col_1 .. for a file without one), without preamble and blank rows. A converter, so values stay as they are, also\n"
    "those that a spreadsheet program would take for a formula.\n";

/* What reading tells ------------------------------------------------------------------------------------- */

static bool
on_form(void *context, const reader *file, const file_form *form)
{
    look *self = context;
    show_form(&self->show, file, form);
    return true;
}

static bool
on_row(void *context, const csv_row *row)
{
    look *self = context;
    return show_row(&self->show, row);
}

static void
on_recognised(void *context, const Muster__V1__FileRecognised *recognised)
{
    look *self = context;
    show_columns(&self->show, recognised);
}

static void
on_wrong(void *context, const Muster__V1__WrongValuesFound *found, uint32_t rows)
{
    (void)rows;
    look *self = context;
    show_wrong(&self->show, found);
}

static void
on_chunk(void *context, const Muster__V1__EntriesRead *chunk)
{
    (void)context;
    (void)chunk;
}

static void
on_remarks(void *context, const Muster__V1__RemarksFound *found)
{
    look *self = context;
    mst_slice packed = mst_arena_pack(self->arena, &found->base);
    self->remarks = muster__v1__remarks_found__unpack(mst_arena_allocator(self->arena), packed.size, packed.data);
}

static void
on_part(void *context)
{
    (void)context;
}

/* Files -------------------------------------------------------------------------------------------------- */

static Muster__V1__Template *
load_template(const char *path, mst_arena *arena)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return NULL;
    }
    uint8_t *bytes = mst_alloc(TEMPLATE_SIZE_MAX);
    size_t size = fread(bytes, 1, TEMPLATE_SIZE_MAX, file);
    fclose(file);
    Muster__V1__Template *template = NULL;
    char why[512];
    if (size == 0 || bytes[0] != '{')
        template = muster__v1__template__unpack(mst_arena_allocator(arena), size, bytes);
    else if (mst_tableschema_template(arena, (const char *)bytes, size, &template, why) != MST_OK)
        fprintf(stderr, "%s: %s\n", path, why);
    if (template == NULL && (size == 0 || bytes[0] != '{'))
        fprintf(stderr, "%s: neither a packed template nor a JSON object\n", path);
    free(bytes);
    return template;
}

static int
file_open(const char *path)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    } else if (S_ISDIR(info.st_mode)) {
        fprintf(stderr, "%s: this is a directory; name a CSV file or workbook\n", path);
        close(fd);
        fd = -1;
    }
    return fd;
}

/* What a file is fed to. */
typedef struct feeder {
    bool (*feed)(void *to, const void *data, size_t size, bool last);
    bool (*pending)(const void *to);
    void *to;
} feeder;

/* Feeds the file until it ends or is refused. False: it could not be read. */
static bool
file_feed(int fd, const char *path, const feeder *to)
{
    static uint8_t piece[PIECE_SIZE];
    for (;;) {
        ssize_t size = read(fd, piece, sizeof piece);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0) {
            fprintf(stderr, "%s: %s\n", path, strerror(errno));
            return false;
        }
        if (!to->feed(to->to, piece, (size_t)size, size == 0) || size == 0)
            break;
    }
    while (to->pending(to->to) && to->feed(to->to, NULL, 0, true))
        ;
    return true;
}

static bool
feed_reader(void *to, const void *data, size_t size, bool last)
{
    return reader_feed(to, data, size, last);
}

static bool
pending_reader(const void *to)
{
    return reader_pending(to);
}

static bool
feed_entries(void *to, const void *data, size_t size, bool last)
{
    return entries_feed(to, data, size, last);
}

static bool
pending_entries(const void *to)
{
    return entries_pending(to);
}

/* Where workbooks are set aside. */
static const char *
spool_dir(void)
{
    const char *dir = getenv("TMPDIR");
    return dir != NULL && dir[0] != '\0' ? dir : "/var/tmp";
}

static int
refused(const look *self, const char *failure, const char *advice)
{
    fflush(self->show.out);
    fprintf(stderr, "%s: %s %s\n", self->show.file, failure, advice);
    return 1;
}

/* The file as it is: form and rows. */
static int
look_at_rows(look *self, const wanted_columns *wanted)
{
    int fd = file_open(self->show.file);
    if (fd < 0)
        return 1;
    reader_sink sink = {.context = self,
                        .hint = {wanted == NULL ? NULL : mapping_fits, wanted},
                        .recognised = on_form,
                        .row = on_row,
                        .spool_dir = spool_dir(),
                        .sheet = self->sheet};
    reader *source = reader_new(&sink);
    bool read = file_feed(fd, self->show.file, &(feeder){feed_reader, pending_reader, source});
    close(fd);
    const char *advice, *failure = reader_failure(source, &advice);
    int rc = !read ? 1 : failure != NULL ? refused(self, failure, advice) : 0;
    if (self->show.shape == SHAPE_JSON && self->show.form != NULL)
        fprintf(self->show.out, "],\"rows_total\":%llu", (unsigned long long)self->show.rows_seen);
    if (self->show.shape == SHAPE_TEXT && rc == 0)
        fprintf(self->show.out, "\n%llu rows\n", (unsigned long long)self->show.rows_seen);
    if (self->show.shape == SHAPE_JSON && self->show.form != NULL && failure != NULL) {
        fprintf(self->show.out, ",\"failure\":");
        read_json_string(self->show.out, failure);
    }
    reader_destroy(&source);
    return rc;
}

static const char *
today(mst_arena *arena)
{
    time_t now = time(NULL);
    struct tm when;
    localtime_r(&now, &when);
    return mst_arena_printf(arena, "%04d-%02d-%02d", when.tm_year + 1900, when.tm_mon + 1, when.tm_mday);
}

/* The file as the template sees it: columns and wrong values. */
static int
look_at_values(look *self, const Muster__V1__Template *template, const wanted_columns *wanted)
{
    entries_settings settings = {.batch_id = "",
                                 .generation = 1,
                                 .wanted = *wanted,
                                 .template = template,
                                 .today = today(self->arena),
                                 .spool_dir = spool_dir(),
                                 .missing_values = template->missing_values,
                                 .missing_values_count = template->n_missing_values};
    entries_sink sink = {self, on_recognised, on_chunk, on_wrong, on_remarks, on_part};
    int fd = file_open(self->show.file);
    if (fd < 0)
        return 1;
    entries *source = entries_new(&settings, &sink);
    bool read = file_feed(fd, self->show.file, &(feeder){feed_entries, pending_entries, source});
    close(fd);
    const char *advice, *failure = entries_failure(source, &advice);
    int rc = !read ? 1 : failure != NULL ? refused(self, failure, advice) : 0;
    if (self->show.shape == SHAPE_JSON && self->show.wrong_open)
        fputc(']', self->show.out);
    if (self->show.shape == SHAPE_JSON && failure == NULL)
        read_remarks_json(self->show.out, self->remarks);
    if (self->show.shape == SHAPE_TEXT)
        read_remarks_text(self->show.out, self->remarks);
    if (self->show.shape == SHAPE_JSON && failure != NULL) {
        fprintf(self->show.out, ",\"failure\":");
        read_json_string(self->show.out, failure);
    }
    if (self->show.shape == SHAPE_TEXT && rc == 0) {
        Muster__V1__ReadingFinished finished;
        uint8_t hash[16];
        entries_finished(source, &finished, hash);
        fprintf(self->show.out, "%u rows, %u of them with wrong values\n", finished.rows, finished.wrong_rows);
    }
    entries_destroy(&source);
    return rc;
}

static bool
arguments(look *self, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (argv[i][0] != '-' && self->show.file == NULL) {
            self->show.file = argv[i];
            continue;
        }
        if (value == NULL)
            return false;
        i++;
        if (strcmp(argv[i - 1], "--format") == 0 && strcmp(value, "csv") == 0)
            self->show.shape = SHAPE_CSV;
        else if (strcmp(argv[i - 1], "--format") == 0 && strcmp(value, "json") == 0)
            self->show.shape = SHAPE_JSON;
        else if (strcmp(argv[i - 1], "--format") == 0 && strcmp(value, "text") == 0)
            self->show.shape = SHAPE_TEXT;
        else if (strcmp(argv[i - 1], "--template-file") == 0)
            self->template_file = value;
        else if (strcmp(argv[i - 1], "--sheet") == 0) {
            self->sheet = (uint32_t)strtoul(value, NULL, 10);
            if (self->sheet == 0)
                return false;
        } else if (strcmp(argv[i - 1], "--rows") == 0) {
            char *end;
            self->show.rows_max = strtoull(value, &end, 10);
            self->show.rows_given = true;
            if (*end != '\0' || value[0] < '0' || value[0] > '9')
                return false;
        } else
            return false;
    }
    return self->show.file != NULL;
}

int
parsing_read_main(int argc, char **argv)
{
    look self = {.show = {.rows_max = ROWS_SHOWN, .out = stdout}};
    if (argc > 0 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)) {
        fputs(HELP, stdout);
        return 0;
    }
    if (!arguments(&self, argc, argv)) {
        fputs(HELP, stderr);
        return 2;
    }
    if (self.show.shape == SHAPE_CSV && !self.show.rows_given)
        self.show.rows_max = UINT64_MAX;
    Muster__V1__Template *template = NULL;
    wanted_columns wanted = {.id_column = ""};
    self.arena = mst_arena_new(0);
    int rc = 0;
    if (self.template_file != NULL) {
        template = load_template(self.template_file, self.arena);
        rc = template == NULL ? 2 : 0;
    }
    if (template != NULL) {
        wanted.name = template->name;
        wanted.fields = template->fields;
        wanted.fields_count = template->n_fields;
        wanted.needed = template->duplicate_check;
        wanted.needed_count = template->n_duplicate_check;
        mapping_prepare(&wanted, self.arena);
    }
    if (rc == 0)
        rc = look_at_rows(&self, template == NULL ? NULL : &wanted);
    if (rc == 0 && template != NULL && self.show.shape != SHAPE_CSV)
        rc = look_at_values(&self, template, &wanted);
    if (self.show.shape == SHAPE_JSON && self.show.form != NULL)
        fputs("}\n", self.show.out);
    if (fflush(self.show.out) != 0 || ferror(self.show.out)) {
        fprintf(stderr, "the output could not be written: %s\n", strerror(errno));
        rc = 1;
    }
    mst_arena_destroy(&self.arena);
    return rc;
}
