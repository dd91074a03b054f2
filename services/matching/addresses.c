/* addresses.c - see addresses.h. */
#include "addresses.h"

#include "folding.h"
#include <string.h>

typedef struct piece {
    const char *text;
    size_t size;
} piece;

static bool
is(piece piece, const char *text)
{
    return strlen(text) == piece.size && memcmp(piece.text, text, piece.size) == 0;
}

/* The short form of a word of an address; the word itself where it has none. */
static piece
short_form(piece word)
{
    static const char *const forms[][2] = {
        {"street", "st"},  {"str", "st"},       {"avenue", "ave"},    {"av", "ave"},       {"road", "rd"},
        {"drive", "dr"},   {"lane", "ln"},      {"court", "ct"},      {"place", "pl"},     {"boulevard", "blvd"},
        {"circle", "cir"}, {"circuit", "cct"},  {"crescent", "cres"}, {"close", "cl"},     {"terrace", "tce"},
        {"ter", "tce"},    {"highway", "hwy"},  {"parkway", "pkwy"},  {"square", "sq"},    {"trail", "trl"},
        {"way", "wy"},     {"parade", "pde"},   {"north", "n"},       {"south", "s"},      {"east", "e"},
        {"west", "w"},     {"northeast", "ne"}, {"northwest", "nw"},  {"southeast", "se"}, {"southwest", "sw"},
        {"saint", "st"},   {"mount", "mt"},     {"fort", "ft"},       {"point", "pt"},     {"heights", "hts"},
        {"strasse", "st"}, {"building", "bldg"}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (forms[i][0][0] == word.text[0] && is(word, forms[i][0]))
            return (piece){forms[i][1], strlen(forms[i][1])};
    return word;
}

static bool
has_digit(piece word)
{
    return word.size > 0 && word.text[0] >= '0' && word.text[0] <= '9';
}

/* "12", "12a", not "42nd": that is a street. */
static bool
is_house_number(piece word)
{
    size_t digits = 0;
    while (digits < word.size && word.text[digits] >= '0' && word.text[digits] <= '9')
        digits++;
    return digits > 0 && word.size - digits <= 1;
}

static bool
is_unit_word(piece word)
{
    return is(word, "apt") || is(word, "apartment") || is(word, "unit") || is(word, "suite") || is(word, "ste") ||
           is(word, "flat") || is(word, "#") || is(word, "no") || is(word, "lot") || is(word, "room");
}

static bool
next_word(const char *folded, size_t size, size_t *at, piece *word)
{
    while (*at < size && (folded[*at] == ' ' || folded[*at] == '-' || folded[*at] == '/'))
        ++*at;
    if (*at == size || folded[*at] == ',')
        return false;
    size_t from = (*at)++;
    if (folded[from] != '#')
        while (*at < size && folded[*at] != ' ' && folded[*at] != ',' && folded[*at] != '#' && folded[*at] != '-' &&
               folded[*at] != '/')
            ++*at;
    *word = (piece){folded + from, *at - from};
    return true;
}

static size_t
add_word(char *out, size_t size, size_t room, piece word)
{
    if (size + 1 + word.size > room)
        return size;
    if (size > 0)
        out[size++] = ' ';
    memcpy(out + size, word.text, word.size);
    return size + word.size;
}

/* What stands behind the first comma of a whole address in one cell: city, region, postcode. */
static void
put_rest(draft *draft, const char *folded, size_t size, size_t at)
{
    char city[FOLDING_INPUT_MAX];
    size_t city_size = 0;
    while (at < size) {
        piece word;
        if (!next_word(folded, size, &at, &word)) {
            at++;
            continue;
        }
        if (has_digit(word)) {
            if (draft->sizes[SLOT_POSTCODE] == 0 && word.size >= 4)
                draft_set(draft, SLOT_POSTCODE, word.text, word.size > 5 ? 5 : word.size);
        } else if (word.size == 2 && city_size > 0 && draft->sizes[SLOT_REGION] == 0) {
            draft_set(draft, SLOT_REGION, word.text, word.size);
        } else {
            city_size = add_word(city, city_size, sizeof city, short_form(word));
        }
    }
    if (draft->sizes[SLOT_CITY] == 0)
        draft_set(draft, SLOT_CITY, city, city_size);
}

void
address_put_street(draft *draft, unsigned nth, const char *value, size_t size)
{
    char folded[FOLDING_INPUT_MAX], street[FOLDING_INPUT_MAX];
    size = fold_text(value, size, folded, sizeof folded);
    size_t at = 0, street_size = 0;
    slot target = nth == 0 ? SLOT_STREET : SLOT_LOCALITY;
    if (draft->sizes[target] > 0)
        return;
    bool unit_next = false;
    piece word;
    while (next_word(folded, size, &at, &word)) {
        if (unit_next) {
            if (draft->sizes[SLOT_UNIT] == 0 && !is(word, "#"))
                draft_set(draft, SLOT_UNIT, word.text, word.size);
            unit_next = is(word, "#");
        } else if (street_size == 0 && is_house_number(word) && nth == 0 && draft->sizes[SLOT_NUMBER] == 0) {
            draft_set(draft, SLOT_NUMBER, word.text, word.size);
        } else if (is_unit_word(word) && at < size) {
            unit_next = true;
        } else {
            street_size = add_word(street, street_size, sizeof street, short_form(word));
        }
    }
    draft_set(draft, target, street, street_size);
    if (at < size && nth == 0)
        put_rest(draft, folded, size, at);
}

void
address_put(draft *draft, Muster__V1__Role role, const char *value, size_t size)
{
    char folded[FOLDING_INPUT_MAX], out[FOLDING_INPUT_MAX];
    size = fold_text(value, size, folded, sizeof folded);
    size_t out_size = 0;
    for (size_t at = 0; at < size; at++) {
        piece word;
        while (next_word(folded, size, &at, &word)) {
            if (role == MUSTER__V1__ROLE__ROLE_UNIT && is_unit_word(word))
                continue;
            if (role == MUSTER__V1__ROLE__ROLE_CITY) {
                out_size = add_word(out, out_size, sizeof out, short_form(word));
            } else if (out_size + word.size <= sizeof out) {
                memcpy(out + out_size, word.text, word.size);
                out_size += word.size;
            }
        }
    }
    if (out_size == 0)
        return;
    switch (role) {
    case MUSTER__V1__ROLE__ROLE_STREET_NUMBER: draft_set(draft, SLOT_NUMBER, out, out_size); break;
    case MUSTER__V1__ROLE__ROLE_UNIT: draft_set(draft, SLOT_UNIT, out, out_size); break;
    case MUSTER__V1__ROLE__ROLE_CITY: draft_set(draft, SLOT_CITY, out, out_size); break;
    case MUSTER__V1__ROLE__ROLE_REGION: draft_set(draft, SLOT_REGION, out, out_size); break;
    case MUSTER__V1__ROLE__ROLE_POSTCODE:
        // ZIP+4 and ZIP are one postcode.
        draft_set(draft, SLOT_POSTCODE, out, out_size == 9 && has_digit((piece){out, 9}) ? 5 : out_size);
        break;
    default: break;
    }
}
