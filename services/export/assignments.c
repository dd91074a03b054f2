/* assignments.c - see assignments.h. */
#include "services/export/assignments.h"

#include "proto/rows.h"
#include "services/export/periods.h"
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The plan --------------------------------------------------------------------------------------------- */

bool
assignments_apply(const Muster__V1__Template *template, const Muster__V1__Kind *kind)
{
    return template->subject != NULL || template->action != NULL || template->n_related > 0 ||
           template->n_references > 0 || kind->period != NULL;
}

static int
column_of(const update_columns *columns, const char *name)
{
    for (size_t i = 0; i < columns->count; i++)
        if (strcmp(columns->fields[i], name) == 0)
            return (int)i;
    return -1;
}

static const Muster__V1__Field *
field_of(const Muster__V1__Template *template, const char *name)
{
    for (size_t i = 0; i < template->n_fields; i++)
        if (strcmp(template->fields[i]->name, name) == 0)
            return template->fields[i];
    return NULL;
}

/* "Caseload assignment" within a sentence. */
static const char *
name_in_sentence(mst_arena *arena, const Muster__V1__Kind *kind)
{
    char *name = mst_arena_strdup(arena, kind->title[0] != 0 ? kind->title : kind->name);
    if (isupper((unsigned char)name[0]) && !isupper((unsigned char)name[1]))
        name[0] = (char)tolower((unsigned char)name[0]);
    return name;
}

static void
make_kind(assignment_kind *of, mst_arena *arena, const Muster__V1__Kind *kind, const Muster__V1__Template *template,
          const update_columns *columns, const update_options *options)
{
    *of = (assignment_kind){.kind = kind, .name = name_in_sentence(arena, kind), .begin = -1, .end = -1, .subject = -1};
    update_plan_make(&of->plan, arena, kind, template, columns, options);
    char **key = kind->period != NULL ? kind->period->key : template->subject != NULL ? kind->primary_key : NULL;
    of->key_count = kind->period != NULL ? kind->period->n_key : key != NULL ? kind->n_primary_key : 0;
    of->key = mst_arena_alloc(arena, (of->key_count + 1) * sizeof *of->key);
    of->key_names = mst_arena_alloc(arena, (of->key_count + 1) * sizeof(char *));
    size_t known = 0;
    for (size_t i = 0; i < of->key_count; i++) {
        int field = periods_column(kind, key[i]);
        if (field < 0)
            continue;
        of->key_names[known] = key[i];
        of->key[known++] = field;
    }
    of->key_count = known;
    if (kind->period != NULL) {
        of->begin = periods_column(kind, kind->period->begin);
        of->end = periods_column(kind, kind->period->end);
    }
    if (template->subject != NULL)
        of->subject = periods_column(kind, template->subject->target);
    of->filled_by = mst_arena_alloc(arena, columns->count + 1);
    for (size_t i = 0; i < columns->count; i++) {
        const Muster__V1__Field *field = field_of(template, columns->fields[i]);
        of->filled_by[i] = field != NULL && mst_catalog_belongs(template, field, kind->name);
    }
}

static void
make_reference(assignment_reference *to, mst_arena *arena, const assignment_plan *plan,
               const Muster__V1__Reference *reference, const Muster__V1__Kind *kind, const update_columns *columns)
{
    size_t fields = reference->n_fields;
    *to = (assignment_reference){.reference = reference, .kind = kind};
    to->columns = mst_arena_alloc(arena, (fields + 1) * sizeof *to->columns);
    to->from = mst_arena_alloc(arena, (fields + 1) * sizeof *to->from);
    to->targets = mst_arena_alloc(arena, (plan->kinds_count + 1) * sizeof *to->targets);
    to->feeds = mst_arena_alloc(arena, (plan->kinds_count * fields + 1) * sizeof *to->feeds);
    for (size_t i = 0; i < fields; i++) {
        to->columns[i] = column_of(columns, reference->fields[i]);
        to->from[i] = periods_column(kind, reference->kind_fields[i]);
    }
    for (size_t k = 0; k < plan->kinds_count; k++) {
        const Muster__V1__Kind *written = plan->kinds[k].kind;
        to->targets[k] = reference->target[0] == 0 ? -1 : periods_column(written, reference->target);
        for (size_t i = 0; i < fields; i++) {
            const Muster__V1__Field *field = field_of(plan->template, reference->fields[i]);
            bool feeds = field != NULL && mst_catalog_belongs(plan->template, field, written->name);
            to->feeds[k * fields + i] = feeds ? mst_catalog_target(written, field) : -1;
        }
    }
}

bool
assignment_plan_make(assignment_plan *plan, mst_arena *arena, const mst_catalog *catalog,
                     const Muster__V1__Template *template, const update_columns *columns, const update_options *options,
                     const char **missing)
{
    *plan = (assignment_plan){.template = template, .action = -1, .columns = columns->count};
    plan->kinds = mst_arena_alloc(arena, (template->n_related + 1) * sizeof *plan->kinds);
    for (size_t i = 0; i <= template->n_related; i++) {
        *missing = i == 0 ? template->kind : template->related[i - 1]->kind;
        const Muster__V1__Kind *kind = mst_catalog_kind(catalog, *missing);
        if (kind == NULL)
            return false;
        make_kind(&plan->kinds[i], arena, kind, template, columns, options);
        plan->kinds[i].related = i > 0;
        plan->kinds_count++;
    }
    plan->references = mst_arena_alloc(arena, (template->n_references + 1) * sizeof *plan->references);
    for (size_t i = 0; i < template->n_references; i++) {
        const Muster__V1__Reference *reference = template->references[i];
        *missing = reference->kind;
        const Muster__V1__Kind *kind = mst_catalog_kind(catalog, reference->kind);
        if (kind == NULL)
            return false;
        bool is_subject = template->subject != NULL && strcmp(reference->target, template->subject->target) == 0;
        if (!is_subject && reference->n_kind_fields == reference->n_fields)
            make_reference(&plan->references[plan->references_count++], arena, plan, reference, kind, columns);
    }
    if (template->action != NULL)
        plan->action = column_of(columns, template->action->field);
    return true;
}

/* Rows ------------------------------------------------------------------------------------------------- */

static bool
is_one_of(const char *word, size_t size, char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(words[i]) == size && strncasecmp(words[i], word, size) == 0)
            return true;
    return false;
}

assignment_verb
assignment_verb_of(const assignment_plan *plan, const Muster__V1__Rows *rows, uint32_t row)
{
    const Muster__V1__Action *action = plan->template->action;
    if (action == NULL)
        return VERB_EITHER;
    size_t size = 0;
    const char *word = plan->action < 0 ? "" : mst_rows_cell(rows, row, (uint32_t)plan->action, &size);
    if (is_one_of(word, size, action->insert_words, action->n_insert_words))
        return VERB_INSERT;
    if (is_one_of(word, size, action->update_words, action->n_update_words))
        return VERB_UPDATE;
    return VERB_UNKNOWN;
}

bool
assignment_filled(const assignment_kind *of, const Muster__V1__Rows *rows, uint32_t row, size_t columns)
{
    for (uint32_t i = 0; i < columns; i++) {
        size_t size = 0;
        if (of->filled_by[i] && (mst_rows_cell(rows, row, i, &size), size > 0))
            return true;
    }
    return false;
}

/* Choosing --------------------------------------------------------------------------------------------- */

static mst_slice
cell(const mst_slice *cells, int field)
{
    return field < 0 ? (mst_slice){0} : cells[field];
}

#define DATE(value) (int)((value).size < 40 ? (value).size : 40), (const char *)(value).data
#define RECORD(record) (int)(record).id_size, (record).id

static span
span_of(const assignment_kind *of, const mst_slice *cells)
{
    return (span){.begin = span_date(cell(cells, of->begin)), .end = span_date(cell(cells, of->end))};
}

/* Why the row cannot be written, of the record that the fault is about. */
static void
say_fault(const assignment_kind *of, const span_choice *chosen, const assignment_record *records, char *why)
{
    const assignment_record none = {.id = ""};
    const assignment_record *about = chosen->at == SPAN_MAKE ? &none : &records[chosen->at];
    mst_slice begin = about->cells == NULL ? (mst_slice){0} : cell(about->cells, of->begin);
    mst_slice end = about->cells == NULL ? (mst_slice){0} : cell(about->cells, of->end);
    switch (chosen->fault) {
    case SPAN_NO_VERB: snprintf(why, ASSIGNMENT_WHY_MAX, "The row says neither to insert nor to update."); break;
    case SPAN_OPEN_ALREADY:
        snprintf(why, ASSIGNMENT_WHY_MAX, "Insert: this %.60s (%.*s) is open already, since %.*s. End it first.",
                 of->name, RECORD(*about), DATE(begin));
        break;
    case SPAN_BEGAN_THEN:
        snprintf(why, ASSIGNMENT_WHY_MAX, "Insert: a %.60s (%.*s) began on that day already; it ended on %.*s.",
                 of->name, RECORD(*about), DATE(end));
        break;
    case SPAN_CLOSED:
        snprintf(why, ASSIGNMENT_WHY_MAX,
                 "Update: this %.60s (%.*s) ended on %.*s, and what has ended is not changed any more.", of->name,
                 RECORD(*about), DATE(end));
        break;
    case SPAN_OPEN_TWICE:
        snprintf(why, ASSIGNMENT_WHY_MAX,
                 "Update: %zu of this %.60s are open. Give the start date of the one that is meant.", chosen->open,
                 of->name);
        break;
    case SPAN_NO_START:
        snprintf(why, ASSIGNMENT_WHY_MAX,
                 "No such %.60s is open in the directory, and the row has no start date to begin one with.", of->name);
        break;
    default: snprintf(why, ASSIGNMENT_WHY_MAX, "Update: no such %.60s is open, and none was.", of->name); break;
    }
}

/* Without a beginning and an end a key names one record at most. */
static size_t
choose_by_key(const assignment_kind *of, assignment_verb verb, const assignment_record *records, size_t count,
              char why[ASSIGNMENT_WHY_MAX])
{
    if (verb == VERB_INSERT && count > 0)
        snprintf(why, ASSIGNMENT_WHY_MAX, "Insert: there is such a %.60s already (%.*s).", of->name,
                 RECORD(records[0]));
    else if (verb == VERB_UPDATE && count == 0)
        snprintf(why, ASSIGNMENT_WHY_MAX, "Update: there is no such %.60s.", of->name);
    else if (count > 1)
        snprintf(why, ASSIGNMENT_WHY_MAX, "There are %zu of this %.60s.", count, of->name);
    else
        return count == 0 ? ASSIGNMENT_MAKE : 0;
    return ASSIGNMENT_REFUSE;
}

size_t
assignment_choose(const assignment_kind *of, assignment_verb verb, bool may_repeat, const mst_slice *cells,
                  const assignment_record *records, size_t count, char why[ASSIGNMENT_WHY_MAX])
{
    span spans[PERIODS_MAX * 2];
    assert(count <= PERIODS_MAX * 2);
    if (of->end < 0 && verb != VERB_UNKNOWN)
        return choose_by_key(of, verb, records, count, why);
    for (size_t i = 0; i < count; i++)
        spans[i] = span_of(of, records[i].cells);
    span_choice chosen = spans_choose(verb, may_repeat, of->begin >= 0, span_of(of, cells), spans, count);
    if (chosen.fault == SPAN_RIGHT)
        return chosen.at;
    say_fault(of, &chosen, records, why);
    return ASSIGNMENT_REFUSE;
}

bool
assignment_ok(const assignment_kind *of, const mst_slice *before, const mst_slice *after, char why[ASSIGNMENT_WHY_MAX])
{
    if (of->end < 0)
        return true;
    const span was = before == NULL ? (span){0} : span_of(of, before);
    switch (spans_may_become(before == NULL ? NULL : &was, span_of(of, after))) {
    case SPAN_CLOSED:
        snprintf(why, ASSIGNMENT_WHY_MAX, "This %.60s ended on %.*s, and what has ended is not changed any more.",
                 of->name, DATE(before[of->end]));
        return false;
    case SPAN_ENDS_TOO_EARLY:
        snprintf(why, ASSIGNMENT_WHY_MAX, "This %.60s would end on %.*s, before it began on %.*s.", of->name,
                 DATE(after[of->end]), DATE(cell(after, of->begin)));
        return false;
    default: return true;
    }
}
