/* sentences.c - see sentences.h. */
#include "sentences.h"

#include <stdio.h>
#include <string.h>

static const char *const PLAIN_NAMES[GROUP_COUNT] = {
    [GROUP_GIVEN] = "First name", [GROUP_FAMILY] = "Last name", [GROUP_MIDDLE] = "Middle name",
    [GROUP_SUFFIX] = "Suffix",    [GROUP_BIRTH] = "Birth date", [GROUP_GENDER] = "Gender",
    [GROUP_EMAIL] = "E-mail",     [GROUP_PHONE] = "Phone",      [GROUP_ADDRESS] = "Address",
    [GROUP_ID] = "Identifier"};

static int
group_of(Muster__V1__Role role)
{
    switch (role) {
    case MUSTER__V1__ROLE__ROLE_GIVEN_NAME: return GROUP_GIVEN;
    case MUSTER__V1__ROLE__ROLE_FAMILY_NAME: return GROUP_FAMILY;
    case MUSTER__V1__ROLE__ROLE_MIDDLE_NAME: return GROUP_MIDDLE;
    case MUSTER__V1__ROLE__ROLE_NAME_SUFFIX: return GROUP_SUFFIX;
    case MUSTER__V1__ROLE__ROLE_BIRTH_DATE: return GROUP_BIRTH;
    case MUSTER__V1__ROLE__ROLE_GENDER: return GROUP_GENDER;
    case MUSTER__V1__ROLE__ROLE_EMAIL: return GROUP_EMAIL;
    case MUSTER__V1__ROLE__ROLE_PHONE: return GROUP_PHONE;
    case MUSTER__V1__ROLE__ROLE_IDENTIFIER: return GROUP_ID;
    default: return -1;
    }
}

void
field_names_of(field_names *names, const Muster__V1__Kind *kind)
{
    memcpy(names->of_group, PLAIN_NAMES, sizeof names->of_group);
    for (size_t i = kind == NULL ? 0 : kind->n_fields; i-- > 0;) { // the first of a role wins
        int group = group_of(kind->fields[i]->role);
        if (group >= 0)
            names->of_group[group] = kind->fields[i]->title[0] != 0 ? kind->fields[i]->title : kind->fields[i]->name;
    }
}

const char *
sentence_of_reason(Muster__V1__Reason reason)
{
    switch (reason) {
    case MUSTER__V1__REASON__REASON_SAME_NAME_DIFFERENT_CONTACT:
        return "Someone with this name is known, but the e-mail or phone is different: the same person with a new one, "
               "or a namesake.";
    case MUSTER__V1__REASON__REASON_SEVERAL_CANDIDATES:
        return "More than one known person fits this row; choose which one it is.";
    case MUSTER__V1__REASON__REASON_CONFLICT:
        return "Much agrees with someone known, but an identifier or the birth date contradicts.";
    case MUSTER__V1__REASON__REASON_FAMILY:
        return "This looks like a member of a known person's family (a twin, a spouse, father and son) rather than the "
               "person.";
    case MUSTER__V1__REASON__REASON_MAY_NOT_CREATE:
        return "Nobody known fits this row, and this template may not add new people.";
    case MUSTER__V1__REASON__REASON_CHANGED_MEANWHILE:
        return "The people known have changed since this row was compared; please look again.";
    case MUSTER__V1__REASON__REASON_UNSURE:
        return "Someone known may be this person, but what is given is not enough to be certain.";
    default: return "Please decide who this row is about.";
    }
}

/* Words for a group at a level; NULL: nothing worth saying. `agrees` says on which side it stands. */
static const char *
words_of(int group, unsigned level, bool *agrees)
{
    *agrees = level == LEVEL_EQUAL || level == LEVEL_CLOSE || level == LEVEL_RELATED || level == LEVEL_SWAPPED;
    static const char *const words[GROUP_COUNT][8] = {
        [GROUP_GIVEN] = {NULL, "the first name is the same", "the first name is nearly the same",
                         "the first name may be a short form", "first and last name are exchanged",
                         "the first name is only somewhat alike", "the first name is different"},
        [GROUP_FAMILY] = {NULL, "the last name is the same", "the last name is nearly the same",
                          "part of the last name is the same", "first and last name are exchanged",
                          "the last name is only somewhat alike", "the last name is different"},
        [GROUP_MIDDLE] = {NULL, "the middle name is the same", "the middle initial is the same", NULL, NULL, NULL,
                          "the middle name is different"},
        [GROUP_SUFFIX] = {NULL, "the suffix is the same", NULL, NULL, NULL, NULL, "Jr, Sr or III differ"},
        [GROUP_BIRTH] = {NULL, "the birth date is the same", "the birth date differs by a slip of the pen",
                         "what is known of the birth date is the same", NULL, "the birth date is partly different",
                         "the birth date is different"},
        [GROUP_GENDER] = {NULL, NULL, NULL, NULL, NULL, NULL, "the gender is different"},
        [GROUP_EMAIL] = {NULL, "the e-mail is the same", "the e-mail is nearly the same",
                         "the e-mail has the same name at another provider", NULL, NULL, "the e-mail is different"},
        [GROUP_PHONE] = {NULL, "the phone is the same", "the phone differs by one digit", NULL, NULL, NULL,
                         "the phone is different"},
        [GROUP_ADDRESS] = {NULL, "the address is the same", NULL, "street or place is the same",
                           "the address is partly the same", NULL, "the address is different"},
        [GROUP_ID] = {NULL, "the identifier is the same", "the identifier differs by one character",
                      "the identifier is the same", NULL, NULL, "the identifier is different",
                      "one identifier is the same, another is different"}};
    if (group == GROUP_SUFFIX && level == LEVEL_RELATED) {
        *agrees = false;
        return "only one of them has a suffix like Jr or Sr";
    }
    return words[group][level];
}

typedef struct line {
    char text[768];
    size_t size;
} line;

static void
say(line *line, const char *text)
{
    size_t size = strlen(text);
    if (line->size + size >= sizeof line->text)
        return;
    memcpy(line->text + line->size, text, size + 1);
    line->size += size;
}

/* The parts on one side, as "a, b and c". */
static size_t
say_side(line *line, uint32_t likeness, bool side)
{
    const char *parts[GROUP_COUNT];
    size_t count = 0;
    bool agrees;
    for (int group = 0; group < GROUP_COUNT; group++) {
        const char *words = words_of(group, LIKENESS_LEVEL(likeness, group), &agrees);
        if (words == NULL || agrees != side || (count > 0 && strcmp(parts[count - 1], words) == 0))
            continue;
        parts[count++] = words;
    }
    for (size_t i = 0; i < count; i++) {
        say(line, i == 0 ? "" : i + 1 == count ? " and " : ", ");
        say(line, parts[i]);
    }
    return count;
}

const char *
sentence_of_candidate(mst_arena *arena, uint32_t likeness, uint32_t row)
{
    line agree = {.size = 0}, differ = {.size = 0};
    size_t agreeing = say_side(&agree, likeness, true), differing = say_side(&differ, likeness, false);
    char start[64] = "";
    if (row != 0)
        snprintf(start, sizeof start, "Row %u of this file: ", row);
    char *text =
        agreeing > 0 && differing > 0 ? mst_arena_printf(arena, "%s%s, but %s.", start, agree.text, differ.text)
        : agreeing + differing > 0    ? mst_arena_printf(arena, "%s%s.", start, agreeing > 0 ? agree.text : differ.text)
                                      : mst_arena_printf(arena, "%sthere is nothing to compare.", start);
    if (row == 0 && text[0] >= 'a' && text[0] <= 'z')
        text[0] = (char)(text[0] - 'a' + 'A');
    return text;
}

static Muster__V1__Likeness
likeness_of(unsigned level)
{
    switch (level) {
    case LEVEL_MISSING: return MUSTER__V1__LIKENESS__LIKENESS_MISSING;
    case LEVEL_EQUAL: return MUSTER__V1__LIKENESS__LIKENESS_EQUAL;
    case LEVEL_CLOSE:
    case LEVEL_RELATED: return MUSTER__V1__LIKENESS__LIKENESS_CLOSE;
    case LEVEL_SWAPPED:
    case LEVEL_FAR: return MUSTER__V1__LIKENESS__LIKENESS_FAR;
    default: return MUSTER__V1__LIKENESS__LIKENESS_DIFFERENT;
    }
}

static void
add_evidence(mst_arena *arena, const field_names *names, const option *option, Muster__V1__Candidate *message)
{
    message->evidence = mst_arena_alloc(arena, GROUP_COUNT * sizeof *message->evidence);
    for (int group = 0; group < GROUP_COUNT; group++) {
        unsigned level = LIKENESS_LEVEL(option->likeness, group);
        bool agrees;
        const char *why = words_of(group, level, &agrees);
        if (level == LEVEL_MISSING)
            continue;
        Muster__V1__Evidence *evidence = mst_arena_alloc(arena, sizeof *evidence);
        muster__v1__evidence__init(evidence);
        evidence->field = (char *)names->of_group[group];
        evidence->likeness = likeness_of(level);
        evidence->weight = option->parts == NULL ? 0 : option->parts[group] * 25;
        evidence->why = why == NULL ? "" : (char *)why;
        message->evidence[message->n_evidence++] = evidence;
    }
}

Muster__V1__Candidate *
candidate_message(mst_arena *arena, const field_names *names, const option *option, bool evidence)
{
    Muster__V1__Candidate *message = mst_arena_alloc(arena, sizeof *message);
    muster__v1__candidate__init(message);
    message->record_id = option->row != 0 ? mst_arena_printf(arena, "row:%u", option->row)
                                          : mst_arena_strndup(arena, option->id, option->id_size);
    message->record_version = option->row != 0 ? 0 : option->version;
    message->probability = (double)option->probability / 1000000.0;
    message->sentence = (char *)sentence_of_candidate(arena, option->likeness, option->row);
    if (evidence)
        add_evidence(arena, names, option, message);
    return message;
}
