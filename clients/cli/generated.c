/* generated.c - see generated.h. */
#include "generated.h"

#include "broker/lib/hash.h"
#include "document.h"
#include "print.h"
#include "textfile.h"
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define MAKING_MS 600000 /* a batch of millions of rows takes a while; the broker allows no longer */
#define RANGE_SIZE (512u * 1024u)

bool
generated_format(cli *self, const generated_options *options, bool markdown, Muster__V1__FileFormat *format,
                 int *exit_code)
{
    static const char *const NAMES[] = {"csv", "xlsx", "md"};
    const char *dot = options->out == NULL ? NULL : strrchr(options->out, '.');
    const char *name = options->format != NULL ? options->format : dot == NULL ? "csv" : dot + 1;
    *exit_code = CLI_DONE;
    for (int i = 0; i < (markdown ? 3 : 2); i++)
        if (strcasecmp(name, NAMES[i]) == 0) {
            *format = (Muster__V1__FileFormat)i;
            if (i == 1 && options->out == NULL && isatty(STDOUT_FILENO))
                *exit_code = cli_misused(self, "name a file: -o FILE.xlsx", "a workbook cannot be shown here");
            return *exit_code == CLI_DONE;
        }
    *exit_code = cli_misused(self, markdown ? "formats are csv, xlsx and md" : "formats are csv and xlsx",
                             "\"%s\" is no format of files that are made", name);
    return false;
}

static const Muster__V1__FileView *
make(cli *self, const ProtobufCMessage *wanted, int *rc)
{
    mst_answer answer = {0};
    *rc = cli_connect(self);
    if (*rc != CLI_DONE)
        return NULL;
    mst_status status = mst_link_call(self->link, "ingestion", "", wanted, NULL, &muster__v1__file_view__descriptor,
                                      MAKING_MS, self->arena, &answer);
    if (status == MST_OK && answer.status == MUSTER__V1__ANSWER_STATUS__ANSWER_OK && answer.message != NULL)
        return (const Muster__V1__FileView *)answer.message;
    *rc = cli_call_failed(self, "ingestion", status, &answer);
    return NULL;
}

static int
copy(cli *self, const Muster__V1__FileView *view, FILE *out)
{
    mst_hash *hash = mst_hash_new();
    uint8_t sha256[MST_HASH_SIZE];
    int rc = CLI_DONE;
    for (uint64_t at = 0; at < view->size && rc == CLI_DONE;) {
        mst_arena *arena = mst_arena_new(0);
        Muster__V1__ReadBlob read = MUSTER__V1__READ_BLOB__INIT;
        read.sha256 = view->sha256;
        read.offset = at;
        read.size = RANGE_SIZE;
        const Muster__V1__BlobRange *range =
            cli_call_in(self, arena, "ingestion", "", &read.base, NULL, &muster__v1__blob_range__descriptor, &rc);
        if (range != NULL && range->data.len == 0)
            rc = cli_fail(self, NULL, "the file ends at byte %llu of %llu", (unsigned long long)at,
                          (unsigned long long)view->size);
        if (rc == CLI_DONE) {
            fwrite(range->data.data, 1, range->data.len, out);
            mst_hash_add(hash, range->data.data, range->data.len);
            at += range->data.len;
        }
        mst_arena_destroy(&arena);
    }
    mst_hash_take(hash, sha256);
    mst_hash_destroy(&hash);
    if (rc == CLI_DONE && (view->sha256.len != MST_HASH_SIZE || memcmp(sha256, view->sha256.data, MST_HASH_SIZE) != 0))
        rc = cli_fail(self, "muster doctor", "what arrived is not the file that was made");
    return rc;
}

int
generated_fetch(cli *self, const ProtobufCMessage *wanted, const generated_options *options,
                const Muster__V1__FileView **view)
{
    int rc;
    textfile_out out;
    if (options->out != NULL && !options->force && access(options->out, F_OK) == 0)
        return cli_fail(self, "another name, or --force to write over it", "%s is there already", options->out);
    *view = make(self, wanted, &rc);
    if (*view == NULL)
        return rc;
    // With --json standard output is for the document.
    if (options->out != NULL || !self->json) {
        rc = textfile_create(self, options->out, &out);
        if (rc == CLI_DONE)
            rc = textfile_close(self, &out, copy(self, *view, out.file));
    }
    if (rc == CLI_DONE && self->json)
        document_print(document_of(&(*view)->base));
    return rc;
}
