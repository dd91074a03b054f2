/* wrong_groups.h - the wrong values of a batch, as a person sees them: a line for each different one. */
#ifndef MUSTER_CLI_WRONG_GROUPS_H
#define MUSTER_CLI_WRONG_GROUPS_H

#include "batch.h"
#include "parsing.pb-c.h"
#include "print.h"

/* "Unknown to the directory". */
const char *wrong_kind_title(Muster__V1__WrongKind kind);
/* The title that people know a field by; its name where there is no template. */
const char *wrong_field(const Muster__V1__TemplateView *template, const char *field);
/* The fields of a group by the titles people know: "First Name + Last Name"; "(whole row)". */
const char *wrong_fields(mst_arena *arena, const Muster__V1__TemplateView *template,
                         const Muster__V1__WrongValueGroup *group);
/* Values of several fields in one line: "Ann | Ash"; of one: as it is. */
const char *wrong_values(mst_arena *arena, char *const *values, size_t count);
/* "20199" (Ann Ash, born 1990-02-01); and several: "Housing", "Home" or "Housing First". */
const char *wrong_suggestions(mst_arena *arena, const Muster__V1__WrongValueGroup *group, size_t max);
const char *wrong_suggestion(mst_arena *arena, const Muster__V1__Suggestion *suggestion);
/* What was corrected already; "" nothing. */
const char *wrong_correction(mst_arena *arena, const Muster__V1__WrongValueGroup *group);

/* Groups from `after` on, page by page, at most `max`, all in self->arena. NULL: said. */
typedef struct wrong_groups {
    const Muster__V1__WrongValueGroup **list;
    size_t count;
    uint32_t wrong_rows, groups_left, groups_total;
    bool more;
} wrong_groups;
const wrong_groups *wrong_groups_fetch(cli *self, const char *batch_id, uint64_t max, int *exit_code);

#endif
