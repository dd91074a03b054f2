/* normalise.c - see normalise.h. Names are in names.c, street addresses in addresses.c. */
#include "normalise.h"

#include "addresses.h"
#include "folding.h"
#include "names.h"
#include "proto/rows.h"
#include <assert.h>
#include <string.h>

void
layout_init(layout *layout)
{
    layout->count = 0;
    layout->width = 0;
}

void
layout_add(layout *layout, const Muster__V1__Kind *kind, size_t field, uint32_t column)
{
    assert(field < kind->n_fields);
    Muster__V1__Role role = kind->fields[field]->role;
    if (role == MUSTER__V1__ROLE__ROLE_NONE || role >= MUSTER__V1__ROLE__ROLE_CAMPUS ||
        layout->count == LAYOUT_COLUMNS_MAX)
        return;
    unsigned nth = 0;
    for (size_t i = 0; i < field; i++)
        nth += kind->fields[i]->role == role;
    layout_column added = {.column = column, .role = (uint8_t)role, .nth = (uint8_t)(nth > 255 ? 255 : nth)};
    // In order of role, so that a draft never depends on the order of columns (street before its number, say).
    size_t at = layout->count++;
    for (; at > 0; at--) {
        const layout_column *before = &layout->columns[at - 1];
        if (before->role < added.role || (before->role == added.role && before->nth <= added.nth))
            break;
        layout->columns[at] = *before;
    }
    layout->columns[at] = added;
    if (column + 1 > layout->width)
        layout->width = column + 1;
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits up to a mark that begins an extension. */
static uint64_t
phone_of(const char *text, size_t size)
{
    char digits[32];
    size_t count = 0;
    for (size_t i = 0; i < size && count < sizeof digits; i++) {
        if (is_digit(text[i]))
            digits[count++] = text[i];
        else if ((text[i] | 32) == 'x' || (text[i] | 32) == 'e' || text[i] == ';' || text[i] == '/')
            break;
    }
    if (count < 6)
        return 0;
    bool all_same = true;
    for (size_t i = count > 7 ? count - 7 : 0; i < count; i++)
        all_same = all_same && digits[i] == digits[count - 1];
    if (all_same)
        return 0;
    uint64_t number = 0;
    for (size_t i = count > 10 ? count - 10 : 0; i < count; i++)
        number = number * 10 + (uint64_t)(digits[i] - '0');
    return number;
}

static void
put_phone(draft *draft, const char *text, size_t size)
{
    uint64_t phone = phone_of(text, size);
    if (phone == 0 || draft->phones[0] == phone)
        return;
    draft->phones[draft->phones[0] != 0] = phone;
}

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
}

/* Lower case without "+tag"; at Google dots in the mailbox mean nothing. */
static void
put_email(draft *draft, const char *text, size_t size)
{
    char out[FOLDING_INPUT_MAX];
    const char *at = memchr(text, '@', size);
    if (at == NULL || at == text || size > sizeof out)
        return;
    size_t local = (size_t)(at - text), count = 0;
    const char *host = at + 1;
    size_t host_size = size - local - 1;
    bool google = (host_size == 9 && strncasecmp(host, "gmail.com", 9) == 0) ||
                  (host_size == 14 && strncasecmp(host, "googlemail.com", 14) == 0);
    for (size_t i = 0; i < local && text[i] != '+'; i++)
        if (text[i] != ' ' && !(google && text[i] == '.'))
            out[count++] = lower(text[i]);
    if (count == 0 || host_size == 0)
        return;
    static const char *const nobody[] = {"none", "noemail", "na", "test", "unknown", "noreply"};
    for (size_t i = 0; i < sizeof nobody / sizeof nobody[0]; i++)
        if (count == strlen(nobody[i]) && memcmp(out, nobody[i], count) == 0)
            return;
    out[count++] = '@';
    if (google) {
        host = "gmail.com";
        host_size = 9;
    }
    for (size_t i = 0; i < host_size; i++)
        if (host[i] != ' ')
            out[count++] = lower(host[i]);
    draft_set_exact(draft, SLOT_EMAIL, out, count);
}

/* Letters and digits of what names a record, as one word. "0000" and the like name nobody. */
static void
put_identifier(draft *draft, unsigned nth, const char *text, size_t size)
{
    char folded[FOLDING_INPUT_MAX], out[FOLDING_INPUT_MAX];
    if (nth >= PERSON_IDS_MAX)
        return;
    size_t folded_size = fold_text(text, size, folded, sizeof folded), count = 0;
    bool some = false;
    for (size_t i = 0; i < folded_size; i++) {
        char c = folded[i];
        if ((c < 'a' || c > 'z') && !is_digit(c))
            continue;
        out[count++] = c;
        some = some || (c != out[0]);
    }
    if (count > 2 && !some)
        return;
    draft_set_exact(draft, (slot)(SLOT_ID + nth), out, count);
}

static uint32_t
number_of(const char *text, size_t size)
{
    uint32_t number = 0;
    for (size_t i = 0; i < size; i++)
        number = number * 10 + (uint32_t)(text[i] - '0');
    return number;
}

static uint32_t
year_of(uint32_t year)
{
    if (year > 9999)
        return 0;
    return year >= 100 ? year : year > 30 ? 1900 + year : 2000 + year;
}

static uint32_t
month_named(const char *text, size_t size)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    if (size < 3)
        return 0;
    for (uint32_t month = 0; month < 12; month++)
        if (strncasecmp(text, names + month * 3, 3) == 0)
            return month + 1;
    return 0;
}

/* YYYY-MM-DD and YYYYMMDD as parsing writes and files hold them; else three groups in the order they are written,
 * month first unless it cannot be: comparing treats exchanged day and month as nearly equal anyway. */
static uint32_t
date_of(const char *text, size_t size)
{
    uint32_t groups[3] = {0}, widths[3] = {0}, count = 0, named = 0;
    for (size_t i = 0; i < size && count < 3;) {
        size_t from = i;
        if (is_digit(text[i])) {
            while (i < size && is_digit(text[i]) && i - from < 9)
                i++;
            groups[count] = number_of(text + from, i - from);
            widths[count++] = (uint32_t)(i - from);
        } else if ((text[i] | 32) >= 'a' && (text[i] | 32) <= 'z') {
            while (i < size && (text[i] | 32) >= 'a' && (text[i] | 32) <= 'z')
                i++;
            if (named == 0)
                named = month_named(text + from, i - from);
        } else {
            i++;
        }
    }
    if (named != 0 && count >= 2)
        return widths[0] == 4 ? BIRTH_OF(groups[0], named, groups[1] & 0x7F)
                              : BIRTH_OF(year_of(groups[1]) & 0x3FFF, named, groups[0] & 0x7F);
    if (count == 1 && widths[0] == 8)
        return BIRTH_OF(groups[0] / 10000 & 0x3FFF, groups[0] / 100 % 100, groups[0] % 100);
    if (count == 1 && widths[0] == 4)
        return BIRTH_OF(groups[0], 0, 0);
    if (count == 2 && widths[0] == 4)
        return BIRTH_OF(groups[0], groups[1] & 0x7F, 0);
    if (count < 3 || groups[0] > 9999 || groups[1] > 99)
        return 0;
    if (widths[0] == 4)
        return BIRTH_OF(groups[0], groups[1], groups[2] & 0x7F);
    if (groups[0] > 12)
        return BIRTH_OF(year_of(groups[2]), groups[1], groups[0] & 0x7F);
    return BIRTH_OF(year_of(groups[2]), groups[0], groups[1]);
}

static void
put_birth_part(draft *draft, Muster__V1__Role role, const char *text, size_t size)
{
    uint32_t year = BIRTH_YEAR(draft->birth), month = BIRTH_MONTH(draft->birth), day = BIRTH_DAY(draft->birth);
    uint32_t number = 0;
    size_t digits = 0;
    for (size_t i = 0; i < size && digits < 5; i++)
        if (is_digit(text[i])) {
            number = number * 10 + (uint32_t)(text[i] - '0');
            digits++;
        }
    if (role == MUSTER__V1__ROLE__ROLE_BIRTH_YEAR && digits > 0)
        year = year_of(number) & 0x3FFF;
    else if (role == MUSTER__V1__ROLE__ROLE_BIRTH_MONTH)
        month = (number > 0 ? number : month_named(text, size)) & 0x7F;
    else if (role == MUSTER__V1__ROLE__ROLE_BIRTH_DAY)
        day = number & 0x7F;
    draft->birth = BIRTH_OF(year, month, day);
}

static uint8_t
gender_of(const char *text, size_t size)
{
    switch (size == 0 ? 0 : text[0] | 32) {
    case 'f':
    case 'w':
    case 'g': return GENDER_FEMALE;
    case 'm':
    case 'b': return GENDER_MALE;
    default: return size == 0 ? GENDER_NONE : GENDER_OTHER;
    }
}

void
draft_put(draft *draft, Muster__V1__Role role, unsigned nth, const char *value, size_t size)
{
    while (size > 0 && (*value == ' ' || *value == '\t')) {
        value++;
        size--;
    }
    while (size > 0 && (value[size - 1] == ' ' || value[size - 1] == '\t'))
        size--;
    if (size == 0)
        return;
    switch (role) {
    case MUSTER__V1__ROLE__ROLE_IDENTIFIER: put_identifier(draft, nth, value, size); break;
    case MUSTER__V1__ROLE__ROLE_BIRTH_DATE: draft->birth = date_of(value, size); break;
    case MUSTER__V1__ROLE__ROLE_BIRTH_YEAR:
    case MUSTER__V1__ROLE__ROLE_BIRTH_MONTH:
    case MUSTER__V1__ROLE__ROLE_BIRTH_DAY: put_birth_part(draft, role, value, size); break;
    case MUSTER__V1__ROLE__ROLE_GENDER: draft->gender = gender_of(value, size); break;
    case MUSTER__V1__ROLE__ROLE_EMAIL:
        if (draft->sizes[SLOT_EMAIL] == 0)
            put_email(draft, value, size);
        break;
    case MUSTER__V1__ROLE__ROLE_PHONE: put_phone(draft, value, size); break;
    case MUSTER__V1__ROLE__ROLE_STREET: address_put_street(draft, nth, value, size); break;
    case MUSTER__V1__ROLE__ROLE_STREET_NUMBER:
    case MUSTER__V1__ROLE__ROLE_UNIT:
    case MUSTER__V1__ROLE__ROLE_CITY:
    case MUSTER__V1__ROLE__ROLE_REGION:
    case MUSTER__V1__ROLE__ROLE_POSTCODE: address_put(draft, role, value, size); break;
    case MUSTER__V1__ROLE__ROLE_GIVEN_NAME:
    case MUSTER__V1__ROLE__ROLE_MIDDLE_NAME:
    case MUSTER__V1__ROLE__ROLE_FAMILY_NAME:
    case MUSTER__V1__ROLE__ROLE_FULL_NAME:
    case MUSTER__V1__ROLE__ROLE_NAME_SUFFIX:
    case MUSTER__V1__ROLE__ROLE_NICKNAME: name_put(draft, role, value, size); break;
    default: break;
    }
}

void
draft_finish(draft *draft)
{
    // 1 January of a year of which only the year is known is as common as a whole month: count the year only.
    if (BIRTH_YEAR(draft->birth) == 0 && BIRTH_MONTH(draft->birth) == 0)
        draft->birth = 0;
}

void
draft_fill(draft *draft, const layout *layout, const Muster__V1__Rows *rows, uint32_t row)
{
    assert(layout->width <= rows->columns);
    draft_clear(draft);
    for (size_t i = 0; i < layout->count; i++) {
        const layout_column *column = &layout->columns[i];
        size_t size;
        const char *value = mst_rows_cell(rows, row, column->column, &size);
        if (size > 0)
            draft_put(draft, (Muster__V1__Role)column->role, column->nth, value, size);
    }
    draft_finish(draft);
}
