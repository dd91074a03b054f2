/* wrong_groups.c - see wrong_groups.h. */
#include "wrong_groups.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 500u /* groups asked for at a time */

const char *
wrong_kind_title(Muster__V1__WrongKind kind)
{
    static const char *const TITLES[] = {
        "Wrong",
        "A value is missing",
        "Wrong kind of value",
        "Not in the list of allowed values",
        "Wrong form",
        "Too long or too short",
        "Too small or too large",
        "Row with too many or too few cells",
        "Unreadable characters",
        "Unknown to the directory",
        "Columns that contradict each other",
        "Sample or instructions of the template",
        "The same value as in an earlier row",
        "Does not fit the record's dates",
    };
    return (unsigned)kind < sizeof TITLES / sizeof TITLES[0] ? TITLES[kind] : TITLES[0];
}

const char *
wrong_field(const Muster__V1__TemplateView *template, const char *field)
{
    for (size_t i = 0; template != NULL && template->template_ != NULL && i < template->template_->n_fields; i++) {
        const Muster__V1__Field *known = template->template_->fields[i];
        if (strcmp(known->name, field) == 0 && known->title[0] != 0)
            return known->title;
    }
    return field;
}

const char *
wrong_fields(mst_arena *arena, const Muster__V1__TemplateView *template, const Muster__V1__WrongValueGroup *group)
{
    const char *text = group->field[0] != 0 ? wrong_field(template, group->field) : "(whole row)";
    for (size_t i = 1; i < group->n_fields; i++)
        text = mst_arena_printf(arena, "%s + %s", text, wrong_field(template, group->fields[i]));
    return text;
}

const char *
wrong_values(mst_arena *arena, char *const *values, size_t count)
{
    const char *text = count == 0 ? "" : values[0];
    for (size_t i = 1; i < count; i++)
        text = mst_arena_printf(arena, "%s | %s", text, values[i]);
    return text;
}

/* Which of several: only what tells it from others is filled in. */
static bool
is_told_by_one(const Muster__V1__Suggestion *suggestion)
{
    size_t filled = 0;
    for (size_t i = 0; i < suggestion->n_values; i++)
        filled += suggestion->values[i][0] != 0;
    return filled == 1;
}

const char *
wrong_suggestion(mst_arena *arena, const Muster__V1__Suggestion *suggestion)
{
    const char *text = suggestion->n_values == 0 || is_told_by_one(suggestion)
                           ? suggestion->value
                           : wrong_values(arena, suggestion->values, suggestion->n_values);
    return suggestion->note[0] == 0 ? mst_arena_printf(arena, "\"%s\"", text)
                                    : mst_arena_printf(arena, "\"%s\" (%s)", text, suggestion->note);
}

const char *
wrong_suggestions(mst_arena *arena, const Muster__V1__WrongValueGroup *group, size_t max)
{
    const char *text = "";
    size_t count = group->n_suggestions < max ? group->n_suggestions : max;
    for (size_t i = 0; i < count; i++)
        text = mst_arena_printf(arena, "%s%s%s", text,
                                i == 0           ? ""
                                : i + 1 == count ? " or "
                                                 : ", ",
                                wrong_suggestion(arena, group->suggestions[i]));
    return text;
}

const char *
wrong_correction(mst_arena *arena, const Muster__V1__WrongValueGroup *group)
{
    const Muster__V1__Correction *made = group->correction;
    if (made == NULL)
        return "";
    if (made->leave_out)
        return "(left out)";
    const char *text = wrong_values(arena, made->to, made->n_to);
    return made->n_to == 1 && text[0] == 0 ? "(blank)" : text;
}

const wrong_groups *
wrong_groups_fetch(cli *self, const char *batch_id, uint64_t max, int *exit_code)
{
    wrong_groups *all = mst_arena_alloc(self->arena, sizeof *all);
    size_t room = 0;
    *all = (wrong_groups){.more = true};
    while (all->more && all->count < max) {
        Muster__V1__ListWrongValues list = MUSTER__V1__LIST_WRONG_VALUES__INIT;
        list.batch_id = (char *)batch_id;
        list.after = (uint32_t)all->count;
        list.max = max - all->count < PAGE ? (uint32_t)(max - all->count) : PAGE;
        const Muster__V1__WrongValueList *page =
            cli_call(self, "parsing", batch_id, &list.base, NULL, &muster__v1__wrong_value_list__descriptor, exit_code);
        if (page == NULL)
            return NULL;
        while (all->count + page->n_groups > room) {
            const Muster__V1__WrongValueGroup **larger =
                mst_arena_alloc(self->arena, (room = room == 0 ? PAGE : 2 * room) * sizeof *larger);
            if (all->count > 0)
                memcpy(larger, all->list, all->count * sizeof *larger);
            all->list = larger;
        }
        for (size_t i = 0; i < page->n_groups; i++)
            all->list[all->count++] = page->groups[i];
        all->wrong_rows = page->wrong_rows;
        all->groups_left = page->groups_left;
        all->groups_total = page->groups_total;
        all->more = page->more && page->n_groups > 0;
    }
    return all;
}
