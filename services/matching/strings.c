/* strings.c - see strings.h. */
#include "strings.h"

#include <assert.h>
#include <string.h>

static inline unsigned
letter(char c)
{
    unsigned code = (unsigned char)c;
    return code < 0x20 || code > 0x7F ? 0 : code - 0x20;
}

void
prepared_init(prepared *prepared)
{
    memset(prepared->masks, 0, sizeof prepared->masks);
    prepared->size = 0;
}

void
prepared_set(prepared *prepared, const char *text, size_t size)
{
    for (size_t i = 0; i < prepared->size; i++)
        prepared->masks[letter(prepared->text[i])] = 0;
    if (size > PREPARED_SIZE_MAX)
        size = PREPARED_SIZE_MAX;
    memcpy(prepared->text, text, size);
    prepared->size = size;
    for (size_t i = 0; i < size; i++)
        prepared->masks[letter(text[i])] |= (uint64_t)1 << i;
}

/* Bits low to high, both included, cut at the word. */
static inline uint64_t
window(size_t from, size_t to)
{
    uint64_t up_to = to >= 63 ? ~(uint64_t)0 : ((uint64_t)1 << (to + 1)) - 1;
    return from >= 64 ? 0 : up_to & (~(uint64_t)0 << from);
}

uint32_t
prepared_jaro(const prepared *prepared, const char *text, size_t size)
{
    size_t own = prepared->size;
    if (size > PREPARED_SIZE_MAX)
        size = PREPARED_SIZE_MAX;
    if (own == 0 || size == 0)
        return own == size ? 1000000 : 0;
    size_t longer = own > size ? own : size;
    size_t reach = longer / 2 > 0 ? longer / 2 - 1 : 0;
    uint64_t own_taken = 0, text_taken = 0;
    for (size_t i = 0; i < size; i++) {
        size_t from = i > reach ? i - reach : 0;
        uint64_t open = prepared->masks[letter(text[i])] & window(from, i + reach) & ~own_taken;
        if (open != 0) {
            own_taken |= open & -open;
            text_taken |= (uint64_t)1 << i;
        }
    }
    uint32_t common = (uint32_t)__builtin_popcountll(own_taken);
    if (common == 0)
        return 0;
    uint32_t moved = 0;
    while (text_taken != 0) {
        char mine = prepared->text[__builtin_ctzll(own_taken)];
        moved += mine != text[__builtin_ctzll(text_taken)];
        own_taken &= own_taken - 1;
        text_taken &= text_taken - 1;
    }
    uint64_t m = common, t = moved / 2;
    // (m/a + m/b + (m-t)/m) / 3 over one denominator, rounded to the nearest millionth
    uint64_t a = own, b = size;
    uint64_t over = m * m * b + m * m * a + (m - t) * a * b;
    uint64_t under = 3 * m * a * b;
    return (uint32_t)((over * 1000000 + under / 2) / under);
}

static uint32_t
boosted(const prepared *prepared, const char *text, size_t size, uint32_t jaro)
{
    uint32_t prefix = 0;
    while (prefix < 4 && prefix < size && prefix < prepared->size && text[prefix] == prepared->text[prefix])
        prefix++;
    return jaro + (prefix * (1000000 - jaro) + 5) / 10;
}

uint32_t
prepared_jaro_winkler(const prepared *prepared, const char *text, size_t size)
{
    return boosted(prepared, text, size, prepared_jaro(prepared, text, size));
}

uint32_t
prepared_strange(const prepared *prepared, const char *text, size_t size)
{
    uint32_t strange = 0;
    for (size_t i = 0; i < size; i++)
        strange += prepared->masks[letter(text[i])] == 0;
    return strange;
}

uint32_t
prepared_jaro_winkler_most(const prepared *prepared, const char *text, size_t size)
{
    if (size > PREPARED_SIZE_MAX)
        size = PREPARED_SIZE_MAX;
    uint64_t a = prepared->size, b = size, m = size - prepared_strange(prepared, text, size);
    m = m < a ? m : a;
    if (a == 0 || b == 0)
        return a == b ? 1000000 : 0;
    // As if all letters that may be common were, and none had moved; rounded up.
    uint32_t jaro = m == 0 ? 0 : (uint32_t)(((m * b + m * a + a * b) * 1000000 + 3 * a * b - 1) / (3 * a * b));
    return boosted(prepared, text, size, jaro < 1000000 ? jaro : 1000000);
}

uint32_t
prepared_edits(const prepared *prepared, const char *text, size_t size)
{
    return prepared_edits_within(prepared, text, size, UINT32_MAX);
}

/* Hyyro, "A bit-vector algorithm for computing Levenshtein and Damerau edit distances" (2003). */
uint32_t
prepared_edits_within(const prepared *prepared, const char *text, size_t size, uint32_t most)
{
    size_t own = prepared->size;
    if (own == 0)
        return (uint32_t)size;
    uint64_t vp = ~(uint64_t)0, vn = 0, d0 = 0, before = 0;
    uint64_t last = (uint64_t)1 << (own - 1);
    uint32_t edits = (uint32_t)own;
    for (size_t i = 0; i < size; i++) {
        uint64_t now = prepared->masks[letter(text[i])];
        uint64_t swapped = (((~d0) & now) << 1) & before;
        d0 = (((now & vp) + vp) ^ vp) | now | vn | swapped;
        uint64_t hp = vn | ~(d0 | vp);
        uint64_t hn = d0 & vp;
        edits += (hp & last) != 0;
        edits -= (hn & last) != 0;
        // Each letter still to come takes back one edit at most.
        if (edits > most && edits - most > size - i - 1)
            return edits;
        hp = hp << 1 | 1;
        vp = hn << 1 | ~(d0 | hp);
        vn = hp & d0;
        before = now;
    }
    return edits;
}
