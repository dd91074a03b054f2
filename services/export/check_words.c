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

/* ", by row 12 of this file" */
static const char *
by_row(mst_arena *arena, const standing *now)
{
    return now->row == 0 ? "" : mst_arena_printf(arena, " (by row %u of this file)", now->row);
}

char *
check_words_period(mst_arena *arena, const check_plan *plan, const check_period *period, check_period_fault fault,
                   const standing *now, uint32_t end)
{
    const char *title = check_kind_title(period->kind, period->kind->name), *row = by_row(arena, now);
    const Muster__V1__Action *words = plan->template->action;
    const char *insert = words->n_insert_words > 0 ? words->insert_words[0] : "Insert";
    const char *update = words->n_update_words > 0 ? words->update_words[0] : "Update";
    char begun[STANDING_DATE_SIZE], closed[STANDING_DATE_SIZE], ends[STANDING_DATE_SIZE];
    standing_date_text(now->begin, begun);
    standing_date_text(now->closed < 10000101 ? 0 : now->closed, closed);
    standing_date_text(end, ends);
    switch (fault) {
    case CHECK_OPEN_ALREADY:
        return mst_arena_printf(arena,
                                "This %s is open%s%s%s already: there is nothing to insert. Say %s to end it, or "
                                "leave the row out.",
                                title, begun[0] == '\0' ? "" : " since ", begun, row, update);
    case CHECK_CLOSED_ALREADY:
        return mst_arena_printf(arena,
                                "This %s was closed%s%s%s and cannot be changed any more. Say %s to begin a new "
                                "one, or leave the row out.",
                                title, closed[0] == '\0' ? "" : " on ", closed, row, insert);
    case CHECK_OPEN_TWICE:
        return mst_arena_printf(arena,
                                "%u of this %s are open, and %s ends one: it is not clear which. End the others by "
                                "hand first, or leave the row out.",
                                now->open, title, update);
    case CHECK_ENDS_TOO_EARLY:
        return mst_arena_printf(arena, "This %s began on %s%s, so it cannot end on %s. Correct the date.", title, begun,
                                row, ends);
    default:
        return mst_arena_printf(arena,
                                "No such %s is open: there is nothing to end. Check who and what the row names, "
                                "say %s to begin one, or leave the row out.",
                                title, insert);
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
