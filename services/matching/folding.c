/* folding.c - see folding.h. */
#include "folding.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/utrans.h>

/* What each ASCII byte becomes: 0 vanishes, ' ' separates. */
static const unsigned char ASCII[128] = {
    [' '] = ' ', ['\t'] = ' ', ['\n'] = ' ', ['\r'] = ' ', ['!'] = ' ', ['"'] = ' ', ['#'] = '#', ['$'] = ' ',
    ['%'] = ' ', ['&'] = ' ',  ['\''] = 0,   ['('] = ' ',  [')'] = ' ', ['*'] = ' ', ['+'] = ' ', [','] = ',',
    ['-'] = '-', ['.'] = ' ',  ['/'] = '/',  ['0'] = '0',  ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4',
    ['5'] = '5', ['6'] = '6',  ['7'] = '7',  ['8'] = '8',  ['9'] = '9', [':'] = ' ', [';'] = ' ', ['<'] = ' ',
    ['='] = ' ', ['>'] = ' ',  ['?'] = ' ',  ['@'] = '@',  ['A'] = 'a', ['B'] = 'b', ['C'] = 'c', ['D'] = 'd',
    ['E'] = 'e', ['F'] = 'f',  ['G'] = 'g',  ['H'] = 'h',  ['I'] = 'i', ['J'] = 'j', ['K'] = 'k', ['L'] = 'l',
    ['M'] = 'm', ['N'] = 'n',  ['O'] = 'o',  ['P'] = 'p',  ['Q'] = 'q', ['R'] = 'r', ['S'] = 's', ['T'] = 't',
    ['U'] = 'u', ['V'] = 'v',  ['W'] = 'w',  ['X'] = 'x',  ['Y'] = 'y', ['Z'] = 'z', ['['] = ' ', ['\\'] = ' ',
    [']'] = ' ', ['^'] = ' ',  ['_'] = ' ',  ['`'] = 0,    ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd',
    ['e'] = 'e', ['f'] = 'f',  ['g'] = 'g',  ['h'] = 'h',  ['i'] = 'i', ['j'] = 'j', ['k'] = 'k', ['l'] = 'l',
    ['m'] = 'm', ['n'] = 'n',  ['o'] = 'o',  ['p'] = 'p',  ['q'] = 'q', ['r'] = 'r', ['s'] = 's', ['t'] = 't',
    ['u'] = 'u', ['v'] = 'v',  ['w'] = 'w',  ['x'] = 'x',  ['y'] = 'y', ['z'] = 'z', ['{'] = ' ', ['|'] = ' ',
    ['}'] = ' ', ['~'] = ' '};

/* Letters whose transliteration does not depend on their neighbours: Latin, Cyrillic, Vietnamese. */
#define PLAIN_LOW 0x00A0u
#define PLAIN_LOW_END 0x0530u
#define PLAIN_HIGH 0x1E00u
#define PLAIN_HIGH_END 0x1F00u
#define PLAIN_COUNT (PLAIN_LOW_END - PLAIN_LOW + PLAIN_HIGH_END - PLAIN_HIGH)
#define PLAIN_SIZE 6

typedef struct plain {
    char text[PLAIN_SIZE];
    uint8_t size;
} plain;

static UTransliterator *transliterator;
static plain *plains;

/* UTF-16 in, ASCII out; the text is changed in place by ICU. */
static size_t
transliterate(UChar *text, int32_t count, int32_t room, char *out, size_t out_room)
{
    UErrorCode rc = U_ZERO_ERROR;
    int32_t limit = count;
    utrans_transUChars(transliterator, text, &count, room, 0, &limit, &rc);
    size_t size = 0;
    if (U_FAILURE(rc))
        return 0;
    for (int32_t i = 0; i < limit && size < out_room; i++)
        if (text[i] < 0x80)
            out[size++] = (char)text[i];
        else if (text[i] >= 0x0300 && text[i] < 0x0370)
            continue;
        else
            out[size++] = ' ';
    return size;
}

static uint32_t
plain_code(size_t at)
{
    uint32_t low = PLAIN_LOW_END - PLAIN_LOW;
    return at < low ? PLAIN_LOW + (uint32_t)at : PLAIN_HIGH + (uint32_t)at - low;
}

static void
prepare(void)
{
    static const UChar id[] = u"Any-Latin; Latin-ASCII; Lower";
    UErrorCode rc = U_ZERO_ERROR;
    transliterator = utrans_openU(id, -1, UTRANS_FORWARD, NULL, 0, NULL, &rc);
    plains = calloc(PLAIN_COUNT, sizeof *plains);
    if (U_FAILURE(rc) || plains == NULL) {
        fprintf(stderr, "ICU cannot transliterate: %s (is the package libicu72 complete?)\n", u_errorName(rc));
        abort();
    }
    for (size_t at = 0; at < PLAIN_COUNT; at++) {
        uint32_t code = plain_code(at);
        UChar text[16] = {(UChar)code};
        if (code >= 0x0300 && code < 0x0370)
            continue;
        plains[at].size = (uint8_t)transliterate(text, 1, 16, plains[at].text, PLAIN_SIZE);
    }
}

/* Decodes one code point of at least two bytes; 0 where the bytes are not UTF-8 (one byte is then used up). */
static uint32_t
decode(const unsigned char *text, size_t left, size_t *used)
{
    unsigned lead = text[0];
    size_t wanted = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1;
    *used = 1;
    if (wanted == 1 || wanted > left || lead > 0xF4)
        return 0;
    uint32_t code = lead & (0x7Fu >> wanted);
    for (size_t i = 1; i < wanted; i++) {
        if ((text[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3F);
    }
    *used = wanted;
    return code;
}

typedef struct sink {
    char *out;
    size_t size, room;
} sink;

static inline void
put(sink *sink, unsigned char mark)
{
    if (mark == 0 || sink->size == sink->room)
        return;
    if (mark == ' ' && (sink->size == 0 || sink->out[sink->size - 1] == ' '))
        return;
    sink->out[sink->size++] = (char)mark;
}

static void
put_ascii(sink *sink, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        put(sink, ASCII[(unsigned char)text[i] & 0x7F]);
}

/* A script whose letters depend on each other: the whole value goes through ICU. */
static void
put_whole(sink *sink, const unsigned char *text, size_t size)
{
    UChar wide[FOLDING_INPUT_MAX * 6];
    char narrow[FOLDING_INPUT_MAX * 6];
    int32_t count = 0;
    for (size_t at = 0, used; at < size; at += used) {
        used = 1;
        uint32_t code = text[at] < 0x80 ? text[at] : decode(text + at, size - at, &used);
        if (code == 0)
            code = ' ';
        if (code >= 0x10000) {
            wide[count++] = (UChar)(0xD7C0 + (code >> 10));
            wide[count++] = (UChar)(0xDC00 | (code & 0x3FF));
        } else {
            wide[count++] = (UChar)code;
        }
    }
    sink->size = 0;
    size_t narrow_size = transliterate(wide, count, FOLDING_INPUT_MAX * 6, narrow, sizeof narrow);
    put_ascii(sink, narrow, narrow_size);
}

/* False: this letter needs its neighbours. */
static bool
put_letter(sink *sink, uint32_t code)
{
    if (code >= 0x0300 && code < 0x0370) // combining marks; Greek begins behind
        return true;
    if (code == 0 || code == 0x200B || (code >= 0x2000 && code <= 0x200A)) {
        put(sink, ' ');
        return true;
    }
    if ((code >= 0x2018 && code <= 0x201B) || code == 0x02BC || code == 0x02B9 || code == 0x00B4)
        return true; // apostrophes
    if (code >= 0x2010 && code <= 0x2015) {
        put(sink, '-');
        return true;
    }
    size_t at;
    if (code >= PLAIN_LOW && code < PLAIN_LOW_END && !(code >= 0x0370 && code < 0x0400))
        at = code - PLAIN_LOW;
    else if (code >= PLAIN_HIGH && code < PLAIN_HIGH_END)
        at = code - PLAIN_HIGH + (PLAIN_LOW_END - PLAIN_LOW);
    else
        return false;
    if (plains[at].size == 0)
        put(sink, ' ');
    put_ascii(sink, plains[at].text, plains[at].size);
    return true;
}

size_t
fold_text(const char *text, size_t size, char *out, size_t room)
{
    const unsigned char *bytes = (const unsigned char *)text;
    sink sink = {.out = out, .room = room};
    if (size > FOLDING_INPUT_MAX)
        size = FOLDING_INPUT_MAX;
    for (size_t at = 0; at < size;) {
        if (bytes[at] < 0x80) {
            put(&sink, ASCII[bytes[at++]]);
            continue;
        }
        if (plains == NULL)
            prepare();
        size_t used;
        if (!put_letter(&sink, decode(bytes + at, size - at, &used))) {
            put_whole(&sink, bytes, size);
            break;
        }
        at += used;
    }
    while (sink.size > 0 && out[sink.size - 1] == ' ')
        sink.size--;
    return sink.size;
}
