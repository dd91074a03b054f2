/* corrected.c - see corrected.h. */
#include "corrected.h"

#include "proto/rows.h"
#include <stdlib.h>
#include <string.h>

#define ROW_FIELD "row"
#define REASON_FIELD "what is wrong" /* as the file of rejected rows has it */
#define ADVICE                                                                                                         \
    "Nothing of the file was taken. Take the file that \"muster batch rejected\" writes, keep its column \"row\" as "  \
    "it "                                                                                                              \
    "is, and send it again."

struct corrected {
    mst_arena *arena;
    char *batch_id;
    uint32_t generation, rows_max;
    Muster__V1__Field **fields; /* plain ones: of the batch, then what is wrong, then the number of the row */
    size_t values_count;        /* of the batch */
    size_t fields_count;        /* all */
    bool *there;                /* of each: a column of the file feeds it */
    size_t there_count;         /* among those of the batch */
    uint8_t *seen;              /* a bit per entry */
    Muster__V1__RowsCorrected **list;
    size_t count, room;
    size_t size;
    const char *failure;
};

static Muster__V1__Field *
add_field(corrected *self, const char *name)
{
    Muster__V1__Field *plain = self->fields[self->fields_count++] = mst_arena_alloc(self->arena, sizeof *plain);
    muster__v1__field__init(plain);
    plain->name = (char *)name;
    return plain;
}

corrected *
corrected_new(const char *batch_id, uint32_t generation, Muster__V1__Field *const *fields, size_t fields_count,
              uint32_t rows)
{
    corrected *self = mst_alloc(sizeof *self);
    *self = (corrected){.arena = mst_arena_new(0), .generation = generation, .rows_max = rows};
    self->batch_id = mst_arena_strdup(self->arena, batch_id);
    self->fields = mst_arena_alloc(self->arena, (fields_count + 2) * sizeof *self->fields);
    for (size_t i = 0; i < fields_count; i++) {
        if (strcmp(fields[i]->name, ROW_FIELD) == 0)
            continue; // the number of the row it is, here
        Muster__V1__Field *plain = add_field(self, fields[i]->name);
        plain->title = fields[i]->title;
        plain->synonyms = fields[i]->synonyms;
        plain->n_synonyms = fields[i]->n_synonyms;
    }
    self->values_count = self->fields_count;
    add_field(self, REASON_FIELD);
    add_field(self, ROW_FIELD);
    self->there = mst_arena_alloc(self->arena, self->fields_count * sizeof *self->there);
    self->seen = mst_alloc(rows / 8 + 1);
    memset(self->seen, 0, rows / 8 + 1);
    return self;
}

void
corrected_destroy(corrected **self)
{
    if (*self == NULL)
        return;
    free((*self)->seen);
    free((*self)->list);
    mst_arena_destroy(&(*self)->arena);
    free(*self);
    *self = NULL;
}

static void
on_recognised(void *context, const Muster__V1__FileRecognised *recognised)
{
    corrected *self = context;
    self->there_count = 0;
    for (size_t i = 0; i < self->fields_count; i++) {
        self->there[i] = false;
        for (size_t j = 0; j < recognised->n_columns; j++)
            self->there[i] = self->there[i] || strcmp(recognised->columns[j]->field, self->fields[i]->name) == 0;
        self->there_count += i < self->values_count && self->there[i];
    }
    if (!self->there[self->fields_count - 1])
        self->failure =
            "The corrected file has no column \"row\", which says of each row which one of the batch it is.";
    else if (self->there_count == 0)
        self->failure = "The corrected file has no column of the batch besides \"row\".";
}

/* The entry that row `at` is; 0, with the failure said: none. */
static uint32_t
number_of(corrected *self, const Muster__V1__EntriesRead *chunk, uint32_t at)
{
    size_t size;
    const char *cell = mst_rows_cell(chunk->rows, at, (uint32_t)self->fields_count - 1, &size);
    uint64_t number = 0;
    bool digits = size > 0 && size <= 10;
    for (size_t i = 0; digits && i < size; i++) {
        digits = cell[i] >= '0' && cell[i] <= '9';
        number = number * 10 + (uint64_t)(cell[i] - '0');
    }
    const char *why = NULL;
    if (!digits)
        why = "is no number of a row";
    else if (number == 0 || number > self->rows_max)
        why = mst_arena_printf(self->arena, "is no row of the batch, which has rows 1 to %u", self->rows_max);
    else if ((self->seen[number / 8] >> number % 8 & 1) != 0)
        why = "stands there twice";
    if (why != NULL) {
        self->failure = mst_arena_printf(self->arena, "Row %u of the corrected file: \"%.*s\" in column \"row\" %s.",
                                         chunk->rows->first_row + at, (int)(size > 40 ? 40 : size), cell, why);
        return 0;
    }
    self->seen[number / 8] |= (uint8_t)(1u << number % 8);
    return (uint32_t)number;
}

static void
on_chunk(void *context, const Muster__V1__EntriesRead *chunk)
{
    corrected *self = context;
    if (self->failure != NULL || !mst_rows_ok(chunk->rows) || chunk->rows->columns != self->fields_count)
        return;
    self->size += chunk->rows->values.len + chunk->rows->n_ends * 4;
    if (self->size > CORRECTIONS_SIZE_MAX) {
        self->failure = mst_arena_printf(self->arena, "The corrected file has more than %u MiB of rows.",
                                         CORRECTIONS_SIZE_MAX >> 20);
        return;
    }
    Muster__V1__RowsCorrected came = MUSTER__V1__ROWS_CORRECTED__INIT;
    came.batch_id = self->batch_id;
    came.generation = self->generation;
    came.fields = mst_arena_alloc(self->arena, self->fields_count * sizeof *came.fields);
    for (size_t i = 0; i < self->values_count; i++)
        if (self->there[i])
            came.fields[came.n_fields++] = self->fields[i]->name;
    came.numbers = mst_arena_alloc(self->arena, chunk->rows->rows * sizeof *came.numbers);
    mst_rows_builder builder = {0};
    mst_rows_builder_init(&builder, (uint32_t)came.n_fields);
    for (uint32_t i = 0; i < chunk->rows->rows && self->failure == NULL; i++) {
        came.numbers[came.n_numbers++] = number_of(self, chunk, i);
        for (uint32_t j = 0; j < self->values_count; j++) {
            size_t size;
            const char *cell = mst_rows_cell(chunk->rows, i, j, &size);
            if (self->there[j])
                mst_rows_builder_add(&builder, cell, size);
        }
    }
    Muster__V1__Rows rows;
    mst_rows_builder_view(&builder, 0, &rows);
    came.rows = &rows;
    if (self->failure == NULL) {
        mst_slice packed = mst_arena_pack(self->arena, &came.base);
        if (self->count == self->room) {
            self->room = self->room == 0 ? 16 : 2 * self->room;
            self->list = mst_realloc(self->list, self->room * sizeof *self->list);
        }
        self->list[self->count++] =
            muster__v1__rows_corrected__unpack(mst_arena_allocator(self->arena), packed.size, packed.data);
    }
    mst_rows_builder_release(&builder);
}

/* Whatever a value is, it is checked later; but a row that is torn has none. */
static void
on_wrong(void *context, const Muster__V1__WrongValuesFound *wrong, uint32_t rows)
{
    (void)rows;
    corrected *self = context;
    for (size_t i = 0; i < wrong->n_values && self->failure == NULL; i++)
        self->failure =
            mst_arena_printf(self->arena, "Line %u of the corrected file: %s",
                             wrong->values[i]->n_lines > 0 ? wrong->values[i]->lines[0] : 0, wrong->values[i]->message);
}

static void
on_part(void *context)
{
    (void)context;
}

void
corrected_settings(corrected *self, entries_settings *settings, entries_sink *sink)
{
    *settings = (entries_settings){.batch_id = self->batch_id, .generation = self->generation};
    settings->wanted.name = "corrected rows";
    settings->wanted.fields = self->fields;
    settings->wanted.fields_count = self->fields_count;
    settings->wanted.id_column = "";
    *sink = (entries_sink){
        .context = self, .recognised = on_recognised, .chunk = on_chunk, .wrong = on_wrong, .part = on_part};
}

const char *
corrected_failure(const corrected *self, const char **advice)
{
    *advice = ADVICE;
    return self->failure;
}

size_t
corrected_count(const corrected *self)
{
    return self->count;
}

const Muster__V1__RowsCorrected *
corrected_at(const corrected *self, size_t at)
{
    return self->list[at];
}
