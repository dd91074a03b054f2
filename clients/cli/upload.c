/* upload.c - see upload.h. */
#include "upload.h"

#include "pipeline.h"
#include "print.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
is_table(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL &&
           (strcasecmp(dot, ".csv") == 0 || strcasecmp(dot, ".xlsx") == 0 || strcasecmp(dot, ".xlsm") == 0);
}

static int
hash_file(cli *self, upload_file *upload)
{
    mst_hash *hash = mst_hash_new();
    uint8_t *data = mst_alloc(UPLOAD_RANGE_SIZE);
    uint64_t total = 0;
    ssize_t got;
    while ((got = read(upload->fd, data, UPLOAD_RANGE_SIZE)) > 0) {
        mst_hash_add(hash, data, (size_t)got);
        total += (uint64_t)got;
    }
    mst_hash_take(hash, upload->sha256);
    mst_hash_destroy(&hash);
    free(data);
    if (got < 0)
        return cli_fail(self, "is the disk or the network drive all right?", "cannot read %s: %s", upload->path,
                        strerror(errno));
    if (total != upload->size)
        return cli_fail(self, "save it first, then try again", "%s changed while it was read", upload->path);
    return CLI_DONE;
}

int
upload_open(cli *self, const char *path, upload_file *upload)
{
    struct stat stat;
    const char *slash = strrchr(path, '/');
    *upload = (struct upload_file){.path = path, .name = slash == NULL ? path : slash + 1, .fd = -1};
    upload->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a pipe must not hang us here
    if (upload->fd < 0)
        return cli_fail(self, errno == ENOENT ? "check the name and the folder" : "check who may read it",
                        "cannot open %s: %s", path, strerror(errno));
    int rc = CLI_DONE;
    if (fstat(upload->fd, &stat) != 0)
        rc = cli_fail(self, NULL, "cannot look at %s: %s", path, strerror(errno));
    else if (S_ISDIR(stat.st_mode))
        rc = cli_fail(self, "name the CSV file or workbook in it", "%s is a directory", path);
    else if (!S_ISREG(stat.st_mode))
        rc = cli_fail(self, "save it as a .csv or .xlsx file first", "%s is no file", path);
    else if (!is_table(upload->name))
        rc = cli_fail(self, "save it as \"Excel Workbook (.xlsx)\" or CSV from your spreadsheet program",
                      "%s is no .csv or .xlsx file", path);
    else if (stat.st_size == 0)
        rc = cli_fail(self, "a file needs a line of column names and at least one row", "%s is empty", path);
    upload->size = rc == CLI_DONE ? (uint64_t)stat.st_size : 0;
    if (rc == CLI_DONE)
        rc = hash_file(self, upload);
    if (rc != CLI_DONE)
        upload_close(upload);
    return rc;
}

void
upload_close(upload_file *upload)
{
    if (upload->fd >= 0)
        close(upload->fd);
    upload->fd = -1;
}

/* One beginning: ranges until the end, or until an answer says that something is out of step. */
typedef struct upload_attempt {
    const upload_file *upload;
    progress_view *progress;
    uint64_t offset; /* bytes that ingestion holds */
    bool refused;
    Muster__V1__AnswerStatus status;
    char text[512];
} upload_attempt;

static void
range_answered(void *context, uint64_t tag, Muster__V1__AnswerStatus status, const char *text,
               const ProtobufCMessage *message)
{
    upload_attempt *attempt = context;
    (void)tag;
    if (status == MUSTER__V1__ANSWER_STATUS__ANSWER_OK || status == MUSTER__V1__ANSWER_STATUS__ANSWER_REPEATED) {
        const Muster__V1__UploadView *view = (const Muster__V1__UploadView *)message;
        if (view != NULL && view->offset > attempt->offset)
            attempt->offset = view->offset;
    } else if (!attempt->refused) {
        attempt->refused = true;
        attempt->status = status;
        snprintf(attempt->text, sizeof attempt->text, "%s", text);
    }
    progress_set(attempt->progress, "Uploading", attempt->offset, attempt->upload->size, true);
    progress_draw(attempt->progress, false);
}

static int
send_ranges(cli *self, const char *batch_id, upload_attempt *attempt)
{
    call_pipeline *pipeline = pipeline_new(self, UPLOAD_WINDOW, range_answered, attempt);
    uint8_t *data = mst_alloc(UPLOAD_RANGE_SIZE), id[MST_ID_SIZE];
    int rc = CLI_DONE;
    for (uint64_t at = attempt->offset; at < attempt->upload->size && rc == CLI_DONE && !attempt->refused;) {
        ssize_t got = pread(attempt->upload->fd, data, UPLOAD_RANGE_SIZE, (off_t)at);
        if (got <= 0) {
            rc = cli_fail(self, "the file must stay as it is until it is uploaded", "cannot read %s at byte %llu: %s",
                          attempt->upload->path, (unsigned long long)at,
                          got == 0 ? "it is shorter now" : strerror(errno));
            break;
        }
        Muster__V1__PutRange put = MUSTER__V1__PUT_RANGE__INIT;
        put.batch_id = (char *)batch_id;
        put.offset = at;
        put.data = (ProtobufCBinaryData){(size_t)got, data};
        mst_random(id, sizeof id);
        rc = pipeline_call(pipeline, "ingestion", batch_id, &put.base, id, &muster__v1__upload_view__descriptor, at);
        at += (uint64_t)got;
    }
    if (rc == CLI_DONE)
        rc = pipeline_finish(pipeline);
    pipeline_destroy(&pipeline);
    free(data);
    return rc;
}

static int
refused(cli *self, const char *batch_id, const upload_attempt *attempt)
{
    mst_answer answer = {.status = attempt->status, .text = attempt->text};
    int rc = cli_call_failed(self, "ingestion", MST_OK, &answer);
    fprintf(stderr, "  %s keeps what has arrived; go on with: muster batch upload %s %s\n", batch_id, batch_id,
            print_clean(self->arena, attempt->upload->path));
    return rc;
}

static const Muster__V1__BatchView *
finish(cli *self, const upload_file *upload, const char *batch_id, int *exit_code)
{
    uint8_t id[MST_ID_SIZE];
    const mst_slice parts[] = {
        {(const uint8_t *)"finish", 6},
        {(const uint8_t *)batch_id, strlen(batch_id)},
        {upload->sha256, MST_HASH_SIZE},
    };
    mst_id_of(id, parts, 3);
    if (upload->corrections) // the same rows may be sent again later
        mst_random(id, sizeof id);
    Muster__V1__FinishUpload finish = MUSTER__V1__FINISH_UPLOAD__INIT;
    finish.batch_id = (char *)batch_id;
    return cli_call(self, "ingestion", batch_id, &finish.base, id, &muster__v1__batch_view__descriptor, exit_code);
}

const Muster__V1__BatchView *
upload_send(cli *self, const upload_file *upload, const char *batch_id, progress_view *progress, int *exit_code)
{
    upload_attempt attempt = {.upload = upload, .progress = progress};
    unsigned attempts = 0;
    while (true) {
        Muster__V1__BeginUpload begin = MUSTER__V1__BEGIN_UPLOAD__INIT;
        uint8_t id[MST_ID_SIZE];
        mst_random(id, sizeof id);
        begin.batch_id = (char *)batch_id;
        begin.size = upload->size;
        begin.sha256 = (ProtobufCBinaryData){MST_HASH_SIZE, (uint8_t *)upload->sha256};
        begin.file_name = (char *)upload->name;
        begin.corrections = upload->corrections;
        const Muster__V1__UploadView *view =
            cli_call(self, "ingestion", batch_id, &begin.base, id, &muster__v1__upload_view__descriptor, exit_code);
        if (view == NULL)
            return NULL;
        uint64_t from = view->offset;
        attempt.offset = from;
        attempt.refused = false;
        *exit_code = send_ranges(self, batch_id, &attempt);
        if (*exit_code != CLI_DONE) {
            fprintf(stderr, "  go on later with: muster batch upload %s %s\n", batch_id,
                    print_clean(self->arena, upload->path));
            return NULL;
        }
        if (!attempt.refused && attempt.offset >= upload->size)
            return finish(self, upload, batch_id, exit_code);
        // Ranges passed each other on a lost connection: ingestion says where it stands and we go on from there.
        attempts = attempt.offset > from ? 0 : attempts + 1;
        bool hopeless = attempt.refused && attempt.status != MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED &&
                        attempt.status != MUSTER__V1__ANSWER_STATUS__ANSWER_STALE;
        if (hopeless || attempts >= UPLOAD_ATTEMPTS_MAX) {
            *exit_code = refused(self, batch_id, &attempt);
            return NULL;
        }
    }
}
