/* creation.c - see creation.h. */
#include "creation.h"

#include "texts.h"
#include "uploads.h"
#include <string.h>

#define MAPPING_MAX 2000u             /* columns chosen by hand */
#define REPAIRS_MAX 200u              /* asked for of one batch */
#define AHEAD_MS (14 * 3600 * 1000ll) /* somewhere on earth it is tomorrow already */

static bool
has_option(const Muster__V1__Template *template, const char *name)
{
    for (size_t i = 0; template != NULL && i < template->n_options; i++)
        if (strcmp(template->options[i]->name, name) == 0)
            return true;
    return false;
}

static bool
lists(char *const *texts, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(texts[i], text) == 0)
            return true;
    return false;
}

const char *
creation_options(mst_arena *arena, const Muster__V1__Template *template, const Muster__V1__CreateBatch *create,
                 Muster__V1__BatchCreated *created)
{
    size_t offered = template == NULL ? 0 : template->n_options;
    created->options = mst_arena_alloc(arena, (create->n_options + offered + 1) * sizeof *created->options);
    for (size_t i = 0; i < create->n_options; i++) {
        const char *name = create->options[i];
        bool off = strncmp(name, "no-", 3) == 0 && has_option(template, name + 3);
        if (!off && !has_option(template, name)) {
            const char *names = "";
            for (size_t j = 0; j < offered; j++)
                names = mst_arena_printf(arena, "%s%s%s", names, j == 0 ? "" : ", ", template->options[j]->name);
            return mst_arena_printf(arena, "There is no option \"%.64s\" here; %s%s.", name,
                                    offered == 0 ? "none is offered" : "offered are ", names);
        }
        if (!off && !lists(created->options, created->n_options, name))
            created->options[created->n_options++] = (char *)name;
    }
    for (size_t i = 0; i < offered; i++) {
        const Muster__V1__Option *option = template->options[i];
        if (option->default_on && !lists(created->options, created->n_options, option->name) &&
            !lists(create->options, create->n_options, mst_arena_printf(arena, "no-%s", option->name)))
            created->options[created->n_options++] = option->name;
    }
    return NULL;
}

static bool
has_field(Muster__V1__Field *const *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i]->name, name) == 0)
            return true;
    return false;
}

const char *
creation_mapping(mst_arena *arena, const Muster__V1__CreateBatch *create, Muster__V1__Field *const *fields,
                 size_t count)
{
    if (create->n_mapping > MAPPING_MAX)
        return mst_arena_printf(arena, "%zu columns are mapped; at most %u can be.", create->n_mapping, MAPPING_MAX);
    for (size_t i = 0; i < create->n_mapping; i++) {
        const Muster__V1__ColumnChoice *choice = create->mapping[i];
        if (choice->header[0] == '\0')
            return "A column mapping names no column.";
        if (choice->field[0] != '\0' && !has_field(fields, count, choice->field))
            return mst_arena_printf(arena, "Column \"%.100s\" is mapped to \"%.100s\", which is not a field.",
                                    choice->header, choice->field);
        for (size_t j = 0; j < i; j++)
            if (strcmp(create->mapping[j]->header, choice->header) == 0 ||
                (choice->field[0] != '\0' && strcmp(create->mapping[j]->field, choice->field) == 0))
                return mst_arena_printf(arena, "Column \"%.100s\" or field \"%.100s\" is mapped twice.", choice->header,
                                        choice->field);
    }
    return NULL;
}

const char *
creation_repairs(mst_arena *arena, const Muster__V1__CreateBatch *create, Muster__V1__Field *const *fields,
                 size_t count)
{
    static const char *const OF_FIELDS[] = {"leading-zeros", "two-digit-years", "future-years", "serial-dates",
                                            "mojibake"};
    if (create->n_repairs > REPAIRS_MAX)
        return mst_arena_printf(arena, "%zu repairs are asked for; at most %u can be.", create->n_repairs, REPAIRS_MAX);
    for (size_t i = 0; i < create->n_repairs; i++) {
        const char *repair = create->repairs[i], *colon = strchr(repair, ':');
        if (strcmp(repair, "totals-rows") == 0)
            continue;
        bool known = false;
        for (size_t j = 0; colon != NULL && j < sizeof OF_FIELDS / sizeof OF_FIELDS[0]; j++)
            known = known || (strlen(OF_FIELDS[j]) == (size_t)(colon - repair) &&
                              strncmp(OF_FIELDS[j], repair, (size_t)(colon - repair)) == 0);
        if (!known)
            return mst_arena_printf(arena,
                                    "\"%.100s\" is not a repair. muster read FILE --template NAME shows what can be "
                                    "repaired, with the names.",
                                    repair);
        const char *field = mst_arena_strndup(arena, colon + 1, strcspn(colon + 1, ":"));
        if (!has_field(fields, count, field))
            return mst_arena_printf(arena, "Repair \"%.100s\" is about \"%.100s\", which is not a field.", repair,
                                    field);
    }
    return NULL;
}

const char *
creation_details(mst_work *work, const Muster__V1__CreateBatch *create, Muster__V1__BatchCreated *created)
{
    mst_arena *arena = mst_work_arena(work);
    created->name = text_clean(arena, create->name);
    created->file_name = text_file_name(arena, create->file_name);
    if (created->name[0] == '\0')
        return "A batch needs a name: say what the file is, for instance \"Sunday cards\".";
    if (text_length(created->name) > NAME_LENGTH_MAX)
        return mst_arena_printf(arena, "The name of the batch has %zu characters; at most %u are allowed.",
                                text_length(created->name), NAME_LENGTH_MAX);
    char today[16], latest[16];
    text_date_of(mst_work_now_ms(work), today);
    text_date_of(mst_work_now_ms(work) + AHEAD_MS, latest);
    created->batch_date = create->batch_date[0] == '\0' ? mst_arena_strdup(arena, today) : create->batch_date;
    if (!text_is_date(created->batch_date))
        return mst_arena_printf(arena, "\"%.40s\" is not a date: write it as YYYY-MM-DD, for instance %s.",
                                created->batch_date, today);
    if (strcmp(created->batch_date, latest) > 0)
        return mst_arena_printf(arena, "The batch date %s is in the future: give the day the entries were handed in.",
                                created->batch_date);
    if (created->file_name[0] != '\0' && uploads_refusal(created->file_name) != NULL)
        return mst_arena_printf(arena, "\"%s\" is not accepted. %s", created->file_name,
                                uploads_refusal(created->file_name));
    return NULL;
}
