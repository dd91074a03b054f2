/* names.c - see names.h. */
#include "names.h"

#include "folding.h"
#include <string.h>

#define WORDS_MAX 12u /* words of a name that are looked at */

typedef struct word {
    const char *text;
    size_t size;
    bool before_comma; /* the comma of "King, Martin" comes later */
} word;

typedef struct words {
    char folded[FOLDING_INPUT_MAX];
    word list[WORDS_MAX];
    size_t count;
    bool comma;
} words;

static bool
one_of(const word *word, const char *list)
{
    while (*list != 0) {
        size_t i = 0;
        while (i < word->size && list[i] == word->text[i])
            i++;
        if (i == word->size && (list[i] == ' ' || list[i] == 0))
            return true;
        list += i;
        while (*list != ' ' && *list != 0)
            list++;
        list += *list == ' ';
    }
    return false;
}

static void
split(words *words, const char *value, size_t size)
{
    size = fold_text(value, size, words->folded, sizeof words->folded);
    words->count = 0;
    words->comma = false;
    for (size_t i = 0; i < size && words->count < WORDS_MAX;) {
        char c = words->folded[i];
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) {
            if (c == ',' && !words->comma) {
                words->comma = true;
                for (size_t k = 0; k < words->count; k++)
                    words->list[k].before_comma = true;
            }
            i++;
            continue;
        }
        size_t from = i;
        while (i < size && words->folded[i] != ' ' && words->folded[i] != ',' && words->folded[i] != '/' &&
               words->folded[i] != '@' && words->folded[i] != '#')
            i++;
        size_t end = i;
        while (words->folded[end - 1] == '-')
            end--;
        words->list[words->count++] = (word){words->folded + from, end - from, false};
    }
}

static void
drop(words *words, size_t at)
{
    memmove(&words->list[at], &words->list[at + 1], (words->count - at - 1) * sizeof words->list[0]);
    words->count--;
}

static uint8_t
suffix_of(const word *word)
{
    static const struct {
        const char *text;
        uint8_t suffix;
    } suffixes[] = {{"jr", SUFFIX_JR},     {"junior", SUFFIX_JR}, {"jnr", SUFFIX_JR}, {"sr", SUFFIX_SR},
                    {"senior", SUFFIX_SR}, {"snr", SUFFIX_SR},    {"ii", SUFFIX_II},  {"2nd", SUFFIX_II},
                    {"iii", SUFFIX_III},   {"3rd", SUFFIX_III},   {"iv", SUFFIX_IV},  {"4th", SUFFIX_IV}};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++)
        if (word->size == strlen(suffixes[i].text) && memcmp(word->text, suffixes[i].text, word->size) == 0)
            return suffixes[i].suffix;
    return SUFFIX_NONE;
}

/* Takes titles from the front, degrees and suffixes from the end, and what says that there is no name. */
static void
strip(words *words, draft *draft)
{
    while (words->count > 1 && one_of(&words->list[0], "mr mrs ms miss mx dr prof rev revd reverend fr sir dame madam "
                                                       "pastor deacon herr frau monsieur mme mlle hon capt sgt"))
        drop(words, 0);
    while (words->count > 1) {
        const word *last = &words->list[words->count - 1];
        uint8_t suffix = suffix_of(last);
        if (suffix == SUFFIX_NONE && !one_of(last, "phd md esq dds cpa dvm rn"))
            break;
        if (suffix != SUFFIX_NONE && draft->suffix == SUFFIX_NONE)
            draft->suffix = suffix;
        drop(words, words->count - 1);
    }
    // "King Jr, Martin": the suffix may stand before the comma.
    for (size_t i = 1; words->comma && i < words->count; i++)
        if (words->list[i].before_comma && suffix_of(&words->list[i]) != SUFFIX_NONE) {
            if (draft->suffix == SUFFIX_NONE)
                draft->suffix = suffix_of(&words->list[i]);
            drop(words, i--);
        }
    if (words->count == 1 && one_of(&words->list[0], "unknown none na nn anonymous"))
        words->count = 0;
}

static size_t
append(char *out, size_t size, const word *word, bool blank)
{
    if (blank && size > 0 && size < FOLDING_INPUT_MAX)
        out[size++] = ' ';
    for (size_t i = 0; i < word->size && size < FOLDING_INPUT_MAX; i++)
        out[size++] = word->text[i];
    return size;
}

static bool
is_particle(const word *word)
{
    return one_of(word,
                  "de da do dos das del della der den di du la le les van von vander vom zu zum zur ter ten te bin "
                  "ibn al el abu san santa st mac mc o y e dal dalla af av");
}

/* Particles join the word behind them, hyphens become blanks: "van den Berg-Smith" is "vandenberg smith". */
static void
set_family(draft *draft, const word *list, size_t count)
{
    char out[FOLDING_INPUT_MAX];
    size_t size = 0;
    bool joined = false;
    for (size_t i = 0; i < count; i++) {
        size = append(out, size, &list[i], !joined);
        joined = i + 1 < count && is_particle(&list[i]);
    }
    for (size_t i = 0; i < size; i++)
        if (out[i] == '-')
            out[i] = ' ';
    if (draft->sizes[SLOT_FAMILY] > 0 && size > 0 && size + draft->sizes[SLOT_FAMILY] < PERSON_TEXT_MAX) {
        // A second family name (Spanish, or a split column) is part of the name.
        char both[FOLDING_INPUT_MAX * 2];
        size_t first = draft->sizes[SLOT_FAMILY];
        memcpy(both, draft->texts[SLOT_FAMILY], first);
        both[first] = ' ';
        memcpy(both + first + 1, out, size);
        draft_set(draft, SLOT_FAMILY, both, first + 1 + size);
        return;
    }
    if (size > 0)
        draft_set(draft, SLOT_FAMILY, out, size);
}

static void
add_middle(draft *draft, const word *list, size_t count)
{
    char out[FOLDING_INPUT_MAX];
    size_t size = draft->sizes[SLOT_MIDDLE];
    memcpy(out, draft->texts[SLOT_MIDDLE], size);
    for (size_t i = 0; i < count; i++)
        size = append(out, size, &list[i], true);
    draft_set(draft, SLOT_MIDDLE, out, size);
}

static void
set_given(draft *draft, const word *list, size_t count)
{
    if (count == 0)
        return;
    if (draft->sizes[SLOT_GIVEN] > 0) {
        add_middle(draft, list, count);
        return;
    }
    char out[FOLDING_INPUT_MAX];
    size_t size = 0;
    for (size_t i = 0; i < list[0].size; i++)
        if (list[0].text[i] != '-')
            out[size++] = list[0].text[i];
    draft_set(draft, SLOT_GIVEN, out, size);
    add_middle(draft, list + 1, count - 1);
}

static void
set_full(draft *draft, const words *words)
{
    size_t count = words->count, family_from, family_count;
    if (count == 0)
        return;
    if (words->comma && words->list[0].before_comma && !words->list[count - 1].before_comma) {
        for (family_count = 0; words->list[family_count].before_comma;)
            family_count++;
        set_family(draft, words->list, family_count);
        set_given(draft, words->list + family_count, count - family_count);
        return;
    }
    if (count == 1) {
        set_family(draft, words->list, 1);
        return;
    }
    for (family_from = count - 1; family_from > 1 && is_particle(&words->list[family_from - 1]);)
        family_from--;
    set_given(draft, words->list, family_from);
    set_family(draft, words->list + family_from, count - family_from);
}

void
name_put(draft *draft, Muster__V1__Role role, const char *value, size_t size)
{
    words words;
    split(&words, value, size);
    if (role == MUSTER__V1__ROLE__ROLE_NAME_SUFFIX) {
        if (words.count > 0)
            draft->suffix = suffix_of(&words.list[words.count - 1]);
        return;
    }
    strip(&words, draft);
    switch (role) {
    case MUSTER__V1__ROLE__ROLE_GIVEN_NAME: set_given(draft, words.list, words.count); break;
    case MUSTER__V1__ROLE__ROLE_MIDDLE_NAME: add_middle(draft, words.list, words.count); break;
    case MUSTER__V1__ROLE__ROLE_FAMILY_NAME: set_family(draft, words.list, words.count); break;
    case MUSTER__V1__ROLE__ROLE_FULL_NAME:
        if (draft->sizes[SLOT_GIVEN] == 0 && draft->sizes[SLOT_FAMILY] == 0)
            set_full(draft, &words);
        break;
    case MUSTER__V1__ROLE__ROLE_NICKNAME:
        if (words.count > 0)
            draft_set(draft, SLOT_NICKNAME, words.list[0].text, words.list[0].size);
        break;
    default: break;
    }
}
