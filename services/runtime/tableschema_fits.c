/* tableschema_fits.c - whether the directory has what a template names. */
#include "services/runtime/tableschema.h"

#include "services/runtime/catalog.h"
#include "services/runtime/tableschema_reader.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct fitting {
    const Muster__V1__Template *template;
    const Muster__V1__Kind *kind;
    mst_kind_find find;
    const void *context;
    char *why;
} fitting;

static bool MST_PRINTF(2, 3) unfit(const fitting *self, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(self->why, SCHEMA_WHY_SIZE, format, arguments);
    va_end(arguments);
    schema_whole_text(self->why);
    return false;
}

static const Muster__V1__Field *
field_of(const Muster__V1__Kind *kind, const char *name)
{
    return schema_field_find((schema_fields){kind->fields, kind->n_fields}, name);
}

/* The fields of a kind, for messages: as many as there is room for. */
static const char *
names_of(const Muster__V1__Kind *kind, char list[200])
{
    size_t used = 0;
    for (size_t i = 0; i < kind->n_fields && used < 180; i++)
        used += (size_t)snprintf(list + used, 180 - used, "%s%s", i == 0 ? "" : ", ", kind->fields[i]->name);
    if (used >= 180)
        memcpy(list + 176, "..", 3);
    return list;
}

static const Muster__V1__Kind *
find_kind(const fitting *self, const char *name, const char *path)
{
    const Muster__V1__Kind *kind = self->find(self->context, name);
    if (kind == NULL)
        (void)unfit(
            self,
            "%s: the directory has no kind \"%s\". Declare it first (muster directory declare PACKAGE.json), or "
            "name one that it has (muster directory show)",
            path, name);
    return kind;
}

/* Fields -------------------------------------------------------------------------------------------------- */

static bool
is_action(const fitting *self, const Muster__V1__Field *field)
{
    return self->template->action != NULL && strcmp(self->template->action->field, field->name) == 0;
}

/* The field is part of a reference whose record goes somewhere else, so its own value need not be kept. */
static bool
is_replaced(const fitting *self, const Muster__V1__Field *field)
{
    for (size_t i = 0; i < self->template->n_references; i++) {
        const Muster__V1__Reference *reference = self->template->references[i];
        if (reference->target[0] != '\0' && schema_lists(reference->fields, reference->n_fields, field->name))
            return true;
    }
    return false;
}

static const char *
kind_of(const fitting *self, const Muster__V1__Field *field)
{
    return field->of[0] == '\0' ? self->template->kind : field->of;
}

/* The field of the kind that gets the values. */
static const char *
target_of(const Muster__V1__Field *field)
{
    return field->target[0] == '\0' ? field->name : field->target;
}

static bool
field_fits(const fitting *self, size_t at)
{
    const Muster__V1__Field *field = self->template->fields[at];
    const Muster__V1__Kind *kind = self->find(self->context, kind_of(self, field));
    char list[200];
    if (kind == NULL)
        return unfit(self, "$.fields[%zu].muster.of: the directory has no kind \"%s\"", at, kind_of(self, field));
    if (field_of(kind, target_of(field)) == NULL) {
        if (field->target[0] == '\0' && (is_action(self, field) || is_replaced(self, field)))
            return true;
        return unfit(self,
                     "$.fields[%zu]: field \"%.80s\" feeds \"%.80s\", which kind \"%s\" does not have. Name one of its "
                     "fields under \"muster\": {\"target\": ..}: %s",
                     at, field->name, target_of(field), kind->name, names_of(kind, list));
    }
    for (size_t i = 0; i < at; i++) {
        const Muster__V1__Field *other = self->template->fields[i];
        if (strcmp(kind_of(self, other), kind->name) == 0 && strcmp(target_of(other), target_of(field)) == 0)
            return unfit(self, "$.fields[%zu]: fields \"%.80s\" and \"%.80s\" both feed \"%.80s\" of kind \"%s\"", at,
                         other->name, field->name, target_of(field), kind->name);
    }
    return true;
}

/* References ---------------------------------------------------------------------------------------------- */

/* A kind that the template writes has the field. */
static bool
is_written(const fitting *self, const char *field)
{
    bool written = field_of(self->kind, field) != NULL;
    for (size_t i = 0; i < self->template->n_related && !written; i++) {
        const Muster__V1__Kind *kind = self->find(self->context, self->template->related[i]->kind);
        written = kind != NULL && field_of(kind, field) != NULL;
    }
    return written;
}

static bool
target_fits(const fitting *self, size_t at)
{
    const Muster__V1__Reference *reference = self->template->references[at];
    const Muster__V1__Subject *subject = self->template->subject;
    if (!is_written(self, reference->target))
        return unfit(self,
                     "$.foreignKeys[%zu].muster.target: \"%.80s\" is no field of kind \"%s\", nor of $.muster.related",
                     at, reference->target, self->kind->name);
    if (subject != NULL && strcmp(subject->target, reference->target) == 0 &&
        strcmp(subject->kind, reference->kind) != 0)
        return unfit(
            self, "$.foreignKeys[%zu].muster.target: \"%.80s\" gets the id of a %s by $.muster.subject, of a %s here",
            at, reference->target, subject->kind, reference->kind);
    for (size_t i = 0; i < self->template->n_fields; i++) {
        const Muster__V1__Field *field = self->template->fields[i];
        if (strcmp(target_of(field), reference->target) == 0 &&
            strcmp(kind_of(self, field), self->template->kind) == 0 && !is_replaced(self, field) &&
            field_of(self->kind, target_of(field)) != NULL)
            return unfit(self, "$.foreignKeys[%zu].muster.target: field \"%.80s\" feeds \"%.80s\" too", at, field->name,
                         reference->target);
    }
    return true;
}

static bool
reference_fits(const fitting *self, size_t at)
{
    const Muster__V1__Reference *reference = self->template->references[at];
    char path[64], list[200];
    snprintf(path, sizeof path, "$.foreignKeys[%zu].reference.resource", at);
    const Muster__V1__Kind *kind = find_kind(self, reference->kind, path);
    if (kind == NULL)
        return false;
    for (size_t i = 0; i < reference->n_kind_fields; i++)
        if (strcmp(reference->kind_fields[i], "id") != 0 && field_of(kind, reference->kind_fields[i]) == NULL)
            return unfit(self, "$.foreignKeys[%zu].reference.fields: kind \"%s\" has no field \"%.80s\"; it has id, %s",
                         at, kind->name, reference->kind_fields[i], names_of(kind, list));
    return reference->target[0] == '\0' || target_fits(self, at);
}

/* Kinds --------------------------------------------------------------------------------------------------- */

/* Something in a row fills the field of a kind. */
static bool
is_fed(const fitting *self, const Muster__V1__Kind *kind, const char *name)
{
    const Muster__V1__Template *template = self->template;
    if (template->subject != NULL && strcmp(template->subject->target, name) == 0)
        return true;
    for (size_t i = 0; i < template->n_references; i++)
        if (strcmp(template->references[i]->target, name) == 0)
            return true;
    for (size_t i = 0; i < template->n_fields; i++)
        if (mst_catalog_belongs(template, template->fields[i], kind->name) &&
            strcmp(target_of(template->fields[i]), name) == 0)
            return true;
    return false;
}

/* Which record is meant can be told from a row, and it can begin and end. */
static bool
period_fits(const fitting *self, const Muster__V1__Kind *kind, const char *path)
{
    const Muster__V1__Period *period = kind->period;
    const char *unfed = !is_fed(self, kind, period->begin) ? period->begin
                        : !is_fed(self, kind, period->end) ? period->end
                                                           : NULL;
    for (size_t i = 0; i < period->n_key; i++)
        if (!is_fed(self, kind, period->key[i]))
            unfed = period->key[i];
    if (unfed == NULL)
        return true;
    return unfit(
        self,
        "%s: no field, reference or subject of the template fills \"%.80s\", which tells records of kind \"%s\" "
        "apart, or when they begin and end",
        path, unfed, kind->name);
}

static bool
subject_fits(const fitting *self)
{
    const Muster__V1__Subject *subject = self->template->subject;
    char list[200];
    if (subject == NULL)
        return true;
    if (find_kind(self, subject->kind, "$.muster.subject.kind") == NULL)
        return false;
    if (field_of(self->kind, subject->target) == NULL)
        return unfit(self, "$.muster.subject.target: kind \"%s\" has no field \"%.80s\"; it has %s", self->kind->name,
                     subject->target, names_of(self->kind, list));
    for (size_t i = 0; i < self->template->n_fields; i++)
        if (mst_catalog_belongs(self->template, self->template->fields[i], self->kind->name) &&
            strcmp(target_of(self->template->fields[i]), subject->target) == 0)
            return unfit(self, "$.fields[%zu]: field \"%.80s\" feeds \"%.80s\", which gets the id of the %s", i,
                         self->template->fields[i]->name, subject->target, subject->kind);
    return true;
}

static bool
related_fits(const fitting *self, size_t at)
{
    char path[64];
    snprintf(path, sizeof path, "$.muster.related[%zu]", at);
    const Muster__V1__Kind *kind = find_kind(self, self->template->related[at]->kind, path);
    if (kind == NULL)
        return false;
    if (kind->period == NULL)
        return unfit(self,
                     "%s: kind \"%s\" has no period, so which of its records a row means could not be told. Declare it "
                     "with \"muster\": {\"period\": {\"key\": [..], \"begin\": .., \"end\": ..}}",
                     path, kind->name);
    return period_fits(self, kind, path);
}

bool
mst_template_fits(const Muster__V1__Template *template, mst_kind_find find, const void *context, char why[512])
{
    fitting self = {.template = template, .find = find, .context = context, .why = why};
    self.kind = find_kind(&self, template->kind, "$.muster.kind");
    if (self.kind == NULL || !subject_fits(&self))
        return false;
    for (size_t i = 0; i < template->n_related; i++)
        if (!related_fits(&self, i))
            return false;
    for (size_t i = 0; i < template->n_fields; i++)
        if (!field_fits(&self, i))
            return false;
    for (size_t i = 0; i < template->n_references; i++)
        if (!reference_fits(&self, i))
            return false;
    return template->action == NULL || self.kind->period == NULL || period_fits(&self, self.kind, "$.muster.action");
}
