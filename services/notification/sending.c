/* sending.c - see sending.h. */
#include "services/notification/sending.h"

#include "broker/lib/clock.h"
#include "broker/lib/log.h"
#include <stdio.h>
#include <string.h>

#define LOOK_MS 200u /* between looks at a transfer */
#define HOUR_MS 3600000

enum { TAG_LOOK, TAG_TRY };

/* Seconds to the next attempt; the last one again and again. */
static const uint32_t PAUSES[] = {5, 30, 120, 600, 1800, 3600};

typedef struct sending {
    char batch_id[32], stream[48];
    uint32_t number, attempts;
} sending;

static void
sent(const sending *self, mst_work *work)
{
    Muster__V1__NoticeSent event = MUSTER__V1__NOTICE_SENT__INIT;
    event.batch_id = (char *)self->batch_id;
    event.number = self->number;
    event.attempts = self->attempts;
    event.at_ms = mst_clock_wall_ms();
    mst_work_event(work, self->stream, self->batch_id, NULL, 0, &event.base);
    mst_work_finish(work);
}

static void
given_up(const sending *self, mst_work *work, const char *reason)
{
    Muster__V1__NoticeFailed event = MUSTER__V1__NOTICE_FAILED__INIT;
    event.batch_id = (char *)self->batch_id;
    event.number = self->number;
    event.attempts = self->attempts;
    event.reason = (char *)reason;
    event.at_ms = mst_clock_wall_ms();
    mst_log(MST_LOG_ERROR, "a notice was given up; muster notices retry sends it again", "batch=s", self->batch_id,
            "number=u", (uint64_t)self->number, NULL);
    mst_work_event(work, self->stream, self->batch_id, NULL, 0, &event.base);
    mst_work_finish(work);
}

static void
hand_over(desk *self, mst_work *work, sending *one, const notice *asked)
{
    const Muster__V1__NoticeQueued *queued = asked->queued;
    letter mail = {self->settings.from, queued->to,   self->settings.reply_to, queued->subject, queued->text,
                   queued->message_id,  queued->at_ms};
    if (!self->settings.on) {
        given_up(one, work, "no mail server is configured (mail.yaml)");
        return;
    }
    if (outbox_hand_over(self->outbox, &mail)) {
        one->attempts++;
        mst_work_hold(work, true);
    }
    mst_work_wait(work, TAG_LOOK, LOOK_MS);
}

static void
failed_now(desk *self, mst_work *work, const sending *one, notice *asked, const char *error)
{
    int64_t age_ms = mst_clock_wall_ms() - asked->queued->at_ms;
    notice_tried(asked, one->attempts, error);
    if (age_ms > (int64_t)self->settings.give_up_hours * HOUR_MS) {
        given_up(one, work, error);
        return;
    }
    size_t last = sizeof PAUSES / sizeof PAUSES[0] - 1, at = one->attempts - 1 < last ? one->attempts - 1 : last;
    mst_log(MST_LOG_WARN, "the mail server does not take a notice; it is tried again", "batch=s", one->batch_id,
            "number=u", (uint64_t)one->number, "in_s=u", (uint64_t)PAUSES[at], NULL);
    mst_work_wait(work, TAG_TRY, PAUSES[at] * 1000);
}

static void
look(desk *self, mst_work *work, sending *one, notice *asked)
{
    char error[OUTBOX_ERROR_SIZE];
    outbox_result result = outbox_take(self->outbox, asked->queued->message_id, error);
    if (result != OUTBOX_UNDER_WAY)
        mst_work_hold(work, false);
    switch (result) {
    case OUTBOX_UNDER_WAY: mst_work_wait(work, TAG_LOOK, LOOK_MS); return;
    case OUTBOX_NONE: hand_over(self, work, one, asked); return;
    case OUTBOX_SENT: sent(one, work); return;
    case OUTBOX_REFUSED: given_up(one, work, error); return;
    case OUTBOX_LATER: failed_now(self, work, one, asked, error); return;
    }
}

void
sending_step(desk *self, mst_work *work, const mst_step *step)
{
    sending *one = mst_work_data(work);
    if (step->kind == MST_STEP_INPUT) {
        const Muster__V1__NoticeQueued *queued = (const Muster__V1__NoticeQueued *)step->input.message;
        one = mst_arena_alloc(mst_work_arena(work), sizeof *one);
        *one = (sending){.number = queued->number};
        snprintf(one->batch_id, sizeof one->batch_id, "%s", queued->batch_id);
        snprintf(one->stream, sizeof one->stream, "notification/%s", one->batch_id);
        mst_work_set_data(work, one, NULL);
    }
    notice *asked = notices_find(&self->notices, one->batch_id, one->number);
    if (asked == NULL || asked->sent || asked->failed)
        mst_work_finish(work);
    else if (step->kind == MST_STEP_TIME && step->tag == TAG_LOOK)
        look(self, work, one, asked);
    else
        hand_over(self, work, one, asked);
}
