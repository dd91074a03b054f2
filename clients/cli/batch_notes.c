/* batch_notes.c - see batch_notes.h. */
#include "batch_notes.h"

#include "discrepancy.pb-c.h"
#include "export.pb-c.h"
#include "parsing.pb-c.h"
#include "requests.h"
#include "wrong_groups.h"

#include <stdlib.h>
#include <string.h>

#define FILES_MAX 64u /* files of corrected rows whose sender is known; further ones count as the last one's */

/* Rows of an earlier reading with one wrong value; what was made of it comes later in the log. */
typedef struct wrong_group {
    uint32_t generation;
    Muster__V1__WrongKind kind;
    const char *rule, *value;
    const char **fields, **values;
    size_t count; /* of fields */
    const uint32_t *rows;
    size_t rows_count;
    const char *correction; /* NULL: none was made */
    const char *operator;
    int64_t at_ms;
} wrong_group;

/* A file of corrected rows, and who sent it. */
typedef struct corrected_file {
    uint64_t seq;
    const char *operator;
} corrected_file;

typedef struct notes_reader {
    cli *self;
    const Muster__V1__BatchView *view;
    const Muster__V1__TemplateView *titles;
    batch_notes *notes;
    wrong_group *groups;
    size_t count, room;
    corrected_file files[FILES_MAX];
    size_t files_count;
} notes_reader;

static void
add_note(batch_notes *notes, uint32_t row, batch_note_kind kind, const char *text, const char *operator, int64_t at_ms)
{
    if (notes->count == notes->room) {
        notes->room = notes->room == 0 ? 1024 : 2 * notes->room;
        notes->list = mst_realloc(notes->list, notes->room * sizeof *notes->list);
    }
    notes->list[notes->count] = (batch_note){row, kind, notes->count, text, operator, at_ms };
    notes->count++;
}

static const char **
copy_texts(mst_arena *arena, char *const *texts, size_t count)
{
    const char **copy = mst_arena_alloc(arena, (count + 1) * sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = mst_arena_strdup(arena, texts[i]);
    return copy;
}

static void
take_group(notes_reader *reader, uint32_t generation, const Muster__V1__WrongValue *value)
{
    mst_arena *arena = reader->self->arena;
    if (reader->count == reader->room) {
        reader->room = reader->room == 0 ? 64 : 2 * reader->room;
        reader->groups = mst_realloc(reader->groups, reader->room * sizeof *reader->groups);
    }
    bool one = value->n_fields == 0;
    reader->groups[reader->count++] = (wrong_group){
        .generation = generation,
        .kind = value->kind,
        .rule = mst_arena_strdup(arena, value->rule),
        .value = mst_arena_strdup(arena, value->value),
        .fields = one ? copy_texts(arena, (char *const *)&value->field, 1)
                      : copy_texts(arena, value->fields, value->n_fields),
        .values = one ? copy_texts(arena, (char *const *)&value->value, 1)
                      : copy_texts(arena, value->values, value->n_values),
        .count = one                                 ? 1
                 : value->n_fields < value->n_values ? value->n_fields
                                                     : value->n_values,
        .rows = mst_arena_copy(arena, value->rows, value->n_rows * sizeof *value->rows),
        .rows_count = value->n_rows,
    };
}

static void
take_wrong(notes_reader *reader, uint32_t generation, Muster__V1__WrongValue *const *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const Muster__V1__WrongValue *value = values[i];
        if (generation != reader->view->generation) {
            take_group(reader, generation, value);
            continue;
        }
        const char *text = mst_arena_printf(reader->self->arena, "%s%s%s", wrong_field(reader->titles, value->field),
                                            value->field[0] != 0 ? ": " : "", value->message);
        for (size_t j = 0; j < value->n_rows; j++)
            add_note(reader->notes, value->rows[j], BATCH_NOTE_WRONG, text, "", 0);
    }
}

static bool
same_group(const wrong_group *group, uint32_t generation, const Muster__V1__Correction *correction)
{
    if (group->generation != generation || group->kind != correction->kind ||
        strcmp(group->rule, correction->rule) != 0)
        return false;
    if (correction->n_fields == 0)
        return group->fields[0][0] == 0 && strcmp(group->value, correction->value) == 0;
    if (group->count != correction->n_fields || correction->n_from != correction->n_fields)
        return false;
    for (size_t i = 0; i < group->count; i++)
        if (strcmp(group->fields[i], correction->fields[i]) != 0 || strcmp(group->values[i], correction->from[i]) != 0)
            return false;
    return true;
}

const char *
batch_correction_text(mst_arena *arena, const Muster__V1__TemplateView *titles,
                      const Muster__V1__Correction *correction)
{
    const char *text = "";
    for (size_t i = 0; i < correction->n_fields && i < correction->n_from && i < correction->n_to; i++)
        if (strcmp(correction->from[i], correction->to[i]) != 0)
            text = mst_arena_printf(arena, "%s%s%s: \"%s\" -> \"%s\"", text, text[0] == 0 ? "" : ", ",
                                    wrong_field(titles, correction->fields[i]), correction->from[i], correction->to[i]);
    return text;
}

static void
take_correction(notes_reader *reader, const Muster__V1__CorrectionMade *made)
{
    mst_arena *arena = reader->self->arena;
    const Muster__V1__Correction *correction = made->correction;
    const char *text, *operator= mst_arena_strdup(arena, made->operator_);
    if (correction == NULL)
        return;
    text = correction->leave_out ? "left out" : batch_correction_text(arena, reader->titles, correction);
    for (size_t i = 0; i < reader->count; i++)
        if (same_group(&reader->groups[i], made->generation, correction)) {
            reader->groups[i].correction = text;
            reader->groups[i].operator= operator;
            reader->groups[i].at_ms = made->at_ms;
        }
}

static void
take_decision(notes_reader *reader, const Muster__V1__DiscrepancyResolved *resolved, int64_t at_ms)
{
    mst_arena *arena = reader->self->arena;
    const char *text = resolved->choice == MUSTER__V1__CHOICE__CHOICE_SELECT
                           ? mst_arena_printf(arena, "is %s", resolved->record_id)
                       : resolved->choice == MUSTER__V1__CHOICE__CHOICE_NEW ? "is new"
                                                                            : "skipped";
    if (resolved->note[0] != 0)
        text = mst_arena_printf(arena, "%s (%s)", text, resolved->note);
    add_note(reader->notes, resolved->row, BATCH_NOTE_DECIDED, text, mst_arena_strdup(arena, resolved->operator_),
             at_ms);
}

static const char *
sender_of(const notes_reader *reader, uint64_t seq)
{
    const char *sender = "";
    for (size_t i = 0; i < reader->files_count && reader->files[i].seq < seq; i++)
        sender = reader->files[i].operator;
    return sender;
}

static void
take_event(notes_reader *reader, const Muster__V1__Envelope *head, const ProtobufCMessage *body)
{
    if (strcmp(head->type, "WrongValuesFound") == 0) {
        const Muster__V1__WrongValuesFound *found = (const Muster__V1__WrongValuesFound *)body;
        take_wrong(reader, found->generation, found->values, found->n_values);
    } else if (strcmp(head->type, "EntriesChecked") == 0) {
        const Muster__V1__EntriesChecked *checked = (const Muster__V1__EntriesChecked *)body;
        take_wrong(reader, checked->generation, checked->values, checked->n_values);
    } else if (strcmp(head->type, "CorrectionMade") == 0) {
        take_correction(reader, (const Muster__V1__CorrectionMade *)body);
    } else if (strcmp(head->type, "RowsCorrected") == 0) {
        const Muster__V1__RowsCorrected *rows = (const Muster__V1__RowsCorrected *)body;
        const char *operator= sender_of(reader, head->seq);
        for (size_t i = 0; i < rows->n_numbers; i++)
            add_note(reader->notes, rows->numbers[i], BATCH_NOTE_CORRECTED, "corrected in a file", operator,
                     head->recorded_at_ms);
    } else if (strcmp(head->type, "CorrectionsReceived") == 0 && reader->files_count < FILES_MAX) {
        const Muster__V1__CorrectionsReceived *received = (const Muster__V1__CorrectionsReceived *)body;
        reader->files[reader->files_count++] =
            (corrected_file){head->seq, mst_arena_strdup(reader->self->arena, received->operator_)};
    } else if (strcmp(head->type, "BadRowsExcluded") == 0 ||
               (strcmp(head->type, "CorrectionsFinished") == 0 &&
                ((const Muster__V1__CorrectionsFinished *)body)->without_bad_rows)) {
        reader->notes->excluded_by = mst_arena_strdup(reader->self->arena, head->operator_);
        reader->notes->excluded_at_ms = head->recorded_at_ms;
    } else if (strcmp(head->type, "DiscrepancyResolved") == 0) {
        take_decision(reader, (const Muster__V1__DiscrepancyResolved *)body, head->recorded_at_ms);
    }
}

static int
read_stream(notes_reader *reader, const char *name)
{
    request_stream stream;
    const Muster__V1__Envelope *head;
    const ProtobufCMessage *body;
    int rc;
    request_stream_open(&stream, reader->self, name, 1);
    while (request_stream_next(&stream, &head, &body, &rc))
        if (body != NULL)
            take_event(reader, head, body);
    request_stream_close(&stream);
    return rc;
}

static int
compare_notes(const void *left, const void *right)
{
    const batch_note *l = left, *r = right;
    if (l->row != r->row)
        return l->row < r->row ? -1 : 1;
    return l->order < r->order ? -1 : l->order > r->order;
}

int
batch_notes_read(batch_notes *notes, cli *self, const Muster__V1__BatchView *view,
                 const Muster__V1__TemplateView *titles)
{
    // First what later streams speak of: who sent files, and the check's groups, whose corrections parsing has.
    const char *id = view->batch_id;
    const char *names[] = {
        mst_arena_printf(self->arena, "ingestion/%s", id), mst_arena_printf(self->arena, "export/%s/check", id),
        mst_arena_printf(self->arena, "parsing/%s", id), mst_arena_printf(self->arena, "parsing/%s/rows", id),
        mst_arena_printf(self->arena, "discrepancy/%s", id)};
    notes_reader reader = {.self = self, .view = view, .titles = titles, .notes = notes};
    int rc = CLI_DONE;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && rc == CLI_DONE; i++)
        rc = read_stream(&reader, names[i]);
    for (size_t i = 0; i < reader.count; i++) {
        const wrong_group *group = &reader.groups[i];
        for (size_t j = 0; group->correction != NULL && j < group->rows_count; j++)
            add_note(notes, group->rows[j], BATCH_NOTE_CORRECTED, group->correction, group->operator, group->at_ms);
    }
    free(reader.groups);
    if (notes->count > 0)
        qsort(notes->list, notes->count, sizeof *notes->list, compare_notes);
    return rc;
}

size_t
batch_notes_find(const batch_notes *notes, uint32_t row)
{
    size_t low = 0, high = notes->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (notes->list[middle].row < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void
batch_notes_release(batch_notes *notes)
{
    free(notes->list);
    memset(notes, 0, sizeof *notes);
}
