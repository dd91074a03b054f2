/* weigh.c - see weigh.h. */
#include "weigh.h"

#include "common_names.h"
#include "nicknames.h"
#include <assert.h>
#include <string.h>

#define PARAMETERS_VERSION 1u
#define IDS_SAMPLE 1000u /* people looked at to see whether an identifier is shared */
#define IDS_LEAST 20u    /* of them must have it, and */
#define IDS_SHARED 50u   /* fewer than one in so many share it, for it to count as personal */

/* How many invented people of the census (or of a place nobody knows) are mixed under the counted ones. */
static const uint32_t MIXED[TERM_KINDS] = {500, 500, 8, 8};
/* How many in a million bear a value that no list knows. */
static const uint32_t UNLISTED_PER_MILLION[TERM_KINDS] = {60, 12, 2000, 1000};
/* m of "equal" in percent, and the most that agreeing may weigh. */
static const uint32_t EQUAL_PERCENT[TERM_KINDS] = {88, 92, 85, 85};
static const int32_t EQUAL_WEIGHT_MAX[TERM_KINDS] = {11000, 14000, 7000, 9000};

/* log2 of `value` in 1/65536, below the exact one by less than one. */
static uint32_t
log2_exact(uint64_t value)
{
    int whole = 63 - __builtin_clzll(value);
    uint64_t x = value << (63 - whole); // [1, 2) with 63 bits behind the point
    uint32_t fraction = 0;
    for (int i = 0; i < 16; i++) {
        unsigned __int128 square = (unsigned __int128)x * x; // [1, 4) with 126
        bool two = square >> 127 != 0;
        fraction = fraction << 1 | two;
        x = (uint64_t)(square >> (two ? 64 : 63));
    }
    return (uint32_t)whole << 16 | fraction;
}

#define LOG_STEPS 1024u

/* Between table entries a straight line: off by less than 1/65536 more. */
static uint32_t
log2_fixed(uint64_t value)
{
    static uint32_t table[LOG_STEPS + 1];
    if (table[LOG_STEPS] == 0)
        for (uint32_t i = 0; i <= LOG_STEPS; i++)
            table[i] = log2_exact(LOG_STEPS + i) - (10u << 16);
    int whole = 63 - __builtin_clzll(value);
    uint64_t x = value << (63 - whole);
    uint32_t at = (uint32_t)(x >> 53) & (LOG_STEPS - 1), rest = (uint32_t)(x >> 37) & 0xFFFF;
    return ((uint32_t)whole << 16) + table[at] + (((table[at + 1] - table[at]) * rest) >> 16);
}

int32_t
log2_milli(uint64_t over, uint64_t under)
{
    assert(over > 0 && under > 0);
    int64_t difference = (int64_t)log2_fixed(over) - (int64_t)log2_fixed(under);
    return (int32_t)(difference * 1000 / 65536);
}

/* Parameters: version, population, personal identifiers, then for each kind least, count and (hash, count) pairs; 32
 * bits, little-endian. */

static uint32_t
personal_ids(const people *directory)
{
    uint32_t having[PERSON_IDS_MAX], sharing[PERSON_IDS_MAX], personal = 0;
    people_sample_ids(directory, IDS_SAMPLE, having, sharing);
    for (uint32_t i = 0; i < PERSON_IDS_MAX; i++)
        if (having[i] >= IDS_LEAST && sharing[i] * IDS_SHARED < having[i])
            personal |= 1u << i;
    return personal;
}

static uint8_t *
put32(uint8_t *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        *out++ = (uint8_t)(value >> (8 * i));
    return out;
}

static bool
get32(mst_slice *in, uint32_t *value)
{
    if (in->size < 4)
        return false;
    *value = 0;
    for (int i = 0; i < 4; i++)
        *value |= (uint32_t)in->data[i] << (8 * i);
    in->data += 4;
    in->size -= 4;
    return true;
}

mst_slice
weigher_pack(mst_arena *arena, const people *directory)
{
    size_t room = 4 * (3 + TERM_KINDS * (2 + 2 * (size_t)TERMS_LISTED_MAX));
    uint8_t *start = mst_arena_alloc(arena, room), *out = start;
    term *top = mst_arena_alloc(arena, TERMS_LISTED_MAX * sizeof *top);
    out = put32(out, PARAMETERS_VERSION);
    out = put32(out, directory == NULL ? 0 : (uint32_t)people_count(directory));
    out = put32(out, directory == NULL ? 0 : personal_ids(directory));
    for (int kind = 0; kind < TERM_KINDS; kind++) {
        size_t count = directory == NULL ? 0 : terms_top(&people_terms(directory)[kind], top, TERMS_LISTED_MAX);
        out = put32(out, count == TERMS_LISTED_MAX ? top[count - 1].count : 0);
        out = put32(out, (uint32_t)count);
        for (size_t i = 0; i < count; i++) {
            out = put32(out, top[i].hash);
            out = put32(out, top[i].count);
        }
    }
    return (mst_slice){start, (size_t)(out - start)};
}

bool
weigher_init(weigher *weigher, mst_slice parameters)
{
    memset(weigher, 0, sizeof *weigher);
    uint32_t version, count;
    if (!get32(&parameters, &version) || version != PARAMETERS_VERSION || !get32(&parameters, &weigher->population) ||
        !get32(&parameters, &weigher->personal_ids))
        return false;
    for (int kind = 0; kind < TERM_KINDS; kind++) {
        if (!get32(&parameters, &weigher->listed_least[kind]) || !get32(&parameters, &count) ||
            count > TERMS_LISTED_MAX)
            return false;
        for (uint32_t i = 0; i < count; i++) {
            uint32_t hash, count_of;
            if (!get32(&parameters, &hash) || !get32(&parameters, &count_of) || hash == 0 || count_of == 0)
                return false;
            if (count_of > INT32_MAX)
                return false;
            terms_count(&weigher->listed[kind], hash, (int)count_of);
        }
    }
    return parameters.size == 0;
}

void
weigher_release(weigher *weigher)
{
    for (int kind = 0; kind < TERM_KINDS; kind++)
        terms_release(&weigher->listed[kind]);
}

/* The census by the hash of the value; two names with one hash would count as one. */
static uint32_t
census_per_million(term_kind kind, uint32_t hash)
{
    static terms census[2];
    if (kind > TERM_FAMILY)
        return 0;
    if (census[0].size == 0) {
        for (size_t i = 0; i < sizeof COMMON_GIVEN / sizeof *COMMON_GIVEN; i++)
            terms_count(&census[0], term_hash(TERM_GIVEN, COMMON_GIVEN[i].name, strlen(COMMON_GIVEN[i].name)),
                        (int)COMMON_GIVEN[i].per_million);
        for (size_t i = 0; i < sizeof COMMON_FAMILY / sizeof *COMMON_FAMILY; i++)
            terms_count(&census[1], term_hash(TERM_FAMILY, COMMON_FAMILY[i].name, strlen(COMMON_FAMILY[i].name)),
                        (int)COMMON_FAMILY[i].per_million);
    }
    return terms_get(&census[kind], hash);
}

static uint32_t
bearers(const weigher *weigher, term_kind kind, uint32_t hash)
{
    uint32_t listed = terms_get(&weigher->listed[kind], hash);
    if (listed == 0)
        listed = weigher->listed_least[kind] / 4;
    return listed + (weigher->file == NULL ? 0 : terms_get(&people_terms(weigher->file)[kind], hash));
}

int32_t
weigher_equal(const weigher *weigher, term_kind kind, const char *text, size_t size)
{
    uint32_t hash = term_hash(kind, text, size), per_million = census_per_million(kind, hash);
    if (per_million == 0)
        per_million = UNLISTED_PER_MILLION[kind];
    uint64_t all = (uint64_t)weigher->population + (weigher->file == NULL ? 0 : people_count(weigher->file));
    // The value itself is one of those counted: frequency is about the others.
    uint64_t borne = (uint64_t)bearers(weigher, kind, hash) * 1000000;
    uint64_t mixed = (uint64_t)MIXED[kind] * per_million;
    int32_t weight = log2_milli((all + MIXED[kind]) * 10000 * EQUAL_PERCENT[kind], borne + mixed);
    return weight < 0 ? 0 : weight > EQUAL_WEIGHT_MAX[kind] ? EQUAL_WEIGHT_MAX[kind] : weight;
}

bool
weigher_known(const weigher *weigher, term_kind kind, const char *text, size_t size)
{
    uint32_t hash = term_hash(kind, text, size);
    if (census_per_million(kind, hash) > 0 || (kind == TERM_GIVEN && nicknames_known(text, size)))
        return true;
    uint32_t file = weigher->file == NULL ? 0 : terms_get(&people_terms(weigher->file)[kind], hash);
    return terms_get(&weigher->listed[kind], hash) + file / 2 >= 4;
}

int32_t
weigher_prior(const weigher *weigher, bool in_file)
{
    uint64_t others = in_file ? (weigher->file == NULL ? 0 : people_count(weigher->file)) : weigher->population;
    uint64_t share = in_file ? SHARE_REPEATED : SHARE_KNOWN;
    return -log2_milli((others + 2) * (1000 - share), share);
}

/* 2^(i/1000) in 1/2^32, exact to the last bits by repeated multiplication. */
static uint64_t
power_milli(uint32_t thousandths)
{
    static const uint64_t bits[10] = {
        // 2^(2^k / 1000) in 1/2^62, k = 0..9
        4614883703693923851u, 4618083606195332892u, 4624490069053447726u, 4637329669305344957u, 4663115913765719139u,
        4715119359455037554u, 4820872558338012384u, 5039547820660554526u, 5507105673552573218u, 6576382862686094222u};
    uint64_t value = (uint64_t)1 << 62;
    for (int k = 0; k < 10; k++)
        if (thousandths >> k & 1)
            value = (uint64_t)(((unsigned __int128)value * bits[k]) >> 62);
    return value >> 30;
}

void
probabilities(const int32_t *weights, size_t count, uint32_t *millionths)
{
    int32_t highest = 0;
    for (size_t i = 0; i < count; i++)
        if (weights[i] > highest)
            highest = weights[i];
    // All odds relative to the highest, "none of them" (weight 0) among them; below 2^-30 nothing counts.
    uint64_t odds[256], sum = 0;
    assert(count < 256);
    for (size_t i = 0; i <= count; i++) {
        int32_t below = highest - (i < count ? weights[i] : 0);
        uint32_t whole = (uint32_t)below / 1000, rest = (uint32_t)below % 1000;
        if (rest > 0) {
            whole++;
            rest = 1000 - rest;
        }
        odds[i] = whole > 31 ? 0 : power_milli(rest) >> whole;
        sum += odds[i];
    }
    for (size_t i = 0; i < count; i++)
        millionths[i] = (uint32_t)((odds[i] * 1000000 + sum / 2) / sum);
}
