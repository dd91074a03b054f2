/* words.c - see words.h. */
#include "services/export/words.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

static void
make_room(words *self, size_t more)
{
    if (self->text_size + more <= self->text_room)
        return;
    self->text_room = (self->text_size + more) * 2;
    self->text = mst_realloc(self->text, self->text_room);
}

void
words_begin(words *self)
{
    self->text_size = 0;
}

/* Lower case of eight ASCII letters at once. */
static uint64_t
lower_eight(uint64_t letters)
{
    const uint64_t each = 0x0101010101010101u;
    uint64_t from_a = letters + (0x80 - 'A') * each, behind_z = letters + (0x7f - 'Z') * each;
    return letters | ((from_a ^ behind_z) & 0x80 * each) >> 2;
}

void
words_add(words *self, mst_slice value)
{
    make_room(self, value.size * 3 + 1); // no letter's folding takes more than 3 times its bytes
    uint8_t *text = self->text;
    size_t size = self->text_size;
    for (int32_t at = 0, end = (int32_t)value.size; at < end;) {
        uint64_t letters;
        if (end - at >= 8 && (memcpy(&letters, value.data + at, 8), (letters & 0x8080808080808080u) == 0)) {
            letters = lower_eight(letters);
            memcpy(text + size, &letters, 8);
            size += 8;
            at += 8;
            continue;
        }
        if (value.data[at] < 0x80) {
            uint8_t letter = value.data[at++];
            text[size++] = letter >= 'A' && letter <= 'Z' ? (uint8_t)(letter | 0x20) : letter;
            continue;
        }
        UChar32 letter;
        U8_NEXT(value.data, at, end, letter);
        if (letter < 0)
            continue; // not a letter in any writing
        letter = u_foldCase(letter, U_FOLD_CASE_DEFAULT);
        int32_t to = (int32_t)size;
        U8_APPEND_UNSAFE(text, to, letter);
        size = (size_t)to;
    }
    text[size++] = '\n'; // no word reaches from one value into the next
    self->text_size = size;
}

void
words_make(words *self, mst_arena *arena, const char *text)
{
    *self = (words){0};
    words_add(self, (mst_slice){(const uint8_t *)text, strlen(text)});
    const uint8_t *at = self->text, *end = self->text + self->text_size;
    while (at < end && self->count < WORDS_MAX) {
        const uint8_t *start = at;
        while (at<end && * at> ' ')
            at++;
        if (at > start)
            self->word[self->count++] = mst_arena_slice(arena, (mst_slice){start, (size_t)(at - start)});
        else
            at++;
    }
}

void
words_release(words *self)
{
    free(self->text);
    *self = (words){0};
}

bool
words_found(const words *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (memmem(self->text, self->text_size, self->word[i].data, self->word[i].size) == NULL)
            return false;
    return true;
}
