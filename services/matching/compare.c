/* compare.c - see compare.h. */
#include "compare.h"

#include "nicknames.h"
#include <assert.h>
#include <string.h>

/* Weights of levels in 1/1000 bit: log2(m / u) with m and u as they are found among people of churches, clinics and
 * social services (FEBRL's error model, ePBRN, US census households); "equal" of names and places comes from
 * weigher_equal. */
enum weight {
    GIVEN_NICKNAME = 4000,
    GIVEN_CLOSE = 4000,
    GIVEN_INITIAL = 2000,
    GIVEN_FAR = -1500,
    GIVEN_DIFFERENT = -6000,
    GIVEN_HOUSEHOLD = 9000, /* least weight of an equal given name within one household */
    FAMILY_CLOSE = 5500,
    FAMILY_PART = 5000,
    FAMILY_FAR = -1000,
    FAMILY_DIFFERENT = -5000,
    WHOLE_NAME_GIVEN = 6000,
    WHOLE_NAME_FAMILY = 8000,
    NAMES_SWAPPED = -2500, /* beside the weight of two equal names */
    MIDDLE_EQUAL = 4500,
    MIDDLE_INITIAL = 2500,
    MIDDLE_DIFFERENT = -2500,
    SUFFIX_EQUAL = 4000,
    SUFFIX_ONE = -1000,
    SUFFIX_DIFFERENT = -6000,
    BIRTH_EQUAL = 13500,
    BIRTH_EQUAL_JANUARY = 9000, /* 1 January is often "only the year is known" */
    BIRTH_SWAPPED = 8500,
    BIRTH_CLOSE = 5500,
    BIRTH_YEAR_ONLY = 5000,
    BIRTH_FAR = 1000, /* two of year, month and day */
    BIRTH_DIFFERENT = -7000,
    GENDER_EQUAL = 900,
    GENDER_DIFFERENT = -3500,
    EMAIL_EQUAL = 14000,
    EMAIL_EQUAL_HOUSEHOLD = 6000,
    EMAIL_CLOSE = 9000,
    EMAIL_MAILBOX = 5000,
    EMAIL_DIFFERENT = -1500,
    PHONE_EQUAL = 10500,
    PHONE_CLOSE = 4500,
    PHONE_DIFFERENT = -1000,
    ID_EQUAL = 18000,
    ID_CLOSE = 7000,
    ID_DIFFERENT = -8000,
    STREET_AND_NUMBER = 12000,
    STREET_EQUAL = 6000, /* a number is missing */
    STREET_OTHER_NUMBER = 3000,
    STREET_DIFFERENT = -1500,
    LOCALITY_EQUAL = 3000,
    PLACE_DIFFERENT = -1000,
    UNIT_DIFFERENT = -3000,
    ADDRESS_MAX = 15000,
    ADDRESS_MIN = -3500,
    HOUSEHOLD_ABOVE_PRIOR = -300 /* a household holds several people: so much above 1 : 1 its evidence can bring one */
};

_Static_assert(GROUP_COUNT == WEIGHER_GROUPS, "the weigher has a row for every group");

void
query_init(query *query, const weigher *weigher, uint32_t duplicate_check)
{
    memset(query, 0, sizeof *query);
    prepared_init(&query->given);
    prepared_init(&query->family);
    prepared_init(&query->street);
    prepared_init(&query->city);
    prepared_init(&query->email);
    for (unsigned i = 0; i < PERSON_IDS_MAX; i++)
        prepared_init(&query->ids[i]);
    query->weigher = weigher;
    query->duplicate_check = duplicate_check;
    for (int i = 0; i < GROUP_COUNT; i++)
        for (int level = 0; level < 8; level++)
            if (level == 0 || weigher->adjust[i][level] > query->adjust_most[i])
                query->adjust_most[i] = weigher->adjust[i][level];
}

void
query_set(query *query, const person *row)
{
    person_view *view = &query->view;
    person_view_of(view, row);
    prepared_set(&query->given, view->texts[SLOT_GIVEN], row->sizes[SLOT_GIVEN]);
    prepared_set(&query->family, view->texts[SLOT_FAMILY], row->sizes[SLOT_FAMILY]);
    prepared_set(&query->street, view->texts[SLOT_STREET], row->sizes[SLOT_STREET]);
    prepared_set(&query->city, view->texts[SLOT_CITY], row->sizes[SLOT_CITY]);
    prepared_set(&query->email, view->texts[SLOT_EMAIL], row->sizes[SLOT_EMAIL]);
    const char *at = memchr(view->texts[SLOT_EMAIL], '@', row->sizes[SLOT_EMAIL]);
    query->email_local = at == NULL ? row->sizes[SLOT_EMAIL] : (size_t)(at - view->texts[SLOT_EMAIL]);
    for (unsigned i = 0; i < PERSON_IDS_MAX; i++)
        prepared_set(&query->ids[i], view->texts[SLOT_ID + i], row->sizes[SLOT_ID + i]);
    for (int kind = 0; kind < TERM_KINDS; kind++) {
        slot slot = TERM_SLOTS[kind];
        query->term_weights[kind] =
            row->sizes[slot] == 0 ? 0
                                  : weigher_equal(query->weigher, (term_kind)kind, view->texts[slot], row->sizes[slot]);
    }
}

typedef struct text {
    const char *data;
    size_t size;
} text;

static inline text
text_of(const person_view *view, slot slot)
{
    return (text){view->texts[slot], view->person->sizes[slot]};
}

static inline bool
equal(text a, text b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

#define EDITS_MOST 3u

/* A typing error or two, depending on length. */
static bool
nearly(const prepared *own, text other)
{
    size_t longer = own->size > other.size ? own->size : other.size;
    size_t apart = own->size > other.size ? own->size - other.size : other.size - own->size;
    uint32_t allowed = longer < 3 ? 0 : longer < 7 ? 1 : longer < 14 ? 2 : EDITS_MOST;
    return apart <= allowed && prepared_strange(own, other.data, other.size) <= allowed &&
           prepared_edits_within(own, other.data, other.size, allowed) <= allowed;
}

static int
names_alike(const prepared *own, text other)
{
    if (prepared_jaro_winkler_most(own, other.data, other.size) < 700000)
        return LEVEL_DIFFERENT;
    uint32_t alike = prepared_jaro_winkler(own, other.data, other.size);
    if (alike < 700000)
        return LEVEL_DIFFERENT;
    if ((alike >= 940000 && own->size >= 4 && other.size >= 4) || nearly(own, other))
        return LEVEL_CLOSE;
    return alike >= 820000 ? LEVEL_FAR : LEVEL_DIFFERENT;
}

static bool
is_prefix(text shorter, text longer)
{
    return shorter.size >= 3 && shorter.size < longer.size && memcmp(shorter.data, longer.data, shorter.size) == 0;
}

typedef struct names {
    int given, family;
    int32_t given_weight, family_weight;
    bool two_names;
} names;

static void
compare_given(query *query, const person_view *candidate, names *out)
{
    text own = text_of(&query->view, SLOT_GIVEN), other = text_of(candidate, SLOT_GIVEN);
    text own_nick = text_of(&query->view, SLOT_NICKNAME), other_nick = text_of(candidate, SLOT_NICKNAME);
    if (own.size == 0 || other.size == 0) {
        out->given = LEVEL_MISSING;
    } else if (equal(own, other)) {
        out->given = LEVEL_EQUAL;
        out->given_weight = own.size == 1 ? GIVEN_INITIAL : query->term_weights[TERM_GIVEN];
    } else if (own.size == 1 || other.size == 1) {
        bool same = own.data[0] == other.data[0];
        out->given = same ? LEVEL_RELATED : LEVEL_DIFFERENT;
        out->given_weight = same ? GIVEN_INITIAL : GIVEN_DIFFERENT;
    } else if ((own_nick.size > 0 && equal(own_nick, other)) || (other_nick.size > 0 && equal(other_nick, own)) ||
               nicknames_same(own.data, own.size, other.data, other.size)) {
        out->given = LEVEL_RELATED;
        out->given_weight = GIVEN_NICKNAME;
    } else {
        out->given = names_alike(&query->given, other);
        if (out->given != LEVEL_CLOSE && (is_prefix(own, other) || is_prefix(other, own)))
            out->given = LEVEL_FAR;
        out->given_weight = out->given == LEVEL_CLOSE ? GIVEN_CLOSE
                            : out->given == LEVEL_FAR ? GIVEN_FAR
                                                      : GIVEN_DIFFERENT;
        // Twins often rhyme (Jayden, Hayden); a slip of the pen seldom takes the first letter or makes a name.
        out->two_names =
            out->given == LEVEL_CLOSE &&
            (own.data[0] != other.data[0] || (weigher_known(query->weigher, TERM_GIVEN, own.data, own.size) &&
                                              weigher_known(query->weigher, TERM_GIVEN, other.data, other.size)));
    }
}

/* One word of a double name equals one of the other. */
static bool
share_word(text a, text b)
{
    if (memchr(a.data, ' ', a.size) == NULL && memchr(b.data, ' ', b.size) == NULL)
        return false;
    for (size_t i = 0; i < a.size;) {
        size_t end = i;
        while (end < a.size && a.data[end] != ' ')
            end++;
        for (size_t k = 0; k < b.size;) {
            size_t stop = k;
            while (stop < b.size && b.data[stop] != ' ')
                stop++;
            if (stop - k == end - i && end - i >= 3 && memcmp(a.data + i, b.data + k, end - i) == 0)
                return true;
            k = stop + 1;
        }
        i = end + 1;
    }
    return false;
}

static void
compare_family(query *query, const person_view *candidate, names *out)
{
    text own = text_of(&query->view, SLOT_FAMILY), other = text_of(candidate, SLOT_FAMILY);
    if (own.size == 0 || other.size == 0) {
        out->family = LEVEL_MISSING;
    } else if (equal(own, other)) {
        out->family = LEVEL_EQUAL;
        out->family_weight = query->term_weights[TERM_FAMILY];
    } else if (share_word(own, other)) {
        out->family = LEVEL_RELATED;
        out->family_weight = FAMILY_PART;
    } else {
        out->family = names_alike(&query->family, other);
        out->family_weight = out->family == LEVEL_CLOSE ? FAMILY_CLOSE
                             : out->family == LEVEL_FAR ? FAMILY_FAR
                                                        : FAMILY_DIFFERENT;
    }
}

/* True if `word` is one of the words of `text`, which has several. */
static bool
has_word(text text_, text word)
{
    for (size_t i = 0; i + word.size <= text_.size && word.size > 0; i++) {
        bool starts = i == 0 || text_.data[i - 1] == ' ';
        bool ends = i + word.size == text_.size || text_.data[i + word.size] == ' ';
        if (starts && ends && word.size < text_.size && memcmp(text_.data + i, word.data, word.size) == 0)
            return true;
    }
    return false;
}

/* The whole name stands in the column of the family name: "jenna kilpin" and nothing. */
static bool
whole_name(text whole, text given, text family)
{
    return given.size > 1 && family.size > 1 && has_word(whole, given) && has_word(whole, family) &&
           !equal(given, family);
}

static void
compare_names(query *query, const person_view *candidate, names *out)
{
    *out = (names){0};
    compare_given(query, candidate, out);
    compare_family(query, candidate, out);
    text given = text_of(candidate, SLOT_GIVEN), family = text_of(candidate, SLOT_FAMILY);
    text own_given = text_of(&query->view, SLOT_GIVEN), own_family = text_of(&query->view, SLOT_FAMILY);
    if (out->given == LEVEL_MISSING && ((own_given.size == 0 && whole_name(own_family, given, family)) ||
                                        (given.size == 0 && whole_name(family, own_given, own_family)))) {
        out->given = LEVEL_EQUAL;
        out->family = LEVEL_RELATED;
        out->given_weight = WHOLE_NAME_GIVEN;
        out->family_weight = WHOLE_NAME_FAMILY;
        return;
    }
    if (out->given < LEVEL_FAR || out->family < LEVEL_FAR)
        return;
    bool first = equal(text_of(&query->view, SLOT_GIVEN), family) || nearly(&query->given, family);
    if (first && (equal(text_of(&query->view, SLOT_FAMILY), given) || nearly(&query->family, given))) {
        out->given = out->family = LEVEL_SWAPPED;
        out->given_weight = query->term_weights[TERM_GIVEN] + NAMES_SWAPPED;
        out->family_weight = query->term_weights[TERM_FAMILY];
    }
}

static int
compare_middle(const query *query, const person_view *candidate, int32_t *weight)
{
    text own = text_of(&query->view, SLOT_MIDDLE), other = text_of(candidate, SLOT_MIDDLE);
    if (own.size == 0 || other.size == 0)
        return LEVEL_MISSING;
    if (own.size > 1 && equal(own, other)) {
        *weight = MIDDLE_EQUAL;
        return LEVEL_EQUAL;
    }
    bool same = own.data[0] == other.data[0];
    bool initial = own.size == 1 || other.size == 1 || own.data[1] == ' ' || other.data[1] == ' ';
    size_t shorter = own.size < other.size ? own.size : other.size;
    bool alike = same && (initial || memcmp(own.data, other.data, shorter < 3 ? shorter : 3) == 0);
    *weight = alike ? MIDDLE_INITIAL : MIDDLE_DIFFERENT;
    return alike ? LEVEL_CLOSE : LEVEL_DIFFERENT;
}

static int
compare_suffix(const query *query, const person_view *candidate, int32_t *weight)
{
    uint8_t own = query->view.person->suffix, other = candidate->person->suffix;
    if (own == SUFFIX_NONE && other == SUFFIX_NONE)
        return LEVEL_MISSING;
    if (own == other) {
        *weight = SUFFIX_EQUAL;
        return LEVEL_EQUAL;
    }
    if (own == SUFFIX_NONE || other == SUFFIX_NONE) {
        *weight = SUFFIX_ONE;
        return LEVEL_RELATED;
    }
    *weight = SUFFIX_DIFFERENT;
    return LEVEL_DIFFERENT;
}

/* Year, month and day as eight digits; how many places differ, and whether those are two neighbours exchanged. */
static bool
one_slip(uint32_t a, uint32_t b)
{
    char left[8], right[8];
    uint32_t numbers[2] = {BIRTH_YEAR(a) * 10000 + BIRTH_MONTH(a) * 100 + BIRTH_DAY(a),
                           BIRTH_YEAR(b) * 10000 + BIRTH_MONTH(b) * 100 + BIRTH_DAY(b)};
    for (int i = 7; i >= 0; i--) {
        left[i] = (char)(numbers[0] % 10);
        right[i] = (char)(numbers[1] % 10);
        numbers[0] /= 10;
        numbers[1] /= 10;
    }
    int places = 0, at = 0;
    for (int i = 7; i >= 0; i--)
        if (left[i] != right[i]) {
            places++;
            at = i;
        }
    return places == 1 || (places == 2 && at < 7 && left[at] == right[at + 1] && left[at + 1] == right[at]);
}

static int
compare_birth(const query *query, const person_view *candidate, int32_t *weight)
{
    uint32_t own = query->view.person->birth, other = candidate->person->birth;
    if (own == 0 || other == 0)
        return LEVEL_MISSING;
    uint32_t years[2] = {BIRTH_YEAR(own), BIRTH_YEAR(other)}, months[2] = {BIRTH_MONTH(own), BIRTH_MONTH(other)},
             days[2] = {BIRTH_DAY(own), BIRTH_DAY(other)};
    bool full = years[0] && years[1] && months[0] && months[1] && days[0] && days[1];
    if (!full) {
        bool apart = (years[0] && years[1] && years[0] != years[1]) ||
                     (months[0] && months[1] && months[0] != months[1]) || (days[0] && days[1] && days[0] != days[1]);
        *weight = apart ? BIRTH_DIFFERENT : BIRTH_YEAR_ONLY;
        return apart ? LEVEL_DIFFERENT : LEVEL_RELATED;
    }
    if (own == other) {
        *weight = months[0] == 1 && days[0] == 1 ? BIRTH_EQUAL_JANUARY : BIRTH_EQUAL;
        return LEVEL_EQUAL;
    }
    if (years[0] != years[1] && months[0] != months[1] && days[0] != days[1]) {
        *weight = BIRTH_DIFFERENT; // one slip of the pen leaves one of the three as it was
        return LEVEL_DIFFERENT;
    }
    bool swapped = years[0] == years[1] && months[0] == days[1] && days[0] == months[1];
    if (swapped || one_slip(own, other)) {
        *weight = swapped ? BIRTH_SWAPPED : BIRTH_CLOSE;
        return LEVEL_CLOSE;
    }
    bool far = (years[0] == years[1]) + (months[0] == months[1]) + (days[0] == days[1]) == 2;
    *weight = far ? BIRTH_FAR : BIRTH_DIFFERENT;
    return far ? LEVEL_FAR : LEVEL_DIFFERENT;
}

static int
compare_email(const query *query, const person_view *candidate, int32_t *weight)
{
    text own = text_of(&query->view, SLOT_EMAIL), other = text_of(candidate, SLOT_EMAIL);
    if (own.size == 0 || other.size == 0)
        return LEVEL_MISSING;
    if (equal(own, other)) {
        *weight = EMAIL_EQUAL;
        return LEVEL_EQUAL;
    }
    size_t own_local = query->email_local;
    if (own_local >= 4 && other.size >= own_local && memcmp(own.data, other.data, own_local) == 0 &&
        (other.size == own_local || other.data[own_local] == '@')) {
        *weight = EMAIL_MAILBOX;
        return LEVEL_RELATED;
    }
    size_t apart = own.size > other.size ? own.size - other.size : other.size - own.size;
    if (apart <= 2 && own_local >= 4 && prepared_strange(&query->email, other.data, other.size) <= 2 &&
        prepared_edits_within(&query->email, other.data, other.size, 2) <= 2) {
        *weight = EMAIL_CLOSE;
        return LEVEL_CLOSE;
    }
    *weight = EMAIL_DIFFERENT;
    return LEVEL_DIFFERENT;
}

static bool
one_digit_apart(uint64_t a, uint64_t b)
{
    uint64_t apart = a > b ? a - b : b - a;
    while (apart > 9 && apart % 10 == 0)
        apart /= 10;
    if (apart > 9 || apart == 0) // one place differs: by a digit and zeros behind it
        return false;
    int places = 0;
    for (; a > 0 || b > 0; a /= 10, b /= 10)
        places += a % 10 != b % 10;
    return places == 1;
}

static int
compare_phone(const query *query, const person_view *candidate, int32_t *weight)
{
    const uint64_t *own = query->view.person->phones, *other = candidate->person->phones;
    if (own[0] == 0 || other[0] == 0)
        return LEVEL_MISSING;
    bool close = false;
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 2; k++) {
            if (own[i] == 0 || other[k] == 0)
                continue;
            // A number without its area code counts as the number.
            bool local = own[i] < 10000000 || other[k] < 10000000;
            if (own[i] == other[k] || (local && own[i] % 10000000 == other[k] % 10000000)) {
                *weight = PHONE_EQUAL;
                return LEVEL_EQUAL;
            }
            close = close || one_digit_apart(own[i], other[k]);
        }
    *weight = close ? PHONE_CLOSE : PHONE_DIFFERENT;
    return close ? LEVEL_CLOSE : LEVEL_DIFFERENT;
}

static int
compare_ids(const query *query, const person_view *candidate, int32_t *weight)
{
    bool same = false, personal = false, close = false, different = false;
    for (int i = SLOT_ID; i < SLOT_COUNT; i++) {
        text own = text_of(&query->view, (slot)i), other = text_of(candidate, (slot)i);
        if (own.size == 0 || other.size == 0)
            continue;
        if (equal(own, other)) {
            same = true;
            personal = personal || (query->weigher->personal_ids >> (i - SLOT_ID) & 1) != 0;
        }
        // Neighbours in a numbered list differ in the last place only: that is no typing error.
        else if (own.size >= 6 && other.size >= 6 &&
                 (own.size != other.size || memcmp(own.data, other.data, own.size - 1) != 0) &&
                 prepared_edits_within(&query->ids[i - SLOT_ID], other.data, other.size, 1) <= 1)
            close = true;
        else
            different = true;
    }
    *weight = (same ? ID_EQUAL : close ? ID_CLOSE : 0) + (different ? ID_DIFFERENT : 0);
    if (same)
        return different ? LEVEL_MIXED : personal ? LEVEL_EQUAL : LEVEL_RELATED;
    return different ? LEVEL_DIFFERENT : close ? LEVEL_CLOSE : LEVEL_MISSING;
}

/* +1 equal, -1 different, 0 unknown. */
static int
same_text(text a, text b)
{
    return a.size == 0 || b.size == 0 ? 0 : equal(a, b) ? 1 : -1;
}

static int
compare_address(query *query, const person_view *candidate, int32_t *weight)
{
    text street = text_of(candidate, SLOT_STREET), city = text_of(candidate, SLOT_CITY);
    int same_street = same_text(text_of(&query->view, SLOT_STREET), street);
    int number = same_text(text_of(&query->view, SLOT_NUMBER), text_of(candidate, SLOT_NUMBER));
    int unit = same_text(text_of(&query->view, SLOT_UNIT), text_of(candidate, SLOT_UNIT));
    int postcode = same_text(text_of(&query->view, SLOT_POSTCODE), text_of(candidate, SLOT_POSTCODE));
    int same_city = same_text(text_of(&query->view, SLOT_CITY), city);
    int locality = same_text(text_of(&query->view, SLOT_LOCALITY), text_of(candidate, SLOT_LOCALITY));
    if (same_street == -1 && nearly(&query->street, street))
        same_street = 1;
    if (same_city == -1 && nearly(&query->city, city))
        same_city = 1;
    if (same_street == 0 && postcode == 0 && same_city == 0 && locality == 0)
        return LEVEL_MISSING;
    int32_t place = 0;
    if (postcode == 1)
        place = query->term_weights[TERM_POSTCODE];
    if (same_city == 1 && query->term_weights[TERM_CITY] > place)
        place = query->term_weights[TERM_CITY];
    if (postcode == 1 && same_city == 1)
        place += 500;
    place += (postcode == -1 ? PLACE_DIFFERENT : 0) + (same_city == -1 ? PLACE_DIFFERENT : 0);
    if (locality == 1)
        place += LOCALITY_EQUAL;
    bool house = same_street == 1 && number == 1;
    int32_t sum = place;
    if (house)
        sum = STREET_AND_NUMBER + (place > 0 ? place / 3 : place) + (unit == -1 ? UNIT_DIFFERENT : 0);
    else if (same_street == 1)
        sum = (number == 0 ? STREET_EQUAL : STREET_OTHER_NUMBER) + (place > 0 ? place / 2 : place);
    else if (same_street == -1)
        sum = STREET_DIFFERENT + place;
    *weight = sum > ADDRESS_MAX ? ADDRESS_MAX : sum < ADDRESS_MIN ? ADDRESS_MIN : sum;
    if (house && unit != -1)
        return LEVEL_EQUAL;
    if (house || same_street == 1)
        return number == -1 ? LEVEL_SWAPPED : LEVEL_RELATED;
    if (same_street == 0)
        return place > 0 ? LEVEL_RELATED : LEVEL_DIFFERENT;
    return place > 0 ? LEVEL_SWAPPED : LEVEL_DIFFERENT;
}

static int8_t
quarter_bits(int32_t weight)
{
    int32_t quarters = weight / 250;
    return (int8_t)(quarters > 127 ? 127 : quarters < -127 ? -127 : quarters);
}

/* The most that given and family name can weigh, from a look at whether they are equal. */
static int32_t
names_most(const query *query, const person_view *candidate)
{
    text own_given = text_of(&query->view, SLOT_GIVEN), given = text_of(candidate, SLOT_GIVEN);
    text own_family = text_of(&query->view, SLOT_FAMILY), family = text_of(candidate, SLOT_FAMILY);
    int32_t adjust = query->adjust_most[GROUP_GIVEN] + query->adjust_most[GROUP_FAMILY];
    int32_t equal_given = query->term_weights[TERM_GIVEN], equal_family = query->term_weights[TERM_FAMILY];
    bool same_family = equal(own_family, family);
    if (own_given.size == 0 || given.size == 0)
        return WHOLE_NAME_GIVEN + (same_family && equal_family > WHOLE_NAME_FAMILY ? equal_family : WHOLE_NAME_FAMILY) +
               adjust;
    if (equal(own_given, given))
        return (equal_given > GIVEN_HOUSEHOLD ? equal_given : GIVEN_HOUSEHOLD) +
               (same_family && equal_family > FAMILY_CLOSE ? equal_family : FAMILY_CLOSE) + adjust;
    int32_t most = GIVEN_CLOSE + (same_family && equal_family > FAMILY_CLOSE ? equal_family : FAMILY_CLOSE);
    _Static_assert((int)GIVEN_CLOSE >= (int)GIVEN_NICKNAME && (int)FAMILY_CLOSE >= (int)FAMILY_PART, "the most");
    int32_t swapped = equal_given + equal_family + NAMES_SWAPPED;
    if (!same_family && swapped > most && prepared_strange(&query->given, family.data, family.size) <= EDITS_MOST &&
        prepared_strange(&query->family, given.data, given.size) <= EDITS_MOST)
        most = swapped;
    return most + adjust;
}

/* What is compared before names and address: cheap, and enough to see that most candidates are somebody else. */
static int32_t
compare_plain(const query *query, const person_view *candidate, int32_t weights[GROUP_COUNT], int levels[GROUP_COUNT])
{
    static const group plain[] = {GROUP_ID,     GROUP_BIRTH,  GROUP_PHONE, GROUP_EMAIL,
                                  GROUP_SUFFIX, GROUP_MIDDLE, GROUP_GENDER};
    levels[GROUP_ID] = compare_ids(query, candidate, &weights[GROUP_ID]);
    levels[GROUP_BIRTH] = compare_birth(query, candidate, &weights[GROUP_BIRTH]);
    levels[GROUP_PHONE] = compare_phone(query, candidate, &weights[GROUP_PHONE]);
    levels[GROUP_EMAIL] = compare_email(query, candidate, &weights[GROUP_EMAIL]);
    levels[GROUP_SUFFIX] = compare_suffix(query, candidate, &weights[GROUP_SUFFIX]);
    levels[GROUP_MIDDLE] = compare_middle(query, candidate, &weights[GROUP_MIDDLE]);
    uint8_t own = query->view.person->gender, other = candidate->person->gender;
    levels[GROUP_GENDER] = own == GENDER_NONE || other == GENDER_NONE ? LEVEL_MISSING
                           : own == other                             ? LEVEL_EQUAL
                                                                      : LEVEL_DIFFERENT;
    weights[GROUP_GENDER] = levels[GROUP_GENDER] == LEVEL_DIFFERENT ? GENDER_DIFFERENT
                            : levels[GROUP_GENDER] == LEVEL_EQUAL   ? GENDER_EQUAL
                                                                    : 0;
    int32_t sum = 0;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        sum += weights[plain[i]] + query->weigher->adjust[plain[i]][levels[plain[i]]];
    return sum;
}

/* An identifier that is equal, or a duplicate check that may still hold: worth a verdict whatever the weight. */
static bool
insists(const query *query, const person_view *candidate, const int levels[GROUP_COUNT])
{
    static const uint32_t looked_at = 1u << GROUP_ID | 1u << GROUP_BIRTH | 1u << GROUP_PHONE | 1u << GROUP_EMAIL |
                                      1u << GROUP_SUFFIX | 1u << GROUP_MIDDLE | 1u << GROUP_GENDER;
    int id = levels[GROUP_ID];
    if (id == LEVEL_EQUAL || id == LEVEL_RELATED || id == LEVEL_MIXED)
        return true;
    if (query->duplicate_check == 0)
        return false;
    for (int i = 0; i < GROUP_COUNT; i++)
        if ((query->duplicate_check & looked_at) >> i & 1 && levels[i] != LEVEL_EQUAL)
            return false;
    text given = text_of(candidate, SLOT_GIVEN), own_given = text_of(&query->view, SLOT_GIVEN);
    bool whole = given.size == 0 || own_given.size == 0; // may turn out to stand in the other column
    if ((query->duplicate_check >> GROUP_GIVEN & 1) != 0 && !whole && !equal(given, own_given))
        return false;
    return (query->duplicate_check >> GROUP_FAMILY & 1) == 0 ||
           equal(text_of(candidate, SLOT_FAMILY), text_of(&query->view, SLOT_FAMILY));
}

bool
query_compare_from(query *query, const person *person, int32_t prior, int32_t least, verdict *verdict)
{
    person_view candidate;
    person_view_of(&candidate, person);
    int32_t weights[GROUP_COUNT] = {0};
    int levels[GROUP_COUNT];
    int32_t plain = compare_plain(query, &candidate, weights, levels);
    bool cut = !insists(query, &candidate, levels);
    int32_t names_at_most = cut ? names_most(query, &candidate) : 0;
    if (cut && plain + names_at_most + ADDRESS_MAX + query->adjust_most[GROUP_ADDRESS] < least)
        return false;
    levels[GROUP_ADDRESS] = compare_address(query, &candidate, &weights[GROUP_ADDRESS]);
    int32_t address = weights[GROUP_ADDRESS] + query->weigher->adjust[GROUP_ADDRESS][levels[GROUP_ADDRESS]];
    if (cut && plain + names_at_most + address < least)
        return false;
    names names;
    compare_names(query, &candidate, &names);
    levels[GROUP_GIVEN] = names.given;
    levels[GROUP_FAMILY] = names.family;
    weights[GROUP_GIVEN] = names.given_weight;
    weights[GROUP_FAMILY] = names.family_weight;
    // A given name that is equal says the gender already.
    if (names.given == LEVEL_EQUAL && levels[GROUP_GENDER] == LEVEL_EQUAL)
        weights[GROUP_GENDER] = 0;

    // Members of one household share family name, address and phone: together these can say "this household", and
    // only the rest says who of it.
    bool household = levels[GROUP_ADDRESS] == LEVEL_EQUAL || levels[GROUP_PHONE] == LEVEL_EQUAL;
    if (household && levels[GROUP_EMAIL] == LEVEL_EQUAL)
        weights[GROUP_EMAIL] = EMAIL_EQUAL_HOUSEHOLD;
    int32_t shared = weights[GROUP_FAMILY] + weights[GROUP_ADDRESS] + weights[GROUP_PHONE];
    int32_t most = HOUSEHOLD_ABOVE_PRIOR - prior, excess = household && shared > most ? shared - most : 0;
    if (excess > 0 && names.given == LEVEL_EQUAL && weights[GROUP_GIVEN] < GIVEN_HOUSEHOLD &&
        query->view.person->sizes[SLOT_GIVEN] > 1)
        weights[GROUP_GIVEN] = GIVEN_HOUSEHOLD;

    verdict->weight = -excess;
    verdict->likeness = 0;
    bool all_equal = query->duplicate_check != 0;
    for (int i = 0; i < GROUP_COUNT; i++) {
        weights[i] += query->weigher->adjust[i][levels[i]];
        verdict->weight += weights[i];
        verdict->likeness |= LIKENESS_OF(i, levels[i]);
        verdict->parts[i] = quarter_bits(weights[i]);
        if ((query->duplicate_check >> i & 1) != 0 && levels[i] != LEVEL_EQUAL &&
            !(i == GROUP_ID && levels[i] == LEVEL_RELATED))
            all_equal = false;
    }
    if (all_equal)
        verdict->likeness |= LIKENESS_DUPLICATE_CHECK;
    if (names.two_names)
        verdict->likeness |= LIKENESS_TWO_NAMES;
    return true;
}

void
query_compare(query *query, const person *candidate, int32_t prior, verdict *verdict)
{
    bool done = query_compare_from(query, candidate, prior, INT32_MIN, verdict);
    assert(done);
}
