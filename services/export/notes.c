/* notes.c - see notes.h. */
#include "services/export/notes.h"

#include "services/export/check_groups.h"
#include "services/export/periods.h"
#include <string.h>

#define PART_SIZE_MAX 60u /* bytes of a name or date */
#define NAME_SIZE_MAX 120u

static const char *
text_of_role(mst_arena *arena, const Muster__V1__Kind *kind, const mst_slice *cells, Muster__V1__Role role)
{
    for (size_t i = 0; i < kind->n_fields; i++)
        if (kind->fields[i]->role == role && cells[i].size > 0)
            return check_text(arena, cells[i], PART_SIZE_MAX);
    return "";
}

/* What tells two of one name apart: the first text that is no part of a name, an address for mail or a site. */
static const char *
further(mst_arena *arena, const Muster__V1__Kind *kind, const mst_slice *cells)
{
    for (size_t i = 0; i < kind->n_fields; i++) {
        const Muster__V1__Field *field = kind->fields[i];
        bool plain = field->role == MUSTER__V1__ROLE__ROLE_NONE || field->role == MUSTER__V1__ROLE__ROLE_EMAIL;
        if (plain && cells[i].size > 0 && strcmp(field->name, "name") != 0)
            return check_text(arena, cells[i], PART_SIZE_MAX);
    }
    return "";
}

const char *
note_of(mst_arena *arena, const Muster__V1__Kind *kind, const mst_slice *cells)
{
    const char *name = text_of_role(arena, kind, cells, MUSTER__V1__ROLE__ROLE_FULL_NAME);
    const char *given = text_of_role(arena, kind, cells, MUSTER__V1__ROLE__ROLE_GIVEN_NAME);
    const char *family = text_of_role(arena, kind, cells, MUSTER__V1__ROLE__ROLE_FAMILY_NAME);
    const char *born = text_of_role(arena, kind, cells, MUSTER__V1__ROLE__ROLE_BIRTH_DATE);
    if (given[0] != '\0' || family[0] != '\0')
        name = mst_arena_printf(arena, "%s%s%s", given, given[0] != '\0' && family[0] != '\0' ? " " : "", family);
    int column = periods_column(kind, "name");
    if (name[0] == '\0' && column >= 0)
        name = check_text(arena, cells[column], NAME_SIZE_MAX);
    if (born[0] != '\0')
        return mst_arena_printf(arena, "%s%sborn %s", name, name[0] == '\0' ? "" : ", ", born);
    const char *more = further(arena, kind, cells);
    return more[0] == '\0' || name[0] == '\0' ? name : mst_arena_printf(arena, "%s, %s", name, more);
}

bool
note_needed(const Muster__V1__Kind *kind, const char *field)
{
    int column = periods_column(kind, field);
    return strcmp(field, "id") == 0 || (column >= 0 && kind->fields[column]->role == MUSTER__V1__ROLE__ROLE_IDENTIFIER);
}
