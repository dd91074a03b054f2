/* read.c - `muster-parsing --read FILE`: how a file is understood, by the same code that reads uploads. */
#include "parsing.h"

#include "entries.h"
#include "header.h"
#include "read_remarks.h"
#include "services/runtime/tableschema.h"
#include "utf8.h"
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

typedef enum shape { SHAPE_TEXT, SHAPE_JSON, SHAPE_CSV } shape;

typedef struct look {
    shape shape;
    uint64_t rows_max, rows_seen;
    uint32_t sheet;
    bool rows_given;
    const char *file, *template_file;
    mst_arena *arena;
    FILE *out;
    const file_form *form;
    bool first_object, wrong_open;
    uint64_t wrong_values;
    Muster__V1__RemarksFound *remarks; /* NULL: none */
} look;

static const char HELP[] =
    "Usage: muster-parsing --read FILE [--format text|json|csv] [--rows N] [--sheet N] [--template-file T]\n"
    "Shows how a CSV file or workbook is understood; nothing is uploaded. T is a template, as JSON or packed.\n"
    "Of a workbook the leftmost worksheet that is shown is read, or with --sheet another one (1 is the first).\n"
    "csv writes RFC 4180 CSV in UTF-8 with commas: the first table of the file, its header in the first line (col_0,\n"
    "col_1 .. for a file without one), without preamble and blank rows. A converter, so values stay as they are, also\n"
    "those that a spreadsheet program would take for a formula.\n";

/* Output ----------------------------------------------------------------------------------------------- */

static void
json_text(FILE *out, const uint8_t *data, size_t size)
{
    char stack[1024], *clean = size * 3 + 1 > sizeof stack ? mst_alloc(size * 3 + 1) : stack;
    bool ok = utf8_ok(data, size);
    size_t used = size;
    const char *text = (const char *)data;
    if (!ok) {
        used = utf8_clean(data, size, clean, size * 3 + 1);
        text = clean;
    }
    fputc('"', out);
    for (size_t i = 0; i < used; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
    if (clean != stack)
        free(clean);
}

static void
json_string(FILE *out, const char *text)
{
    json_text(out, (const uint8_t *)text, strlen(text));
}

static void
csv_line(FILE *out, const csv_cell *cells, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *data = cells[i].data;
        size_t size = cells[i].size;
        char *clean = NULL;
        if (!utf8_ok(data, size)) {
            clean = mst_alloc(size * 3 + 1);
            size = utf8_clean(data, size, clean, size * 3 + 1);
            data = (const uint8_t *)clean;
        }
        bool quote = (count == 1 && size == 0);
        for (size_t j = 0; j < size && !quote; j++)
            quote = data[j] == ',' || data[j] == '"' || data[j] == '\n' || data[j] == '\r';
        if (i > 0)
            fputc(',', out);
        if (!quote) {
            fwrite(data, 1, size, out);
        } else {
            fputc('"', out);
            for (size_t j = 0; j < size; j++) {
                if (data[j] == '"')
                    fputc('"', out);
                fputc(data[j], out);
            }
            fputc('"', out);
        }
        free(clean);
    }
    fputs("\r\n", out);
}

static void
text_line(FILE *out, const csv_cell *cells, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        char shown[200];
        utf8_clean(cells[i].data, cells[i].size, shown, sizeof shown);
        fprintf(out, "%s%s", i == 0 ? "" : " | ", shown);
    }
    fputc('\n', out);
}

static void
json_cells(FILE *out, const csv_cell *cells, uint32_t count)
{
    fputc('[', out);
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            fputc(',', out);
        json_text(out, cells[i].data, cells[i].size);
    }
    fputc(']', out);
}

static const char *
delimiter_name(const char *delimiter)
{
    static const char *const named[][2] = {{"\t", "tab"},        {",", "comma"},       {";", "semicolon"},
                                           {"|", "pipe"},        {":", "colon"},       {"^", "caret"},
                                           {" ", "blank"},       {"\t\t", "two tabs"}, {"\x1f", "unit separator"},
                                           {"\x01", "control-A"}};
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        if (strcmp(named[i][0], delimiter) == 0)
            return named[i][1];
    return delimiter;
}

/* A file without header gets one: whoever reads the CSV finds a header in its first line, always. */
static void
csv_header(FILE *out, const file_form *form, const sample_row *header, uint32_t count)
{
    if (form->header && count > 0) {
        csv_line(out, header->cells, count);
        return;
    }
    for (uint32_t i = 0; i < form->columns; i++)
        fprintf(out, "%scol_%u", i == 0 ? "" : ",", i);
    if (form->columns > 0)
        fputs("\r\n", out);
}

/* Blank cells beyond the table are left out: a spreadsheet program writes them. */
static void
csv_row_line(FILE *out, const file_form *form, const csv_row *row)
{
    uint32_t wide = form->columns, count = row->cells_count;
    if (form->header && form->rows[form->header_row].count > wide)
        wide = form->rows[form->header_row].count;
    while (count > wide && row->cells[count - 1].size == 0)
        count--;
    csv_line(out, row->cells, count);
}

static bool
is_blank(const csv_row *row)
{
    for (uint32_t i = 0; i < row->cells_count; i++)
        if (strspn((const char *)row->cells[i].data, " \t\r\n") < row->cells[i].size && row->cells[i].size > 0)
            return false;
    return true;
}

static void
json_dialect(FILE *out, const reader *file, const file_form *form)
{
    decoder *source = reader_decoder(file);
    reader_sheet sheet;
    char mark[DELIMITER_SIZE], quote[2] = {form->csv.quote, '\0'}, escape[2] = {form->csv.escape, '\0'};
    dialect_delimiter(&form->csv, mark);
    fputc('{', out);
    if (reader_sheet_of(file, &sheet)) {
        fprintf(out, "\"sheet\":");
        json_string(out, sheet.name);
        fprintf(out, ",\"worksheets\":%u", sheet.worksheets);
    } else {
        fprintf(out, "\"delimiter\":");
        json_string(out, mark);
        fprintf(out, ",\"quote\":");
        json_string(out, quote);
        fprintf(out, ",\"escape\":");
        json_string(out, escape);
        fprintf(out, ",\"encoding\":\"%s\",\"encoding_guessed\":%s,\"encoding_sure\":%u,\"bom\":%s,\"line_end\":\"%s\"",
                decoder_encoding(source), decoder_guessed(source) ? "true" : "false", decoder_sure(source),
                decoder_bom(source) ? "true" : "false", form->line_end);
    }
    fprintf(out, ",\"header\":%s,\"preamble_lines\":%u}", form->header ? "true" : "false", form->preamble_lines);
}

static void
text_dialect(FILE *out, const reader *file, const file_form *form)
{
    decoder *source = reader_decoder(file);
    reader_sheet sheet;
    char mark[DELIMITER_SIZE];
    dialect_delimiter(&form->csv, mark);
    if (reader_sheet_of(file, &sheet)) {
        char shown[200];
        utf8_clean((const uint8_t *)sheet.name, strlen(sheet.name), shown, sizeof shown);
        fprintf(out, "sheet      %s%s\n", shown,
                sheet.worksheets > 1 ? " (one of several; only this one is read)" : "");
        if (sheet.formulas > 0)
            fprintf(out, "formulas   their last values are read%s\n",
                    sheet.formulas_empty > 0 ? "; some were never computed and are blank" : "");
    } else {
        fprintf(out, "encoding   %s%s%s\ndelimiter  %s\nline ends  %s\n", decoder_encoding(source),
                decoder_guessed(source) ? " (guessed)" : "", decoder_bom(source) ? " with byte order mark" : "",
                delimiter_name(mark), form->line_end);
    }
    if (form->preamble_lines > 0)
        fprintf(out, "preamble   %u lines before the %s\n", form->preamble_lines,
                form->header ? "header" : "first row");
}

static void
show_form(look *self, const reader *file, const file_form *form)
{
    const sample_row *header = form->rows_count > form->header_row ? &form->rows[form->header_row] : NULL;
    uint32_t count = header == NULL ? 0 : header->count < CSV_COLUMNS_MAX ? header->count : CSV_COLUMNS_MAX;
    FILE *out = self->out;
    if (self->shape == SHAPE_CSV) {
        csv_header(out, form, header, count);
    } else if (self->shape == SHAPE_JSON) {
        fprintf(out, "{\"dialect\":");
        json_dialect(out, file, form);
        fprintf(out, ",\"columns\":");
        if (form->header && header != NULL)
            json_cells(out, header->cells, count);
        else
            fprintf(out, "[]");
        fprintf(out, ",\"rows\":[");
    } else {
        text_dialect(out, file, form);
        fprintf(out, "header     %s\n", form->header ? "" : "none");
        if (form->header && header != NULL)
            text_line(out, header->cells, count);
        fputc('\n', out);
    }
}

static bool
on_form(void *context, const reader *file, const file_form *form)
{
    look *self = context;
    self->form = form;
    show_form(self, file, form);
    return true;
}

static bool
on_row(void *context, const csv_row *row)
{
    look *self = context;
    if (self->shape == SHAPE_CSV && is_blank(row))
        return true;
    if (self->shape == SHAPE_CSV && header_again(self->form, row)) {
        fprintf(stderr,
                "%s: line %llu: the header stands here once more; what follows is another table and not shown.\n",
                self->file, (unsigned long long)row->line);
        self->rows_max = self->rows_seen;
    }
    if (self->rows_seen++ >= self->rows_max)
        return !self->rows_given || self->shape != SHAPE_CSV; // text and JSON count the rest
    if (self->shape == SHAPE_CSV)
        csv_row_line(self->out, self->form, row);
    else if (self->shape == SHAPE_TEXT)
        text_line(self->out, row->cells, row->cells_count);
    else {
        if (self->rows_seen > 1)
            fputc(',', self->out);
        json_cells(self->out, row->cells, row->cells_count);
    }
    return true;
}

/* With a template ---------------------------------------------------------------------------------------- */

static void
text_column(FILE *out, const Muster__V1__ColumnMapping *one)
{
    char column[200];
    snprintf(column, sizeof column, "%u %s", one->column + 1, one->header);
    fprintf(out, "%-32s %-24s %-11s ", column, one->field[0] == '\0' ? "-" : one->field, one->how);
    if (one->field[0] == '\0')
        fputs("\n", out);
    else
        fprintf(out, "%u %%\n", one->sure);
}

static void
on_recognised(void *context, const Muster__V1__FileRecognised *recognised)
{
    look *self = context;
    if (self->shape == SHAPE_TEXT) {
        fprintf(self->out, "\n%-32s %-24s %-11s %s\n", "column", "field", "by", "sure");
        for (size_t i = 0; i < recognised->n_columns; i++)
            text_column(self->out, recognised->columns[i]);
        for (size_t i = 0; i < recognised->n_warnings; i++)
            fprintf(self->out, "warning: %s\n", recognised->warnings[i]);
        return;
    }
    if (self->shape != SHAPE_JSON || self->wrong_open)
        return;
    fprintf(self->out, ",\"mapping\":[");
    for (size_t i = 0; i < recognised->n_columns; i++) {
        fprintf(self->out, "%s{\"column\":%u,\"header\":", i == 0 ? "" : ",", recognised->columns[i]->column);
        json_string(self->out, recognised->columns[i]->header);
        fprintf(self->out, ",\"field\":");
        json_string(self->out, recognised->columns[i]->field);
        fprintf(self->out, ",\"how\":\"%s\",\"sure\":%u}", recognised->columns[i]->how, recognised->columns[i]->sure);
    }
    fprintf(self->out, "],\"warnings\":[");
    for (size_t i = 0; i < recognised->n_warnings; i++) {
        fputs(i == 0 ? "" : ",", self->out);
        json_string(self->out, recognised->warnings[i]);
    }
    fprintf(self->out, "],\"wrong\":[");
    self->wrong_open = true;
}

static void
on_chunk(void *context, const Muster__V1__EntriesRead *chunk)
{
    (void)context;
    (void)chunk;
}

static void
json_strings(FILE *out, const char *name, char *const *texts, size_t count)
{
    fprintf(out, ",\"%s\":[", name);
    for (size_t i = 0; i < count; i++) {
        fputs(i == 0 ? "" : ",", out);
        json_string(out, texts[i]);
    }
    fputc(']', out);
}

/* "type", "rule": as the protocol calls it. */
static const char *
kind_name(Muster__V1__WrongKind kind)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(&muster__v1__wrong_kind__descriptor, kind);
    return value == NULL ? "unknown" : value->name + strlen("WRONG_");
}

static void
json_wrong(look *self, const Muster__V1__WrongValue *value)
{
    FILE *out = self->out;
    fprintf(out, "%s{\"kind\":\"%s\",\"field\":", self->wrong_values == 0 ? "" : ",", kind_name(value->kind));
    json_string(out, value->field);
    fprintf(out, ",\"value\":");
    json_string(out, value->value);
    fprintf(out, ",\"message\":");
    json_string(out, value->message);
    if (value->rule[0] != '\0') {
        fprintf(out, ",\"rule\":");
        json_string(out, value->rule);
    }
    if (value->n_fields > 0) {
        json_strings(out, "fields", value->fields, value->n_fields);
        json_strings(out, "values", value->values, value->n_values);
    }
    fprintf(out, ",\"suggestions\":[");
    for (size_t i = 0; i < value->n_suggestions; i++) {
        fputs(i == 0 ? "" : ",", out);
        json_string(out, value->suggestions[i]->value);
    }
    fprintf(out, "],\"count\":%zu,\"column\":%u,\"first_line\":%u,\"first_row\":%u,\"rows\":[", value->n_rows,
            value->column, value->lines[0], value->rows[0]);
    for (size_t i = 0; i < value->n_rows; i++)
        fprintf(out, "%s%u", i == 0 ? "" : ",", value->rows[i]);
    fputs("]}", out);
}

static void
on_wrong(void *context, const Muster__V1__WrongValuesFound *found, uint32_t rows)
{
    (void)rows;
    look *self = context;
    for (size_t i = 0; i < found->n_values; i++) {
        const Muster__V1__WrongValue *value = found->values[i];
        if (self->shape == SHAPE_TEXT) {
            fprintf(self->out, "line %u, column %u (%s), %zu rows: \"%s\": %s\n", value->lines[0], value->column,
                    value->field[0] == '\0' ? "whole row" : value->field, value->n_rows, value->value, value->message);
        } else if (self->shape == SHAPE_JSON) {
            json_wrong(self, value);
        }
        self->wrong_values++;
    }
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

/* Files -------------------------------------------------------------------------------------------------- */

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
    fflush(self->out);
    fprintf(stderr, "%s: %s %s\n", self->file, failure, advice);
    return 1;
}

/* The file as it is: form and rows. */
static int
show_rows(look *self, const wanted_columns *wanted)
{
    int fd = file_open(self->file);
    if (fd < 0)
        return 1;
    reader_sink sink = {.context = self,
                        .hint = {wanted == NULL ? NULL : mapping_fits, wanted},
                        .recognised = on_form,
                        .row = on_row,
                        .spool_dir = spool_dir(),
                        .sheet = self->sheet};
    reader *source = reader_new(&sink);
    bool read = file_feed(fd, self->file, &(feeder){feed_reader, pending_reader, source});
    close(fd);
    const char *advice, *failure = reader_failure(source, &advice);
    int rc = !read ? 1 : failure != NULL ? refused(self, failure, advice) : 0;
    if (self->shape == SHAPE_JSON && self->form != NULL)
        fprintf(self->out, "],\"rows_total\":%llu", (unsigned long long)self->rows_seen);
    if (self->shape == SHAPE_TEXT && rc == 0)
        fprintf(self->out, "\n%llu rows\n", (unsigned long long)self->rows_seen);
    if (self->shape == SHAPE_JSON && self->form != NULL && failure != NULL) {
        fprintf(self->out, ",\"failure\":");
        json_string(self->out, failure);
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
show_wrong(look *self, const Muster__V1__Template *template, const wanted_columns *wanted)
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
    int fd = file_open(self->file);
    if (fd < 0)
        return 1;
    entries *source = entries_new(&settings, &sink);
    bool read = file_feed(fd, self->file, &(feeder){feed_entries, pending_entries, source});
    close(fd);
    const char *advice, *failure = entries_failure(source, &advice);
    int rc = !read ? 1 : failure != NULL ? refused(self, failure, advice) : 0;
    if (self->shape == SHAPE_JSON && self->wrong_open)
        fputc(']', self->out);
    if (self->shape == SHAPE_JSON && failure == NULL)
        read_remarks_json(self->out, self->remarks);
    if (self->shape == SHAPE_TEXT)
        read_remarks_text(self->out, self->remarks);
    if (self->shape == SHAPE_JSON && failure != NULL) {
        fprintf(self->out, ",\"failure\":");
        json_string(self->out, failure);
    }
    if (self->shape == SHAPE_TEXT && rc == 0) {
        Muster__V1__ReadingFinished finished;
        uint8_t hash[16];
        entries_finished(source, &finished, hash);
        fprintf(self->out, "%u rows, %u of them with wrong values\n", finished.rows, finished.wrong_rows);
    }
    entries_destroy(&source);
    return rc;
}

static bool
arguments(look *self, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (argv[i][0] != '-' && self->file == NULL) {
            self->file = argv[i];
            continue;
        }
        if (value == NULL)
            return false;
        i++;
        if (strcmp(argv[i - 1], "--format") == 0 && strcmp(value, "csv") == 0)
            self->shape = SHAPE_CSV;
        else if (strcmp(argv[i - 1], "--format") == 0 && strcmp(value, "json") == 0)
            self->shape = SHAPE_JSON;
        else if (strcmp(argv[i - 1], "--format") == 0 && strcmp(value, "text") == 0)
            self->shape = SHAPE_TEXT;
        else if (strcmp(argv[i - 1], "--template-file") == 0)
            self->template_file = value;
        else if (strcmp(argv[i - 1], "--sheet") == 0) {
            self->sheet = (uint32_t)strtoul(value, NULL, 10);
            if (self->sheet == 0)
                return false;
        } else if (strcmp(argv[i - 1], "--rows") == 0) {
            char *end;
            self->rows_max = strtoull(value, &end, 10);
            self->rows_given = true;
            if (*end != '\0' || value[0] < '0' || value[0] > '9')
                return false;
        } else
            return false;
    }
    return self->file != NULL;
}

int
parsing_read_main(int argc, char **argv)
{
    look self = {.rows_max = ROWS_SHOWN, .out = stdout};
    if (argc > 0 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)) {
        fputs(HELP, stdout);
        return 0;
    }
    if (!arguments(&self, argc, argv)) {
        fputs(HELP, stderr);
        return 2;
    }
    if (self.shape == SHAPE_CSV && !self.rows_given)
        self.rows_max = UINT64_MAX;
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
        rc = show_rows(&self, template == NULL ? NULL : &wanted);
    if (rc == 0 && template != NULL && self.shape != SHAPE_CSV)
        rc = show_wrong(&self, template, &wanted);
    if (self.shape == SHAPE_JSON && self.form != NULL)
        fputs("}\n", self.out);
    if (fflush(self.out) != 0 || ferror(self.out)) {
        fprintf(stderr, "the output could not be written: %s\n", strerror(errno));
        rc = 1;
    }
    mst_arena_destroy(&self.arena);
    return rc;
}
