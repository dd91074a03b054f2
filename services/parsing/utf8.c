/* utf8.c - see utf8.h. */
#include "utf8.h"

#include <string.h>

int
utf8_size(const uint8_t *at, const uint8_t *end)
{
    size_t left = (size_t)(end - at);
    if (at[0] < 0x80)
        return 1;
    int size = at[0] >= 0xC2 && at[0] <= 0xDF ? 2 : (at[0] & 0xF0) == 0xE0 ? 3 : at[0] >= 0xF0 && at[0] <= 0xF4 ? 4 : 0;
    for (int i = 1; i < size; i++) {
        if ((size_t)i >= left)
            return -1;
        if ((at[i] & 0xC0) != 0x80)
            return 0;
        if (i == 1 && ((at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xED && at[1] > 0x9F) ||
                       (at[0] == 0xF0 && at[1] < 0x90) || (at[0] == 0xF4 && at[1] > 0x8F)))
            return 0;
    }
    return size;
}

size_t
utf8_ascii(const uint8_t *data, size_t size)
{
    size_t at = 0;
    for (; at + 32 <= size; at += 32) {
        uint64_t words[4];
        memcpy(words, data + at, sizeof words);
        if (((words[0] | words[1] | words[2] | words[3]) & UINT64_C(0x8080808080808080)) != 0)
            break;
    }
    while (at < size && data[at] < 0x80)
        at++;
    return at;
}

bool
utf8_ok(const uint8_t *data, size_t size)
{
    const uint8_t *end = data + size;
    for (const uint8_t *at = data; at < end;) {
        if (*at > 0 && *at < 0x80) {
            at++;
            continue;
        }
        int step = utf8_size(at, end);
        if (step <= 0 || *at == 0)
            return false;
        at += step;
    }
    return true;
}

size_t
utf8_clean(const uint8_t *data, size_t size, char *out, size_t room)
{
    size_t used = 0;
    for (const uint8_t *at = data, *end = data + size; at < end;) {
        int step = utf8_size(at, end);
        const char *piece = (const char *)at;
        size_t piece_size = step > 0 ? (size_t)step : 3;
        if (step <= 0)
            piece = "\xEF\xBF\xBD";
        else if (*at < 0x20 || *at == 0x7f)
            piece = " ";
        if (used + piece_size >= room)
            break;
        memcpy(out + used, piece, piece_size);
        used += piece_size;
        at += step > 0 ? step : 1;
    }
    out[used] = '\0';
    return used;
}

size_t
utf8_length(const uint8_t *data, size_t size)
{
    size_t length = 0;
    for (size_t i = 0; i < size; i++)
        length += (data[i] & 0xC0) != 0x80;
    return length;
}
