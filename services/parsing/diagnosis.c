/* diagnosis.c - what the doctor says at the end (see doctor.h): each remark with its evidence in plain words. */
#include "ailments.h"

#include <string.h>

#define CODES_MIN 10u /* values from which on the width of a code can be told */

typedef struct report {
    const doctor *of;
    mst_arena *arena;
    Muster__V1__Remark **list;
    size_t count;
} report;

static const char *
rows_text(uint32_t count, mst_arena *arena)
{
    return mst_arena_printf(arena, "%u %s", count, count == 1 ? "row" : "rows");
}

static const char *
title_of(const report *self, size_t field)
{
    const Muster__V1__Field *known = self->of->wanted->fields[field];
    return known->title[0] != '\0' ? known->title : known->name;
}

static Muster__V1__Remark *
remark_new(report *self, char *name, const noticed *what)
{
    Muster__V1__Remark *remark = mst_arena_alloc(self->arena, sizeof *remark);
    muster__v1__remark__init(remark);
    remark->name = name;
    remark->rows = what->count;
    remark->first_rows = mst_arena_copy(self->arena, what->rows, sizeof what->rows);
    remark->n_first_rows = what->rows_count;
    remark->examples = mst_arena_copy(self->arena, what->examples, sizeof what->examples);
    remark->n_examples = what->examples_count;
    self->list[self->count++] = remark;
    return remark;
}

static void
about_field(const report *self, Muster__V1__Remark *remark, size_t field)
{
    remark->field = self->of->wanted->fields[field]->name;
    remark->column = self->of->columns[field] == MAPPING_NONE ? 0 : self->of->columns[field] + 1;
}

static const char *
sentence_of(const report *self, size_t field, ailment what)
{
    const noticed *seen = &self->of->fields[field].noticed[what];
    const char *title = title_of(self, field), *rows = rows_text(seen->count, self->arena);
    switch (what) {
    case AILMENT_SCIENTIFIC:
        return mst_arena_printf(self->arena,
                                "%s, %s: a number such as %s. The spreadsheet has cut long numbers; their last digits "
                                "are lost and cannot be brought back here. Format the column as text where the file "
                                "comes from, and save it again.",
                                title, rows, seen->examples[0]);
    case AILMENT_SHORT_YEAR:
        return mst_arena_printf(self->arena, "%s, %s: a year of two digits; %s would become %s.", title, rows,
                                seen->examples[0], seen->proposals[0]);
    case AILMENT_FUTURE_YEAR:
        return mst_arena_printf(
            self->arena,
            "%s, %s: a day in the future, as when a spreadsheet reads a year of two digits as 20..; %s "
            "would become %s.",
            title, rows, seen->examples[0], seen->proposals[0]);
    case AILMENT_SERIAL_DATE:
        return mst_arena_printf(self->arena,
                                "%s, %s: a number where a date belongs, as when a spreadsheet's date loses its format "
                                "(it counts days since 1900); %s would become %s.",
                                title, rows, seen->examples[0], seen->proposals[0]);
    case AILMENT_MOJIBAKE:
        return mst_arena_printf(self->arena,
                                "%s, %s: letters that went through a wrong encoding once; %s would become %s.", title,
                                rows, seen->examples[0], seen->proposals[0]);
    case AILMENTS: break;
    }
    return "";
}

static void
say_field(report *self, size_t field, ailment what)
{
    const ailing *one = &self->of->fields[field];
    const noticed *seen = &one->noticed[what];
    if (seen->count == 0)
        return;
    const char *name = self->of->wanted->fields[field]->name;
    Muster__V1__Remark *remark =
        remark_new(self, mst_arena_printf(self->arena, "%s:%s", ailment_names[what], name), seen);
    about_field(self, remark, field);
    remark->repairable = what != AILMENT_SCIENTIFIC;
    if (remark->repairable) {
        remark->proposals = mst_arena_copy(self->arena, seen->proposals, sizeof seen->proposals);
        remark->n_proposals = seen->examples_count;
    }
    remark->repaired = one->asked[what] && remark->repairable;
    remark->sentence = (char *)sentence_of(self, field, what);
}

/* The width that nearly all values of a code have, where some are one or two digits short; 0: nothing is amiss. */
static unsigned
code_width(const doctor *of, size_t field, uint32_t *whole, uint32_t *fewer)
{
    const ailing *one = &of->fields[field];
    const uint32_t filled = of->filled[field];
    uint32_t all = 0;
    unsigned width = 0;
    for (unsigned digits = 1; digits <= DIGITS_MAX; digits++) {
        all += one->of_width[digits];
        if (one->of_width[digits] > one->of_width[width])
            width = digits;
    }
    if (width < 4 || all < CODES_MIN || all < filled - filled / 10 || one->leading_zeros > 0)
        return 0;
    *whole = one->of_width[width];
    *fewer = one->of_width[width - 1] + one->of_width[width - 2];
    bool usual = (uint64_t)*whole * 10 >= (uint64_t)all * 6, some = *fewer > 0 && *whole + *fewer + all / 10 >= all;
    return usual && some ? width : 0;
}

static char *
zero_padded(const char *value, unsigned width, mst_arena *arena)
{
    size_t size = strlen(value);
    return mst_arena_printf(arena, "%.*s%s", (int)(width - size), "000000000000", value);
}

static void
say_leading_zeros(report *self, size_t field)
{
    const ailing *one = &self->of->fields[field];
    uint32_t whole, fewer;
    unsigned width = code_width(self->of, field, &whole, &fewer);
    if (width == 0)
        return;
    noticed seen = {.count = fewer};
    char *proposals[DOCTOR_EXAMPLES_MAX];
    for (unsigned digits = width - 1; digits >= width - 2; digits--)
        for (uint32_t i = 0; i < one->first_count[digits] && seen.rows_count < DOCTOR_ROWS_MAX; i++) {
            if (i < DOCTOR_EXAMPLES_MAX && seen.examples_count < DOCTOR_EXAMPLES_MAX) {
                const char *value = one->first_values[digits][i];
                proposals[seen.examples_count] = zero_padded(value, width, self->arena);
                seen.examples[seen.examples_count++] = mst_arena_strdup(self->arena, value);
            }
            seen.rows[seen.rows_count++] = one->first_rows[digits][i];
        }
    const char *name = self->of->wanted->fields[field]->name;
    Muster__V1__Remark *remark =
        remark_new(self, mst_arena_printf(self->arena, "leading-zeros:%s:%u", name, width), &seen);
    about_field(self, remark, field);
    remark->proposals = mst_arena_copy(self->arena, proposals, sizeof proposals);
    remark->n_proposals = seen.examples_count;
    remark->repairable = true;
    remark->repaired = one->width == width;
    remark->sentence = mst_arena_printf(self->arena,
                                        "%s, %s: fewer digits than the %u that %s have, and no value begins with 0, as "
                                        "when a spreadsheet takes a code for a number; %s would become %s.",
                                        title_of(self, field), rows_text(fewer, self->arena), width,
                                        rows_text(whole, self->arena), seen.examples[0], proposals[0]);
}

static void
say_rows(report *self)
{
    const doctor *of = self->of;
    if (of->totals.count > 0) {
        Muster__V1__Remark *remark = remark_new(self, "totals-rows", &of->totals);
        remark->repairable = true;
        remark->repaired = of->totals_asked;
        remark->sentence =
            mst_arena_printf(self->arena, "%s: \"%s\" at the beginning and little else: no person, would be left out.",
                             rows_text(of->totals.count, self->arena), of->totals.examples[0]);
    }
    if (of->shifted.count > 0) {
        Muster__V1__Remark *remark = remark_new(self, "shifted-columns", &of->shifted);
        remark->sentence = mst_arena_printf(
            self->arena,
            "%s: an e-mail address one column beside the e-mail column: a cell too many or too few before it? "
            "Look at these rows in the file.",
            rows_text(of->shifted.count, self->arena));
    }
}

Muster__V1__Remark **
doctor_remarks(const doctor *self, mst_arena *arena, size_t *count)
{
    report made = {.of = self, .arena = arena};
    size_t fields = self->wanted->fields_count;
    made.list = mst_arena_alloc(arena, (fields * (AILMENTS + 1) + 2) * sizeof *made.list);
    if (self->columns != NULL) {
        say_rows(&made);
        for (size_t i = 0; i < fields; i++) {
            say_leading_zeros(&made, i);
            for (ailment what = 0; what < AILMENTS; what++)
                say_field(&made, i, what);
        }
    }
    *count = made.count;
    return made.list;
}
