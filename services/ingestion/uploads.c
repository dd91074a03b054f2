/* uploads.c - see uploads.h.
 *
 * Bytes are not events. What has arrived is what stands on the disk, and every answer tells it, so that whoever sends
 * needs no memory of its own: ask where to go on, send from there. */
#include "uploads.h"

#include "texts.h"
#include <stdio.h>
#include <string.h>

#define SAME_FILE_MAX 20u /* earlier batches with the same file that are named */

#define CORRECTED "-rows" /* behind the batch's id: a partial of corrected rows */

#define REFUSED MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED

const char *
uploads_refusal(const char *file_name)
{
    if (text_ends_with(file_name, ".csv") || text_ends_with(file_name, ".xlsx") || text_ends_with(file_name, ".xlsm"))
        return NULL;
    if (text_ends_with(file_name, ".xls") || text_ends_with(file_name, ".xlsb") || text_ends_with(file_name, ".ods"))
        return "Spreadsheet files of this kind are not read: save it as \"Excel Workbook (.xlsx)\" or \"CSV UTF-8\" "
               "and give that file.";
    return "Only files whose name ends in .csv or .xlsx are accepted.";
}

Muster__V1__BatchView
uploads_view(const batch *found, blobs *store)
{
    Muster__V1__BatchView view = found->view;
    blob_upload upload;
    if (view.sha256.len != 0)
        view.upload_offset = view.file_size;
    else if (!found->cancelled && store->ops->look(store, view.batch_id, &upload) == MST_OK) {
        view.upload_offset = upload.offset;
        view.file_size = upload.size;
    }
    return view;
}

static void
refuse_status(mst_work *work, mst_status status, const char *batch_id)
{
    if (status == MST_FULL)
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_DISK_FULL, NULL,
                        "The disk of the server is full. What has arrived of the file is kept: free some space, then "
                        "send the rest.");
    else if (status == MST_NOT_FOUND)
        mst_work_refuse(work, REFUSED, NULL, "No upload was begun for batch %s: begin it (BeginUpload) first.",
                        batch_id);
    else
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_FAILED, NULL,
                        "The file store could not be read or written; see the log of ingestion.");
}

/* The batch if a file may still come; otherwise answers why not. */
static batch *
open_batch(const batches *known, mst_work *work, const char *batch_id)
{
    batch *found = batches_find(known, batch_id);
    if (found == NULL)
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_NOT_FOUND, NULL, "There is no batch %.40s.", batch_id);
    else if (found->cancelled || found->failed) {
        mst_work_refuse(work, REFUSED, NULL, "Batch %s was %s; create a new batch for the file.", batch_id,
                        found->cancelled ? "cancelled" : "given up");
        found = NULL;
    }
    return found;
}

/* Under which name the store keeps what arrives: the batch's file, or, once that is there, corrected rows. */
static const char *
partial_name(mst_work *work, const batch *found)
{
    return found->view.sha256.len == 0 ? found->view.batch_id
                                       : mst_arena_printf(mst_work_arena(work), "%s" CORRECTED, found->view.batch_id);
}

bool
uploads_are_over(const batches *known, const char *name)
{
    size_t size = strlen(name), end = strlen(CORRECTED);
    char batch_id[32];
    bool corrected = size > end && strcmp(name + size - end, CORRECTED) == 0;
    snprintf(batch_id, sizeof batch_id, "%.*s", (int)(corrected ? size - end : size), name);
    const batch *found = batches_find(known, batch_id);
    if (found == NULL)
        return false;
    return found->cancelled ||
           (corrected ? !found->view.fix_errors || found->view.taking_corrections : found->view.sha256.len != 0);
}

static void
answer_upload(mst_work *work, const char *batch_id, const blob_upload *upload, bool done)
{
    Muster__V1__UploadView view = MUSTER__V1__UPLOAD_VIEW__INIT;
    view.batch_id = (char *)batch_id;
    view.offset = upload->offset;
    view.size = upload->size;
    view.done = done;
    mst_work_answer(work, &view.base);
}

static void
answer_received(mst_work *work, const batch *found)
{
    blob_upload upload = {.size = found->view.file_size, .offset = found->view.file_size};
    answer_upload(work, found->view.batch_id, &upload, true);
}

static bool
same_upload(const blob_upload *a, const blob_upload *b)
{
    return a->size == b->size && a->sha256_known == b->sha256_known && memcmp(a->sha256, b->sha256, MST_HASH_SIZE) == 0;
}

static void
begin_upload(const batches *known, blobs *store, mst_work *work, const Muster__V1__BeginUpload *begin)
{
    batch *found = open_batch(known, work, begin->batch_id);
    if (found == NULL)
        return;
    mst_arena *arena = mst_work_scratch(work);
    const char *name = text_file_name(arena, begin->file_name[0] != '\0' ? begin->file_name : found->view.file_name);
    blob_upload wanted = {.size = begin->size, .sha256_known = begin->sha256.len == MST_HASH_SIZE};
    if (wanted.sha256_known)
        memcpy(wanted.sha256, begin->sha256.data, MST_HASH_SIZE);
    snprintf(wanted.file_name, sizeof wanted.file_name, "%s", name);
    if (begin->corrections && (!found->view.fix_errors || found->view.taking_corrections)) {
        mst_work_refuse(work, REFUSED, NULL, "Batch %s does not wait for corrected rows%s.", begin->batch_id,
                        found->view.taking_corrections ? ": others are being read at this moment" : "");
        return;
    }
    if (found->view.sha256.len != 0 && !begin->corrections) {
        if (wanted.sha256_known && memcmp(wanted.sha256, found->view.sha256.data, MST_HASH_SIZE) == 0)
            answer_received(work, found);
        else
            mst_work_refuse(work, REFUSED, NULL, "Batch %s has its file already; create a new batch for another one.",
                            begin->batch_id);
        return;
    }
    if (!wanted.sha256_known && begin->sha256.len != 0) {
        mst_work_refuse(work, REFUSED, NULL, "sha256 has %zu bytes; it must have 32, or none.", begin->sha256.len);
        return;
    }
    if (uploads_refusal(name) != NULL) {
        mst_work_refuse(work, REFUSED, NULL, "\"%s\" is not accepted. %s", name, uploads_refusal(name));
        return;
    }
    if (begin->size > BLOB_SIZE_MAX) {
        mst_work_refuse(work, REFUSED, NULL, "The file has %llu bytes; at most %llu (4 GiB) are accepted. Divide it.",
                        (unsigned long long)begin->size, BLOB_SIZE_MAX);
        return;
    }
    blob_upload present;
    const char *partial = partial_name(work, found);
    mst_status rc = store->ops->look(store, partial, &present);
    if (rc == MST_NOT_FOUND || (rc == MST_OK && !same_upload(&present, &wanted))) {
        rc = store->ops->begin(store, partial, &wanted);
        present = wanted;
    }
    if (rc != MST_OK) {
        refuse_status(work, rc, begin->batch_id);
        return;
    }
    // The same bytes are here already (an earlier batch brought them): nothing needs to travel.
    uint64_t size;
    bool here = wanted.sha256_known && store->ops->size(store, wanted.sha256, &size) == MST_OK && size == wanted.size;
    if (here)
        present.offset = present.size;
    answer_upload(work, begin->batch_id, &present, here || present.offset == present.size);
}

static void
put_range(const batches *known, blobs *store, mst_work *work, const Muster__V1__PutRange *put)
{
    batch *found = open_batch(known, work, put->batch_id);
    if (found == NULL)
        return;
    blob_upload upload;
    const char *partial = partial_name(work, found);
    mst_status rc = store->ops->look(store, partial, &upload);
    if (found->view.sha256.len != 0 && rc == MST_NOT_FOUND) {
        answer_received(work, found);
        return;
    }
    if (put->data.len > BLOB_RANGE_MAX) {
        mst_work_refuse(work, REFUSED, NULL, "A range has at most %u bytes.", BLOB_RANGE_MAX);
        return;
    }
    if (rc == MST_OK && put->offset == upload.offset) {
        if (put->data.len > upload.size - upload.offset) {
            mst_work_refuse(work, REFUSED, NULL,
                            "The file grew while it was sent: %llu bytes were announced. Begin again.",
                            (unsigned long long)upload.size);
            return;
        }
        rc = store->ops->put(store, partial, put->data.data, put->data.len);
        if (rc == MST_OK)
            upload.offset += put->data.len;
    }
    if (rc != MST_OK) {
        refuse_status(work, rc, put->batch_id);
        return;
    }
    // A range sent twice, or one too early, does no harm: the answer says where to go on.
    answer_upload(work, put->batch_id, &upload, upload.offset == upload.size);
}

static void
append_received(const batches *known, blobs *store, mst_work *work, const batch *found, const blob_upload *upload,
                uint8_t *sha256)
{
    mst_arena *arena = mst_work_arena(work);
    const char *id = found->view.batch_id;
    char *same[SAME_FILE_MAX];
    Muster__V1__FileReceived received = MUSTER__V1__FILE_RECEIVED__INIT;
    received.batch_id = (char *)id;
    received.sha256.data = sha256;
    received.sha256.len = MST_HASH_SIZE;
    received.size = upload->size;
    received.file_name = (char *)upload->file_name;
    received.same_file_as = same;
    received.n_same_file_as = batches_with_file(known, id, sha256, arena, same, SAME_FILE_MAX);
    mst_work_event(work, mst_arena_printf(arena, "ingestion/%s", id), id, id, 0, &received.base);

    Muster__V1__BatchView view = uploads_view(found, store);
    view.state = MUSTER__V1__BATCH_STATE__STATE_AUTO_READING_ENTRIES;
    view.state_since_ms = mst_work_now_ms(work);
    view.file_name = received.file_name;
    view.file_size = view.upload_offset = upload->size;
    view.sha256 = received.sha256;
    view.same_file_as = same;
    view.n_same_file_as = received.n_same_file_as;
    mst_work_answer(work, &view.base);
}

/* Corrected rows are there. */
static void
append_corrections(mst_work *work, const batch *found, const blob_upload *upload, uint8_t *sha256, const char *operator)
{
    mst_arena *arena = mst_work_arena(work);
    const char *id = found->view.batch_id;
    Muster__V1__CorrectionsReceived received = MUSTER__V1__CORRECTIONS_RECEIVED__INIT;
    received.batch_id = (char *)id;
    received.sha256 = (ProtobufCBinaryData){MST_HASH_SIZE, sha256};
    received.size = upload->size;
    received.file_name = (char *)upload->file_name;
    received.operator_ = (char *)(operator== NULL ? "" : operator);
    mst_work_event(work, mst_arena_printf(arena, "ingestion/%s", id), id, id, 0, &received.base);
    Muster__V1__BatchView view = found->view;
    view.taking_corrections = true;
    view.notice = "";
    mst_work_answer(work, &view.base);
}

static void
received(const batches *known, blobs *store, mst_work *work, const batch *found, const blob_upload *upload,
         uint8_t *sha256, const char *operator)
{
    if (found->view.sha256.len != 0)
        append_corrections(work, found, upload, sha256, operator);
    else
        append_received(known, store, work, found, upload, sha256);
}

static void
finish_upload(const batches *known, blobs *store, mst_work *work, const Muster__V1__FinishUpload *finish,
              const char *operator)
{
    batch *found = open_batch(known, work, finish->batch_id);
    if (found == NULL)
        return;
    blob_upload upload;
    uint8_t sha256[MST_HASH_SIZE];
    uint64_t size;
    const char *partial = partial_name(work, found);
    mst_status rc = store->ops->look(store, partial, &upload);
    bool over = found->view.sha256.len != 0 && (!found->view.fix_errors || found->view.taking_corrections);
    if (over || (found->view.sha256.len != 0 && rc == MST_NOT_FOUND)) {
        Muster__V1__BatchView view = uploads_view(found, store);
        mst_work_answer(work, &view.base);
        return;
    }
    if (rc != MST_OK) {
        refuse_status(work, rc, finish->batch_id);
        return;
    }
    if (upload.sha256_known && store->ops->size(store, upload.sha256, &size) == MST_OK && size == upload.size) {
        received(known, store, work, found, &upload, upload.sha256, operator);
        return;
    }
    if (upload.offset != upload.size) {
        mst_work_refuse(work, REFUSED, NULL, "%llu of %llu bytes have arrived: send the rest first.",
                        (unsigned long long)upload.offset, (unsigned long long)upload.size);
        return;
    }
    rc = store->ops->finish(store, partial, sha256);
    if (rc == MST_CORRUPT)
        mst_work_refuse(work, REFUSED, NULL,
                        "The bytes that arrived are not the file that was announced (their SHA-256 differs): the file "
                        "was changed while it was sent, or damaged on the way. Send it again from the beginning.");
    else if (rc != MST_OK)
        refuse_status(work, rc, finish->batch_id);
    else
        received(known, store, work, found, &upload, sha256, operator);
}

static void
read_blob(blobs *store, mst_work *work, const Muster__V1__ReadBlob *read)
{
    uint64_t size;
    if (read->sha256.len != MST_HASH_SIZE || read->size > BLOB_RANGE_MAX) {
        mst_work_refuse(work, REFUSED, NULL, "A blob is named by 32 bytes and read %u bytes at a time.",
                        BLOB_RANGE_MAX);
        return;
    }
    mst_status rc = store->ops->size(store, read->sha256.data, &size);
    Muster__V1__BlobRange range = MUSTER__V1__BLOB_RANGE__INIT;
    if (rc == MST_OK) {
        range.size = size;
        range.data.data = mst_arena_alloc(mst_work_scratch(work), (size_t)read->size + 1);
        rc = store->ops->read(store, read->sha256.data, read->offset, range.data.data, read->size, &range.data.len);
    }
    if (rc == MST_OK)
        mst_work_answer(work, &range.base);
    else if (rc == MST_NOT_FOUND)
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_NOT_FOUND, NULL, "There is no such file here.");
    else
        refuse_status(work, rc, "");
}

bool
uploads_work(const batches *known, blobs *store, mst_work *work, const mst_step *step)
{
    const ProtobufCMessage *argument = step->argument;
    if (strcmp(step->method, "PutRange") == 0)
        put_range(known, store, work, (const Muster__V1__PutRange *)argument);
    else if (strcmp(step->method, "ReadBlob") == 0)
        read_blob(store, work, (const Muster__V1__ReadBlob *)argument);
    else if (strcmp(step->method, "BeginUpload") == 0)
        begin_upload(known, store, work, (const Muster__V1__BeginUpload *)argument);
    else if (strcmp(step->method, "FinishUpload") == 0)
        finish_upload(known, store, work, (const Muster__V1__FinishUpload *)argument, step->operator);
    else
        return false;
    return true;
}
