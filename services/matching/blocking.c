/* blocking.c - see blocking.h. */
#include "blocking.h"

#include "nicknames.h"
#include <string.h>

enum seed {
    KEY_ID = 1,
    KEY_EMAIL,
    KEY_PHONE,
    KEY_BIRTH_SOUND,
    KEY_NAME,
    KEY_NAME_YEAR,
    KEY_NAME_DAY,
    KEY_NAME_PLACE,
    KEY_GIVEN_HOUSE,
    KEY_HOUSE,
    KEY_LOCAL_PART,
    KEY_BIRTH,
    KEY_HOUSE_COARSE
};

uint32_t
blocking_sound(const char *text, size_t size)
{
    // The classes of Soundex; vowels, h, w and y have none. Runs of one class count once.
    static const char classes[] = "01230120022455012623010202";
    uint32_t code = 0;
    int digits = 0;
    char before = 0;
    for (size_t i = 0; i < size && digits < 3; i++) {
        char c = text[i];
        if (c < 'a' || c > 'z')
            continue;
        char class = classes[c - 'a'];
        if (code == 0) {
            code = (uint32_t)(c - 'a' + 1);
        } else if (class != '0' && class != before) {
            code = code << 3 | (uint32_t)(class - '0');
            digits++;
        }
        before = class;
    }
    return code << 2 | (uint32_t)digits;
}

typedef struct keys {
    uint32_t *list;
    size_t count;
} keys;

static void
add(keys *keys, uint32_t seed, const uint32_t *parts, size_t count)
{
    uint32_t key = person_hash(seed, parts, count * sizeof *parts);
    key = key == 0 ? 1 : key;
    for (size_t i = 0; i < keys->count; i++)
        if (keys->list[i] == key)
            return;
    if (keys->count < BLOCKING_KEYS_MAX)
        keys->list[keys->count++] = key;
}

static void
add2(keys *keys, uint32_t seed, uint32_t a, uint32_t b)
{
    add(keys, seed, (uint32_t[]){a, b}, 2);
}

static void
add3(keys *keys, uint32_t seed, uint32_t a, uint32_t b, uint32_t c)
{
    add(keys, seed, (uint32_t[]){a, b, c}, 3);
}

/* The word of a street that tells it from others: the longest, the first of those. */
static uint32_t
street_word(const char *text, size_t size)
{
    const char *best = text;
    size_t best_size = 0;
    for (size_t i = 0; i < size;) {
        size_t from = i;
        while (i < size && text[i] != ' ')
            i++;
        if (i - from > best_size) {
            best = text + from;
            best_size = i - from;
        }
        i++;
    }
    return best_size == 0 ? 0 : blocking_sound(best, best_size) << 1 | (best[0] >= '0' && best[0] <= '9');
}

/* Order does not matter, so that exchanged names meet. */
static void
sort2(uint32_t *a, uint32_t *b)
{
    if (*a > *b) {
        uint32_t c = *a;
        *a = *b;
        *b = c;
    }
}

uint32_t
blocking_id_key(const person_view *view, uint32_t nth)
{
    uint32_t list[BLOCKING_KEYS_MAX];
    keys keys = {list, 0};
    size_t size = view->person->sizes[SLOT_ID + nth];
    add2(&keys, KEY_ID, nth, person_hash(KEY_ID, view->texts[SLOT_ID + nth], size));
    return list[0];
}

static void
add_contacts(keys *keys, const person_view *view)
{
    const person *person = view->person;
    for (uint32_t i = 0; i < PERSON_IDS_MAX; i++)
        if (person->sizes[SLOT_ID + i] > 0)
            add2(keys, KEY_ID, i, person_hash(KEY_ID, view->texts[SLOT_ID + i], person->sizes[SLOT_ID + i]));
    const char *email = view->texts[SLOT_EMAIL];
    size_t email_size = person->sizes[SLOT_EMAIL];
    if (email_size > 0) {
        add2(keys, KEY_EMAIL, person_hash(KEY_EMAIL, email, email_size), 0);
        const char *at = memchr(email, '@', email_size);
        size_t local = at == NULL ? email_size : (size_t)(at - email);
        add2(keys, KEY_LOCAL_PART, person_hash(KEY_LOCAL_PART, email, local), 0);
    }
    for (int i = 0; i < 2; i++)
        if (person->phones[i] != 0)
            add2(keys, KEY_PHONE, (uint32_t)(person->phones[i] % 10000000), 0);
}

size_t
blocking_keys(const person_view *view, uint32_t list[BLOCKING_KEYS_MAX], size_t *fine)
{
    const person *person = view->person;
    keys keys = {list, 0};
    add_contacts(&keys, view);

    uint32_t given = 0, given_sound = 0, given_initial = 0, family = 0, family_sound = 0;
    if (person->sizes[SLOT_GIVEN] > 0) {
        size_t size;
        const char *formal = nicknames_formal(view->texts[SLOT_GIVEN], person->sizes[SLOT_GIVEN], &size);
        given = person_hash(KEY_NAME, formal, size);
        given_sound = blocking_sound(formal, size);
        given_initial = (unsigned char)formal[0];
    }
    if (person->sizes[SLOT_FAMILY] > 0) {
        family = person_hash(KEY_NAME, view->texts[SLOT_FAMILY], person->sizes[SLOT_FAMILY]);
        family_sound = blocking_sound(view->texts[SLOT_FAMILY], person->sizes[SLOT_FAMILY]);
    }
    uint32_t year = BIRTH_YEAR(person->birth), month = BIRTH_MONTH(person->birth), day = BIRTH_DAY(person->birth);
    sort2(&month, &day); // 3 April and 4 March meet
    uint32_t postcode = person_hash(KEY_NAME_PLACE, view->texts[SLOT_POSTCODE], person->sizes[SLOT_POSTCODE]);
    uint32_t city = person_hash(KEY_NAME_PLACE, view->texts[SLOT_CITY], person->sizes[SLOT_CITY]);
    uint32_t number = person_hash(KEY_HOUSE, view->texts[SLOT_NUMBER], person->sizes[SLOT_NUMBER]);
    uint32_t street = street_word(view->texts[SLOT_STREET], person->sizes[SLOT_STREET]);
    bool has_number = person->sizes[SLOT_NUMBER] > 0, has_postcode = person->sizes[SLOT_POSTCODE] > 0;

    uint32_t date = month > 0 ? BIRTH_OF(year, month, day) : 0;
    if (date > 0 && given_sound > 0)
        add2(&keys, KEY_BIRTH_SOUND, date, given_sound);
    if (date > 0 && family_sound > 0)
        add2(&keys, KEY_BIRTH_SOUND, date, family_sound);
    if (given > 0 && family > 0) {
        uint32_t low = given, high = family;
        sort2(&low, &high);
        add2(&keys, KEY_NAME, low, high);
        low = given_sound;
        high = family_sound;
        sort2(&low, &high);
        if (year > 0)
            add3(&keys, KEY_NAME_YEAR, low, high, year);
        if (month > 0)
            add3(&keys, KEY_NAME_DAY, low, high, month << 7 | day);
        if (has_postcode)
            add3(&keys, KEY_NAME_PLACE, low, high, postcode);
        else if (person->sizes[SLOT_CITY] > 0)
            add3(&keys, KEY_NAME_PLACE, low, high, city);
        else if (year == 0)
            add3(&keys, KEY_NAME_PLACE, low, high, 0);
    }
    if (street > 0 && has_number) {
        add3(&keys, KEY_HOUSE, number, street, has_postcode ? postcode : city);
        if (given_initial > 0)
            add3(&keys, KEY_GIVEN_HOUSE, given_initial, number, street);
    }
    *fine = keys.count;
    if (date > 0)
        add2(&keys, KEY_BIRTH, date, 0);
    if (street > 0 && has_number)
        add2(&keys, KEY_HOUSE_COARSE, number, street);
    return keys.count;
}
