/* xlsx_archive.c - see xlsx_archive.h. */
#include "xlsx_archive.h"

#include "broker/lib/arena.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#define UNIX_TYPE_SHIFT 16 /* external attributes: the mode stands in the upper half */

typedef struct entry {
    const char *name; /* with slashes, as it is written otherwise */
    zip_uint64_t index, packed;
} entry;

struct archive {
    zip_t *zip;
    mst_arena *arena;
    entry *entries; /* by name, without regard to case */
    uint32_t count;
    uint64_t unpacked;
};

struct archive_part {
    archive *archive;
    zip_file_t *file;
    const entry *entry;
    uint64_t unpacked;
};

static int
by_name(const void *left, const void *right)
{
    return strcasecmp(((const entry *)left)->name, ((const entry *)right)->name);
}

static const entry *
find(const archive *self, const char *name)
{
    const entry wanted = {.name = name};
    return self->count == 0 ? NULL : bsearch(&wanted, self->entries, self->count, sizeof wanted, by_name);
}

bool
archive_has(const archive *self, const char *name)
{
    return find(self, name) != NULL;
}

static bool
ends_with(const char *name, const char *ending)
{
    size_t size = strlen(name), wanted = strlen(ending);
    return size >= wanted && strcasecmp(name + size - wanted, ending) == 0;
}

const char *
archive_name_with(const archive *self, const char *ending)
{
    for (uint32_t i = 0; i < self->count; i++)
        if (ends_with(self->entries[i].name, ending))
            return self->entries[i].name;
    return NULL;
}

uint32_t
archive_count(const archive *self)
{
    return self->count;
}

/* Opening ------------------------------------------------------------------------------------------------ */

static bool
name_ok(const char *name)
{
    if (name[0] == '\0' || name[0] == '/' || strchr(name, ':') != NULL || strlen(name) > ARCHIVE_NAME_SIZE_MAX)
        return false;
    for (const char *at = name; at != NULL; at = strchr(at, '/')) {
        at += *at == '/';
        if (at[0] == '.' && at[1] == '.' && (at[2] == '/' || at[2] == '\0'))
            return false;
    }
    return true;
}

static bool
is_archive(const char *name)
{
    static const char *const endings[] = {".zip", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".tar", ".zst"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (ends_with(name, endings[i]))
            return true;
    return false;
}

static bool
is_link(zip_t *zip, zip_uint64_t index)
{
    zip_uint8_t system;
    zip_uint32_t attributes;
    return zip_file_get_external_attributes(zip, index, 0, &system, &attributes) == 0 && system == ZIP_OPSYS_UNIX &&
           S_ISLNK(attributes >> UNIX_TYPE_SHIFT);
}

static bool
take_entry(archive *self, zip_uint64_t index, uint64_t *declared, uint64_t *packed, xlsx_fault *fault)
{
    zip_stat_t stat;
    const char *raw = zip_get_name(self->zip, index, ZIP_FL_ENC_RAW);
    if (raw == NULL || zip_stat_index(self->zip, index, 0, &stat) != 0)
        return xlsx_fail(fault, XLSX_SAVE_AGAIN, "The workbook is damaged: its list of parts cannot be read.");
    char *name = mst_arena_strdup(self->arena, raw);
    for (char *at = name; *at != '\0'; at++)
        *at = *at == '\\' ? '/' : *at;
    if (!name_ok(name))
        return xlsx_fail(fault, XLSX_SAVE_AGAIN, "The file holds a part with a name that leads out of it (\"%.100s\").",
                         name);
    if (is_link(self->zip, index) || is_archive(name))
        return xlsx_fail(fault, XLSX_SAVE_AGAIN, "The file holds %s (\"%.100s\"), which no workbook does.",
                         is_archive(name) ? "a further archive" : "a link", name);
    if (stat.encryption_method != ZIP_EM_NONE)
        return xlsx_fail(fault, "Take the password away (File, Info, Protect Workbook), and upload the file again.",
                         "The file is locked with a password.");
    if (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE)
        return xlsx_fail(fault, XLSX_SAVE_AGAIN,
                         "The part \"%.100s\" is packed in a way (%u) that workbooks do not use.", name,
                         stat.comp_method);
    self->entries[self->count++] = (entry){name, index, stat.comp_size};
    *declared = stat.size > ARCHIVE_UNPACKED_MAX ? UINT64_MAX / 2 : *declared + stat.size;
    *packed += stat.comp_size;
    return true;
}

static bool
take_entries(archive *self, uint64_t file_size, xlsx_fault *fault)
{
    zip_int64_t count = zip_get_num_entries(self->zip, 0);
    uint64_t declared = 0, packed = 0;
    if (count > ARCHIVE_ENTRIES_MAX)
        return xlsx_fail(fault, XLSX_MAKE_SMALLER, "The file holds %lld parts; at most %u are read.", (long long)count,
                         ARCHIVE_ENTRIES_MAX);
    self->entries = mst_arena_alloc(self->arena, ((size_t)count + 1) * sizeof *self->entries);
    for (zip_int64_t i = 0; i < count; i++)
        if (!take_entry(self, (zip_uint64_t)i, &declared, &packed, fault))
            return false;
    if (declared > ARCHIVE_UNPACKED_MAX)
        return xlsx_fail(fault, XLSX_MAKE_SMALLER, "Unpacked, the file is larger than %llu MiB.",
                         (unsigned long long)(ARCHIVE_UNPACKED_MAX >> 20));
    if (packed > file_size)
        return xlsx_fail(fault, XLSX_SAVE_AGAIN, "The file is damaged: its parts overlap.");
    qsort(self->entries, self->count, sizeof *self->entries, by_name);
    for (uint32_t i = 1; i < self->count; i++)
        if (by_name(&self->entries[i - 1], &self->entries[i]) == 0)
            return xlsx_fail(fault, XLSX_SAVE_AGAIN, "The file holds two parts with the same name (\"%.100s\").",
                             self->entries[i].name);
    return true;
}

/* NULL: no archive, or a damaged one. */
static zip_t *
open_zip(int fd, int flags, int *why)
{
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    FILE *file = own < 0 ? NULL : fdopen(own, "rb");
    if (file == NULL) {
        if (own >= 0)
            close(own);
        return NULL;
    }
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_filep_create(file, 0, -1, &error);
    zip_t *zip = source == NULL ? NULL : zip_open_from_source(source, ZIP_RDONLY | flags, &error);
    if (zip == NULL && source != NULL)
        zip_source_free(source); // closes the file
    else if (zip == NULL)
        fclose(file);
    *why = zip_error_code_zip(&error);
    zip_error_fini(&error);
    return zip;
}

archive *
archive_open(int fd, xlsx_fault *fault)
{
    struct stat info;
    archive *self = mst_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->arena = mst_arena_new(0);
    int why = ZIP_ER_OK;
    self->zip = open_zip(fd, ZIP_CHECKCONS, &why);
    // Some programs pad the end or leave local headers blank. Nothing here believes these: all is counted again.
    if (self->zip == NULL && why == ZIP_ER_INCONS)
        self->zip = open_zip(fd, 0, &why);
    if (self->zip == NULL && why == ZIP_ER_EXISTS)
        xlsx_fail(fault, XLSX_SAVE_AGAIN, "The file holds two parts with the same name.");
    else if (self->zip == NULL || fstat(fd, &info) != 0)
        xlsx_fail(fault, "Was it sent whole? " XLSX_SAVE_AGAIN,
                  "The file begins like a workbook (.xlsx) but is cut off or damaged.");
    else
        take_entries(self, (uint64_t)info.st_size, fault);
    if (xlsx_failed(fault))
        archive_close(&self);
    return self;
}

void
archive_close(archive **self)
{
    if (*self == NULL)
        return;
    if ((*self)->zip != NULL)
        zip_discard((*self)->zip);
    mst_arena_destroy(&(*self)->arena);
    free(*self);
    *self = NULL;
}

/* Reading ------------------------------------------------------------------------------------------------ */

static void
damaged(const archive_part *self, xlsx_fault *fault)
{
    xlsx_fail(fault, "Was it sent whole? " XLSX_SAVE_AGAIN,
              "The workbook is damaged: its part \"%.100s\" cannot be unpacked.", self->entry->name);
}

archive_part *
archive_part_open(archive *self, const char *name, xlsx_fault *fault)
{
    const entry *found = find(self, name);
    if (found == NULL)
        return NULL;
    archive_part *part = mst_alloc(sizeof *part);
    *part = (archive_part){.archive = self, .entry = found, .file = zip_fopen_index(self->zip, found->index, 0)};
    if (part->file == NULL) {
        damaged(part, fault);
        archive_part_close(&part);
    }
    return part;
}

ptrdiff_t
archive_part_read(archive_part *self, void *data, size_t size, xlsx_fault *fault)
{
    zip_int64_t got = zip_fread(self->file, data, size);
    if (got < 0) {
        damaged(self, fault);
        return -1;
    }
    self->unpacked += (uint64_t)got;
    self->archive->unpacked += (uint64_t)got;
    if (self->archive->unpacked > ARCHIVE_UNPACKED_MAX) {
        xlsx_fail(fault, XLSX_MAKE_SMALLER, "Unpacked, the file is larger than %llu MiB.",
                  (unsigned long long)(ARCHIVE_UNPACKED_MAX >> 20));
        return -1;
    }
    if (self->unpacked > ARCHIVE_RATIO_FROM && self->unpacked / ARCHIVE_RATIO_MAX > self->entry->packed) {
        xlsx_fail(fault, XLSX_MAKE_SMALLER,
                  "The part \"%.100s\" unpacks to more than %u times its size, as files do that are made to fill "
                  "memory.",
                  self->entry->name, ARCHIVE_RATIO_MAX);
        return -1;
    }
    return (ptrdiff_t)got;
}

void
archive_part_close(archive_part **self)
{
    if (*self == NULL)
        return;
    if ((*self)->file != NULL)
        zip_fclose((*self)->file);
    free(*self);
    *self = NULL;
}
