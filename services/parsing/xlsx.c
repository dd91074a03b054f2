/* xlsx.c - see xlsx.h. */
#include "xlsx.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef enum stage { STAGE_BYTES, STAGE_STRINGS, STAGE_ROWS, STAGE_END } stage;

struct xlsx {
    xlsx_sink sink;
    xlsx_fault fault;
    stage stage;
    int spool; /* -1: nothing was set aside yet */
    uint64_t size;
    mst_arena *arena;
    archive *archive;
    parts_book book;
    parts_styles styles;
    strings strings;
    sheet *sheet;
};

xlsx *
xlsx_new(const xlsx_sink *sink)
{
    xlsx *self = mst_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->sink = *sink;
    self->spool = -1;
    self->arena = mst_arena_new(0);
    return self;
}

void
xlsx_destroy(xlsx **self)
{
    if (*self == NULL)
        return;
    sheet_destroy(&(*self)->sheet);
    strings_release(&(*self)->strings);
    archive_close(&(*self)->archive);
    if ((*self)->spool >= 0)
        close((*self)->spool);
    mst_arena_destroy(&(*self)->arena);
    free(*self);
    *self = NULL;
}

/* Setting aside ------------------------------------------------------------------------------------------ */

static int
open_spool(const char *dir)
{
    int fd = dir == NULL ? -1 : open(dir, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
    return fd >= 0 ? fd : memfd_create("muster-workbook", MFD_CLOEXEC); // not every file system has files without names
}

bool
xlsx_feed(xlsx *self, const void *data, size_t size)
{
    if (xlsx_failed(&self->fault))
        return false;
    self->size += size;
    if (self->size > XLSX_FILE_SIZE_MAX)
        return xlsx_fail(&self->fault, XLSX_MAKE_SMALLER, "The workbook is larger than %llu MiB.",
                         (unsigned long long)(XLSX_FILE_SIZE_MAX >> 20));
    if (self->spool < 0)
        self->spool = open_spool(self->sink.spool_dir);
    for (const char *at = data; size > 0;) {
        ssize_t written = self->spool < 0 ? -1 : write(self->spool, at, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return xlsx_fail(&self->fault,
                             "Make room on the disk of the server, and upload the file again as a new batch.",
                             "The server could not set the workbook aside to read it: %s.", strerror(errno));
        at += written;
        size -= (size_t)written;
    }
    return true;
}

/* Opening ------------------------------------------------------------------------------------------------ */

/* What an archive is that is no workbook of this kind. */
static bool
refuse_other(const archive *package, xlsx_fault *fault)
{
    static const struct {
        const char *part, *what, *advice;
    } others[] = {
        {"xl/workbook.bin", "The file is a binary workbook (.xlsb).", XLSX_SAVE_AGAIN},
        {"content.xml", "The file is an OpenDocument file (.ods or the like).", XLSX_SAVE_AGAIN},
        {"Index/Document.iwa", "The file is a Numbers document.", XLSX_SAVE_AGAIN},
        {"Index.zip", "The file is a Numbers document.", XLSX_SAVE_AGAIN},
        {"word/document.xml", "The file is a Word document (.docx).",
         "Copy the table into a workbook, and upload that file as a new batch."},
        {"ppt/presentation.xml", "The file is a presentation (.pptx).",
         "Copy the table into a workbook, and upload that file as a new batch."},
    };
    if (archive_has(package, "[Content_Types].xml") && archive_has(package, "xl/workbook.xml"))
        return true;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (archive_has(package, others[i].part))
            return xlsx_fail(fault, others[i].advice, "%s", others[i].what);
    if (archive_has(package, "[Content_Types].xml") || archive_has(package, "_rels/.rels"))
        return true;
    return xlsx_fail(fault, "Unpack it, and upload the CSV or Excel file in it as a new batch.",
                     "The file is a zip archive with %u files, not a workbook.", archive_count(package));
}

static bool
begin_sheet(xlsx *self)
{
    const sheet_source source = {.book = &self->book,
                                 .styles = &self->styles,
                                 .strings = &self->strings,
                                 .row = self->sink.row,
                                 .context = self->sink.context};
    archive_part *part = archive_part_open(self->archive, self->book.sheet_part, &self->fault);
    if (part == NULL)
        return xlsx_fail(&self->fault, XLSX_SAVE_AGAIN, "The sheet \"%.100s\" is missing from the workbook.",
                         self->book.sheet);
    self->sheet = sheet_open(&source, part, &self->fault);
    self->stage = STAGE_ROWS;
    return true;
}

static bool
open_workbook(xlsx *self)
{
    self->archive = archive_open(self->spool, &self->fault);
    if (self->archive == NULL || !refuse_other(self->archive, &self->fault) ||
        !parts_find(self->archive, self->sink.sheet, self->arena, &self->book, &self->fault))
        return false;
    if (self->book.styles_part != NULL &&
        !parts_read_styles(self->archive, self->book.styles_part, self->arena, &self->styles, &self->fault))
        return false;
    if (self->book.strings_part == NULL)
        return begin_sheet(self);
    archive_part *part = archive_part_open(self->archive, self->book.strings_part, &self->fault);
    if (part == NULL)
        return false;
    strings_open(&self->strings, part, self->book.strings_part, &self->fault);
    self->stage = STAGE_STRINGS;
    return true;
}

/* Reading ------------------------------------------------------------------------------------------------ */

static bool
read_strings(xlsx *self)
{
    size_t read = 0;
    xml_status status;
    do
        status = strings_step(&self->strings, &read);
    while (status == XML_MORE && read < XLSX_STEP_SIZE);
    return status == XML_MORE || (status == XML_ENDED && begin_sheet(self));
}

static bool
read_rows(xlsx *self)
{
    xml_status status = sheet_step(self->sheet, XLSX_STEP_SIZE);
    if (status == XML_ENDED)
        self->stage = STAGE_END;
    return status != XML_FAILED && !sheet_stopped(self->sheet);
}

bool
xlsx_step(xlsx *self)
{
    if (xlsx_failed(&self->fault))
        return false;
    switch (self->stage) {
    case STAGE_BYTES: return open_workbook(self);
    case STAGE_STRINGS: return read_strings(self);
    case STAGE_ROWS: return read_rows(self);
    case STAGE_END: break;
    }
    return true;
}

bool
xlsx_ended(const xlsx *self)
{
    return self->stage == STAGE_END;
}

const char *
xlsx_fault_of(const xlsx *self, const char **advice)
{
    *advice = self->fault.advice;
    return xlsx_failed(&self->fault) ? self->fault.text : NULL;
}

const char *
xlsx_sheet(const xlsx *self, uint32_t *worksheets)
{
    *worksheets = self->book.worksheets;
    return self->book.sheet;
}

uint32_t
xlsx_formulas(const xlsx *self, uint32_t *empty)
{
    *empty = 0;
    return self->sheet == NULL ? 0 : sheet_formulas(self->sheet, empty);
}
