/* samples.c - see samples.h. */
#include "samples.h"

#include "mapping.h"
#include <string.h>

struct samples {
    csv_cell *kept; /* of each field; empty where the sample says nothing */
    const uint32_t *columns;
    size_t fields_count;
    size_t first;       /* field that the sample fills; fields_count: none that is in the file */
    char *instructions; /* with single blanks */
    size_t instructions_size;
};

static bool
is_blank(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void
take_instructions(samples *self, const char *text, mst_arena *arena)
{
    self->instructions = mst_arena_alloc(arena, strlen(text) + 1);
    for (const char *at = text; *at != '\0'; at++) {
        bool blank = is_blank((uint8_t)*at);
        if (blank && (self->instructions_size == 0 || self->instructions[self->instructions_size - 1] == ' '))
            continue;
        self->instructions[self->instructions_size++] = blank ? ' ' : *at;
    }
    while (self->instructions_size > 0 && self->instructions[self->instructions_size - 1] == ' ')
        self->instructions_size--;
}

samples *
samples_new(const Muster__V1__Template *template, size_t fields_count, value_rule *values, const uint32_t *columns,
            mst_arena *arena)
{
    samples *self = mst_arena_alloc(arena, sizeof *self);
    self->kept = mst_arena_alloc(arena, (fields_count + 1) * sizeof *self->kept);
    self->columns = columns;
    self->fields_count = self->first = fields_count;
    for (size_t i = fields_count; i-- > 0;) {
        const char *text = i < template->n_sample_row ? template->sample_row[i] : "";
        value_text kept = {(const uint8_t *)text, strlen(text), ""};
        if (kept.size > 0 &&
            value_read(&values[i], kept.data, kept.size, &kept) != MUSTER__V1__WRONG_KIND__WRONG_UNKNOWN)
            kept = (value_text){(const uint8_t *)text, strlen(text), ""};
        self->kept[i] = (csv_cell){mst_arena_copy(arena, kept.data, kept.size + 1), (uint32_t)kept.size};
        if (kept.size > 0 && columns[i] != MAPPING_NONE)
            self->first = i;
    }
    take_instructions(self, template->instructions, arena);
    return self;
}

bool
samples_is_row(const samples *self, const row_values *row)
{
    for (size_t i = self->first; i < self->fields_count; i++) {
        const csv_cell *cell = &row->kept[i];
        if (self->columns[i] != MAPPING_NONE &&
            (cell->size != self->kept[i].size || memcmp(cell->data, self->kept[i].data, cell->size) != 0))
            return false;
    }
    for (size_t i = 0; i < self->first && i < self->fields_count; i++)
        if (row->kept[i].size > 0)
            return false;
    return self->first < self->fields_count;
}

static bool
holds_instructions(const samples *self, csv_cell cell)
{
    size_t at = 0;
    uint32_t i = 0;
    while (i < cell.size && is_blank(cell.data[i]))
        i++;
    for (; i < cell.size && at < self->instructions_size; i++) {
        bool blank = is_blank(cell.data[i]);
        if (blank && i + 1 < cell.size && is_blank(cell.data[i + 1]))
            continue;
        if ((blank ? ' ' : (char)cell.data[i]) != self->instructions[at])
            return false;
        at++;
    }
    while (i < cell.size && is_blank(cell.data[i]))
        i++;
    return at == self->instructions_size && (i == cell.size || at >= SAMPLES_BEGINNING_MIN);
}

bool
samples_is_instructions(const samples *self, const csv_row *row)
{
    const size_t least = self->instructions_size;
    for (uint32_t i = 0; i < row->cells_count && least > 0; i++)
        if (row->cells[i].size >= least && holds_instructions(self, row->cells[i]))
            return true;
    return false;
}
