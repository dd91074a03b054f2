/* batch_fix.c - muster batch fix: putting wrong values right, and going on.
 *
 * One correction is about all rows with a wrong value. It is kept as soon as it is made, whoever makes it; when none is
 * left to make, the batch goes on. */
#include "broker/lib/clock.h"
#include "commands.h"
#include "document.h"
#include "typed.h"
#include "upload.h"
#include "wrong_groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIKENESS_DEFAULT 800u
#define LIKENESS_PERSON 950u /* for who a row is about: names and date of birth say so */
#define TYPED_SIZE 4096      /* bytes of an answer at the prompt: a terminal gives no longer line */
#define LOOK_US 50000
#define LOOK_US_ALL 60000000 /* after that somebody should look what holds the batch up */

typedef struct fix_options {
    cli_list field, from, to, repair;
    bool leave_out, pick, forget, without_bad_rows, hold, finish;
    uint64_t likeness;
    const char *rows;
} fix_options;

/* What this run did. */
typedef struct fixing {
    cli *self;
    const fix_options *options;
    const char *batch_id;
    const Muster__V1__BatchView *view;
    const Muster__V1__TemplateView *template;
    const wrong_groups *groups;
    json_t *made;
    uint32_t left; /* groups without a correction */
    uint64_t made_count;
    bool repaired, finished;
} fixing;

static const void *
command(fixing *fix, const ProtobufCMessage *argument, const ProtobufCMessageDescriptor *expected, int *rc)
{
    uint8_t id[MST_ID_SIZE];
    mst_random(id, sizeof id);
    return cli_call(fix->self, "parsing", fix->batch_id, argument, id, expected, rc);
}

/* Going on ------------------------------------------------------------------------------------------------ */

/* Waits until what was said is known to those who show batches. The view then, or NULL: said. */
static const Muster__V1__BatchView *
settled(cli *self, const char *batch_id, uint32_t generation, int *rc)
{
    int64_t until = mst_clock_monotonic_us() + LOOK_US_ALL;
    while (true) {
        const Muster__V1__BatchView *view = batch_fetch(self, self->arena, batch_id, rc);
        if (view == NULL || view->generation > generation || (!view->fix_errors && !view->taking_corrections) ||
            (view->notice[0] != 0 && !view->taking_corrections) || mst_clock_monotonic_us() > until)
            return view;
        usleep(LOOK_US);
    }
}

static int
without_bad_rows(fixing *fix)
{
    int rc;
    cli *self = fix->self;
    Muster__V1__ExcludeBadRows exclude = MUSTER__V1__EXCLUDE_BAD_ROWS__INIT;
    exclude.batch_id = (char *)fix->batch_id;
    const Muster__V1__BadRowsExcluded *done =
        command(fix, &exclude.base, &muster__v1__bad_rows_excluded__descriptor, &rc);
    if (done == NULL)
        return rc;
    if (settled(self, fix->batch_id, fix->view->generation, &rc) == NULL)
        return rc;
    if (self->json)
        document_print(document_of(&done->base));
    else
        printf("%s goes on without %s; muster batch rejected %s lists them with reasons\n", fix->batch_id,
               print_plural(self->arena, done->rows, "row", "rows"), fix->batch_id);
    return CLI_DONE;
}

static int
finish(fixing *fix)
{
    int rc;
    Muster__V1__FinishCorrections finish = MUSTER__V1__FINISH_CORRECTIONS__INIT;
    finish.batch_id = (char *)fix->batch_id;
    if (command(fix, &finish.base, &muster__v1__corrections_finished__descriptor, &rc) == NULL)
        return rc;
    fix->finished = true;
    return settled(fix->self, fix->batch_id, fix->view->generation, &rc) == NULL ? rc : CLI_DONE;
}

static bool
says_yes(const char *question)
{
    char answer[64];
    printf("%s [y/N] ", question);
    fflush(stdout);
    return fgets(answer, sizeof answer, stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
}

/* The last line of the command: what is left, or that the batch goes on. */
static int
conclude(fixing *fix)
{
    cli *self = fix->self;
    int rc = CLI_DONE;
    bool ready = fix->left == 0 || fix->repaired,
         terminal = !self->json && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    if (fix->options->finish ||
        (ready && !fix->options->hold && (!terminal || says_yes("Nothing is left to correct. Go on with the batch?"))))
        rc = finish(fix);
    if (rc != CLI_DONE) {
        json_decref(fix->made);
        return rc;
    }
    if (self->json) {
        document_print(json_pack("{s:s, s:o, s:I, s:b}", "batch_id", fix->batch_id, "made", fix->made, "groups_left",
                                 (json_int_t)fix->left, "finished", fix->finished));
        return CLI_DONE;
    }
    json_decref(fix->made);
    if (fix->finished)
        printf("%s is read again with what was corrected; muster batch wait %s watches it\n", fix->batch_id,
               fix->batch_id);
    else if (fix->left > 0)
        printf("%s to correct: muster batch errors %s\n",
               print_plural(self->arena, fix->left, "wrong value is left", "different wrong values are left"),
               fix->batch_id);
    else
        printf("nothing is left to correct: muster batch fix %s --finish goes on\n", fix->batch_id);
    return CLI_DONE;
}

/* Correcting ---------------------------------------------------------------------------------------------- */

/* As it is typed to name it. */
static const char *
standing_value(mst_arena *arena, const Muster__V1__WrongValueGroup *group)
{
    return group->n_values > 0 ? wrong_values(arena, group->values, group->n_values) : group->value;
}

/* `to` NULL: leaves the rows out. */
static int
correct(fixing *fix, const Muster__V1__WrongValueGroup *group, char **to)
{
    int rc;
    cli *self = fix->self;
    Muster__V1__Correction correction = MUSTER__V1__CORRECTION__INIT;
    Muster__V1__MakeCorrection make = MUSTER__V1__MAKE_CORRECTION__INIT;
    correction.kind = group->kind;
    correction.rule = group->rule;
    correction.fields = group->fields;
    correction.from = group->values;
    correction.n_fields = correction.n_from = group->n_fields;
    correction.value = group->n_fields == 0 ? group->value : "";
    correction.to = to;
    correction.n_to = to == NULL ? 0 : group->n_fields;
    correction.leave_out = to == NULL;
    make.batch_id = (char *)fix->batch_id;
    make.generation = fix->view->generation;
    make.correction = &correction;
    make.forget = fix->options->forget;
    const Muster__V1__CorrectionView *view = command(fix, &make.base, &muster__v1__correction_view__descriptor, &rc);
    if (view == NULL)
        return rc;
    fix->left = view->groups_left;
    fix->made_count++;
    json_array_append_new(fix->made, document_of(&view->made->base));
    if (!self->json)
        printf("%s: \"%s\" -> %s%s%s%s (%s)\n", wrong_fields(self->arena, fix->template, group),
               print_cut(self->arena, standing_value(self->arena, group), 60), to == NULL ? "left out" : "\"",
               to == NULL ? "" : print_cut(self->arena, wrong_values(self->arena, to, group->n_fields), 60),
               to == NULL ? "" : "\"", view->made->rule_id[0] != 0 ? ", remembered" : "",
               print_plural(self->arena, view->made->rows, "row", "rows"));
    return CLI_DONE;
}

/* A value of one field, where several are wrong together: the others stay. False: no such group, or several. */
static bool
correct_one_of_several(fixing *fix, const char *field, const char *from, const char *to, int *rc)
{
    const Muster__V1__WrongValueGroup *found = NULL;
    size_t at = 0;
    for (size_t i = 0; i < fix->groups->count; i++) {
        const Muster__V1__WrongValueGroup *group = fix->groups->list[i];
        for (size_t j = 0; group->n_fields > 1 && j < group->n_fields; j++) {
            if (!typed_is_field(fix->template, field, strlen(field), group->fields[j]) ||
                strcmp(group->values[j], from) != 0)
                continue;
            if (found != NULL)
                return false;
            found = group;
            at = j;
        }
    }
    if (found == NULL)
        return false;
    char **suggested = typed_as_suggested(found, to);
    *rc = correct(fix, found, suggested != NULL ? suggested : typed_in_one(fix->self->arena, found, at, to));
    return true;
}

/* One pair of --from and --to. */
static int
correct_pair(fixing *fix, const char *field, const char *from, const char *to)
{
    cli *self = fix->self;
    size_t found = 0;
    for (size_t i = 0; i < fix->groups->count; i++) {
        const Muster__V1__WrongValueGroup *group = fix->groups->list[i];
        if (!typed_fields_fit(fix->template, field, group) || !typed_values_fit(self->arena, from, group))
            continue;
        char **right = to == NULL ? NULL : typed_values(self->arena, group, to);
        if (to != NULL && right == NULL)
            return cli_misused(self, "write them with | between: --to \"Ann|Ash\"", "--to needs a value for each of %s",
                               wrong_fields(self->arena, fix->template, group));
        found++;
        int rc = correct(fix, group, right);
        if (rc != CLI_DONE)
            return rc;
    }
    if (found > 0)
        return CLI_DONE;
    int rc;
    if (to != NULL && field != NULL && correct_one_of_several(fix, field, from, to, &rc))
        return rc;
    return cli_fail(self, mst_arena_printf(self->arena, "muster batch errors %s lists them", fix->batch_id),
                    "%s has no wrong value \"%s\"%s%s", fix->batch_id, from, field == NULL ? "" : " in ",
                    field == NULL ? "" : field);
}

static int
correct_pairs(fixing *fix)
{
    const fix_options *options = fix->options;
    cli *self = fix->self;
    if (options->leave_out ? options->to.count > 0 : options->to.count != options->from.count)
        return cli_misused(self, "--from WRONG --to RIGHT, once for each; or --from WRONG --leave-out",
                           "each --from needs its --to");
    if (options->field.count > 1 && options->field.count != options->from.count)
        return cli_misused(self, "--field once for all, or once for each --from", "which field?");
    for (size_t i = 0; i < options->from.count; i++) {
        const char *field = options->field.count == 0   ? NULL
                            : options->field.count == 1 ? options->field.items[0]
                                                        : options->field.items[i];
        int rc = correct_pair(fix, field, options->from.items[i], options->leave_out ? NULL : options->to.items[i]);
        if (rc != CLI_DONE)
            return rc;
    }
    return CLI_DONE;
}

/* Whether the group says who a row is about. */
static bool
is_about_the_subject(const fixing *fix, const Muster__V1__WrongValueGroup *group)
{
    const Muster__V1__Template *template = fix->template == NULL ? NULL : fix->template->template_;
    for (size_t i = 0; template != NULL && template->subject != NULL && i < template->n_references; i++)
        if (strcmp(template->references[i]->kind, template->subject->kind) == 0 &&
            template->references[i]->n_fields > 0 && strcmp(template->references[i]->fields[0], group->field) == 0)
            return true;
    return false;
}

/* The best suggestion, if it is likely enough and better than the next: of two caseworkers of one name, none is. A
 * number like the wrong one is most often another person's. */
static const Muster__V1__Suggestion *
likely(const fixing *fix, const Muster__V1__WrongValueGroup *group)
{
    const Muster__V1__Suggestion *best = group->n_suggestions == 0 ? NULL : group->suggestions[0];
    uint64_t likeness = fix->options->likeness;
    if (likeness < LIKENESS_PERSON && is_about_the_subject(fix, group))
        likeness = LIKENESS_PERSON;
    if (best == NULL || best->likeness < likeness || group->n_fields != (best->n_values > 0 ? best->n_values : 1))
        return NULL;
    const Muster__V1__Suggestion *next = group->n_suggestions > 1 ? group->suggestions[1] : NULL;
    bool tied = next != NULL && next->likeness >= best->likeness && (next->chosen_before || !best->chosen_before);
    return tied ? NULL : best;
}

/* The best suggestion of each group that has a likely one. */
static int
pick_all(fixing *fix)
{
    for (size_t i = 0; i < fix->groups->count; i++) {
        const Muster__V1__WrongValueGroup *group = fix->groups->list[i];
        const Muster__V1__Suggestion *best = likely(fix, group);
        if (group->correction != NULL || best == NULL)
            continue;
        int rc = correct(fix, group, typed_suggestion(fix->self->arena, best));
        if (rc != CLI_DONE)
            return rc;
    }
    if (fix->made_count == 0 && fix->left > 0 && !fix->self->json)
        printf("nothing was picked: no suggestion is likely enough, or two are as likely\n");
    return CLI_DONE;
}

static int
accept_repairs(fixing *fix)
{
    for (size_t i = 0; i < fix->options->repair.count; i++) {
        int rc;
        Muster__V1__AcceptRepair accept = MUSTER__V1__ACCEPT_REPAIR__INIT;
        accept.batch_id = (char *)fix->batch_id;
        accept.name = (char *)fix->options->repair.items[i];
        if (command(fix, &accept.base, &muster__v1__repair_accepted__descriptor, &rc) == NULL)
            return rc;
        fix->repaired = true;
    }
    return CLI_DONE;
}

/* Rows that come back ------------------------------------------------------------------------------------- */

static int
send_rows(fixing *fix)
{
    cli *self = fix->self;
    upload_file upload;
    progress_view progress;
    int rc = upload_open(self, fix->options->rows, &upload);
    if (rc != CLI_DONE)
        return rc;
    upload.corrections = true;
    progress_open(&progress, self->json);
    const Muster__V1__BatchView *view = upload_send(self, &upload, fix->batch_id, &progress, &rc);
    progress_close(&progress);
    upload_close(&upload);
    if (view == NULL)
        return rc;
    uint32_t generation = fix->view->generation;
    // The answer came from where the batch is shown: from here on it says how far parsing has come.
    view = settled(self, fix->batch_id, generation, &rc);
    if (view == NULL)
        return rc;
    if (view->notice[0] != 0)
        return cli_fail(self, NULL, "%s", view->notice);
    if (self->json)
        batch_print_json(view);
    else
        printf("%s is read again with the rows of %s; muster batch wait %s watches it\n", fix->batch_id, upload.name,
               fix->batch_id);
    return CLI_DONE;
}

/* Group by group ------------------------------------------------------------------------------------------ */

static void
show_group(fixing *fix, const Muster__V1__WrongValueGroup *group, size_t number)
{
    mst_arena *arena = fix->self->arena;
    printf("\n%zu of %zu  %s: %s\n", number, fix->groups->count, wrong_kind_title(group->kind),
           print_clean(arena, wrong_fields(arena, fix->template, group)));
    printf("  \"%s\" in %s\n  %s\n", print_clean(arena, standing_value(arena, group)),
           print_plural(arena, group->count, "row", "rows"), print_clean(arena, group->message));
    if (group->n_suggestions > 0)
        printf("  Did you mean\n");
    for (size_t i = 0; i < group->n_suggestions; i++)
        printf("    %zu  %s\n", i + 1, print_clean(arena, wrong_suggestion(arena, group->suggestions[i])));
}

/* A line from the prompt; without its end. False: there is none. One that nobody can have meant is asked for again:
 * keys that move the cursor elsewhere, or more than a cell may hold. */
static bool
read_typed(char typed[TYPED_SIZE])
{
    while (true) {
        printf("> ");
        fflush(stdout);
        if (fgets(typed, TYPED_SIZE, stdin) == NULL) {
            printf("\n");
            return false;
        }
        bool whole = strchr(typed, '\n') != NULL, keys = false;
        for (int c = 0; !whole && c != '\n' && c != EOF;)
            c = getchar();
        typed[strcspn(typed, "\r\n")] = '\0';
        for (const char *at = typed; *at != '\0'; at++)
            keys = keys || ((unsigned char)*at < ' ' && *at != '\t') || *at == 0x7f;
        if (whole && !keys)
            return true;
        printf(whole ? "  a key was pressed that writes nothing, such as an arrow: please type it again\n"
                     : "  that is more than a value may have: please type it again\n");
    }
}

/* One answer typed at the prompt. False: enough for now. */
static bool
take_typed(fixing *fix, const Muster__V1__WrongValueGroup *group, char *typed)
{
    mst_arena *arena = fix->self->arena;
    if (typed[0] == '\0')
        return true;
    if (strcmp(typed, ".") == 0)
        return false;
    char **right;
    // One digit, as there are few suggestions: a longer number is a value.
    bool digit = typed[0] >= '0' && typed[0] <= '9' && typed[1] == '\0';
    size_t number = digit ? (size_t)(typed[0] - '0') : 0;
    if (strcmp(typed, "-") == 0)
        correct(fix, group, NULL);
    else if (number >= 1 && number <= group->n_suggestions)
        correct(fix, group, typed_suggestion(arena, group->suggestions[number - 1]));
    else if (digit && group->n_suggestions > 0)
        printf("  there is no suggestion %s; =%s is the value %s\n", typed, typed, typed);
    else if (group->n_fields > 0 && ((right = typed_for_one(arena, fix->template, group, typed)) != NULL ||
                                     (right = typed_values(arena, group, typed[0] == '=' ? typed + 1 : typed)) != NULL))
        correct(fix, group, right);
    else
        printf("  %s\n", group->n_fields == 0 ? "the row as a whole is wrong: - leaves these rows out"
                                              : "one value for each of the columns, with | between; FIELD=VALUE for "
                                                "one of them");
    return true;
}

static int
ask_one_by_one(fixing *fix)
{
    char typed[TYPED_SIZE];
    printf(
        "A number picks a suggestion; anything else is the right value (=12 for the value 12). - leaves the rows out.\n"
        "Enter goes on to the next, . ends. What you answer is kept at once; the same command comes back to the "
        "rest.\n");
    for (size_t i = 0; i < fix->groups->count; i++) {
        const Muster__V1__WrongValueGroup *group = fix->groups->list[i];
        if (group->correction != NULL)
            continue;
        uint64_t before = fix->made_count;
        show_group(fix, group, i + 1);
        if (!read_typed(typed))
            break;
        bool skipped = typed[0] == '\0';
        if (!take_typed(fix, group, typed))
            break;
        if (!skipped && fix->made_count == before)
            i--; // it was refused, with the reason said
    }
    return CLI_DONE;
}

static int
run_fix(cli *self, const void *given)
{
    const fix_options *options = given;
    int rc;
    fixing fix = {.self = self, .options = options, .batch_id = self->args[0]};
    bool correcting = options->from.count > 0 || options->pick || options->repair.count > 0;
    if (options->without_bad_rows + (options->rows != NULL) + (correcting || options->finish) > 1)
        return cli_misused(self, "correct first, then go on without the rest", "one thing at a time");
    fix.view = batch_fetch(self, self->arena, self->args[0], &rc);
    if (fix.view == NULL)
        return rc;
    if (options->without_bad_rows)
        return without_bad_rows(&fix);
    if (options->rows != NULL)
        return send_rows(&fix);
    if (!correcting && !options->finish && (self->json || !isatty(STDIN_FILENO)))
        return cli_misused(self,
                           "--field F --from WRONG --to RIGHT corrects, --pick takes likely suggestions, --rows FILE "
                           "sends corrected rows, --without-bad-rows goes on without them",
                           "what should be done with the wrong values?");
    fix.template = batch_template(self, fix.view);
    fix.groups = wrong_groups_fetch(self, self->args[0], UINT64_MAX, &rc);
    if (fix.groups == NULL)
        return rc;
    fix.left = fix.groups->groups_left;
    fix.made = json_array();
    rc = accept_repairs(&fix);
    if (rc == CLI_DONE)
        rc = correct_pairs(&fix);
    if (rc == CLI_DONE && options->pick)
        rc = pick_all(&fix);
    if (rc == CLI_DONE && !correcting && !options->finish)
        rc = ask_one_by_one(&fix);
    if (rc == CLI_DONE)
        return conclude(&fix);
    json_decref(fix.made);
    return rc;
}

static const cli_option FIX_OPTIONS[] = {
    {"field", 'f', "FIELD", "of the next --from, by name or title; a,b for fields that are wrong together", CLI_LIST,
     offsetof(fix_options, field)},
    {"from", 0, "WRONG", "the value that stands there (a|b for several fields); may be given several times", CLI_LIST,
     offsetof(fix_options, from)},
    {"to", 0, "RIGHT", "the right one for it", CLI_LIST, offsetof(fix_options, to)},
    {"leave-out", 0, NULL, "leave rows with these values out instead", CLI_FLAG, offsetof(fix_options, leave_out)},
    {"pick", 0, NULL, "take the best suggestion wherever it is likely", CLI_FLAG, offsetof(fix_options, pick)},
    {"likeness", 0, "N", "how likely it must be for --pick, of 1000 (default 800)", CLI_NUMBER,
     offsetof(fix_options, likeness)},
    {"forget", 0, NULL, "do not remember the corrections for later batches", CLI_FLAG, offsetof(fix_options, forget)},
    {"rows", 0, "FILE", "corrected rows, as muster batch rejected wrote them", CLI_TEXT, offsetof(fix_options, rows)},
    {"repair", 0, "NAME", "make this repair; may be given several times", CLI_LIST, offsetof(fix_options, repair)},
    {"without-bad-rows", 0, NULL, "go on without the rows that are wrong; they are listed as rejected", CLI_FLAG,
     offsetof(fix_options, without_bad_rows)},
    {"hold", 0, NULL, "do not go on by itself when nothing is left to correct", CLI_FLAG, offsetof(fix_options, hold)},
    {"finish", 0, NULL, "go on with what was corrected", CLI_FLAG, offsetof(fix_options, finish)},
    {0},
};

static const fix_options FIX_DEFAULTS = {.likeness = LIKENESS_DEFAULT};

const cli_command batch_fix_command = {
    .name = "batch fix",
    .args = "ID",
    .args_min = 1,
    .args_max = 1,
    .summary = "Put wrong values of a batch right, and go on",
    .text =
        "One correction is about all rows with the value, is kept at once, and remembered for later batches where a "
        "list says what is allowed. Without options it asks for one value after the other. The batch goes on when "
        "nothing is left to correct; the file itself is never changed.",
    .options = FIX_OPTIONS,
    .options_size = sizeof(fix_options),
    .defaults = &FIX_DEFAULTS,
    .run = run_fix,
};
