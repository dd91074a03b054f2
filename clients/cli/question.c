/* question.c - see question.h; and muster batch discrepancies. */
#include "question.h"

#include "batch.h"
#include "commands.h"
#include "document.h"
#include "export.pb-c.h"
#include "print.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_CANDIDATES_MAX 3u /* side by side on a terminal */
#define VALUE_COLUMNS_MAX 28u
#define LIST_PAGE 200u

const Muster__V1__DiscrepancyView *
question_fetch(cli *self, const char *batch_id, uint32_t row, int *exit_code)
{
    Muster__V1__ShowDiscrepancy show = MUSTER__V1__SHOW_DISCREPANCY__INIT;
    show.batch_id = (char *)batch_id;
    show.row = row;
    return cli_call(self, "discrepancy", batch_id, &show.base, NULL, &muster__v1__discrepancy_view__descriptor,
                    exit_code);
}

const char *
question_row(mst_arena *arena, const Muster__V1__DiscrepancyView *view, size_t columns_max)
{
    char *text = "";
    for (size_t i = 0; i < view->n_values; i++)
        if (view->values[i][0] != 0)
            text = mst_arena_printf(arena, "%s%s%s", text, *text ? " | " : "", view->values[i]);
    return print_cut(arena, text, columns_max);
}

/* What the directory knows of a candidate now; NULL where it cannot be asked. */
static const Muster__V1__RecordList *
record_of(cli *self, const char *kind, const char *id)
{
    if (strncmp(id, "row:", 4) == 0)
        return NULL;
    Muster__V1__GetRecord get = MUSTER__V1__GET_RECORD__INIT;
    mst_answer answer = {0};
    get.kind = (char *)kind;
    get.id = (char *)id;
    // A picture beside the question: when it cannot be had, the question still stands.
    mst_status rc = mst_link_call(self->link, "export", "", &get.base, NULL, &muster__v1__record_list__descriptor, 2000,
                                  self->arena, &answer);
    const Muster__V1__RecordList *list = (const Muster__V1__RecordList *)answer.message;
    return rc == MST_OK && list != NULL && list->n_records > 0 ? list : NULL;
}

static const char *
value_of(const Muster__V1__RecordList *list, const char *field)
{
    for (size_t i = 0; list != NULL && i < list->n_fields && i < list->records[0]->n_values; i++)
        if (strcmp(list->fields[i], field) == 0)
            return list->records[0]->values[i];
    return NULL;
}

/* The field of the candidates' kind that a field of the template feeds; "": it is about records of another kind. */
static const char *
target_of(const Muster__V1__TemplateView *view, const char *kind, const char *name)
{
    const Muster__V1__Template *template = view == NULL ? NULL : view->template_;
    for (size_t i = 0; template != NULL && i < template->n_fields; i++) {
        const Muster__V1__Field *field = template->fields[i];
        if (strcmp(field->name, name) != 0)
            continue;
        if (strcmp(field->of[0] != 0 ? field->of : template->kind, kind) != 0)
            return "";
        return field->target[0] != 0 ? field->target : name;
    }
    return name;
}

/* The kind that candidates are records of: the subject's, or the batch's own. */
static const char *
kind_of(const Muster__V1__TemplateView *view, const Muster__V1__BatchView *batch)
{
    const Muster__V1__Template *template = view == NULL ? NULL : view->template_;
    return template != NULL && template->subject != NULL ? template->subject->kind : batch->kind;
}

/* The next letter or digit, lower case; 0 at the end. Bytes of other scripts count as letters. */
static int
next_sign(const char **text)
{
    while (**text != 0 && (unsigned char)**text < 0x80 && !isalnum((unsigned char)**text))
        (*text)++;
    return **text == 0 ? 0 : tolower((unsigned char)*(*text)++);
}

/* Only for the mark beside a value: "206-555-0101" and "+1 206 555 0101" read alike to a person. */
static bool
reads_alike(const char *left, const char *right)
{
    const char *l = left, *r = right;
    int sign;
    while ((sign = next_sign(&l)) == next_sign(&r))
        if (sign == 0)
            return true;
    char digits[2][32];
    size_t counts[2] = {0, 0};
    const char *texts[2] = {left, right};
    for (size_t i = 0; i < 2; i++)
        for (const char *text = texts[i]; (sign = next_sign(&text)) != 0;) {
            if (!isdigit(sign) || counts[i] == sizeof digits[i])
                return false;
            digits[i][counts[i]++] = (char)sign;
        }
    size_t shorter = counts[0] < counts[1] ? counts[0] : counts[1];
    return shorter >= 7 && memcmp(digits[0] + counts[0] - shorter, digits[1] + counts[1] - shorter, shorter) == 0;
}

/* What a row says that is not about whom it names: an assignment and its dates. */
static void
print_wanted(cli *self, const Muster__V1__DiscrepancyView *view, const Muster__V1__TemplateView *template,
             const char *kind)
{
    bool said = false;
    for (size_t i = 0; i < view->n_fields && i < view->n_values; i++) {
        if (view->values[i][0] == 0 || target_of(template, kind, view->fields[i])[0] != 0)
            continue;
        if (!said)
            puts("  what the row wants:");
        said = true;
        printf("    %s: %s\n", print_clean(self->arena, view->fields[i]),
               print_cut(self->arena, view->values[i], 2 * VALUE_COLUMNS_MAX));
    }
}

/* The row and its candidates side by side; what differs is marked. Below stands what the row says besides. */
static void
print_comparison(cli *self, const Muster__V1__BatchView *batch, const Muster__V1__DiscrepancyView *view)
{
    const Muster__V1__EntryQuestion *question = view->question;
    const Muster__V1__RecordList *records[SHOWN_CANDIDATES_MAX] = {NULL};
    const char *headings[3 + SHOWN_CANDIDATES_MAX] = {"<", "<this row"};
    const Muster__V1__TemplateView *template = batch_template(self, batch);
    const char *kind = kind_of(template, batch);
    size_t count = 0;
    for (size_t i = 0; i < question->n_candidates && count < SHOWN_CANDIDATES_MAX; i++) {
        records[count] = record_of(self, kind, question->candidates[i]->record_id);
        if (records[count] != NULL)
            headings[2 + count++] = mst_arena_printf(self->arena, "<%s", question->candidates[i]->record_id);
    }
    print_table *table = print_table_new(self->arena, headings);
    for (size_t i = 0; i < view->n_fields && i < view->n_values; i++) {
        const char *target = target_of(template, kind, view->fields[i]), *own = view->values[i];
        bool any = own[0] != 0;
        if (target[0] == 0)
            continue;
        for (size_t j = 0; j < count; j++)
            any = any || (value_of(records[j], target) != NULL && value_of(records[j], target)[0] != 0);
        if (!any)
            continue;
        print_table_cell(table, mst_arena_printf(self->arena, "  %s", view->fields[i]));
        print_table_cell(table, print_cut(self->arena, own, VALUE_COLUMNS_MAX));
        for (size_t j = 0; j < count; j++) {
            const char *value = value_of(records[j], target);
            bool differs = value != NULL && value[0] != 0 && own[0] != 0 && !reads_alike(value, own);
            print_table_cell(table,
                             mst_arena_printf(self->arena, "%s%s",
                                              value == NULL ? "" : print_cut(self->arena, value, VALUE_COLUMNS_MAX),
                                              differs ? " (*)" : ""));
        }
    }
    print_table_print(table, stdout);
    print_wanted(self, view, template, kind);
}

/* Whether somebody new may be among the answers: not where rows are about people who must be known. */
static bool
may_be_new(cli *self, const Muster__V1__BatchView *batch)
{
    const Muster__V1__TemplateView *view = batch_template(self, batch);
    const Muster__V1__Template *template = view == NULL ? NULL : view->template_;
    return template == NULL || (template->may_create && template->subject == NULL);
}

void
question_print(cli *self, const Muster__V1__BatchView *batch, const Muster__V1__DiscrepancyView *view)
{
    const Muster__V1__EntryQuestion *question = view->question;
    mst_arena *arena = self->arena;
    printf("entry %u: %s\n", view->row,
           question == NULL             ? ""
           : question->sentence[0] != 0 ? print_clean(arena, question->sentence)
                                        : document_word(arena, &muster__v1__reason__descriptor, (int)question->reason));
    if (!view->open)
        printf("  decided: %s%s%s by %s, %s\n",
               document_word(arena, &muster__v1__choice__descriptor, (int)view->choice),
               view->record_id[0] != 0 ? " " : "", print_clean(arena, view->record_id),
               print_clean(arena, view->operator_), print_time(arena, view->decided_at_ms));
    if (question == NULL)
        return;
    print_comparison(self, batch, view);
    for (size_t i = 0; i < question->n_candidates; i++) {
        const Muster__V1__Candidate *candidate = question->candidates[i];
        printf("  %s  %s  %s\n", print_clean(arena, candidate->record_id),
               print_probability(arena, candidate->probability), print_clean(arena, candidate->sentence));
    }
    if (view->open)
        printf("  decide: muster batch resolve %s --entry %u (--select %s%s | --skip)\n", view->batch_id, view->row,
               question->n_candidates > 0 ? print_clean(arena, question->candidates[0]->record_id) : "RECORD",
               may_be_new(self, batch) ? " | --new" : "");
}

/* batch discrepancies ------------------------------------------------------------------------------ */

typedef struct discrepancies_options {
    uint64_t entry, max;
    bool all;
} discrepancies_options;

static int
show_one(cli *self, uint64_t entry)
{
    int rc;
    const Muster__V1__BatchView *batch = batch_fetch(self, self->arena, self->args[0], &rc);
    const Muster__V1__DiscrepancyView *view =
        batch == NULL ? NULL : question_fetch(self, self->args[0], (uint32_t)entry, &rc);
    if (view == NULL)
        return rc;
    if (self->json)
        document_print(document_of(&view->base));
    else
        question_print(self, batch, view);
    return CLI_DONE;
}

static void
list_cells(cli *self, print_table *table, const Muster__V1__DiscrepancyView *view)
{
    size_t width = print_terminal(stdout) ? print_terminal_width(stdout) : 300,
           sentence_columns = width > 150 ? width - 105 : 45;
    const Muster__V1__EntryQuestion *question = view->question;
    const Muster__V1__Candidate *best = question != NULL && question->n_candidates > 0 ? question->candidates[0] : NULL;
    print_table_cellf(table, "%u", view->row);
    print_table_cell(
        table, view->open ? "open" : document_word(self->arena, &muster__v1__choice__descriptor, (int)view->choice));
    print_table_cell(table, question_row(self->arena, view, 60));
    print_table_cell(table, best == NULL ? "" : best->record_id);
    print_table_cell(table, best == NULL ? "" : print_probability(self->arena, best->probability));
    print_table_cell(table, question == NULL ? "" : print_cut(self->arena, question->sentence, sentence_columns));
}

static int
run_discrepancies(cli *self, const void *given)
{
    static const char *const HEADINGS[] = {">ENTRY", "<STATE",     "<THIS ROW", "<BEST CANDIDATE",
                                           ">SURE",  "<WHY ASKED", NULL};
    const discrepancies_options *options = given;
    int rc;
    if (!batch_id_ok(self, self->args[0], &rc))
        return rc;
    if (options->entry > 0)
        return show_one(self, options->entry);
    uint64_t shown = 0, max = cli_max(self, options->max);
    uint32_t after = 0, open = 0, total = 0;
    bool more = true;
    print_table *table = print_table_new(self->arena, HEADINGS);
    mst_arena *arena = mst_arena_new(0);
    while (more && shown < max) {
        Muster__V1__ListDiscrepancies list = MUSTER__V1__LIST_DISCREPANCIES__INIT;
        list.batch_id = (char *)self->args[0];
        list.after_row = after;
        list.max = max - shown < LIST_PAGE ? (uint32_t)(max - shown) : LIST_PAGE;
        list.open_only = !options->all;
        const Muster__V1__DiscrepancyList *page = cli_call_in(self, arena, "discrepancy", self->args[0], &list.base,
                                                              NULL, &muster__v1__discrepancy_list__descriptor, &rc);
        if (page == NULL)
            break;
        for (size_t i = 0; i < page->n_discrepancies; i++) {
            after = page->discrepancies[i]->row;
            if (self->json)
                document_line(document_of(&page->discrepancies[i]->base));
            else
                list_cells(self, table, page->discrepancies[i]);
        }
        shown += page->n_discrepancies;
        open = page->open;
        total = page->total;
        more = page->more && page->n_discrepancies > 0;
        mst_arena_reset(arena);
    }
    mst_arena_destroy(&arena);
    if (rc != CLI_DONE || self->json)
        return rc;
    if (shown > 0) {
        print_table_print(table, stdout);
        putchar('\n');
    }
    printf("%s open of %s%s\n", print_count(self->arena, open), print_count(self->arena, total),
           more ? "; --max 0 shows all" : "");
    if (open > 0)
        printf("muster batch discrepancies %s --entry N shows one with its candidates side by side\n", self->args[0]);
    return CLI_DONE;
}

static const cli_option DISCREPANCIES_OPTIONS[] = {
    {"entry", 'e', "N", "one of them, with its candidates side by side", CLI_NUMBER,
     offsetof(discrepancies_options, entry)},
    {"all", 'a', NULL, "those decided as well", CLI_FLAG, offsetof(discrepancies_options, all)},
    {"max", 'n', "N", "at most so many (0 all; default 50, with --json all)", CLI_NUMBER,
     offsetof(discrepancies_options, max)},
    {0},
};

static const discrepancies_options DISCREPANCIES_DEFAULTS = {.max = CLI_MAX_UNSET};

const cli_command batch_discrepancies_command = {
    .name = "batch discrepancies",
    .args = "ID",
    .args_min = 1,
    .args_max = 1,
    .summary = "Rows that a person has to decide, with reason and candidates",
    .text = "(*) marks values of the directory that differ from the row's. With --json one a line.",
    .options = DISCREPANCIES_OPTIONS,
    .options_size = sizeof(discrepancies_options),
    .defaults = &DISCREPANCIES_DEFAULTS,
    .run = run_discrepancies,
};
