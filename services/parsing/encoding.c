/* encoding.c - see encoding.h. */
#include "encoding.h"

#include "letters.h"
#include "utf8.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ucnv.h>

struct decoder {
    const char *encoding;
    uint32_t sure;
    bool bom, changed;
    bool proven;     /* UTF-8: a character beyond ASCII was seen */
    size_t skip;     /* bytes of the mark still to be left out */
    uint8_t held[4]; /* UTF-8: bytes at the end of a piece that may be the beginning of a character */
    size_t held_size;
    UConverter *from, *to;
    UChar pivot[4096];
    UChar *pivot_source, *pivot_target;
    uint8_t *out;
    size_t out_room;
};

static const char UTF8[] = "UTF-8";

/* Files that are often mistaken for CSV, by their first bytes. */
static const char *
known_binary(const uint8_t *data, size_t size)
{
    static const struct {
        const char *magic;
        size_t size;
        const char *what;
    } files[] = {
        {"PK\x03\x04", 4, "a spreadsheet or ZIP file: open it and save it as CSV"},
        {"\xD0\xCF\x11\xE0", 4, "an old Excel file: open it and save it as CSV"},
        {"%PDF", 4, "a PDF document: export the table as CSV"},
        {"\x1F\x8B", 2, "a compressed file: unpack it first"},
        {"\x89PNG", 4, "a picture"},
        {"\x7F"
         "ELF",
         4, "a program"},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (size >= files[i].size && memcmp(data, files[i].magic, files[i].size) == 0)
            return files[i].what;
    return NULL;
}

/* UTF-8, if it is well-formed but for some rows; another, if what is wrong makes words in it. */
static void
judge(decoder *self, const uint8_t *data, size_t size, bool whole)
{
    size_t right = 0, wrong = 0;
    for (const uint8_t *at = data, *end = data + size; at < end;) {
        at += utf8_ascii(at, (size_t)(end - at));
        if (at == end)
            break;
        int step = utf8_size(at, end);
        if (step < 0 && !whole)
            break;
        if (step > 1)
            right++;
        else
            wrong++;
        at += step > 1 ? step : 1;
    }
    self->proven = right > 0 || wrong > 0;
    self->encoding = UTF8;
    self->sure = wrong == 0 ? (right > 0 ? 100 : 95) : 90;
    // A character of several bytes is hardly ever right by chance: few of them outweigh many wrong bytes.
    if (wrong == 0 || right * 4 >= wrong)
        return;
    letters_guess guess = letters_encoding(data, size);
    self->sure = guess.name == NULL ? 20 : guess.sure;
    if (guess.name != NULL)
        self->encoding = guess.name;
}

static void
converter_open(decoder *self)
{
    UErrorCode rc = U_ZERO_ERROR;
    self->from = ucnv_open(self->encoding, &rc);
    self->to = ucnv_open("UTF-8", &rc);
    assert(U_SUCCESS(rc)); // all that are named here are built into ICU
    self->pivot_source = self->pivot_target = self->pivot;
}

/* By a byte order mark. */
static bool
find_mark(decoder *self, const uint8_t *data, size_t size)
{
    static const struct {
        const char *mark;
        size_t size;
        const char *encoding;
    } marks[] = {{"\xFF\xFE\0\0", 4, "UTF-32LE"},
                 {"\0\0\xFE\xFF", 4, "UTF-32BE"},
                 {"\xEF\xBB\xBF", 3, UTF8},
                 {"\xFF\xFE", 2, "UTF-16LE"},
                 {"\xFE\xFF", 2, "UTF-16BE"}};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (size >= marks[i].size && memcmp(data, marks[i].mark, marks[i].size) == 0) {
            self->encoding = marks[i].encoding;
            self->skip = marks[i].size;
            self->bom = self->proven = true;
            self->sure = 100;
            return true;
        }
    return false;
}

/* By where zeros stand: text in wide characters has them in all but the last, or all but the first, of their bytes.
 * `zeros`: of all bytes. */
static bool
find_zeros(decoder *self, const uint8_t *data, size_t size, size_t *zeros)
{
    size_t at[4] = {0};
    for (size_t i = 0; i < size; i++)
        at[i % 4] += data[i] == 0;
    *zeros = at[0] + at[1] + at[2] + at[3];
    size_t fours = size / 4, pairs = size / 2, even = at[0] + at[2], odd = at[1] + at[3];
    if (fours > 1 && at[2] * 10 > fours * 9 && at[3] * 10 > fours * 9 && at[0] * 20 < fours)
        self->encoding = "UTF-32LE";
    else if (fours > 1 && at[0] * 10 > fours * 9 && at[1] * 10 > fours * 9 && at[3] * 20 < fours)
        self->encoding = "UTF-32BE";
    else if (pairs > 1 && odd * 10 > pairs * 4 && even * 20 < pairs)
        self->encoding = "UTF-16LE";
    else if (pairs > 1 && even * 10 > pairs * 4 && odd * 20 < pairs)
        self->encoding = "UTF-16BE";
    else
        return false;
    self->sure = 90;
    return true;
}

decoder *
decoder_new(const uint8_t *sample, size_t size, char why[256])
{
    const char *binary = known_binary(sample, size);
    if (binary != NULL) {
        snprintf(why, 256, "This is not CSV but %s.", binary);
        return NULL;
    }
    decoder *self = mst_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->encoding = UTF8;
    size_t zeros;
    if (!find_mark(self, sample, size) && !find_zeros(self, sample, size, &zeros)) {
        if (zeros * 10 > size) {
            snprintf(why, 256, "This is not text: %zu of the first %zu bytes are zero. Save the table as CSV (UTF-8).",
                     zeros, size);
            free(self);
            return NULL;
        }
        judge(self, sample, size, false);
    }
    if (self->encoding != UTF8)
        converter_open(self);
    return self;
}

static mst_slice
convert(decoder *self, const uint8_t *data, size_t size, bool last)
{
    size_t wanted = 3 * size + 64;
    if (wanted > self->out_room) {
        self->out = mst_realloc(self->out, wanted);
        self->out_room = wanted;
    }
    UErrorCode rc = U_ZERO_ERROR;
    char *target = (char *)self->out;
    const char *source = (const char *)data;
    ucnv_convertEx(self->to, self->from, &target, target + self->out_room, &source, source + size, self->pivot,
                   &self->pivot_source, &self->pivot_target, self->pivot + sizeof self->pivot / sizeof *self->pivot,
                   false, last, &rc);
    return (mst_slice){self->out, (size_t)(target - (char *)self->out)};
}

/* Bytes at the end that begin a character whose rest is in the next piece. */
static size_t
cut_character(const uint8_t *data, size_t size)
{
    for (size_t back = 1; back <= 3 && back <= size; back++) {
        uint8_t c = data[size - back];
        if ((c & 0xC0) == 0x80)
            continue;
        return c >= 0x80 && utf8_size(data + size - back, data + size) < 0 ? back : 0;
    }
    return 0;
}

/* UTF-8 goes through as it is. Until a character beyond ASCII proves it, windows-1252 stays possible. */
static mst_slice
pass(decoder *self, const uint8_t *data, size_t size, bool last)
{
    if (self->held_size > 0) {
        if (self->held_size + size > self->out_room) {
            self->out_room = self->held_size + size;
            self->out = mst_realloc(self->out, self->out_room);
        }
        memcpy(self->out, self->held, self->held_size);
        if (size > 0)
            memcpy(self->out + self->held_size, data, size);
        data = self->out;
        size += self->held_size;
        self->held_size = 0;
    }
    if (self->proven)
        return (mst_slice){data, size};
    if (!last) {
        self->held_size = cut_character(data, size);
        size -= self->held_size;
        memcpy(self->held, data + size, self->held_size);
    }
    if (utf8_ascii(data, size) == size)
        return (mst_slice){data, size};
    judge(self, data, size, true);
    if (self->encoding == UTF8)
        return (mst_slice){data, size};
    self->changed = true;
    converter_open(self);
    uint8_t *piece = mst_alloc(size + self->held_size + 1); // `data` may be `out`, which convert uses
    memcpy(piece, data, size);
    memcpy(piece + size, self->held, self->held_size);
    mst_slice converted = convert(self, piece, size + self->held_size, last);
    self->held_size = 0;
    free(piece);
    return converted;
}

mst_slice
decoder_next(decoder *self, const uint8_t *data, size_t size, bool last)
{
    size_t skip = self->skip < size ? self->skip : size;
    self->skip -= skip;
    if (self->encoding == UTF8)
        return pass(self, data + skip, size - skip, last);
    return convert(self, data + skip, size - skip, last);
}

const char *
decoder_encoding(const decoder *self)
{
    return self->encoding;
}

uint32_t
decoder_sure(const decoder *self)
{
    return self->sure;
}

bool
decoder_bom(const decoder *self)
{
    return self->bom;
}

bool
decoder_guessed(const decoder *self)
{
    return self->encoding != UTF8 && !self->bom;
}

bool
decoder_changed(decoder *self)
{
    bool changed = self->changed;
    self->changed = false;
    return changed;
}

void
decoder_destroy(decoder **self)
{
    if (*self == NULL)
        return;
    if ((*self)->from != NULL)
        ucnv_close((*self)->from);
    if ((*self)->to != NULL)
        ucnv_close((*self)->to);
    free((*self)->out);
    free(*self);
    *self = NULL;
}
