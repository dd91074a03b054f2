/* notices.c - see notices.h. */
#include "services/notification/notices.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void
batch_free(void *item)
{
    noticed_batch *batch = item;
    if (batch->created != NULL)
        muster__v1__batch_created__free_unpacked(batch->created, NULL);
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->notices[i].queued != NULL)
            muster__v1__notice_queued__free_unpacked(batch->notices[i].queued, NULL);
        free(batch->notices[i].last_error);
    }
    free(batch->notices);
    free(batch->file_name);
    free(batch);
}

void
notices_reset(notices *self)
{
    mst_roster_reset(&self->roster, batch_free);
    self->applied_seq = 0;
}

noticed_batch *
notices_batch(const notices *self, const char *batch_id)
{
    return mst_roster_find(&self->roster, batch_id);
}

notice *
notices_find(const notices *self, const char *batch_id, uint32_t number)
{
    noticed_batch *batch = notices_batch(self, batch_id);
    if (batch == NULL || number == 0 || number > batch->count || batch->notices[number - 1].queued == NULL)
        return NULL;
    return &batch->notices[number - 1];
}

void
notice_tried(notice *self, uint32_t attempts, const char *error)
{
    self->attempts = attempts;
    free(self->last_error);
    self->last_error = error == NULL ? NULL : mst_strdup(error);
}

static void
on_queued(noticed_batch *batch, const mst_event *event)
{
    const Muster__V1__NoticeQueued *queued = (const Muster__V1__NoticeQueued *)event->message;
    if (queued->number == 0 || queued->number > batch->count + 1)
        return; // numbers are given without a gap
    if (queued->number == batch->count + 1) {
        batch->notices = mst_realloc(batch->notices, (batch->count + 1) * sizeof *batch->notices);
        batch->notices[batch->count++] = (notice){0};
    }
    notice *one = &batch->notices[queued->number - 1];
    if (one->queued != NULL)
        muster__v1__notice_queued__free_unpacked(one->queued, NULL);
    one->queued = muster__v1__notice_queued__unpack(NULL, event->body.size, event->body.data);
    assert(one->queued != NULL);
    one->sent = one->failed = false;
    notice_tried(one, 0, NULL);
}

static void
on_outcome(notices *self, const mst_event *event)
{
    bool sent = strcmp(event->head->type, "NoticeSent") == 0;
    const Muster__V1__NoticeSent *done = sent ? (const Muster__V1__NoticeSent *)event->message : NULL;
    const Muster__V1__NoticeFailed *failed = sent ? NULL : (const Muster__V1__NoticeFailed *)event->message;
    notice *one = notices_find(self, event->head->batch_id, sent ? done->number : failed->number);
    if (one == NULL)
        return;
    one->sent = sent;
    one->failed = !sent;
    one->at_ms = sent ? done->at_ms : failed->at_ms;
    notice_tried(one, sent ? done->attempts : failed->attempts, sent ? NULL : failed->reason);
}

void
notices_apply(notices *self, const mst_event *event)
{
    if (event->head->seq <= self->applied_seq)
        return;
    self->applied_seq = event->head->seq;
    const char *type = event->head->type;
    void **place = mst_roster_place(&self->roster, event->head->batch_id);
    if (place == NULL || event->message == NULL)
        return;
    if (*place == NULL) {
        *place = mst_alloc(sizeof(noticed_batch));
        memset(*place, 0, sizeof(noticed_batch));
    }
    noticed_batch *batch = *place;
    if (strcmp(type, "BatchCreated") == 0 && batch->created == NULL) {
        batch->created = muster__v1__batch_created__unpack(NULL, event->body.size, event->body.data);
        assert(batch->created != NULL);
    } else if (strcmp(type, "FileReceived") == 0) {
        free(batch->file_name);
        batch->file_name = mst_strdup(((const Muster__V1__FileReceived *)event->message)->file_name);
    } else if (strcmp(type, "NoticeQueued") == 0)
        on_queued(batch, event);
    else if (strcmp(type, "NoticeSent") == 0 || strcmp(type, "NoticeFailed") == 0)
        on_outcome(self, event);
}
