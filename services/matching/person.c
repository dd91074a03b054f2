/* person.c - see person.h. */
#include "person.h"

#include <assert.h>
#include <string.h>

_Static_assert(sizeof(person) == 64, "the header of a person is one cache line");
_Static_assert(PERSON_SIZE_MAX / 16 < 256, "units fit a byte");

/* Multiply and fold, eight bytes at a time; quality is that of the multiplication, enough for block keys. */
static uint64_t
mix(uint64_t hash, uint64_t word)
{
    unsigned __int128 product = (unsigned __int128)(hash ^ word) * 0x9E3779B97F4A7C15u;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t
word_of(const unsigned char *bytes, size_t size)
{
    uint64_t word = 0;
    memcpy(&word, bytes, size);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

uint32_t
person_hash(uint32_t seed, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    uint64_t hash = 0x2545F4914F6CDD1Du ^ ((uint64_t)seed << 32) ^ size;
    for (; size >= 8; bytes += 8, size -= 8)
        hash = mix(hash, word_of(bytes, 8));
    if (size >= 4) // the last eight bytes in two pieces, which may overlap
        hash = mix(hash, word_of(bytes, 4) | word_of(bytes + size - 4, 4) << 32);
    else if (size > 0)
        hash = mix(hash, (uint64_t)bytes[0] | (uint64_t)bytes[size / 2] << 8 | (uint64_t)bytes[size - 1] << 16);
    hash = mix(hash, 0xD6E8FEB86659FD93u);
    return (uint32_t)(hash >> 32) ^ (uint32_t)hash;
}

void
draft_clear(draft *draft)
{
    memset(draft->phones, 0, sizeof draft->phones);
    draft->birth = 0;
    draft->suffix = SUFFIX_NONE;
    draft->gender = GENDER_NONE;
    memset(draft->sizes, 0, sizeof draft->sizes);
}

void
draft_set(draft *draft, slot slot, const char *text, size_t size)
{
    if (size > PERSON_TEXT_MAX)
        size = PERSON_TEXT_MAX;
    while (size > 0 && text[size - 1] == ' ')
        size--;
    memcpy(draft->texts[slot], text, size);
    draft->sizes[slot] = (uint8_t)size;
}

void
draft_set_exact(draft *draft, slot slot, const char *text, size_t size)
{
    draft_set(draft, slot, text, size);
    if (size <= PERSON_TEXT_MAX)
        return;
    uint32_t hash = person_hash(0, text, size);
    for (int i = 0; i < 8; i++)
        draft->texts[slot][PERSON_TEXT_MAX - 8 + i] = "0123456789abcdef"[hash >> (28 - 4 * i) & 15];
    draft->sizes[slot] = PERSON_TEXT_MAX;
}

size_t
person_size(const draft *draft, size_t record_id_size)
{
    size_t size = sizeof(person) + record_id_size;
    for (int i = 0; i < SLOT_COUNT; i++)
        size += draft->sizes[i];
    return (size + 15) & ~(size_t)15;
}

void
person_pack(person *memory, const draft *draft, const char *record_id, size_t record_id_size)
{
    assert(record_id_size <= PERSON_RECORD_ID_MAX);
    memcpy(memory->phones, draft->phones, sizeof memory->phones);
    memory->birth = draft->birth;
    memory->units = (uint8_t)(person_size(draft, record_id_size) / 16);
    memory->record_id_size = (uint8_t)record_id_size;
    memory->suffix = draft->suffix;
    memory->gender = draft->gender;
    memory->kept = 0;
    memcpy(memory->sizes, draft->sizes, sizeof memory->sizes);
    char *out = memory->texts;
    for (int i = 0; i < SLOT_COUNT; i++) {
        memcpy(out, draft->texts[i], draft->sizes[i]);
        out += draft->sizes[i];
    }
    if (record_id_size > 0)
        memcpy(out, record_id, record_id_size);
}

bool
person_same(const person *person, const draft *draft)
{
    if (person->birth != draft->birth || person->suffix != draft->suffix || person->gender != draft->gender ||
        memcmp(person->phones, draft->phones, sizeof person->phones) != 0 ||
        memcmp(person->sizes, draft->sizes, sizeof person->sizes) != 0)
        return false;
    const char *text = person->texts;
    for (int i = 0; i < SLOT_COUNT; i++) {
        if (memcmp(text, draft->texts[i], person->sizes[i]) != 0)
            return false;
        text += person->sizes[i];
    }
    return true;
}

void
person_view_of(person_view *view, const person *person)
{
    const char *text = person->texts;
    view->person = person;
    for (int i = 0; i < SLOT_COUNT; i++) {
        view->texts[i] = text;
        text += person->sizes[i];
    }
    view->record_id = text;
}
