/* notification.c - see notification.h. The core: which events ask for a mail, and what is answered about mails. */
#include "services/notification/notification.h"

#include "broker/lib/clock.h"
#include "broker/lib/log.h"
#include "matching.pb-c.h"
#include "parsing.pb-c.h"
#include "services/notification/sending.h"
#include "services/notification/texts.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_DEFAULT 100u
#define LIST_MAX 1000u
#define LIST_SIZE_MAX (900u * 1024u) /* bytes in one answer */
#define HOUR_MS 3600000

#define NOT_FOUND MUSTER__V1__ANSWER_STATUS__ANSWER_NOT_FOUND
#define REFUSED MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED

/* Deciding ----------------------------------------------------------------------------------------------- */

/* What an event says about its batch; false: nothing that anybody waits for. */
static bool
occasion_of(const mst_event *event, occasion *of)
{
    const char *type = event->head->type;
    if (strcmp(type, "CorrectionsRequested") == 0) {
        of->kind = MUSTER__V1__NOTICE_KIND__NOTICE_FIX_ERRORS;
        of->waiting = ((const Muster__V1__CorrectionsRequested *)event->message)->wrong_rows;
    } else if (strcmp(type, "MatchingFinished") == 0) {
        of->kind = MUSTER__V1__NOTICE_KIND__NOTICE_DISCREPANCIES;
        of->waiting = ((const Muster__V1__MatchingFinished *)event->message)->discrepancies;
    } else if (strcmp(type, "RecheckFinished") == 0) {
        of->kind = MUSTER__V1__NOTICE_KIND__NOTICE_DISCREPANCIES;
        of->waiting = (uint32_t)((const Muster__V1__RecheckFinished *)event->message)->n_questions;
        of->again = true;
    } else if (strcmp(type, "BatchCompleted") == 0) {
        of->kind = MUSTER__V1__NOTICE_KIND__NOTICE_COMPLETED;
        of->completed = (const Muster__V1__BatchCompleted *)event->message;
        return true;
    } else {
        of->kind = MUSTER__V1__NOTICE_KIND__NOTICE_FAILED;
        return true;
    }
    return of->waiting > 0 && !of->created->dry_run;
}

/* The same for the same notice of the same batch, and of no other system's. */
static char *
message_id_of(const mail_settings *settings, const Muster__V1__BatchCreated *created, uint32_t number, mst_arena *arena)
{
    const char *domain = strrchr(settings_bare(settings->from, arena), '@') + 1;
    return mst_arena_printf(arena, "<muster.%s.%u.%" PRIx64 "@%s>", created->batch_id, number,
                            (uint64_t)created->created_at_ms, domain);
}

static void
queue(const desk *self, mst_work *work, const noticed_batch *batch, const occasion *of, const char *to)
{
    mst_arena *arena = mst_work_arena(work);
    const char *batch_id = batch->created->batch_id;
    Muster__V1__NoticeQueued queued = MUSTER__V1__NOTICE_QUEUED__INIT;
    queued.batch_id = (char *)batch_id;
    queued.number = (uint32_t)batch->count + 1;
    queued.kind = of->kind;
    queued.to = (char *)to;
    queued.subject = texts_subject(of, arena);
    queued.text = texts_body(of, arena);
    queued.message_id = message_id_of(&self->settings, batch->created, queued.number, arena);
    queued.at_ms = mst_work_now_ms(work);
    mst_work_event(work, mst_arena_printf(arena, "notification/%s", batch_id), batch_id,
                   mst_arena_printf(arena, "notice:%s/%u", batch_id, queued.number), 0, &queued.base);
}

static void
decide(const desk *self, mst_work *work, const mst_event *event)
{
    const noticed_batch *batch = notices_batch(&self->notices, event->head->batch_id);
    if (batch == NULL || batch->created == NULL) {
        mst_work_finish(work);
        return;
    }
    occasion of = {.created = batch->created,
                   .file_name = batch->file_name == NULL ? batch->created->file_name : batch->file_name,
                   .link = self->settings.on ? self->settings.link : ""};
    bool wanted = occasion_of(event, &of) && settings_wants(&self->settings, of.kind);
    if (batch->created->purpose == MUSTER__V1__PURPOSE__PURPOSE_IMPORT)
        wanted = wanted && self->settings.imports;
    // A service that was set up late does not tell people what happened long ago.
    int64_t age_ms = mst_clock_wall_ms() - mst_work_now_ms(work);
    const char *to = wanted ? settings_address(&self->settings, batch->created->operator_) : NULL;
    if (to != NULL && age_ms <= (int64_t)self->settings.max_age_hours * HOUR_MS)
        queue(self, work, batch, &of, to);
    else if (wanted && to == NULL)
        mst_log(MST_LOG_WARN, "nobody to write to: mail.yaml has no address for the operator of this batch", "batch=s",
                batch->created->batch_id, NULL);
    mst_work_finish(work);
}

/* Calls -------------------------------------------------------------------------------------------------- */

static Muster__V1__Notice *
view_of(const notice *one, mst_arena *arena)
{
    Muster__V1__Notice *view = mst_arena_alloc(arena, sizeof *view);
    muster__v1__notice__init(view);
    view->queued = one->queued;
    view->sent = one->sent;
    view->failed = one->failed;
    view->attempts = one->attempts;
    view->last_error = one->last_error == NULL ? "" : one->last_error;
    view->at_ms = one->at_ms;
    return view;
}

static int
newest_first(const void *left, const void *right)
{
    const Muster__V1__Notice *a = *(Muster__V1__Notice *const *)left, *b = *(Muster__V1__Notice *const *)right;
    if (a->queued->at_ms != b->queued->at_ms)
        return a->queued->at_ms < b->queued->at_ms ? 1 : -1;
    return a->queued->number < b->queued->number ? 1 : -1;
}

static void
list(const desk *self, mst_work *work, const Muster__V1__ListNotices *asked)
{
    mst_arena *arena = mst_work_arena(work);
    Muster__V1__NoticeList answer = MUSTER__V1__NOTICE_LIST__INIT;
    size_t room = 0;
    for (const noticed_batch *batch = mst_roster_next(&self->notices.roster, NULL); batch != NULL;) {
        if (batch->created == NULL)
            break;
        bool named = asked->batch_id[0] == '\0' || strcmp(asked->batch_id, batch->created->batch_id) == 0;
        for (size_t i = 0; named && i < batch->count; i++) {
            if (answer.n_notices == room) {
                Muster__V1__Notice **grown = mst_arena_alloc(arena, (2 * room + 64) * sizeof(void *));
                if (room > 0)
                    memcpy(grown, answer.notices, room * sizeof(void *));
                answer.notices = grown;
                room = 2 * room + 64;
            }
            answer.notices[answer.n_notices++] = view_of(&batch->notices[i], arena);
        }
        batch = mst_roster_next(&self->notices.roster, batch->created->batch_id);
    }
    if (answer.n_notices > 1)
        qsort(answer.notices, answer.n_notices, sizeof(void *), newest_first);
    size_t max = asked->max == 0 ? LIST_DEFAULT : asked->max > LIST_MAX ? LIST_MAX : asked->max, size = 0, given = 0;
    for (; given < answer.n_notices && given < max; given++) {
        size += muster__v1__notice__get_packed_size(answer.notices[given]) + 8;
        if (size > LIST_SIZE_MAX)
            break;
    }
    answer.n_notices = given;
    mst_work_answer(work, &answer.base);
}

static void
retry(const desk *self, mst_work *work, const Muster__V1__RetryNotice *asked)
{
    mst_arena *arena = mst_work_arena(work);
    const notice *one = notices_find(&self->notices, asked->batch_id, asked->number);
    if (one == NULL)
        mst_work_refuse(work, NOT_FOUND, NULL, "Batch \"%.40s\" has no notice %u; \"muster notices list\" shows them.",
                        asked->batch_id, asked->number);
    else if (!one->failed)
        mst_work_refuse(work, REFUSED, NULL, "Notice %u of batch %s %s.", asked->number, asked->batch_id,
                        one->sent ? "was sent" : "is still being tried");
    else if (!self->settings.on)
        mst_work_refuse(work, REFUSED, NULL, "No mail server is configured: see deploy/config/mail.yaml.");
    else {
        Muster__V1__NoticeQueued again = *one->queued;
        again.at_ms = mst_work_now_ms(work);
        mst_work_event(work, mst_arena_printf(arena, "notification/%s", again.batch_id), again.batch_id,
                       mst_arena_printf(arena, "notice:%s/%u", again.batch_id, again.number), 0, &again.base);
        mst_work_answer(work, &again.base);
    }
}

/* The core ----------------------------------------------------------------------------------------------- */

static mst_status
notification_open(void **state, const mst_core_env *env)
{
    char why[700];
    desk *self = mst_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    mst_status rc = settings_read(&self->settings, env->system_dir, why, sizeof why);
    if (rc != MST_OK) {
        mst_log(MST_LOG_ERROR, "the mail settings are wrong", "why=s", why, NULL);
        fprintf(stderr, "%s\n", why);
        settings_release(&self->settings);
        free(self);
        return rc;
    }
    mst_log(MST_LOG_INFO, self->settings.on ? "mail is on" : "mail is off: there is no mail.yaml", NULL);
    self->outbox = outbox_new(&self->settings);
    *state = self;
    return MST_OK;
}

static void
notification_close(void *state)
{
    desk *self = state;
    outbox_destroy(&self->outbox);
    notices_reset(&self->notices);
    settings_release(&self->settings);
    free(self);
}

static void
notification_apply(void *state, const mst_event *event)
{
    notices_apply(&((desk *)state)->notices, event);
}

static void
notification_work(void *state, mst_work *work, const mst_step *step)
{
    desk *self = state;
    if (step->kind == MST_STEP_CALL) {
        if (strcmp(step->method, "ListNotices") == 0)
            list(self, work, (const Muster__V1__ListNotices *)step->argument);
        else if (strcmp(step->method, "RetryNotice") == 0)
            retry(self, work, (const Muster__V1__RetryNotice *)step->argument);
        else
            mst_work_refuse(work, REFUSED, NULL, "Notification does not know \"%.64s\".", step->method);
    } else if (step->kind == MST_STEP_INPUT && strcmp(step->input.head->type, "NoticeQueued") != 0)
        decide(self, work, &step->input);
    else
        sending_step(self, work, step);
}

static const char *const TYPES[] = {"BatchCreated", "FileReceived", "NoticeFailed", "NoticeQueued", "NoticeSent", NULL};
static const char *const INPUTS[] = {
    "BatchCompleted",  "BatchFailed", "CorrectionsRequested", "MatchingFinished", "NoticeQueued",
    "RecheckFinished", NULL};

const mst_core notification_core = {
    .name = "notification",
    .types = TYPES,
    .inputs = INPUTS,
    .inputs_max = 64, // most of them wait for a mail server that does not answer
    .open = notification_open,
    .close = notification_close,
    .apply = notification_apply,
    .work = notification_work,
};
