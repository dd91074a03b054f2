/* fold.c - see fold.h. */
#include "services/export/fold.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

static bool
is_blank(uint8_t letter)
{
    return letter == ' ' || (letter >= '\t' && letter <= '\r');
}

/* Length of the blank that `text` begins with, 0 none: ASCII, no-break space, the wide ones of U+2000 to U+200B. */
static size_t
blank_size(const uint8_t *text, size_t size)
{
    if (size > 0 && is_blank(text[0]))
        return 1;
    if (size >= 2 && text[0] == 0xC2 && text[1] == 0xA0)
        return 2;
    return size >= 3 && text[0] == 0xE2 && text[1] == 0x80 && text[2] >= 0x80 && text[2] <= 0x8B ? 3 : 0;
}

static mst_slice
without_blanks(mst_slice value)
{
    for (size_t size; (size = blank_size(value.data, value.size)) > 0;) {
        value.data += size;
        value.size -= size;
    }
    for (bool more = true; more;) {
        more = false;
        for (size_t size = 1; size <= 3 && size <= value.size && !more; size++)
            if (blank_size(value.data + value.size - size, size) == size) {
                value.size -= size;
                more = true;
            }
    }
    return value;
}

static bool
is_accent(UChar letter)
{
    return (letter >= 0x0300 && letter <= 0x036F) || (letter >= 0x1AB0 && letter <= 0x1AFF) ||
           (letter >= 0x1DC0 && letter <= 0x1DFF) || (letter >= 0xFE20 && letter <= 0xFE2F);
}

/* False: not UTF-8, or ICU cannot. */
static bool
fold_unicode(mst_arena *arena, mst_slice value, mst_slice *folded)
{
    int32_t room = (int32_t)value.size * 4 + 16, count = 0, plain = 0;
    UErrorCode rc = U_ZERO_ERROR;
    const UNormalizer2 *apart = unorm2_getNFDInstance(&rc);
    UChar *text = mst_alloc((size_t)room * 2 * sizeof *text), *other = text + room;
    u_strFromUTF8(text, room, &count, (const char *)value.data, (int32_t)value.size, &rc);
    count = u_strFoldCase(other, room, text, count, U_FOLD_CASE_DEFAULT, &rc);
    count = unorm2_normalize(apart, other, count, text, room, &rc);
    for (int32_t i = 0; U_SUCCESS(rc) && i < count; i++)
        if (!is_accent(text[i]))
            text[plain++] = text[i];
    int32_t size = 0, size_max = plain * 3 + 1;
    char *out = mst_arena_alloc(arena, (size_t)size_max);
    u_strToUTF8(out, size_max, &size, text, plain, &rc);
    free(text);
    *folded = (mst_slice){(const uint8_t *)out, (size_t)size};
    return U_SUCCESS(rc);
}

mst_slice
export_fold(mst_arena *arena, mst_slice value)
{
    value = without_blanks(value);
    bool ascii = true, upper = false;
    for (size_t i = 0; i < value.size; i++) {
        ascii = ascii && value.data[i] < 0x80;
        upper = upper || (value.data[i] >= 'A' && value.data[i] <= 'Z');
    }
    mst_slice folded;
    if (!ascii && value.size < (1u << 20) && fold_unicode(arena, value, &folded))
        return folded;
    if (!upper)
        return value;
    uint8_t *lower = mst_arena_copy(arena, value.data, value.size);
    for (size_t i = 0; i < value.size; i++)
        if (lower[i] >= 'A' && lower[i] <= 'Z')
            lower[i] |= 0x20;
    return (mst_slice){lower, value.size};
}

bool
export_same(mst_slice left, mst_slice right)
{
    return left.size == right.size && (left.size == 0 || memcmp(left.data, right.data, left.size) == 0);
}
