/* check_words.c - see check_words.h. */
#include "services/export/check_words.h"

#include "services/export/check_groups.h"
#include <string.h>

#define SHOWN_MAX 80u /* bytes of a value in a sentence */

/* `Caseworker First Name "Dana" and Caseworker Last Name "Sample"` */
static const char *
values_of(mst_arena *arena, const check_plan *plan, const check_reference *by, const mst_slice *row)
{
    const char *text = "";
    for (size_t i = 0; i < by->count; i++)
        text = mst_arena_printf(arena, "%s%s%s \"%s\"", text, i == 0 ? "" : " and ",
                                check_title(plan->fields[by->columns[i]]),
                                check_text(arena, row[by->columns[i]], SHOWN_MAX));
    return text;
}

char *
check_words_reference(mst_arena *arena, const check_plan *plan, const check_reference *by, const mst_slice *row,
                      size_t found)
{
    const char *title = check_kind_title(by->kind, by->kind_name), *values = values_of(arena, plan, by, row);
    if (by->kind == NULL)
        return mst_arena_printf(arena,
                                "The directory has no \"%s\", so %s cannot be looked up. Declare it (muster directory "
                                "declare) and create the batch again.",
                                title, values);
    if (found > 1 && by->by_id != CHECK_NONE)
        return mst_arena_printf(
            arena, "%zu records of \"%s\" have %s. Choose which one is meant: its %s takes the place.", found, title,
            values, check_title(plan->fields[plan->references[by->by_id].columns[0]]));
    if (found > 1)
        return mst_arena_printf(arena,
                                "%zu records of \"%s\" have %s, and one must be meant. Write it as the directory "
                                "has it, or make the records there differ.",
                                found, title, values);
    if (by->target[0] == '\0')
        return mst_arena_printf(arena, "%s is not in the list \"%s\". Choose a value of the list.", values, title);
    if (by->subject)
        return mst_arena_printf(arena,
                                "The directory has no \"%s\" with %s, and this upload makes none. Choose who is "
                                "meant, or add the record first.",
                                title, values);
    return mst_arena_printf(
        arena, "The directory has no \"%s\" with %s. Choose one that it has, or add it there first.", title, values);
}

/* "; say Insert to begin a new one, or", where rows can say so. */
static const char *
or_say(mst_arena *arena, const check_plan *plan, const check_period *period, bool insert, const char *what)
{
    const Muster__V1__Action *words = plan->template->action;
    if (words == NULL || period->related || (insert ? words->n_insert_words : words->n_update_words) == 0)
        return "";
    return mst_arena_printf(arena, "say %s %s, or ", insert ? words->insert_words[0] : words->update_words[0], what);
}

/* A sentence that begins with its first letter in upper case: what to do. */
static char *
and_do(mst_arena *arena, const char *what, const char *or_else)
{
    char *text = mst_arena_printf(arena, "%s%s", what, or_else);
    if (text[0] >= 'a' && text[0] <= 'z')
        text[0] = (char)(text[0] - 'a' + 'A');
    return text;
}

/* " since 2026-01-05", "" where the day is not known. */
static const char *
day(mst_arena *arena, const char *word, uint32_t date)
{
    char text[SPAN_DATE_SIZE];
    span_date_text(date, text);
    return text[0] == '\0' ? "" : mst_arena_printf(arena, " %s %s", word, text);
}

static const char *
title_of(const check_plan *plan, int column, const char *none)
{
    return column == CHECK_NONE ? none : check_title(plan->fields[column]);
}

static char *
words_closed(mst_arena *arena, const check_plan *plan, const check_period *period, const span_choice *chosen,
             span about, span row)
{
    const char *title = check_kind_title(period->kind, period->kind->name), *what = "leave the row out.";
    const char *by = about.row == 0 ? "" : mst_arena_printf(arena, " (by row %u of this file)", about.row);
    bool named = row.begin > SPAN_SOMETIME && row.begin == about.begin;
    const char *other = mst_arena_printf(arena, "give another %s, or ", title_of(plan, period->begin, "start date"));
    const char *open = mst_arena_printf(arena, "give the %s of the one that is open, or ",
                                        title_of(plan, period->begin, "start date"));
    return mst_arena_printf(arena, "This %s%s was closed%s%s and cannot be changed any more. %s", title,
                            named ? mst_arena_printf(arena, ", begun%s,", day(arena, "on", about.begin)) : "",
                            day(arena, "on", about.end), by,
                            and_do(arena,
                                   chosen->fault == SPAN_BEGAN_THEN ? other
                                   : chosen->open > 0               ? open
                                                      : or_say(arena, plan, period, true, "to begin a new one"),
                                   what));
}

char *
check_words_period(mst_arena *arena, const check_plan *plan, const check_period *period, const span_choice *chosen,
                   span about, span row)
{
    const char *title = check_kind_title(period->kind, period->kind->name);
    const char *by = about.row == 0 ? "" : mst_arena_printf(arena, " (by row %u of this file)", about.row);
    const char *start = title_of(plan, period->begin, "start date");
    switch (chosen->fault) {
    case SPAN_OPEN_ALREADY:
        return mst_arena_printf(arena, "This %s is open%s%s already: there is nothing to insert. %s", title,
                                day(arena, "since", about.begin), by,
                                and_do(arena, or_say(arena, plan, period, false, "to end it"), "leave the row out."));
    case SPAN_CLOSED:
    case SPAN_BEGAN_THEN: return words_closed(arena, plan, period, chosen, about, row);
    case SPAN_OPEN_TWICE:
        return mst_arena_printf(arena,
                                "%zu of this %s are open: it is not clear which one ends. Give the %s of the one that "
                                "is meant, or leave the row out.",
                                chosen->open, title, start);
    case SPAN_NO_START:
        return mst_arena_printf(arena,
                                "No such %s is open, and without %s none can begin. Give it, check who and what the "
                                "row names, or leave the row out.",
                                title, start);
    case SPAN_ENDS_TOO_EARLY:
        return mst_arena_printf(arena, "This %s began%s%s, so it cannot end%s. Correct the date.", title,
                                day(arena, "on", about.begin), by, day(arena, "on", row.end));
    default:
        return mst_arena_printf(arena,
                                "No such %s is open: there is nothing to end. Check who and what the row names, %s"
                                "leave the row out.",
                                title, or_say(arena, plan, period, true, "to begin one"));
    }
}

char *
check_words_known(mst_arena *arena, const check_plan *plan, const check_known *known)
{
    if (known->rule->message[0] != '\0')
        return mst_arena_strdup(arena, known->rule->message);
    const char *fields = "";
    for (size_t i = 0; i < known->columns_count; i++)
        fields = mst_arena_printf(arena, "%s%s%s", fields, i == 0 ? "" : " or ",
                                  check_title(plan->fields[known->columns[i]]));
    return mst_arena_printf(arena, "%s is needed: neither the row has it nor the directory.", fields);
}
