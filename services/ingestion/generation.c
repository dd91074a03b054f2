/* generation.c - see generation.h. The lists of the directory are asked for field by field, then the file is written.
 */
#include "generating.h"

#include "export.pb-c.h"
#include "template_file.h"
#include "templates.h"
#include "words.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VALUES_PAGE 1000u /* values of the directory asked for at a time */

#define REFUSED MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED
#define NOT_FOUND MUSTER__V1__ANSWER_STATUS__ANSWER_NOT_FOUND

static void
generating_destroy(void *data)
{
    generating *self = data;
    if (self->file != NULL && rejected_file_end(&self->file) != MST_OK)
        self->file = NULL; // it is thrown away: whether it could be written does not matter
    made_file_close(&self->made);
    reasons_release(&self->faults);
    reasons_release(&self->matched);
    reasons_release(&self->exported);
    mst_arena_destroy(&self->page);
    free(self);
}

static generating *
generating_new(mst_work *work, const Muster__V1__Template *template, Muster__V1__FileFormat format)
{
    generating *self = mst_alloc(sizeof *self);
    *self = (generating){.template = template, .format = format, .made = {.fd = -1}, .entries_next = 1};
    self->lists = mst_arena_alloc(mst_work_arena(work), (template->n_fields + 1) * sizeof *self->lists);
    self->page = mst_arena_new(0);
    mst_work_set_data(work, self, generating_destroy);
    return self;
}

void
generating_refuse(mst_work *work, mst_status status)
{
    if (status == MST_FULL)
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_DISK_FULL, NULL,
                        "The disk of the server is full: free some space, then ask again.");
    else
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_FAILED, NULL,
                        "The file could not be made; see the log of ingestion.");
}

void
generating_keep(generating *self, const generation_sources *sources, mst_work *work, const char *file_name,
                uint32_t rows)
{
    uint8_t sha256[MST_HASH_SIZE];
    Muster__V1__FileView view = MUSTER__V1__FILE_VIEW__INIT;
    mst_status rc = made_file_keep(&self->made, sources->store, sha256, &view.size);
    if (rc != MST_OK) {
        generating_refuse(work, rc);
        return;
    }
    view.sha256 = (ProtobufCBinaryData){MST_HASH_SIZE, sha256};
    view.file_name = (char *)file_name;
    view.rows = rows;
    mst_work_answer(work, &view.base);
}

/* Templates ---------------------------------------------------------------------------------------------- */

static mst_status
write_stream(generating *self, mst_arena *arena)
{
    FILE *out = fopen(self->made.path, "we");
    if (out == NULL)
        return MST_IO;
    if (self->format == MUSTER__V1__FILE_FORMAT__FORMAT_CSV)
        template_file_csv(self->template, out, arena);
    else
        template_document(self->template, out, arena);
    bool good = !ferror(out);
    errno = 0;
    if (fclose(out) == 0 && good)
        return MST_OK;
    return errno == ENOSPC || errno == EDQUOT ? MST_FULL : MST_IO;
}

static void
write_template(generating *self, const generation_sources *sources, mst_work *work)
{
    static const char *const ENDINGS[] = {"csv", "xlsx", "md"};
    mst_arena *arena = mst_work_arena(work);
    mst_status rc = made_file_open(&self->made, sources->temp_dir);
    if (rc == MST_OK)
        rc = self->format == MUSTER__V1__FILE_FORMAT__FORMAT_XLSX
                 ? template_file_xlsx(self->template, self->lists, self->made.path, sources->temp_dir, arena)
                 : write_stream(self, arena);
    if (rc != MST_OK)
        generating_refuse(work, rc);
    else
        generating_keep(self, sources, work,
                        mst_arena_printf(arena, "%s.%s", self->template->name, ENDINGS[self->format]), 0);
}

/* Lists of the directory --------------------------------------------------------------------------------- */

/* Asks for the next page of values, or goes on to the file when all lists are here. */
static void
lists_go_on(generating *self, const generation_sources *sources, mst_work *work)
{
    bool wanted = self->format == MUSTER__V1__FILE_FORMAT__FORMAT_XLSX;
    while (self->lists_ready < self->template->n_fields &&
           (!wanted || !sheet_columns_wants_list(self->template, self->template->fields[self->lists_ready])))
        self->lists_ready++;
    if (self->lists_ready == self->template->n_fields) {
        if (self->batch_id != NULL)
            rejected_go_on(self, sources, work);
        else
            write_template(self, sources, work);
        return;
    }
    const sheet_list *list = &self->lists[self->lists_ready];
    const Muster__V1__Reference *reference = words_reference(self->template, self->template->fields[self->lists_ready]);
    Muster__V1__ListValues ask = MUSTER__V1__LIST_VALUES__INIT;
    ask.kind = reference->kind;
    ask.fields = reference->kind_fields;
    ask.n_fields = reference->n_kind_fields;
    ask.max = VALUES_PAGE;
    ask.after = list->count > 0 ? &list->values[list->count - 1] : NULL;
    ask.n_after = list->count > 0 ? 1 : 0;
    mst_work_call(work, TAG_VALUES, "export", "", &ask.base, &muster__v1__value_list__descriptor);
}

static void
lists_take(generating *self, const Muster__V1__ValueList *page, mst_arena *arena)
{
    sheet_list *list = &self->lists[self->lists_ready];
    size_t before = list->count;
    for (size_t i = 0; i < page->n_values && !list->too_long; i++) {
        const Muster__V1__Suggestion *found = page->values[i];
        const char *value = found->n_values > 0 ? found->values[0] : found->value;
        if (value[0] == '\0' || (list->count > 0 && strcmp(list->values[list->count - 1], value) == 0))
            continue;
        if (list->count == SHEET_LIST_MAX) {
            list->too_long = true;
            break;
        }
        if (list->count == self->list_room) {
            size_t room = self->list_room == 0 ? 256 : 2 * self->list_room;
            char **values = mst_arena_alloc(arena, room * sizeof *values);
            if (list->count > 0)
                memcpy(values, list->values, list->count * sizeof *values);
            list->values = values;
            self->list_room = room;
        }
        list->values[list->count++] = mst_arena_strdup(arena, value);
    }
    if (!page->more || list->too_long || list->count == before) {
        self->lists_ready++;
        self->list_room = 0;
    }
}

/* Calls -------------------------------------------------------------------------------------------------- */

static bool
format_ok(mst_work *work, Muster__V1__FileFormat format, Muster__V1__FileFormat last)
{
    if (format <= last)
        return true;
    mst_work_refuse(work, REFUSED, NULL, "Files of this format are not made.");
    return false;
}

static void
generate_template(const generation_sources *sources, mst_work *work, const Muster__V1__GenerateTemplate *wanted)
{
    const Muster__V1__Template *template = mst_catalog_template(sources->catalog, wanted->name, wanted->version);
    if (template == NULL)
        mst_work_refuse(work, NOT_FOUND, NULL, "There is no template \"%.64s\"%s. There are: %s.", wanted->name,
                        wanted->version == 0 ? "" : " of this version",
                        templates_names(sources->catalog, mst_work_scratch(work)));
    else if (format_ok(work, wanted->format, MUSTER__V1__FILE_FORMAT__FORMAT_MARKDOWN))
        lists_go_on(generating_new(work, template, wanted->format), sources, work);
}

/* An import has no template: its columns are the kind's, as they are now. */
static const Muster__V1__Template *
template_of(const generation_sources *sources, const Muster__V1__BatchView *view, mst_arena *arena)
{
    if (view->purpose == MUSTER__V1__PURPOSE__PURPOSE_BATCH)
        return mst_catalog_template(sources->catalog, view->template_name, view->template_version);
    const Muster__V1__Kind *kind = mst_catalog_kind(sources->catalog, view->kind);
    if (kind == NULL)
        return NULL;
    static const Muster__V1__Template empty = MUSTER__V1__TEMPLATE__INIT;
    Muster__V1__Template *template = mst_arena_copy(arena, &empty, sizeof empty);
    template->name = kind->name;
    template->fields = kind->fields;
    template->n_fields = kind->n_fields;
    return template;
}

static void
generate_rejected(const generation_sources *sources, mst_work *work, const Muster__V1__GenerateRejected *wanted)
{
    const batch *found = batches_find(sources->batches, wanted->batch_id);
    if (found == NULL) {
        mst_work_refuse(work, NOT_FOUND, NULL, "There is no batch \"%.40s\".", wanted->batch_id);
        return;
    }
    const Muster__V1__BatchView *view = &found->view;
    const Muster__V1__Template *template = template_of(sources, view, mst_work_arena(work));
    if (template == NULL || view->generation == 0 ||
        view->state < MUSTER__V1__BATCH_STATE__STATE_CHECKING_FOR_DISCREPANCIES)
        mst_work_refuse(work, REFUSED, NULL, "The file of batch %s has not been read yet.", view->batch_id);
    else if (format_ok(work, wanted->format, MUSTER__V1__FILE_FORMAT__FORMAT_XLSX)) {
        generating *self = generating_new(work, template, wanted->format);
        self->batch_id = mst_arena_strdup(mst_work_arena(work), view->batch_id);
        self->generation = view->generation;
        self->import = view->purpose == MUSTER__V1__PURPOSE__PURPOSE_IMPORT;
        lists_go_on(self, sources, work);
    }
}

bool
generation_begin(const generation_sources *sources, mst_work *work, const mst_step *step)
{
    if (strcmp(step->method, "GenerateTemplate") == 0)
        generate_template(sources, work, (const Muster__V1__GenerateTemplate *)step->argument);
    else if (strcmp(step->method, "GenerateRejected") == 0)
        generate_rejected(sources, work, (const Muster__V1__GenerateRejected *)step->argument);
    else
        return false;
    return true;
}

void
generation_go_on(const generation_sources *sources, mst_work *work, const mst_step *step)
{
    generating *self = mst_work_data(work);
    if (step->kind == MST_STEP_ANSWER &&
        (step->status != MUSTER__V1__ANSWER_STATUS__ANSWER_OK || step->message == NULL))
        mst_work_refuse(work, step->status == MUSTER__V1__ANSWER_STATUS__ANSWER_OK ? REFUSED : step->status, NULL,
                        "The file cannot be made now: %s",
                        step->text != NULL && step->text[0] != '\0' ? step->text : "a service does not answer.");
    else if (step->tag == TAG_VALUES) {
        lists_take(self, (const Muster__V1__ValueList *)step->message, mst_work_arena(work));
        lists_go_on(self, sources, work);
    } else
        rejected_take(self, sources, work, step);
}
