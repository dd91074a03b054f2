/* people.c - see people.h. */
#include "people.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK = 8 };

/* How the eight of a block live together: sizes of households. */
static const uint8_t together[][BLOCK] = {
    {2, 2, 4}, {4, 4}, {2, 3, 3}, {5, 3}, {2, 6}, {4, 2, 2}, {3, 5}, {2, 2, 2, 2},
};
static const uint8_t alone[BLOCK] = {1, 1, 1, 1, 1, 1, 1, 1};

enum { /* what a random number is for */
       ABOUT_BLOCK = 1,
       ABOUT_HOUSEHOLD,
       ABOUT_PERSON,
       ABOUT_SALT,
       ABOUT_MOVE
};

static uint64_t
mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

uint64_t
people_random(uint64_t seed, uint64_t what, uint64_t index)
{
    return mix(mix(seed * 0x9e3779b97f4a7c15u + what) + index * 0xd1342543de82ef95u);
}

bool
people_chance(uint64_t random, double share)
{
    return (double)(random >> 11) * 0x1p-53 < share;
}

static uint64_t
draw(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    return mix(*state);
}

/* Ten digits that nobody else has: index to number without collision. Area code and exchange start at 200. */
static uint64_t
phone_of(uint64_t index)
{
    uint64_t n = index * 2654435761u % 6400000000u;
    return (200 + n / 8000000u) * 10000000u + (200 + n / 10000u % 800u) * 10000u + n % 10000u;
}

static char *
append(char *at, const char *text, size_t size)
{
    memcpy(at, text, size);
    at[size] = '\0';
    return at + size;
}

static char *
append_number(char *at, uint64_t number)
{
    char digits[20];
    int i = sizeof digits;
    do
        digits[--i] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    return append(at, digits + i, sizeof digits - (size_t)i);
}

/* Letters and digits only, in lower case; what is not ASCII is left out. */
static char *
append_plain(char *at, const char *text)
{
    for (; *text != '\0'; text++)
        if (isalnum((unsigned char)*text) && (unsigned char)*text < 128)
            *at++ = (char)tolower((unsigned char)*text);
    *at = '\0';
    return at;
}

static void
address_of(const people *population, uint64_t random, person *out)
{
    uint64_t state = random;
    uint64_t a = draw(&state);
    char *at = append_number(out->street, 1 + a % 9899);
    *at++ = ' ';
    at += names_street(population->names, draw(&state), at);
    if ((a >> 40) % 8 == 0) {
        at = append(at, ", Apt ", 6);
        append_number(at, 1 + (a >> 20) % 60);
    }
    const city *place = names_city(draw(&state));
    out->city = place->name;
    out->region = place->region;
    out->postcode = place->postcode + (uint32_t)((a >> 48) % 90);
}

static void
email_of(person *out, uint64_t number)
{
    static const char *const domains[] = {"@example.com", "@example.org", "@example.net", "@mail.example",
                                          "@post.example"};
    char *at = append_plain(out->email, out->given);
    if (number % 3 != 0) {
        *at++ = '.';
        at = append_plain(at, out->family);
    }
    at = append_number(at, number);
    const char *domain = domains[number % 5];
    append(at, domain, strlen(domain));
}

/* Where in its block's household the person stands. */
typedef struct place {
    uint64_t household; /* index of its first member: names the household */
    uint32_t position, size;
} place;

static place
place_of(const people *population, uint64_t index)
{
    uint64_t block = index / BLOCK;
    uint32_t at = (uint32_t)(index % BLOCK), first = 0;
    uint64_t random = people_random(population->seed, ABOUT_BLOCK, block);
    const uint8_t *sizes =
        people_chance(random, population->families) ? together[random % (sizeof together / sizeof *together)] : alone;
    while (first + *sizes <= at)
        first += *sizes++;
    return (place){block * BLOCK + first, at - first, *sizes};
}

static void
birth_of(uint64_t *state, const place *where, bool twin, person *out)
{
    uint64_t a = draw(state), b = draw(state);
    bool child = where->position >= 2;
    uint32_t age = child ? 3 + (uint32_t)(a % 20) : 22 + (uint32_t)(a % 60);
    if (where->size > 2 && !child)
        age = 26 + (uint32_t)(a % 30);
    if (twin) { // both take the household's numbers
        uint64_t shared = where->household;
        a = people_random(shared, ABOUT_HOUSEHOLD, 1), b = people_random(shared, ABOUT_HOUSEHOLD, 2);
        age = 3 + (uint32_t)(a % 20);
    }
    out->birth_year = 2026 - age;
    out->birth_month = 1 + (uint32_t)(b % 12);
    out->birth_day = 1 + (uint32_t)((b >> 32) % 28);
}

void
person_make(const people *population, uint64_t index, uint32_t salt, bool plain, person *out)
{
    const names *table = population->names;
    place where = place_of(population, index);
    uint64_t household = people_random(population->seed, ABOUT_HOUSEHOLD, where.household);
    uint64_t state = people_random(population->seed, ABOUT_PERSON, index);
    uint64_t home = household;
    bool twins = !plain && where.size > 3 && people_chance(draw(&home), population->twins);
    bool juniors = !plain && where.size > 2 && people_chance(draw(&home), population->juniors);
    uint64_t family = draw(&home), address = draw(&home), usual = draw(&home);

    uint64_t a = draw(&state), given = draw(&state);
    out->sex = where.position < 2 && where.size > 1 ? (where.position == 0 ? MALE : FEMALE) : (a & 1 ? MALE : FEMALE);
    if (salt != 0) {
        given = people_random(population->seed ^ salt, ABOUT_SALT, index);
        state ^= given;
    }
    if (salt >= 32)
        family = people_random(population->seed ^ salt, ABOUT_SALT, where.household + (1ull << 40));
    out->given_at = names_draw_given(table, given);
    out->suffix = where.size == 1 && (a >> 8) % 400 == 0 ? "III" : "";
    if (juniors && (where.position == 0 || where.position == 2)) { // father and first son
        out->sex = MALE;
        out->given_at = names_draw_given(table, people_random(population->seed, ABOUT_SALT, where.household));
        out->suffix = where.position == 0 ? "Sr" : "Jr";
    }
    out->family_at = names_draw_family(table, family);
    name first = names_given(table, out->sex, out->given_at), last = names_family(table, out->family_at);
    append(out->given, first.text, first.size);
    append(out->family, last.text, last.size);
    out->middle[0] = '\0';
    if ((a >> 16) % 10 < 6) {
        name middle = names_given(table, out->sex, names_draw_given(table, draw(&state)));
        append(out->middle, middle.text, (a >> 16) % 10 < 3 ? 1 : middle.size);
        if ((unsigned char)out->middle[0] >= 128)
            out->middle[0] = '\0';
    }
    birth_of(&state, &where, twins && (where.position == 2 || where.position == 3), out);
    address_of(population, address, out);

    bool shares = where.position > 0 && people_chance(draw(&state), population->shared);
    out->phone = phone_of(2 * (shares ? where.household : index) + (shares ? 0 : 1));
    if (shares) {
        char *at = append_plain(append(out->email, "family.", 7), out->family);
        at = append_number(at, where.household);
        append(at, "@example.com", 12);
        if ((usual >> 8) % 2 == 0)
            out->phone = phone_of(2 * where.household + 1); // the first member's own
    } else
        email_of(out, index);
    uint64_t b = draw(&state);
    out->campus = names_campus(usual);
    out->member_year = b % 10 < 7 ? 2000 + (uint32_t)((b >> 8) % 26) : 0;
    out->member_month = 1 + (uint32_t)((b >> 16) % 12);
    out->member_day = 1 + (uint32_t)((b >> 24) % 28);
}

void
person_move(const people *population, uint64_t index, uint32_t n, person *changed)
{
    uint64_t random = people_random(population->seed + n, ABOUT_MOVE, index);
    address_of(population, random, changed);
    changed->phone = phone_of((1ull << 31) + index * 4 + n % 4);
}

/* Drops, doubles, swaps or replaces one letter. Only ASCII is touched, so the text stays UTF-8. */
static void
slip(char *text, uint64_t random)
{
    size_t size = strlen(text);
    if (size < 3)
        return;
    size_t at = 1 + random % (size - 2);
    if ((unsigned char)text[at] >= 128 || (unsigned char)text[at + 1] >= 128)
        return;
    char was = text[at];
    switch ((random >> 32) % 4) {
    case 0: memmove(text + at, text + at + 1, size - at); break;
    case 1: memmove(text + at + 1, text + at, size - at + 1); break;
    case 2:
        text[at] = text[at + 1];
        text[at + 1] = was;
        break;
    default: text[at] = (char)('a' + (random >> 40) % 26); break;
    }
}

void
person_mistype(person *changed, uint64_t random)
{
    uint64_t how = random >> 8;
    switch (random % 6) {
    case 0: slip(changed->given, how); break;
    case 1: slip(changed->family, how); break;
    case 2: slip(changed->email, how % 5); break; // before the @
    case 3: changed->phone += how % 2 == 0 ? 1 : 10; break;
    case 4: slip(changed->street, how); break;
    default:
        if (changed->birth_day <= 12) {
            uint32_t day = changed->birth_day;
            changed->birth_day = changed->birth_month;
            changed->birth_month = day;
        } else
            changed->birth_year += how % 2 == 0 ? 1 : 10;
    }
}

bool
person_nickname(person *changed)
{
    const char *short_form = names_nickname((name){changed->given, (uint32_t)strlen(changed->given)});
    if (short_form == NULL)
        return false;
    append(changed->given, short_form, strlen(short_form));
    return true;
}
