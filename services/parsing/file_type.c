/* file_type.c - see file_type.h. */
#include "file_type.h"

#include <string.h>
#include <strings.h>

#define SAVE_AGAIN                                                                                                     \
    "Open it in a spreadsheet program, save it as \"Excel Workbook (.xlsx)\" or \"CSV UTF-8\", and upload that file "  \
    "as a new batch."
#define TABLE_WANTED "Upload the table itself, as .xlsx or .csv, as a new batch."

typedef struct beginning {
    const char *bytes;
    size_t size;
    const char *what, *advice;
} beginning;

#define BYTES(text) (text), sizeof(text) - 1

static const beginning BEGINNINGS[] = {
    {BYTES("%PDF-"), "The file is a PDF document, not a table.", TABLE_WANTED},
    {BYTES("{\\rtf"), "The file is a Rich Text document, not a table.", TABLE_WANTED},
    {BYTES("\x89PNG\r\n"), "The file is a picture (PNG), not a table.", TABLE_WANTED},
    {BYTES("\xFF\xD8\xFF"), "The file is a picture (JPEG), not a table.", TABLE_WANTED},
    {BYTES("GIF8"), "The file is a picture (GIF), not a table.", TABLE_WANTED},
    {BYTES("\x1F\x8B"), "The file is packed (gzip).", "Unpack it, and upload the file in it as a new batch."},
    {BYTES("7z\xBC\xAF\x27\x1C"), "The file is packed (7-Zip).",
     "Unpack it, and upload the file in it as a new batch."},
    {BYTES("Rar!\x1A\x07"), "The file is packed (RAR).", "Unpack it, and upload the file in it as a new batch."},
    {BYTES("SQLite format 3"), "The file is a database, not a table.", TABLE_WANTED},
    {BYTES("\x09\x08\x10\x00"), "The file is an old Excel workbook (.xls).", SAVE_AGAIN},
    {BYTES("\x09\x08\x08\x00"), "The file is an old Excel workbook (.xls).", SAVE_AGAIN},
    {BYTES("\x09\x04\x06\x00"), "The file is an old Excel workbook (.xls).", SAVE_AGAIN},
    {BYTES("PK\x05\x06"), "The file is an empty archive.", TABLE_WANTED},
};

static const beginning MARKUP[] = {
    {BYTES("<html"), "The file is a web page, whatever its name says (many programs export \".xls\" like this).",
     SAVE_AGAIN},
    {BYTES("<!doctype html"),
     "The file is a web page, whatever its name says (many programs export \".xls\" like this).", SAVE_AGAIN},
    {BYTES("<table"), "The file is a web page, whatever its name says (many programs export \".xls\" like this).",
     SAVE_AGAIN},
    {BYTES("<?xml"), "The file is XML, not a workbook and not CSV.", SAVE_AGAIN},
    {BYTES("MIME-Version:"), "The file is a saved web page, not a workbook and not CSV.", SAVE_AGAIN},
};

bool
file_type_is_zip(const uint8_t *data, size_t size)
{
    return size >= FILE_TYPE_LOOK && memcmp(data, "PK\x03\x04", FILE_TYPE_LOOK) == 0;
}

/* "EncryptedPackage" as the directory of the container has it: two bytes a letter. */
static bool
holds_wide(const uint8_t *data, size_t size, const char *text)
{
    uint8_t wide[64];
    size_t used = 0;
    for (; *text != '\0' && used + 2 <= sizeof wide; text++) {
        wide[used++] = (uint8_t)*text;
        wide[used++] = 0;
    }
    return memmem(data, size, wide, used) != NULL;
}

/* The container of old Office files, and of new ones with a password. */
static const char *
container(const uint8_t *data, size_t size, const char **advice)
{
    *advice = SAVE_AGAIN;
    if (holds_wide(data, size, "EncryptedPackage")) {
        *advice = "Take the password away (File, Info, Protect Workbook, Encrypt with Password), and upload the file "
                  "as a new batch.";
        return "The file is locked with a password.";
    }
    if (holds_wide(data, size, "Workbook") || holds_wide(data, size, "Book"))
        return "The file is an old Excel workbook (.xls).";
    if (holds_wide(data, size, "WordDocument")) {
        *advice = TABLE_WANTED;
        return "The file is an old Word document (.doc).";
    }
    return "The file is an old Excel workbook (.xls), another old Office file, or one locked with a password.";
}

const char *
file_type_refusal(const uint8_t *data, size_t size, const char **advice)
{
    if (size >= 8 && memcmp(data, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8) == 0)
        return container(data, size, advice);
    for (size_t i = 0; i < sizeof BEGINNINGS / sizeof BEGINNINGS[0]; i++)
        if (size >= BEGINNINGS[i].size && memcmp(data, BEGINNINGS[i].bytes, BEGINNINGS[i].size) == 0) {
            *advice = BEGINNINGS[i].advice;
            return BEGINNINGS[i].what;
        }
    if (size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0) {
        data += 3;
        size -= 3;
    }
    while (size > 0 && (*data == ' ' || *data == '\t' || *data == '\r' || *data == '\n')) {
        data++;
        size--;
    }
    for (size_t i = 0; i < sizeof MARKUP / sizeof MARKUP[0]; i++)
        if (size >= MARKUP[i].size && strncasecmp((const char *)data, MARKUP[i].bytes, MARKUP[i].size) == 0) {
            *advice = MARKUP[i].advice;
            return MARKUP[i].what;
        }
    return NULL;
}
