/* fuzz_csv.c - bytes to rows and to events: never a crash, never an event that would not be taken, the same however the
 * bytes are cut, and cells as libcsv has them, or the same in any pieces in odd dialects. The first byte chooses the
 * size of the pieces. */
#include "proto/codec.h"
#include "proto/rows.h"
#include "services/parsing/entries.h"
#include <assert.h>
#include <string.h>

/* A hash over all that was said. */
typedef struct heard {
    uint64_t hash;
    uint32_t rows, parts;
} heard;

static void
hear(heard *self, const void *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        self->hash = (self->hash ^ ((const uint8_t *)data)[i]) * UINT64_C(1099511628211);
}

static void
hear_message(heard *self, const ProtobufCMessage *message)
{
    mst_arena *arena = mst_arena_new(0);
    mst_slice packed = mst_arena_pack(arena, message);
    assert(packed.size <= MST_BODY_SIZE_MAX);
    assert(mst_unpack(message->descriptor, packed.data, packed.size, MST_BODY_SIZE_MAX, mst_arena_allocator(arena)) !=
           NULL);
    hear(self, packed.data, packed.size);
    mst_arena_destroy(&arena);
}

static void
on_recognised(void *context, const Muster__V1__FileRecognised *recognised)
{
    hear_message(context, &recognised->base);
}

static void
on_chunk(void *context, const Muster__V1__EntriesRead *chunk)
{
    heard *self = context;
    assert(mst_rows_ok(chunk->rows) && chunk->rows->rows > 0 && chunk->rows->first_row == self->rows + 1);
    self->rows += chunk->rows->rows;
    hear_message(self, &chunk->base);
}

static void
on_wrong(void *context, const Muster__V1__WrongValuesFound *wrong, uint32_t rows)
{
    (void)rows;
    hear_message(context, &wrong->base);
}

static void
on_part(void *context)
{
    ((heard *)context)->parts++;
}

static heard
read_entries(const uint8_t *data, size_t size, size_t piece)
{
    static Muster__V1__Field fields[5], *list[5];
    static const char *const names[] = {"given_name", "born", "email", "phone", "n"};
    static const Muster__V1__FieldType types[] = {
        MUSTER__V1__FIELD_TYPE__FIELD_STRING, MUSTER__V1__FIELD_TYPE__FIELD_DATE, MUSTER__V1__FIELD_TYPE__FIELD_EMAIL,
        MUSTER__V1__FIELD_TYPE__FIELD_PHONE, MUSTER__V1__FIELD_TYPE__FIELD_NUMBER};
    for (size_t i = 0; i < 5; i++) {
        muster__v1__field__init(&fields[i]);
        fields[i].name = (char *)names[i];
        fields[i].type = types[i];
        fields[i].format = "any";
        list[i] = &fields[i];
    }
    fields[0].pattern = "\\w+";
    fields[0].required = true;
    entries_settings settings = {.batch_id = "B1", .generation = 1};
    settings.wanted.name = "fuzz";
    settings.wanted.fields = list;
    settings.wanted.fields_count = 5;
    settings.wanted.id_column = "";
    heard result = {.hash = 1};
    entries_sink sink = {&result, on_recognised, on_chunk, on_wrong, NULL, on_part};
    entries *source = entries_new(&settings, &sink);
    bool ok = true;
    size_t at = 0;
    do {
        size_t step = size - at < piece ? size - at : piece;
        ok = entries_feed(source, step == 0 ? (const uint8_t *)"" : data + at, step, at + step == size);
        at += step;
    } while (ok && at < size);
    const char *advice, *failure = entries_failure(source, &advice);
    assert(ok == (failure == NULL));
    if (failure != NULL)
        hear(&result, failure, strlen(failure));
    entries_destroy(&source);
    return result;
}

static bool
on_row(void *context, const csv_row *row)
{
    hear(context, &row->line, sizeof row->line);
    for (uint32_t i = 0; i < row->cells_count; i++) {
        hear(context, row->cells[i].data, row->cells[i].size);
        hear(context, "|", 1);
    }
    return true;
}

static heard
read_rows(const csv_dialect *dialect, const uint8_t *data, size_t size, size_t piece, bool libcsv)
{
    heard result = {.hash = 1};
    csv_rows *rows = csv_rows_new(dialect, on_row, &result);
    if (libcsv)
        csv_rows_use_libcsv(rows);
    bool ok = true;
    for (size_t at = 0; ok && at < size; at += piece)
        ok = csv_rows_feed(rows, data + at, size - at < piece ? size - at : piece, false);
    if (ok)
        csv_rows_feed(rows, NULL, 0, true);
    uint64_t line;
    uint32_t column;
    csv_fault fault = csv_rows_fault(rows, &line, &column);
    hear(&result, &fault, sizeof fault);
    csv_rows_destroy(&rows);
    return result;
}

static const csv_dialect COMMA = {.delimiter = ',', .quote = '"'};
/* Escapes, delimiters of several characters, and rows with a quote too many. */
static const csv_dialect ODD[] = {{.delimiter = ',', .quote = '"', .columns = 3},
                                  {.delimiter = ',', .quote = '"', .escape = '\\'},
                                  {.delimiter = ',', .quote = '"', .escape = '\\', .columns = 2},
                                  {.delimiter = '|', .rest = "|", .quote = '\'', .columns = 2},
                                  {.delimiter = ';', .quote = '"', .skip_space = true, .columns = 4}};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t piece = data[0] + 1u;
    data++;
    size--;
    heard cut = read_entries(data, size, piece), whole = read_entries(data, size, size + 1);
    // The pieces decide only when the first look is taken, and that is at the end of files as small as these.
    if (size < READER_SAMPLE_SIZE)
        assert(cut.hash == whole.hash && cut.rows == whole.rows);
    // libcsv takes blanks around cells away and ends text at no byte; the scan keeps blanks.
    if (memchr(data, ' ', size) == NULL && memchr(data, '\t', size) == NULL)
        assert(read_rows(&COMMA, data, size, piece, false).hash == read_rows(&COMMA, data, size, size + 1, true).hash);
    for (size_t i = 0; size < CSV_FIELD_SIZE_MAX && i < sizeof ODD / sizeof ODD[0]; i++)
        assert(read_rows(&ODD[i], data, size, piece, false).hash ==
               read_rows(&ODD[i], data, size, size + 1, false).hash);
    return 0;
}
