/* calls.c - what people ask about discrepancies, and their decisions. */
#include "services/discrepancy/desk.h"

#include "export.pb-c.h"
#include "services/discrepancy/resolution.h"
#include <assert.h>
#include <string.h>

#define LIST_MAX 200u
#define LIST_DEFAULT 50u
#define LIST_SIZE_MAX (768u << 10) /* bytes in one answer; then there is `more` */
#define BEGIN_AGAIN_MAX 10u        /* times a question may be asked anew while it is being read */

enum { ASK_RECORD = 3 };

/* One call under way; lives in the work's arena. */
typedef struct call {
    desk_work base;
    const batch *batch;
    showing *showing;
    /* ListDiscrepancies */
    uint32_t *rows;
    size_t count;
    bool list, more;
    /* ResolveDiscrepancy; NULL otherwise. Copied: the argument is there for the first step only. */
    Muster__V1__ResolveDiscrepancy *decision;
    char *operator;
    bool record_exists; /* export has said so */
    unsigned begun;
} call;

static void
refuse(mst_work *work, Muster__V1__AnswerStatus status, const char *sentence)
{
    mst_work_refuse(work, status, NULL, "%s", sentence);
}

static void
answer_list(call *self, mst_work *work)
{
    mst_arena *arena = mst_work_arena(work);
    Muster__V1__DiscrepancyList list = MUSTER__V1__DISCREPANCY_LIST__INIT;
    list.discrepancies = mst_arena_alloc(arena, (self->count + 1) * sizeof(Muster__V1__DiscrepancyView *));
    list.open = self->batch->open;
    list.total = (uint32_t)self->batch->cases_count;
    list.more = self->more;
    size_t size = 0;
    for (size_t i = 0; i < self->count; i++) {
        Muster__V1__DiscrepancyView *view = showing_view(self->showing, work, i);
        if (view == NULL)
            continue; // asked anew this moment: the next look shows it
        size += protobuf_c_message_get_packed_size(&view->base) + 8;
        if (size > LIST_SIZE_MAX && list.n_discrepancies > 0) {
            list.more = true;
            break;
        }
        list.discrepancies[list.n_discrepancies++] = view;
    }
    mst_work_answer(work, &list.base);
}

/* Adds the events of a decision, and VerificationFinished if it is the last one (A28). */
static void
add_decision(call *self, mst_work *work, const a_case *asked)
{
    const batch *one = self->batch;
    const char *stream = mst_arena_printf(mst_work_arena(work), "discrepancy/%s", one->id);
    Muster__V1__DiscrepancyResolved resolved = MUSTER__V1__DISCREPANCY_RESOLVED__INIT;
    resolved.batch_id = one->id;
    resolved.generation = one->generation;
    resolved.row = asked->row;
    resolved.version = asked->version + 1;
    resolved.choice = self->decision->choice;
    resolved.record_id = self->decision->record_id;
    resolved.operator_ = self->operator;
    resolved.note = self->decision->note;
    resolved.recheck = one->recheck;
    mst_work_event(work, stream, one->id, NULL, 1, &resolved.base);
    if (one->open - asked->open > 0 || !cases_complete(one))
        return;
    Muster__V1__VerificationFinished finished = MUSTER__V1__VERIFICATION_FINISHED__INIT;
    finished.batch_id = one->id;
    finished.generation = one->generation;
    finished.resolved = (uint32_t)one->cases_count;
    finished.recheck = one->recheck;
    for (size_t i = 0; i < one->cases_count; i++) {
        bool this_one = &one->cases[i] == asked;
        Muster__V1__Choice choice = this_one ? self->decision->choice : one->cases[i].choice;
        finished.selected += choice == MUSTER__V1__CHOICE__CHOICE_SELECT;
        finished.new_rows += choice == MUSTER__V1__CHOICE__CHOICE_NEW;
        finished.skipped += choice == MUSTER__V1__CHOICE__CHOICE_SKIP;
    }
    mst_work_event(work, stream, one->id, NULL, 0, &finished.base);
}

static void
ask_export(call *self, mst_work *work)
{
    Muster__V1__GetRecord query = MUSTER__V1__GET_RECORD__INIT;
    query.kind = self->batch->kind;
    query.id = self->decision->record_id;
    mst_work_call(work, ASK_RECORD, "export", "", &query.base, &muster__v1__record_list__descriptor);
}

/* Who comes late is shown how things stand now, question and all. Only here does a decision read the log. */
static void
refuse_stale(call *self, mst_work *work, const char *why)
{
    Muster__V1__DiscrepancyView *view = self->showing == NULL ? NULL : showing_view(self->showing, work, 0);
    if (view != NULL)
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_STALE, &view->base, "%s", why);
    else if (++self->begun > BEGIN_AGAIN_MAX)
        refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_STALE, "The discrepancy is changing. Look at it again.");
    else
        self->showing = showing_begin(self->batch, work, &self->decision->row, 1);
}

/* From what is remembered alone: whole batches are decided in one go. */
static void
decide(call *self, mst_work *work, bool may_create)
{
    const a_case *asked = cases_find(self->batch, self->decision->row);
    Muster__V1__DiscrepancyView *view = showing_brief(self->batch, asked, work);
    char why[600];
    switch (resolution_check(self->batch, asked, may_create, self->decision, why)) {
    case VERDICT_SAME: mst_work_answer(work, &view->base); return;
    case VERDICT_STALE: refuse_stale(self, work, why); return;
    case VERDICT_REFUSE: refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED, why); return;
    case VERDICT_ASK_EXPORT:
        if (!self->record_exists) {
            ask_export(self, work);
            return;
        }
        break;
    case VERDICT_ACCEPT: break;
    }
    add_decision(self, work, asked);
    view->version = asked->version + 1;
    view->open = false;
    view->choice = self->decision->choice;
    view->record_id = self->decision->record_id;
    view->operator_ = self->operator;
    view->decided_at_ms = mst_work_now_ms(work);
    mst_work_answer(work, &view->base);
}

static void
take_record(call *self, mst_work *work, const mst_step *step, bool may_create)
{
    const Muster__V1__RecordList *list = (const void *)step->message;
    bool found = step->status == MUSTER__V1__ANSWER_STATUS__ANSWER_OK && list != NULL && list->n_records > 0;
    if (found && !list->records[0]->deleted) {
        self->record_exists = true;
        decide(self, work, may_create);
    } else if (found || step->status == MUSTER__V1__ANSWER_STATUS__ANSWER_NOT_FOUND) {
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED, NULL,
                        "There is no %s \"%.200s\" in the directory: select one that there is.", self->batch->kind,
                        self->decision->record_id);
    } else {
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_UNAVAILABLE, NULL,
                        "The directory could not be asked whether the record exists. Try again. (%.200s)", step->text);
    }
}

/* First steps ------------------------------------------------------------------------------------------- */

/* Which rows a list shows. */
static void
choose_rows(call *self, mst_arena *arena, const Muster__V1__ListDiscrepancies *query)
{
    size_t max = query->max == 0 ? LIST_DEFAULT : query->max < LIST_MAX ? query->max : LIST_MAX;
    self->rows = mst_arena_alloc(arena, (max + 1) * sizeof *self->rows);
    const a_case *end = self->batch->cases + self->batch->cases_count;
    const a_case *asked = query->after_row == UINT32_MAX ? NULL : cases_from(self->batch, query->after_row + 1);
    for (; asked != NULL && asked < end && !self->more; asked++) {
        if (query->open_only && !asked->open)
            continue;
        if (self->count == max)
            self->more = true;
        else
            self->rows[self->count++] = asked->row;
    }
}

static const char *
batch_of(const mst_step *step)
{
    const void *argument = step->argument;
    if (strcmp(step->method, "ListDiscrepancies") == 0)
        return ((const Muster__V1__ListDiscrepancies *)argument)->batch_id;
    if (strcmp(step->method, "ShowDiscrepancy") == 0)
        return ((const Muster__V1__ShowDiscrepancy *)argument)->batch_id;
    if (strcmp(step->method, "ResolveDiscrepancy") == 0)
        return ((const Muster__V1__ResolveDiscrepancy *)argument)->batch_id;
    return NULL;
}

static void
copy_decision(call *self, mst_arena *arena, const Muster__V1__ResolveDiscrepancy *decision, const char *operator)
{
    self->decision = mst_arena_copy(arena, decision, sizeof *decision);
    self->decision->batch_id = mst_arena_strdup(arena, decision->batch_id);
    self->decision->record_id = mst_arena_strdup(arena, decision->record_id);
    self->decision->note = mst_arena_strdup(arena, decision->note);
    self->operator= mst_arena_strdup(arena, operator== NULL ? "" : operator);
}

/* False: the call is answered, and its work is over. */
static bool
begin(cases *state, mst_work *work, const mst_step *step)
{
    const char *batch_id = step->argument == NULL ? NULL : batch_of(step);
    if (batch_id == NULL) {
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED, NULL, "discrepancy does not know \"%.100s\".",
                        step->method);
        return false;
    }
    const batch *one = cases_batch(state, batch_id);
    if (one == NULL || one->kind == NULL) {
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_NOT_FOUND, NULL, "There is no batch \"%.100s\".",
                        batch_id);
        return false;
    }
    mst_arena *arena = mst_work_arena(work);
    call *self = mst_arena_alloc(arena, sizeof *self);
    *self = (call){.base = {calls_step}, .batch = one};
    mst_work_set_data(work, self, desk_forget);
    const void *argument = step->argument;
    if (strcmp(step->method, "ListDiscrepancies") == 0) {
        self->list = true;
        choose_rows(self, arena, argument);
    } else {
        self->rows = mst_arena_alloc(arena, sizeof *self->rows);
        self->count = 1;
        if (strcmp(step->method, "ResolveDiscrepancy") == 0) {
            copy_decision(self, arena, argument, step->operator);
            self->rows[0] = self->decision->row;
        } else {
            self->rows[0] = ((const Muster__V1__ShowDiscrepancy *)argument)->row;
        }
        if (cases_find(one, self->rows[0]) == NULL) {
            mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_NOT_FOUND, NULL,
                            "Row %u of batch %s has no discrepancy.", self->rows[0], one->id);
            return false;
        }
    }
    if (self->decision == NULL)
        self->showing = showing_begin(one, work, self->rows, self->count);
    return true;
}

void
calls_step(cases *state, mst_work *work, const mst_step *step)
{
    if (step->kind == MST_STEP_CALL && !begin(state, work, step))
        return;
    call *self = mst_work_data(work);
    if (cases_find(self->batch, self->count == 0 ? 0 : self->rows[0]) == NULL && self->count > 0) {
        refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_STALE,
               "The file of this batch was read again. Look at it again.");
        return;
    }
    bool may_create = cases_may_create(state, self->batch);
    if (step->kind == MST_STEP_ANSWER) {
        take_record(self, work, step, may_create);
        return;
    }
    if (step->kind == MST_STEP_PAGE)
        showing_page(self->showing, work, step);
    if (self->showing != NULL && !showing_done(self->showing))
        return;
    if (self->list) {
        answer_list(self, work);
    } else if (self->decision != NULL) {
        decide(self, work, may_create);
    } else {
        Muster__V1__DiscrepancyView *view = showing_view(self->showing, work, 0);
        if (view != NULL)
            mst_work_answer(work, &view->base);
        else
            self->showing = showing_begin(self->batch, work, self->rows, 1);
    }
}
