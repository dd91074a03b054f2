/* decide.c - see decide.h. */
#include "decide.h"

#include <assert.h>

#define REASON(name) MUSTER__V1__REASON__REASON_##name
#define DECISION(name) MUSTER__V1__DECISION__DECISION_##name

#define DUPLICATE_CHECK_WEIGHT 8000 /* 1/1000 bit: least odds of a candidate that passes the duplicate check */
#define RIVAL_MIN 100000u           /* millionths: a second candidate this likely makes the question "which?" */

typedef struct levels {
    unsigned given, family, middle, suffix, birth, gender, email, phone, address, id;
} levels;

static levels
levels_of(uint32_t likeness)
{
    return (levels){.given = LIKENESS_LEVEL(likeness, GROUP_GIVEN),
                    .family = LIKENESS_LEVEL(likeness, GROUP_FAMILY),
                    .middle = LIKENESS_LEVEL(likeness, GROUP_MIDDLE),
                    .suffix = LIKENESS_LEVEL(likeness, GROUP_SUFFIX),
                    .birth = LIKENESS_LEVEL(likeness, GROUP_BIRTH),
                    .gender = LIKENESS_LEVEL(likeness, GROUP_GENDER),
                    .email = LIKENESS_LEVEL(likeness, GROUP_EMAIL),
                    .phone = LIKENESS_LEVEL(likeness, GROUP_PHONE),
                    .address = LIKENESS_LEVEL(likeness, GROUP_ADDRESS),
                    .id = LIKENESS_LEVEL(likeness, GROUP_ID)};
}

static bool
same_id(const levels *is)
{
    return is->id == LEVEL_EQUAL || is->id == LEVEL_RELATED;
}

/* An identifier known to name single people, and most of what describes them beside it. */
static bool
named_in_person(const levels *is)
{
    bool given = is->given == LEVEL_EQUAL || is->given == LEVEL_CLOSE || is->given == LEVEL_SWAPPED;
    bool family = is->family == LEVEL_EQUAL || is->family == LEVEL_CLOSE || is->family == LEVEL_SWAPPED;
    bool birth = is->birth == LEVEL_EQUAL || is->birth == LEVEL_CLOSE;
    bool contact = is->email == LEVEL_EQUAL || is->phone == LEVEL_EQUAL || is->address == LEVEL_EQUAL;
    return is->id == LEVEL_EQUAL && given + family + birth + contact >= 3;
}

/* What contradicts, whatever else agrees. */
static Muster__V1__Reason
contradiction(const levels *is)
{
    if (is->id == LEVEL_DIFFERENT || is->id == LEVEL_MIXED)
        return REASON(CONFLICT);
    if (is->birth == LEVEL_DIFFERENT && !named_in_person(is))
        return REASON(CONFLICT);
    if (is->suffix == LEVEL_DIFFERENT)
        return REASON(FAMILY);
    bool contact = is->email == LEVEL_EQUAL || is->phone == LEVEL_EQUAL || is->address == LEVEL_EQUAL;
    if (is->suffix == LEVEL_RELATED && !named_in_person(is) && !(is->birth == LEVEL_EQUAL && contact))
        return REASON(FAMILY);
    if (is->gender == LEVEL_DIFFERENT && is->given != LEVEL_EQUAL && !named_in_person(is))
        return REASON(FAMILY);
    return REASON(UNKNOWN);
}

/* Twins, spouses, parents and children: much is shared, the given name is not. Families share numbers, too. */
static Muster__V1__Reason
given_name(const levels *is, bool two_names)
{
    bool shared =
        is->birth == LEVEL_EQUAL || is->email == LEVEL_EQUAL || is->phone == LEVEL_EQUAL || is->address == LEVEL_EQUAL;
    if (named_in_person(is))
        return REASON(UNKNOWN);
    switch (is->given) {
    case LEVEL_EQUAL:
    case LEVEL_SWAPPED: return REASON(UNKNOWN);
    case LEVEL_CLOSE: return two_names ? REASON(FAMILY) : REASON(UNKNOWN);
    case LEVEL_RELATED:
        // Andy and Andrew at info@office.org may be two.
        return same_id(is) || is->birth == LEVEL_EQUAL ||
                       (is->email == LEVEL_EQUAL && (is->phone == LEVEL_EQUAL || is->address == LEVEL_EQUAL))
                   ? REASON(UNKNOWN)
                   : REASON(UNSURE);
    case LEVEL_MISSING:
        return is->birth == LEVEL_EQUAL && (same_id(is) || is->email == LEVEL_EQUAL) ? REASON(UNKNOWN) : REASON(UNSURE);
    default: return shared ? REASON(FAMILY) : REASON(UNSURE);
    }
}

static Muster__V1__Reason
family_name(const levels *is)
{
    bool given = is->given == LEVEL_EQUAL, birth = is->birth == LEVEL_EQUAL;
    bool contact = is->email == LEVEL_EQUAL || is->phone == LEVEL_EQUAL || is->address == LEVEL_EQUAL;
    if (named_in_person(is))
        return REASON(UNKNOWN);
    switch (is->family) {
    case LEVEL_MISSING: return same_id(is) || (birth && given && contact) ? REASON(UNKNOWN) : REASON(UNSURE);
    case LEVEL_FAR:
    case LEVEL_DIFFERENT:
        // a new last name: given name, birth date and a way to reach them stay
        return birth && given && (same_id(is) || contact) ? REASON(UNKNOWN) : REASON(UNSURE);
    default: return REASON(UNKNOWN);
    }
}

Muster__V1__Reason
decide_veto(uint32_t likeness)
{
    levels is = levels_of(likeness);
    bool birth = is.birth == LEVEL_EQUAL || is.birth == LEVEL_CLOSE;
    Muster__V1__Reason veto = contradiction(&is);
    if (veto == REASON(UNKNOWN))
        veto = given_name(&is, (likeness & LIKENESS_TWO_NAMES) != 0);
    if (veto == REASON(UNKNOWN))
        veto = family_name(&is);
    if (veto != REASON(UNKNOWN) || same_id(&is) || (likeness & LIKENESS_DUPLICATE_CHECK) != 0)
        return veto;
    if (is.birth == LEVEL_FAR && is.email != LEVEL_EQUAL)
        return REASON(CONFLICT);
    if (is.middle == LEVEL_DIFFERENT && is.birth != LEVEL_EQUAL)
        return REASON(UNSURE);
    // Father and son share name, house and phone: another e-mail is then all that speaks.
    if (is.email == LEVEL_DIFFERENT && !birth)
        return REASON(SAME_NAME_DIFFERENT_CONTACT);
    if (birth || is.id == LEVEL_CLOSE || is.email == LEVEL_EQUAL || is.email == LEVEL_CLOSE ||
        is.phone == LEVEL_EQUAL || is.address == LEVEL_EQUAL)
        return REASON(UNKNOWN);
    // A name and nothing else.
    return is.phone == LEVEL_DIFFERENT ? REASON(SAME_NAME_DIFFERENT_CONTACT) : REASON(UNSURE);
}

static Muster__V1__Reason
match_reason(const option *best)
{
    if (best->row != 0 || best->followed != 0)
        return REASON(FOLLOWS_ROW);
    unsigned id = LIKENESS_LEVEL(best->likeness, GROUP_ID);
    if (id == LEVEL_EQUAL || id == LEVEL_RELATED)
        return REASON(IDENTIFIER);
    return (best->likeness & LIKENESS_DUPLICATE_CHECK) != 0 ? REASON(DUPLICATE_CHECK) : REASON(WEIGHT);
}

/* Named by its owner: may not be passed over. */
static bool
insists(uint32_t likeness)
{
    unsigned id = LIKENESS_LEVEL(likeness, GROUP_ID);
    return id == LEVEL_EQUAL || id == LEVEL_RELATED || id == LEVEL_MIXED || (likeness & LIKENESS_DUPLICATE_CHECK) != 0;
}

decision
decide(option *options, size_t count, const settings *settings)
{
    int32_t weights[OPTIONS_MAX] = {0};
    uint32_t millionths[OPTIONS_MAX];
    assert(count <= OPTIONS_MAX);
    bool insisted = false;
    for (size_t i = 0; i < count; i++) {
        option *option = &options[i];
        if (option->veto == REASON(UNKNOWN))
            option->veto = decide_veto(option->likeness);
        if (option->veto == REASON(UNKNOWN) && insists(option->likeness) && option->weight < DUPLICATE_CHECK_WEIGHT)
            option->weight = DUPLICATE_CHECK_WEIGHT;
        weights[i] = option->weight;
        insisted = insisted || insists(option->likeness);
    }
    probabilities(weights, count, millionths);
    size_t best = 0;
    uint64_t any = 0;
    for (size_t i = 0; i < count; i++) {
        options[i].probability = millionths[i];
        any += millionths[i];
        if (millionths[i] > millionths[best])
            best = i;
    }
    if (best > 0) { // the duplicate check lifted it above the first
        option first = options[0];
        options[0] = options[best];
        options[best] = first;
    }
    uint64_t cost = settings->merge_cost == 0 ? MERGE_COST_DEFAULT : settings->merge_cost;
    if (count > 0 && options[0].veto == REASON(UNKNOWN) &&
        (uint64_t)(1000000 - options[0].probability) * cost < options[0].probability)
        return (decision){DECISION(MATCHED), match_reason(&options[0])};
    if (!insisted && any * SECOND_PERSON_COST < 1000000) {
        if (!settings->may_create)
            return (decision){DECISION(DISCREPANCY), REASON(MAY_NOT_CREATE)};
        return (decision){DECISION(NEW), count == 0 ? REASON(NO_CANDIDATE) : REASON(WEAK_CANDIDATES)};
    }
    Muster__V1__Reason reason = options[0].veto;
    if (count > 1 && options[1].probability >= RIVAL_MIN && (reason == REASON(UNKNOWN) || reason == REASON(UNSURE)))
        reason = REASON(SEVERAL_CANDIDATES);
    if (reason == REASON(UNKNOWN))
        reason = REASON(UNSURE);
    return (decision){DECISION(DISCREPANCY), reason};
}
