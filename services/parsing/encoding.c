/* encoding.c - see encoding.h. */
#include "encoding.h"

#include "utf8.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ucnv.h>

struct decoder {
    encoding encoding;
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

const char *
encoding_name(encoding which)
{
    static const char *const names[] = {"UTF-8", "UTF-16LE", "UTF-16BE", "windows-1252"};
    return names[which];
}

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
        {"\xFF\xFE\0\0", 4, "text in UTF-32: save it as UTF-8"},
        {"\0\0\xFE\xFF", 4, "text in UTF-32: save it as UTF-8"},
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

static bool
is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= 0xC0 && c != 0xD7 && c != 0xF7);
}

static bool
is_lower(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || c >= 0xDF;
}

/* Could this byte stand here in a text of western Europe? Letters stand beside letters, capitals not behind small
 * letters; marks and signs may stand anywhere. */
static bool
fits_windows1252(const uint8_t *data, size_t size, size_t at)
{
    uint8_t c = data[at], before = at > 0 ? data[at - 1] : ' ', after = at + 1 < size ? data[at + 1] : ' ';
    if (c >= 0xC0 && c != 0xD7 && c != 0xF7) {
        if (c == 0xFE || c == 0xFF)
            return false;
        if (!is_letter(before) && !is_letter(after))
            return false;
        return c >= 0xDF || !is_lower(before);
    }
    return c == 0x80 || c == 0x85 || (c >= 0x91 && c <= 0x97) || c == 0xA0 || c == 0xA3 || c == 0xA7 || c == 0xA9 ||
           c == 0xAA || c == 0xAB || c == 0xAE || c == 0xB0 || c == 0xB4 || c == 0xB7 || c == 0xBA || c == 0xBB ||
           c == 0xBF;
}

/* UTF-8, if it is well-formed but for some rows; windows-1252, if what is wrong reads like words in it. */
static encoding
judge(const uint8_t *data, size_t size, bool whole, bool *proven)
{
    size_t right = 0, wrong = 0, plausible = 0;
    for (const uint8_t *at = data, *end = data + size; at < end;) {
        at += utf8_ascii(at, (size_t)(end - at));
        if (at == end)
            break;
        int step = utf8_size(at, end);
        if (step < 0 && !whole)
            break;
        if (step > 1)
            right++;
        else {
            wrong++;
            plausible += fits_windows1252(data, size, (size_t)(at - data));
        }
        at += step > 1 ? step : 1;
    }
    *proven = right > 0 || wrong > 0;
    // A character of several bytes is hardly ever right by chance: few of them outweigh many wrong bytes.
    if (wrong == 0 || right * 4 >= wrong)
        return ENCODING_UTF8;
    return plausible * 10 >= wrong * 9 ? ENCODING_WINDOWS1252 : ENCODING_UTF8;
}

static void
converter_open(decoder *self)
{
    UErrorCode rc = U_ZERO_ERROR;
    self->from = ucnv_open(encoding_name(self->encoding), &rc);
    self->to = ucnv_open("UTF-8", &rc);
    assert(U_SUCCESS(rc)); // these three are built into ICU
    self->pivot_source = self->pivot_target = self->pivot;
}

/* Zeros of each half of the pairs of bytes. */
static void
count_zeros(const uint8_t *data, size_t size, size_t *even, size_t *odd)
{
    *even = *odd = 0;
    for (size_t i = 0; i < size; i++)
        if (data[i] == 0)
            ++*(i % 2 == 0 ? even : odd);
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
    size_t even, odd, pairs = size / 2;
    count_zeros(sample, size, &even, &odd);
    if (size >= 3 && memcmp(sample, "\xEF\xBB\xBF", 3) == 0) {
        self->bom = self->proven = true;
        self->skip = 3;
    } else if (size >= 2 && sample[0] == 0xFF && sample[1] == 0xFE) {
        self->encoding = ENCODING_UTF16LE;
        self->bom = true;
        self->skip = 2;
    } else if (size >= 2 && sample[0] == 0xFE && sample[1] == 0xFF) {
        self->encoding = ENCODING_UTF16BE;
        self->bom = true;
        self->skip = 2;
    } else if (pairs > 1 && odd * 10 > pairs * 4 && even * 20 < pairs) {
        self->encoding = ENCODING_UTF16LE;
    } else if (pairs > 1 && even * 10 > pairs * 4 && odd * 20 < pairs) {
        self->encoding = ENCODING_UTF16BE;
    } else if ((even + odd) * 10 > size) {
        snprintf(why, 256, "This is not text: %zu of the first %zu bytes are zero. Save the table as CSV (UTF-8).",
                 even + odd, size);
        free(self);
        return NULL;
    } else {
        self->encoding = judge(sample, size, false, &self->proven);
    }
    if (self->encoding != ENCODING_UTF8)
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
    if (judge(data, size, true, &self->proven) == ENCODING_UTF8)
        return (mst_slice){data, size};
    self->encoding = ENCODING_WINDOWS1252;
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
    if (self->encoding == ENCODING_UTF8)
        return pass(self, data + skip, size - skip, last);
    return convert(self, data + skip, size - skip, last);
}

encoding
decoder_encoding(const decoder *self)
{
    return self->encoding;
}

bool
decoder_bom(const decoder *self)
{
    return self->bom;
}

bool
decoder_guessed(const decoder *self)
{
    return self->encoding == ENCODING_WINDOWS1252 || (self->encoding != ENCODING_UTF8 && !self->bom);
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
