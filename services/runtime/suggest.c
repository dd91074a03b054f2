/* suggest.c - see suggest.h.
 *
 * A wrong value is prepared once (its words as masks of positions per letter), then compared with every allowed one:
 * as a whole without blanks, and word by word. What cannot reach the likeness that is still of interest, by its length
 * and letters alone, is passed over; that keeps a hundred thousand values within some ten milliseconds. */
#include "suggest.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#define TEXT_SIZE_MAX 64u /* bytes of folded text compared; what lies behind is not */
#define WORDS_MAX 8u
#define INPUT_SIZE_MAX 400u /* bytes of a value looked at */
#define SOUND_SIZE_MAX 8u

typedef struct word {
    uint8_t from, size; /* in text */
    uint8_t weight;
    char sound[SOUND_SIZE_MAX]; /* not terminated; 0 behind its end */
    uint32_t letters;           /* see letters_of */
} word;

typedef struct phrase {
    char text[TEXT_SIZE_MAX]; /* folded, without blanks, not terminated */
    uint8_t size, words_count;
    uint8_t weight;   /* of all words */
    uint32_t letters; /* of the text */
    uint32_t firsts;  /* letters that words begin with, by how they sound */
    word words[WORDS_MAX];
} phrase;

struct mst_suggester {
    mst_arena *arena;
    char **values;
    phrase *phrases;
    size_t count;
};

/* A text with masks of where each of its bytes stands. */
typedef struct pattern {
    uint64_t masks[256];
    const char *text;
    size_t size;
} pattern;

typedef struct question {
    phrase phrase;
    pattern whole, words[WORDS_MAX];
} question;

/* Folding ------------------------------------------------------------------------------------------------ */

static bool
is_apostrophe(UChar32 c)
{
    return c == '\'' || c == '`' || c == 0xB4 || c == 0x2018 || c == 0x2019 || c == 0x2BC;
}

/* Decomposed and case-folded, as UTF-16; -1: not to be had. */
static int32_t
fold_wide(const char *text, UChar *out, int32_t room)
{
    UChar wide[INPUT_SIZE_MAX + 1], folded[2 * INPUT_SIZE_MAX];
    int32_t length = 0;
    UErrorCode rc = U_ZERO_ERROR;
    size_t size = strnlen(text, INPUT_SIZE_MAX);
    while (size > 0 && size == INPUT_SIZE_MAX && ((unsigned char)text[size] & 0xC0) == 0x80)
        size--;
    u_strFromUTF8WithSub(wide, INPUT_SIZE_MAX, &length, text, (int32_t)size, 0xFFFD, NULL, &rc);
    const UNormalizer2 *fold = unorm2_getNFKCCasefoldInstance(&rc), *apart = unorm2_getNFDInstance(&rc);
    length = unorm2_normalize(fold, wide, length, folded, 2 * INPUT_SIZE_MAX, &rc);
    length = unorm2_normalize(apart, folded, length, out, room, &rc);
    return U_FAILURE(rc) ? -1 : length;
}

char *
mst_suggest_fold(const char *text, mst_arena *arena)
{
    UChar wide[4 * INPUT_SIZE_MAX], plain[4 * INPUT_SIZE_MAX];
    bool ascii = true;
    int32_t length = 0, kept = 0;
    for (; text[length] != '\0' && length < (int32_t)INPUT_SIZE_MAX; length++) {
        unsigned char c = (unsigned char)text[length];
        ascii = ascii && c < 0x80;
        wide[length] = c >= 'A' && c <= 'Z' ? (UChar)(c + 'a' - 'A') : c;
    }
    if (!ascii && (length = fold_wide(text, wide, 4 * INPUT_SIZE_MAX)) < 0)
        return mst_arena_strdup(arena, text);
    for (int32_t i = 0; i < length;) {
        UChar32 c;
        int32_t from = i;
        U16_NEXT(wide, i, length, c);
        if (c < 0x80 ? (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') : u_isalnum(c))
            while (from < i)
                plain[kept++] = wide[from++];
        else if (u_charType(c) == U_NON_SPACING_MARK || is_apostrophe(c))
            continue;
        else if (kept > 0 && plain[kept - 1] != ' ')
            plain[kept++] = ' ';
    }
    if (kept > 0 && plain[kept - 1] == ' ')
        kept--;
    char *out = mst_arena_alloc(arena, (size_t)kept * 3 + 1);
    int32_t used = 0;
    UErrorCode rc = U_ZERO_ERROR;
    u_strToUTF8(out, kept * 3 + 1, &used, plain, kept, &rc);
    out[U_FAILURE(rc) ? 0 : used] = '\0';
    return out;
}

/* Preparing ---------------------------------------------------------------------------------------------- */

static unsigned
letter_bit(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte >= 'a' && byte <= 'z' ? byte - 'a' : 26 + byte % 6;
}

static uint32_t
letters_of(const char *text, size_t size)
{
    uint32_t letters = 0;
    for (size_t i = 0; i < size; i++)
        letters |= 1u << letter_bit(text[i]);
    return letters;
}

/* The sound of one letter in its place; 0 none. */
static char
sound_of(const char *text, size_t size, size_t at)
{
    char c = text[at], next = at + 1 < size ? text[at + 1] : '\0';
    switch (c) {
    case 'a':
    case 'e':
    case 'i':
    case 'o':
    case 'u':
    case 'y': return at == 0 ? 'a' : 0;
    case 'h':
    case 'w': return at == 0 ? c : 0;
    case 'c': return next == 'e' || next == 'i' || next == 'y' ? 's' : next == 'h' ? 'x' : 'k';
    case 'q': return 'k';
    case 'g': return next == 'h' ? 0 : next == 'e' || next == 'i' ? 'j' : 'g';
    case 'k': return at == 0 && next == 'n' ? 0 : 'k';
    case 'p': return next == 'h' ? 'f' : 'p';
    case 's': return next == 'h' ? 'x' : 's';
    case 'z': return 's';
    case 'v': return 'f';
    case 'd': return 't';
    case 'm': return 'n';
    default: return c;
    }
}

static void
sound_fill(word *self, const char *text)
{
    size_t used = 0;
    for (size_t i = 0; i < self->size && used < SOUND_SIZE_MAX; i++) {
        char sound = sound_of(text, self->size, i);
        if (sound != 0 && (used == 0 || self->sound[used - 1] != sound))
            self->sound[used++] = sound;
    }
}

/* Words that say little. */
static bool
is_small(const char *text, size_t size)
{
    static const char *const SMALL[] = {"of", "the", "and", "for", "a", "in", "de", "la", "der", "die", "und"};
    for (size_t i = 0; i < sizeof SMALL / sizeof SMALL[0]; i++)
        if (strlen(SMALL[i]) == size && memcmp(SMALL[i], text, size) == 0)
            return true;
    return false;
}

static void
phrase_make(phrase *self, const char *folded)
{
    memset(self, 0, sizeof *self);
    for (const char *at = folded; *at != '\0' && self->size < TEXT_SIZE_MAX;) {
        size_t size = strcspn(at, " ");
        const char *next = at[size] == ' ' ? at + size + 1 : at + size;
        if (size > TEXT_SIZE_MAX - self->size)
            size = TEXT_SIZE_MAX - self->size;
        memcpy(self->text + self->size, at, size);
        if (self->words_count < WORDS_MAX) {
            word *new = &self->words[self->words_count++];
            new->from = self->size;
            new->size = (uint8_t)size;
            new->weight = is_small(at, size) ? 1 : (uint8_t)size;
            new->letters = letters_of(at, size);
            sound_fill(new, at);
            self->weight = (uint8_t)(self->weight + new->weight);
            self->firsts |= 1u << letter_bit(at[0]);
            if (new->sound[0] != 0)
                self->firsts |= 1u << letter_bit(new->sound[0]);
        }
        self->size = (uint8_t)(self->size + size);
        at = next;
    }
    self->letters = letters_of(self->text, self->size);
}

mst_suggester *
mst_suggester_new(const char *const *allowed, size_t count)
{
    mst_suggester *self = mst_alloc(sizeof *self);
    *self = (mst_suggester){.arena = mst_arena_new(0), .count = count};
    self->values = mst_arena_alloc(self->arena, (count + 1) * sizeof *self->values);
    self->phrases = mst_alloc((count + 1) * sizeof *self->phrases);
    mst_arena *scratch = mst_arena_new(0);
    for (size_t i = 0; i < count; i++) {
        self->values[i] = mst_arena_strdup(self->arena, allowed[i]);
        phrase_make(&self->phrases[i], mst_suggest_fold(allowed[i], scratch));
        mst_arena_reset(scratch);
    }
    mst_arena_destroy(&scratch);
    return self;
}

void
mst_suggester_destroy(mst_suggester **self)
{
    if (*self == NULL)
        return;
    free((*self)->phrases);
    mst_arena_destroy(&(*self)->arena);
    free(*self);
    *self = NULL;
}

const char *
mst_suggester_value(const mst_suggester *self, uint32_t index)
{
    return self->values[index];
}

/* Comparing ---------------------------------------------------------------------------------------------- */

static void
pattern_set(pattern *self, const char *text, size_t size)
{
    memset(self->masks, 0, sizeof self->masks);
    self->text = text;
    self->size = size;
    for (size_t i = 0; i < size; i++)
        self->masks[(unsigned char)text[i]] |= UINT64_C(1) << i;
}

/* Insert, delete, replace, swap neighbours (Hyyrö's bit-parallel optimal string alignment). */
static uint32_t
edits(const pattern *self, const char *text, size_t size)
{
    if (self->size == 0)
        return (uint32_t)size;
    uint64_t up = ~UINT64_C(0), down = 0, zero = 0, before = 0, last = UINT64_C(1) << (self->size - 1);
    uint32_t score = (uint32_t)self->size;
    for (size_t i = 0; i < size; i++) {
        uint64_t equal = self->masks[(unsigned char)text[i]];
        uint64_t swapped = ((~zero & equal) << 1) & before;
        zero = (((equal & up) + up) ^ up) | equal | down | swapped;
        uint64_t right = down | ~(zero | up), left = zero & up;
        score += (right & last) != 0;
        score -= (left & last) != 0;
        right = right << 1 | 1;
        left <<= 1;
        up = left | ~(zero | right);
        down = zero & right;
        before = equal;
    }
    return score;
}

/* Likeness that two texts cannot exceed: each letter that the other has nowhere costs an edit. */
static uint32_t
likeness_most(uint32_t letters_a, size_t size_a, uint32_t letters_b, size_t size_b)
{
    size_t most = size_a > size_b ? size_a : size_b, least = size_a > size_b ? size_a - size_b : size_b - size_a;
    size_t strange_a = (size_t)__builtin_popcount(letters_a & ~letters_b);
    size_t strange_b = (size_t)__builtin_popcount(letters_b & ~letters_a);
    size_t strange = strange_a > strange_b ? strange_a : strange_b;
    if (strange > least)
        least = strange;
    return most == 0 ? 0 : (uint32_t)(1000 - (least > most ? most : least) * 1000 / most);
}

static uint32_t
likeness_of(const pattern *self, const char *text, size_t size)
{
    size_t most = self->size > size ? self->size : size;
    return most == 0 ? 0 : 1000 - (uint32_t)(edits(self, text, size) * 1000 / most);
}

/* "hsg" stands for "housing": its letters in this order, beginning with the first. */
static bool
is_short_for(const char *shorter, size_t size, const char *longer, size_t longer_size)
{
    if (size >= longer_size || shorter[0] != longer[0])
        return false;
    size_t at = 0;
    for (size_t i = 0; i < longer_size && at < size; i++)
        at += longer[i] == shorter[at];
    return at == size;
}

/* An abbreviation says more the longer it is, and most at the beginning of the word. */
static uint32_t
short_likeness(const char *shorter, size_t size, const char *longer, size_t longer_size)
{
    if (!is_short_for(shorter, size, longer, longer_size))
        return 0;
    if (size == 1)
        return 640;
    if (memcmp(shorter, longer, size) == 0)
        return size == 2 ? 760 : 850;
    return size == 2 ? (shorter[1] == longer[longer_size - 1] ? 760 : 640) : 780;
}

static uint32_t
word_likeness(const question *asked, size_t number, const phrase *with, const word *other)
{
    const word *own = &asked->phrase.words[number];
    const pattern *text = &asked->words[number];
    const char *theirs = with->text + other->from;
    if (own->size == other->size && memcmp(text->text, theirs, own->size) == 0)
        return 1000;
    uint32_t best = own->size < other->size ? short_likeness(text->text, own->size, theirs, other->size)
                                            : short_likeness(theirs, other->size, text->text, own->size);
    if (own->sound[0] != 0 && own->sound[1] != 0 && best < 800 && memcmp(own->sound, other->sound, SOUND_SIZE_MAX) == 0)
        best = 800;
    if (likeness_most(own->letters, own->size, other->letters, other->size) > best) {
        uint32_t typed = likeness_of(text, theirs, other->size);
        best = typed > best ? typed : best;
    }
    return best < 500 ? 0 : best;
}

/* Words in any order, some left out: each finds its best partner; what is left over on either side counts against. */
static uint32_t
words_likeness(const question *asked, const phrase *with)
{
    const phrase *own = &asked->phrase;
    uint32_t used = 0, sum = 0;
    for (size_t i = 0; i < own->words_count; i++) {
        uint32_t best = 0;
        size_t partner = 0;
        for (size_t j = 0; j < with->words_count; j++) {
            if ((used >> j & 1) != 0)
                continue;
            uint32_t like = word_likeness(asked, i, with, &with->words[j]);
            if (like > best) {
                best = like;
                partner = j;
            }
        }
        if (best == 0)
            continue;
        used |= 1u << partner;
        // An abbreviation stands for the whole word, so both sides count as the longer one.
        sum += best * (own->words[i].weight + with->words[partner].weight);
    }
    uint32_t weight = own->weight + with->weight;
    return weight == 0 ? 0 : sum / weight;
}

/* "pfh" is "Partners for Health", "ph" too. */
static bool
is_initials(const phrase *shorter, const phrase *longer)
{
    if (shorter->words_count != 1 || longer->words_count < 2 || shorter->size < 2)
        return false;
    size_t all = 0, large = 0;
    for (size_t i = 0; i < longer->words_count; i++) {
        char first = longer->text[longer->words[i].from];
        all += all < shorter->size && shorter->text[all] == first;
        if (longer->words[i].weight > 1)
            large += large < shorter->size && shorter->text[large] == first;
    }
    return all == shorter->size && shorter->size <= longer->words_count && (all == longer->words_count || large == all);
}

static uint32_t
compare(const question *asked, const phrase *with, uint32_t least)
{
    const phrase *own = &asked->phrase;
    if (own->size == with->size && memcmp(own->text, with->text, own->size) == 0)
        return 1000;
    uint32_t best = 0;
    if (likeness_most(own->letters, own->size, with->letters, with->size) >= least)
        best = likeness_of(&asked->whole, with->text, with->size);
    if ((own->firsts & with->firsts) != 0 && (own->words_count > 1 || with->words_count > 1 || own->size < with->size ||
                                              own->words[0].sound[0] == with->words[0].sound[0])) {
        uint32_t words = words_likeness(asked, with);
        best = words > best ? words : best;
    }
    if (best < 780 && (is_initials(own, with) || is_initials(with, own)))
        best = 780;
    return best > 990 ? 990 : best; // 1000 is said of the same only
}

size_t
mst_suggest(const mst_suggester *self, const char *wrong, mst_suggested *best, size_t max)
{
    mst_arena *scratch = mst_arena_new(0);
    question *asked = mst_arena_alloc(scratch, sizeof *asked);
    phrase_make(&asked->phrase, mst_suggest_fold(wrong, scratch));
    const phrase *own = &asked->phrase;
    pattern_set(&asked->whole, own->text, own->size);
    for (size_t i = 0; i < own->words_count; i++)
        pattern_set(&asked->words[i], own->text + own->words[i].from, own->words[i].size);
    size_t found = 0;
    uint32_t least = MST_SUGGEST_LIKENESS_MIN;
    for (size_t i = 0; own->size > 0 && max > 0 && i < self->count; i++) {
        uint32_t likeness = compare(asked, &self->phrases[i], least);
        if (likeness < least || (found == max && likeness <= best[max - 1].likeness))
            continue;
        size_t at = found < max ? found++ : max - 1;
        for (; at > 0 && best[at - 1].likeness < likeness; at--)
            best[at] = best[at - 1];
        best[at] = (mst_suggested){(uint32_t)i, likeness};
        if (found == max)
            least = best[max - 1].likeness;
    }
    mst_arena_destroy(&scratch);
    return found;
}
