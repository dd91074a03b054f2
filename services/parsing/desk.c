/* desk.c - see answers.h. What people do about wrong values: correct them, leave rows out, go on (B39-B44).
 *
 * What was done is durable when it is answered. Several people may be at it at once: each command is decided on what
 * all of them did before, and a batch that somebody else went on with refuses it. */
#include "answers.h"

#include "export.pb-c.h"
#include "services/runtime/suggest.h"
#include "verdict.h"
#include <string.h>

#define VALUE_SIZE_MAX 4000u /* bytes of a corrected value */
#define FIELDS_MAX 64u       /* fields corrected together */
#define LOOKUPS_MAX 16u      /* references that one correction may fill in */
#define OTHERS_SIZE_MAX 500u /* bytes of names of other repairs, beyond which no more are told */
#define RULES_STREAM "parsing/rules"

#define REFUSED MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED

static char *
stream_of(mst_arena *arena, const char *batch_id)
{
    return mst_arena_printf(arena, "parsing/%s", batch_id);
}

/* Cancelling is decided by ingestion: of the two, one comes first. */
static void
guard_against_cancelling(mst_work *work, const char *batch_id)
{
    mst_work_guard(work, mst_arena_printf(mst_work_arena(work), "ingestion/%s", batch_id));
}

/* MakeCorrection ------------------------------------------------------------------------------------------- */

typedef struct lookup {
    const Muster__V1__Reference *reference;
    char **values; /* one for each of its fields, as they are kept */
} lookup;

typedef struct correcting {
    question question;
    Muster__V1__Correction correction; /* texts trimmed; in the argument's memory otherwise */
    bool forget;
    uint32_t rows, groups_left, rows_left; /* of the group; after it was made */
    lookup lookups[LOOKUPS_MAX];
    size_t lookups_count, lookup_at;
} correcting;

static const parsed_batch *
batch_of(const correcting *self)
{
    return state_find(self->question.state, self->question.batch_id);
}

/* Rules are made of choices among controlled values only, and not of the people that rows are about. */
static bool
is_remembered(const correcting *self)
{
    const Muster__V1__Correction *correction = &self->correction;
    const Muster__V1__Template *template = picks_template(self->question.state, batch_of(self));
    if (self->forget || correction->leave_out || template == NULL || correction->n_fields == 0 ||
        rules_count(self->question.state->rules) >= RULES_MAX)
        return false;
    for (size_t i = 0; i < correction->n_fields; i++) {
        if (correction->from[i][0] == '\0' && correction->n_fields == 1)
            return false;
        // Which of several people of one name was meant, here: next time it may be the other.
        if (correction->from[i][0] != '\0' && correction->to[i][0] == '\0')
            return false;
    }
    if (correction->kind == MUSTER__V1__WRONG_KIND__WRONG_ENUM)
        return true;
    if (correction->kind != MUSTER__V1__WRONG_KIND__WRONG_REFERENCE || self->lookups_count == 0)
        return false;
    for (size_t i = 0; i < self->lookups_count; i++)
        if (template->subject != NULL && strcmp(self->lookups[i].reference->kind, template->subject->kind) == 0)
            return false;
    return true;
}

/* What becomes of the rules: a new one, an older one of this batch that was a mistake, or nothing. Its id, "" none. */
static char *
remember(const correcting *self, mst_work *work)
{
    const question *asked = &self->question;
    const parsing_state *state = asked->state;
    const Muster__V1__Correction *correction = &self->correction;
    const Muster__V1__BatchCreated *created = batch_of(self)->created;
    const Muster__V1__CorrectionRule *known =
        rules_for(state->rules, created->template_name, correction->fields, correction->from, correction->n_fields);
    bool same = known != NULL && !correction->leave_out;
    for (size_t i = 0; same && i < correction->n_to; i++)
        same = strcmp(known->to[i], correction->to[i]) == 0;
    if (same && !self->forget)
        return known->off ? "" : known->id; // switched off by somebody: it stays so
    if (is_remembered(self)) {
        Muster__V1__CorrectionRule rule = MUSTER__V1__CORRECTION_RULE__INIT;
        Muster__V1__RuleLearned learned = MUSTER__V1__RULE_LEARNED__INIT;
        rule.id = mst_arena_printf(asked->arena, "R%zu", rules_count(state->rules) + 1);
        rule.template_name = created->template_name;
        rule.fields = correction->fields;
        rule.from = correction->from;
        rule.to = correction->to;
        rule.n_fields = rule.n_from = rule.n_to = correction->n_fields;
        rule.operator_ = (char *)asked->operator;
        rule.created_at_ms = mst_work_now_ms(work);
        rule.batch_id = (char *)asked->batch_id;
        learned.rule = &rule;
        mst_work_event(work, RULES_STREAM, "", NULL, 0, &learned.base);
        return rule.id;
    }
    if (known != NULL && !known->off && strcmp(known->batch_id, asked->batch_id) == 0) {
        Muster__V1__RuleSwitched switched = MUSTER__V1__RULE_SWITCHED__INIT;
        switched.id = known->id;
        switched.off = true;
        switched.operator_ = (char *)asked->operator;
        switched.at_ms = mst_work_now_ms(work);
        mst_work_event(work, RULES_STREAM, "", NULL, 0, &switched.base);
    }
    return "";
}

static void
make(correcting *self, mst_work *work)
{
    const question *asked = &self->question;
    Muster__V1__CorrectionMade made = MUSTER__V1__CORRECTION_MADE__INIT;
    Muster__V1__CorrectionView view = MUSTER__V1__CORRECTION_VIEW__INIT;
    made.batch_id = (char *)asked->batch_id;
    made.generation = asked->generation;
    made.correction = &self->correction;
    made.rows = self->rows;
    made.operator_ = (char *)asked->operator;
    made.at_ms = mst_work_now_ms(work);
    made.rule_id = remember(self, work);
    guard_against_cancelling(work, asked->batch_id);
    mst_work_event(work, stream_of(asked->arena, asked->batch_id), asked->batch_id, NULL, made.rows, &made.base);
    view.made = &made;
    view.groups_left = self->groups_left;
    view.rows_left = self->rows_left;
    mst_work_answer(work, &view.base);
}

static char *
joined(mst_arena *arena, char *const *values, size_t count)
{
    char *text = "";
    for (size_t i = 0; i < count; i++)
        if (values[i][0] != '\0')
            text = mst_arena_printf(arena, "%s%s%.200s", text, text[0] == '\0' ? "" : ", ", values[i]);
    return text;
}

enum { LOOK_UP, MAY_BE_MEANT, SPELLED };

/* The next reference that the correction fills in, or the end. */
static void
look_up_next(correcting *self, mst_work *work)
{
    if (self->lookup_at == self->lookups_count) {
        make(self, work);
        return;
    }
    const lookup *next = &self->lookups[self->lookup_at];
    Muster__V1__LookUpRecords look = MUSTER__V1__LOOK_UP_RECORDS__INIT;
    look.kind = next->reference->kind;
    look.fields = next->reference->kind_fields;
    look.n_fields = next->reference->n_kind_fields;
    look.values = next->values;
    look.n_values = next->reference->n_fields;
    mst_work_call(work, LOOK_UP, "export", look.kind, &look.base, &muster__v1__look_up_result__descriptor);
}

static void
refuse_unknown(const correcting *self, mst_work *work, const Muster__V1__ValueList *like)
{
    const lookup *at = &self->lookups[self->lookup_at];
    mst_arena *arena = self->question.arena;
    char *meant = "";
    for (size_t i = 0; like != NULL && i < like->n_values && i < 3; i++) {
        const Muster__V1__Suggestion *one = like->values[i];
        char *text = one->n_values > 0 ? joined(arena, one->values, one->n_values) : one->value;
        meant = mst_arena_printf(arena, "%s%s\"%.200s\"", meant, i == 0 ? " Did you mean " : " or ", text);
    }
    mst_work_refuse(work, REFUSED, NULL, "The directory knows no %s \"%.300s\".%s%s", at->reference->kind,
                    joined(arena, at->values, at->reference->n_fields), meant, meant[0] == '\0' ? "" : "?");
}

/* What stands for `field` becomes `value`, if it differs in case, accents and blanks only. */
static void
spell(correcting *self, const char *field, const char *value)
{
    Muster__V1__Correction *correction = &self->correction;
    mst_arena *arena = self->question.arena;
    for (size_t i = 0; i < correction->n_fields; i++)
        if (strcmp(correction->fields[i], field) == 0 &&
            strcmp(mst_suggest_fold(correction->to[i], arena), mst_suggest_fold(value, arena)) == 0)
            correction->to[i] = mst_arena_strdup(arena, value);
}

/* The correction is kept, and remembered, as the directory spells it. */
static void
take_spelling(correcting *self, const Muster__V1__RecordList *list)
{
    const Muster__V1__Reference *reference = self->lookups[self->lookup_at].reference;
    const Muster__V1__Record *record = list == NULL || list->n_records == 0 ? NULL : list->records[0];
    for (size_t i = 0; record != NULL && i < reference->n_fields; i++)
        for (size_t j = 0; j < list->n_fields && j < record->n_values; j++)
            if (strcmp(list->fields[j], reference->kind_fields[i]) == 0)
                spell(self, reference->fields[i], record->values[j]);
}

static void
correcting_step(mst_work *work, const mst_step *step)
{
    correcting *self = mst_work_data(work);
    const Muster__V1__LookUpResult *result = (const Muster__V1__LookUpResult *)step->message;
    bool ok = step->status == MUSTER__V1__ANSWER_STATUS__ANSWER_OK;
    if (step->tag == MAY_BE_MEANT) {
        refuse_unknown(self, work, ok ? (const Muster__V1__ValueList *)step->message : NULL);
        return;
    }
    if (!ok || result == NULL || (step->tag == LOOK_UP && result->n_found != 1)) {
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_FAILED, NULL,
                        "The directory does not answer now, so the value cannot be checked; nothing was kept. Try "
                        "again in a moment.");
        return;
    }
    if (!batch_of(self)->waiting || batch_of(self)->generation != self->question.generation) {
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_STALE, NULL,
                        "Somebody else went on with batch %s at this moment.", self->question.batch_id);
        return;
    }
    const lookup *at = &self->lookups[self->lookup_at];
    if (step->tag == LOOK_UP && result->found[0] == 1 && result->n_ids == 1) {
        Muster__V1__GetRecord get = MUSTER__V1__GET_RECORD__INIT;
        get.kind = at->reference->kind;
        get.id = result->ids[0];
        mst_work_call(work, SPELLED, "export", get.kind, &get.base, &muster__v1__record_list__descriptor);
        return;
    }
    if (step->tag == SPELLED || result->found[0] > 0) {
        if (step->tag == SPELLED)
            take_spelling(self, (const Muster__V1__RecordList *)step->message);
        self->lookup_at++;
        look_up_next(self, work);
        return;
    }
    Muster__V1__ListValues like = MUSTER__V1__LIST_VALUES__INIT;
    like.kind = at->reference->kind;
    like.fields = at->reference->kind_fields;
    like.n_fields = at->reference->n_kind_fields;
    like.text = joined(self->question.arena, at->values, at->reference->n_fields);
    like.max = 3;
    mst_work_call(work, MAY_BE_MEANT, "export", like.kind, &like.base, &muster__v1__value_list__descriptor);
}

/* The references whose fields are all among the corrected ones, and filled. */
static void
find_lookups(correcting *self, char *const *kept)
{
    const Muster__V1__Correction *correction = &self->correction;
    const Muster__V1__Template *template = picks_template(self->question.state, batch_of(self));
    for (size_t i = 0; template != NULL && i < template->n_references && self->lookups_count < LOOKUPS_MAX; i++) {
        const Muster__V1__Reference *reference = template->references[i];
        char **values = mst_arena_alloc(self->question.arena, (reference->n_fields + 1) * sizeof *values);
        size_t found = 0, filled = 0;
        for (size_t j = 0; j < reference->n_fields; j++)
            for (size_t k = 0; k < correction->n_fields; k++)
                if (strcmp(reference->fields[j], correction->fields[k]) == 0) {
                    values[found++] = kept[k];
                    filled += kept[k][0] != '\0';
                    break;
                }
        if (found == reference->n_fields && filled > 0)
            self->lookups[self->lookups_count++] = (lookup){reference, values};
    }
}

static char *
trimmed(mst_arena *arena, const char *text)
{
    static const char BLANKS[] = " \t\r\n\v\f";
    text += strspn(text, BLANKS);
    size_t size = strlen(text);
    while (size > 0 && strchr(BLANKS, text[size - 1]) != NULL)
        size--;
    return mst_arena_strndup(arena, text, size);
}

/* Each value by its field. False: one of them is wrong, which was answered. */
static bool
values_are_right(correcting *self, mst_work *work)
{
    Muster__V1__Correction *correction = &self->correction;
    mst_arena *arena = self->question.arena;
    char *kept[FIELDS_MAX], **to = mst_arena_alloc(arena, correction->n_fields * sizeof *to);
    bool differs = false;
    for (size_t i = 0; i < correction->n_fields; i++) {
        const Muster__V1__Field *field = picks_field(self->question.state, batch_of(self), correction->fields[i]);
        to[i] = trimmed(arena, correction->to[i]);
        const char *why = field == NULL ? "There is no such field in rows of the batch."
                          : strlen(to[i]) > VALUE_SIZE_MAX
                              ? "The value is too long."
                              : picks_check(self->question.state, batch_of(self), field, to[i], arena, &kept[i]);
        if (why != NULL) {
            mst_work_refuse(work, REFUSED, NULL, "\"%.200s\" cannot stand in \"%.64s\". %s", to[i],
                            field != NULL && field->title[0] != '\0' ? field->title : correction->fields[i], why);
            return false;
        }
        if (field->n_enum_values > 0 && kept[i][0] != '\0')
            to[i] = kept[i]; // as it is listed
        differs = differs || strcmp(to[i], correction->from[i]) != 0;
    }
    correction->to = to;
    if (!differs) {
        mst_work_refuse(work, REFUSED, NULL, "\"%.200s\" is what stands there, and it is wrong.",
                        joined(arena, to, correction->n_to));
        return false;
    }
    find_lookups(self, kept);
    return true;
}

static void
refuse_stale(correcting *self, mst_work *work, const groups *found)
{
    Muster__V1__CorrectionView view = MUSTER__V1__CORRECTION_VIEW__INIT;
    Muster__V1__CorrectionMade made = MUSTER__V1__CORRECTION_MADE__INIT;
    made.batch_id = (char *)self->question.batch_id;
    made.generation = self->question.generation;
    view.made = &made;
    view.groups_left = answers_left(batch_of(self), found, &view.rows_left);
    mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_STALE, &view.base,
                    "Batch %s was read again since; look at its wrong values anew.", self->question.batch_id);
}

static void
correct(question *asked, mst_work *work, const groups *found)
{
    correcting *self = (correcting *)asked;
    const Muster__V1__MakeCorrection *given = (const Muster__V1__MakeCorrection *)asked->argument;
    if (given->generation != asked->generation) {
        refuse_stale(self, work, found);
        return;
    }
    self->correction = *given->correction;
    self->forget = given->forget;
    char *key = groups_key_of_correction(asked->arena, &self->correction);
    const Muster__V1__WrongValueGroup *group = groups_find(found, key);
    if (group == NULL) {
        mst_work_refuse(work, REFUSED, NULL, "Batch %s has no such wrong value: \"%.200s\"%s%.64s.", asked->batch_id,
                        joined(asked->arena, self->correction.from, self->correction.n_from),
                        self->correction.n_fields > 0 ? " in " : "",
                        self->correction.n_fields > 0 ? self->correction.fields[0] : "");
        return;
    }
    const standing *earlier = state_correction(batch_of(self), asked->generation, key);
    self->rows = group->count;
    self->groups_left = answers_left(batch_of(self), found, &self->rows_left);
    if (earlier == NULL) {
        self->groups_left--;
        self->rows_left -= self->rows < self->rows_left ? self->rows : self->rows_left;
    }
    if (self->correction.leave_out) {
        self->correction.n_to = 0;
        make(self, work);
    } else if (group->n_fields == 0) {
        mst_work_refuse(work, REFUSED, NULL,
                        "The row as a whole is wrong: leave these rows out, or send them corrected (muster batch fix "
                        "ID --rows FILE).");
    } else if (values_are_right(self, work)) {
        asked->turn.step = correcting_step;
        look_up_next(self, work);
    }
}

static void
make_correction(parsing_state *state, mst_work *work, const mst_step *step)
{
    const Muster__V1__MakeCorrection *given = (const Muster__V1__MakeCorrection *)step->argument;
    const Muster__V1__Correction *correction = given->correction;
    if (!answers_waits(state, work, given->batch_id))
        return;
    if (correction == NULL || correction->n_fields > FIELDS_MAX || correction->n_from != correction->n_fields ||
        (!correction->leave_out && correction->n_to != correction->n_fields))
        mst_work_refuse(work, REFUSED, NULL,
                        "A correction has one value from and one value to for each of its fields, at most %u.",
                        FIELDS_MAX);
    else
        answers_load(state, work, step, given->batch_id, sizeof(correcting), correct);
}

/* Going on ------------------------------------------------------------------------------------------------- */

static void
read_again(question *self, mst_work *work, bool without_bad_rows, Muster__V1__CorrectionsFinished *finished)
{
    muster__v1__corrections_finished__init(finished);
    finished->batch_id = (char *)self->batch_id;
    finished->generation = self->generation + 1;
    finished->operator_ = (char *)self->operator;
    finished->without_bad_rows = without_bad_rows;
    guard_against_cancelling(work, self->batch_id);
    mst_work_event(work, stream_of(self->arena, self->batch_id), self->batch_id, NULL, 0, &finished->base);
}

static bool
repaired(const parsed_batch *batch)
{
    for (size_t i = 0; batch->fixing != NULL && i < batch->fixing->repairs_count; i++)
        if (batch->fixing->repairs[i]->generation == batch->generation)
            return true;
    return false;
}

static void
finish_corrections(question *self, mst_work *work, const groups *found)
{
    const parsed_batch *batch = state_find(self->state, self->batch_id);
    uint32_t rows, left = answers_left(batch, found, &rows);
    if (left > 0 && !repaired(batch)) {
        mst_work_refuse(work, REFUSED, NULL,
                        "%u of %zu different wrong values have no correction yet. Correct them, leave their rows out, "
                        "or go on without all rows that are still wrong.",
                        left, groups_count(found));
        return;
    }
    Muster__V1__CorrectionsFinished finished;
    read_again(self, work, false, &finished);
    mst_work_answer(work, &finished.base);
}

static void
exclude_bad_rows(question *self, mst_work *work, const groups *found)
{
    const parsed_batch *batch = state_find(self->state, self->batch_id);
    uint64_t corrected_rows;
    size_t corrected = state_corrections(batch, self->generation, &corrected_rows);
    uint32_t rows_left, wrong = batch->wrong_rows + batch->check_wrong;
    answers_left(batch, found, &rows_left);
    if (corrected == 0 && !repaired(batch) && wrong + batch->left_out >= batch->rows) {
        mst_work_refuse(work, REFUSED, NULL,
                        "All %u rows of batch %s have wrong values: without them nothing is left. Cancel the batch, "
                        "correct the file and upload it as a new one.",
                        batch->rows, self->batch_id);
        return;
    }
    Muster__V1__BadRowsExcluded excluded = MUSTER__V1__BAD_ROWS_EXCLUDED__INIT;
    excluded.batch_id = (char *)self->batch_id;
    excluded.generation = self->generation;
    excluded.rows = rows_left < wrong ? rows_left : wrong;
    excluded.operator_ = (char *)self->operator;
    if (corrected > 0 || repaired(batch) || batch->check_wrong > 0) {
        Muster__V1__CorrectionsFinished finished;
        read_again(self, work, true, &finished);
    } else { // what was read stands: the rows are known by their bits
        verdict next;
        verdict_of(self->state, self->batch_id, &next);
        guard_against_cancelling(work, self->batch_id);
        mst_work_event(work, stream_of(self->arena, self->batch_id), self->batch_id, NULL, excluded.rows,
                       &excluded.base);
        verdict_accept(work, &next);
    }
    mst_work_answer(work, &excluded.base);
}

/* AcceptRepair --------------------------------------------------------------------------------------------- */

typedef struct repairing {
    turn turn;
    parsing_state *state;
    const char *batch_id, *name, *operator;
    char *stream;
    bool known, repairable;
    char *others; /* that can be made, for people */
} repairing;

static void
repairing_step(mst_work *work, const mst_step *step)
{
    repairing *self = mst_work_data(work);
    const parsed_batch *batch = state_find(self->state, self->batch_id);
    for (size_t i = 0; i < step->events_count; i++) {
        const Muster__V1__RemarksFound *found = (const Muster__V1__RemarksFound *)step->events[i].message;
        if (found == NULL || found->base.descriptor != &muster__v1__remarks_found__descriptor ||
            found->generation != batch->generation)
            continue;
        for (size_t j = 0; j < found->n_remarks; j++) {
            bool repairable = found->remarks[j]->repairable && !found->remarks[j]->repaired;
            if (strcmp(found->remarks[j]->name, self->name) == 0) {
                self->known = true;
                self->repairable = repairable;
            } else if (repairable && strlen(self->others) < OTHERS_SIZE_MAX) {
                self->others = mst_arena_printf(mst_work_arena(work), "%s%s\"%.200s\"", self->others,
                                                self->others[0] == '\0' ? "" : ", ", found->remarks[j]->name);
            }
        }
    }
    if (!step->end) {
        mst_work_read(work, 0, self->stream, step->next, 0);
        return;
    }
    if (!self->known || !self->repairable || !batch->waiting) {
        mst_work_refuse(work, REFUSED, NULL, "Batch %s has no repair \"%.100s\" to accept%s. %s%s.", self->batch_id,
                        self->name, self->known ? ": nothing can be done about it by itself" : "",
                        self->others[0] == '\0' ? "Nothing else in it can be repaired by itself" : "There is ",
                        self->others);
        return;
    }
    Muster__V1__RepairAccepted accepted = MUSTER__V1__REPAIR_ACCEPTED__INIT;
    accepted.batch_id = (char *)self->batch_id;
    accepted.generation = batch->generation;
    accepted.name = (char *)self->name;
    accepted.operator_ = (char *)self->operator;
    guard_against_cancelling(work, self->batch_id);
    mst_work_event(work, self->stream, self->batch_id, NULL, 0, &accepted.base);
    mst_work_answer(work, &accepted.base);
}

static void
accept_repair(parsing_state *state, mst_work *work, const mst_step *step)
{
    const Muster__V1__AcceptRepair *given = (const Muster__V1__AcceptRepair *)step->argument;
    if (!answers_waits(state, work, given->batch_id))
        return;
    mst_arena *arena = mst_work_arena(work);
    repairing *self = mst_arena_alloc(arena, sizeof *self);
    *self = (repairing){.turn = {repairing_step}, .state = state, .others = ""};
    self->batch_id = mst_arena_strdup(arena, given->batch_id);
    self->name = mst_arena_strdup(arena, given->name);
    self->operator= mst_arena_strdup(arena, step->operator== NULL ? "" : step->operator);
    self->stream = stream_of(arena, given->batch_id);
    mst_work_set_data(work, self, NULL);
    mst_work_read(work, 0, self->stream, 1, 0);
}

/* SwitchRule ----------------------------------------------------------------------------------------------- */

static void
switch_rule(parsing_state *state, mst_work *work, const mst_step *step)
{
    const Muster__V1__SwitchRule *given = (const Muster__V1__SwitchRule *)step->argument;
    const char *replaced_by;
    const Muster__V1__CorrectionRule *rule = rules_find(state->rules, given->id, &replaced_by);
    if (rule == NULL) {
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_NOT_FOUND, NULL,
                        "There is no rule \"%.40s\"; muster rules list shows them.", given->id);
        return;
    }
    if (replaced_by != NULL) {
        mst_work_refuse(work, REFUSED, NULL, "Rule %s was replaced by %s.", rule->id, replaced_by);
        return;
    }
    Muster__V1__CorrectionRule now = *rule;
    if (now.off != given->off) {
        Muster__V1__RuleSwitched switched = MUSTER__V1__RULE_SWITCHED__INIT;
        switched.id = rule->id;
        switched.off = given->off;
        switched.operator_ = (char *)(step->operator== NULL ? "" : step->operator);
        switched.at_ms = mst_work_now_ms(work);
        mst_work_event(work, RULES_STREAM, "", NULL, 0, &switched.base);
        now.off = given->off;
    }
    mst_work_answer(work, &now.base);
}

bool
desk_begin(parsing_state *state, mst_work *work, const mst_step *step)
{
    const char *method = step->method;
    if (strcmp(method, "MakeCorrection") == 0) {
        make_correction(state, work, step);
    } else if (strcmp(method, "FinishCorrections") == 0) {
        const char *batch_id = ((const Muster__V1__FinishCorrections *)step->argument)->batch_id;
        if (answers_waits(state, work, batch_id))
            answers_load(state, work, step, batch_id, sizeof(question), finish_corrections);
    } else if (strcmp(method, "ExcludeBadRows") == 0) {
        const char *batch_id = ((const Muster__V1__ExcludeBadRows *)step->argument)->batch_id;
        if (answers_waits(state, work, batch_id))
            answers_load(state, work, step, batch_id, sizeof(question), exclude_bad_rows);
    } else if (strcmp(method, "AcceptRepair") == 0) {
        accept_repair(state, work, step);
    } else if (strcmp(method, "SwitchRule") == 0) {
        switch_rule(state, work, step);
    } else {
        return false;
    }
    return true;
}
