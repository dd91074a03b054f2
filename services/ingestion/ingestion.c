/* ingestion.c - see ingestion.h. What is asked of batches and templates. */
#include "ingestion.h"

#include "batches.h"
#include "blobs.h"
#include "creation.h"
#include "generation.h"
#include "services/runtime/tableschema.h"
#include "snapshot.h"
#include "templates.h"
#include "texts.h"
#include "uploads.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_DEFAULT 50u
#define LIST_MAX 500u
#define LIST_SIZE_MAX (900u * 1024u)  /* bytes in one answer; the caller asks on from the last batch */
#define ANSWER_SIZE_MAX (48u * 1024u) /* bytes in the answer of a command, which is kept beside its commit */
#define DIRECTORY_STREAM "export/directory"

#define REFUSED MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED
#define NOT_FOUND MUSTER__V1__ANSWER_STATUS__ANSWER_NOT_FOUND

typedef struct ingestion {
    mst_catalog *catalog;
    templates templates;
    batches batches;
    blobs *store;
    bool store_is_ours;
    char *temp_dir; /* for files that are being made */
    bool sweep;     /* partials of batches that need none may lie around */
} ingestion;

static mst_status
ingestion_open(void **state, const mst_core_env *env)
{
    ingestion *self = mst_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    mst_status rc = MST_OK;
    self->sweep = true;
    self->store_is_ours = env->extra == NULL;
    if (env->extra != NULL)
        self->store = env->extra;
    else if (env->data_dir[0] == '\0')
        self->store = blobs_new_memory();
    else
        rc = blobs_open_files(&self->store, env->blobs_dir);
    if (rc != MST_OK) {
        free(self);
        return rc;
    }
    self->catalog = mst_catalog_new();
    self->temp_dir = mst_strdup(env->data_dir[0] == '\0' ? "/tmp" : env->data_dir);
    *state = self;
    return MST_OK;
}

static void
ingestion_close(void *state)
{
    ingestion *self = state;
    if (self->store_is_ours)
        blobs_close(&self->store);
    mst_catalog_destroy(&self->catalog);
    templates_release(&self->templates);
    batches_release(&self->batches);
    free(self->temp_dir);
    free(self);
}

static void
ingestion_apply(void *state, const mst_event *event)
{
    ingestion *self = state;
    const char *type = event->head->type;
    if (strcmp(type, "TemplateAdded") == 0 || strcmp(type, "DirectoryDeclared") == 0) {
        mst_catalog_apply(self->catalog, event);
        templates_apply(&self->templates, event);
        return;
    }
    batches_apply(&self->batches, event);
    if (strcmp(type, "FileReceived") == 0 || strcmp(type, "CorrectionsReceived") == 0 ||
        strcmp(type, "BatchCancelled") == 0)
        self->sweep = true;
}

static mst_slice
ingestion_save(void *state, mst_arena *arena)
{
    const ingestion *self = state;
    return snapshot_save(self->catalog, &self->templates, &self->batches, arena);
}

static mst_status
ingestion_load(void *state, mst_slice snapshot)
{
    ingestion *self = state;
    return snapshot_load(self->catalog, &self->templates, &self->batches, snapshot);
}

/* Directory -------------------------------------------------------------------------------------------- */

/* Kinds are declared to export, whose event may be on its way here at this very moment. Before a kind is called
 * unknown, its stream is read to the end. */
typedef struct directory_look {
    mst_catalog *catalog; /* of the stream as it stands in the log */
    char *method;
    ProtobufCMessage *argument;
} directory_look;

static void
look_destroy(void *data)
{
    directory_look *look = data;
    mst_catalog_destroy(&look->catalog);
    protobuf_c_message_free_unpacked(look->argument, NULL);
    free(look);
}

static void
look_begin(mst_work *work, const mst_step *step)
{
    directory_look *look = mst_alloc(sizeof *look);
    look->catalog = mst_catalog_new();
    mst_slice packed = mst_arena_pack(mst_work_scratch(work), step->argument);
    look->argument = protobuf_c_message_unpack(step->argument->descriptor, NULL, packed.size, packed.data);
    assert(look->argument != NULL);
    mst_work_set_data(work, look, look_destroy);
    mst_work_read(work, 0, DIRECTORY_STREAM, 1, 64);
}

/* The kind, or NULL; `*unsure` when the answer waits for the look. */
static const Muster__V1__Kind *
kind_find(const ingestion *self, mst_work *work, const char *name)
{
    const directory_look *look = mst_work_data(work);
    const Muster__V1__Kind *kind = look == NULL ? NULL : mst_catalog_kind(look->catalog, name);
    return kind != NULL ? kind : mst_catalog_kind(self->catalog, name);
}

/* The kinds that one question sees. */
typedef struct kind_look {
    const ingestion *self;
    mst_work *work;
} kind_look;

static const Muster__V1__Kind *
kind_known(const void *context, const char *name)
{
    const kind_look *look = context;
    return kind_find(look->self, look->work, name);
}

static bool
looked(const mst_work *work)
{
    return mst_work_data(work) != NULL;
}

/* Templates -------------------------------------------------------------------------------------------- */

/* A template that is too long for an answer is shown by its name and kind only; ShowTemplate has all of it. */
static void
shorten(Muster__V1__Template *template)
{
    template->n_fields = template->n_sample_row = template->n_rules = template->n_references = 0;
    template->instructions = template->description = "";
}

/* The answer of a command is kept in the log, so it must not be long. */
static void
answer_template(mst_work *work, const Muster__V1__Template *template)
{
    Muster__V1__TemplateView view = MUSTER__V1__TEMPLATE_VIEW__INIT;
    Muster__V1__Template copy = *template;
    view.template_ = &copy;
    if (muster__v1__template_view__get_packed_size(&view) > ANSWER_SIZE_MAX)
        shorten(&copy);
    mst_work_answer(work, &view.base);
}

/* False: nothing was answered, the directory must be looked at first. */
static bool
add_template(ingestion *self, mst_work *work, const Muster__V1__AddTemplate *add)
{
    mst_arena *arena = mst_work_arena(work);
    size_t size = strlen(add->source);
    if (size > TEMPLATE_SIZE_MAX) {
        mst_work_refuse(work, REFUSED, NULL, "The template has %zu bytes; at most %u are accepted.", size,
                        TEMPLATE_SIZE_MAX);
        return true;
    }
    char why[512];
    Muster__V1__Template *template;
    if (mst_tableschema_plain(arena, add->source, size, add->name, add->kind, &template, why) != MST_OK) {
        mst_work_refuse(work, REFUSED, NULL, "The template cannot be used. %s.", why);
        return true;
    }
    const template_source *newest = templates_find(&self->templates, template->name, 0);
    const Muster__V1__Template *known = newest == NULL ? NULL : mst_catalog_template(self->catalog, template->name, 0);
    if (newest != NULL && strcmp(newest->source, add->source) == 0 && strcmp(known->kind, template->kind) == 0) {
        answer_template(work, known);
        return true;
    }
    const kind_look kinds = {self, work};
    if (!mst_template_fits(template, kind_known, &kinds, why)) {
        if (!looked(work))
            return false;
        mst_work_refuse(work, REFUSED, NULL, "The template cannot be used. %s.", why);
        return true;
    }
    if (self->templates.count >= TEMPLATES_MAX) {
        mst_work_refuse(work, REFUSED, NULL, "There are %u templates already; no more are kept.", TEMPLATES_MAX);
        return true;
    }
    template->version = newest == NULL ? 1 : newest->version + 1;
    Muster__V1__TemplateAdded added = MUSTER__V1__TEMPLATE_ADDED__INIT;
    added.template_ = template;
    added.source = add->source;
    mst_work_event(work, mst_arena_printf(arena, "ingestion/template/%s", template->name), "", NULL, 0, &added.base);
    answer_template(work, template);
    return true;
}

static void
list_templates(ingestion *self, mst_work *work)
{
    Muster__V1__TemplateList list = MUSTER__V1__TEMPLATE_LIST__INIT;
    size_t count = mst_catalog_templates_count(self->catalog), size = 0;
    list.templates = mst_arena_alloc(mst_work_scratch(work), (count + 1) * sizeof *list.templates);
    for (size_t i = 0; i < count; i++) {
        const Muster__V1__Template *template = mst_catalog_template_at(self->catalog, i);
        size_t packed = muster__v1__template__get_packed_size(template) + 8;
        Muster__V1__Template *entry = mst_arena_copy(mst_work_scratch(work), template, sizeof *template);
        if (size + packed > LIST_SIZE_MAX)
            shorten(entry);
        else
            size += packed;
        list.templates[list.n_templates++] = entry;
    }
    mst_work_answer(work, &list.base);
}

static void
show_template(ingestion *self, mst_work *work, const Muster__V1__ShowTemplate *show)
{
    const template_source *source = templates_find(&self->templates, show->name, show->version);
    if (source == NULL) {
        mst_work_refuse(work, NOT_FOUND, NULL, "There is no template \"%.64s\"%s. There are: %s.", show->name,
                        show->version == 0 ? "" : " of this version",
                        templates_names(self->catalog, mst_work_scratch(work)));
        return;
    }
    Muster__V1__TemplateView view = MUSTER__V1__TEMPLATE_VIEW__INIT;
    view.template_ = (Muster__V1__Template *)mst_catalog_template(self->catalog, source->name, source->version);
    view.source = source->source;
    mst_work_answer(work, &view.base);
}

/* Batches ---------------------------------------------------------------------------------------------- */

/* Which template, or for an import which kind; NULL: fine (A1, A5). `*unsure`: look at the directory first. */
static const char *
check_target(ingestion *self, mst_work *work, const Muster__V1__CreateBatch *create, Muster__V1__BatchCreated *created,
             bool *unsure)
{
    mst_arena *arena = mst_work_arena(work);
    const Muster__V1__Template *template = NULL;
    const char *wrong;
    if (create->purpose == MUSTER__V1__PURPOSE__PURPOSE_IMPORT) {
        const Muster__V1__Kind *kind = kind_find(self, work, create->kind);
        if (create->template_name[0] != '\0')
            return "An import takes no template: its columns are the fields of the kind.";
        if (create->dry_run)
            return "An import has no dry run: it fills the directory as it is.";
        if (kind == NULL) {
            *unsure = !looked(work);
            return mst_arena_printf(arena,
                                    "The directory has no kind \"%.64s\". Declare it first: muster directory declare "
                                    "PACKAGE.json.",
                                    create->kind);
        }
        created->kind = create->kind;
        created->id_column = create->id_column;
        wrong = creation_mapping(arena, create, kind->fields, kind->n_fields);
        if (wrong == NULL)
            wrong = creation_repairs(arena, create, kind->fields, kind->n_fields);
    } else {
        if (mst_catalog_templates_count(self->catalog) == 0)
            return "There is no template yet, and a batch needs one. Add one first: muster template add FILE.json.";
        template = mst_catalog_template(self->catalog, create->template_name, 0);
        if (template == NULL)
            return mst_arena_printf(
                arena, "%s. There are: %s.",
                create->template_name[0] == '\0'
                    ? "Choose the template that the file was made for"
                    : mst_arena_printf(arena, "There is no template \"%.64s\"", create->template_name),
                templates_names(self->catalog, arena));
        if (create->id_column[0] != '\0')
            return "A column of record ids is for imports only.";
        created->kind = template->kind;
        created->template_name = template->name;
        created->template_version = template->version;
        wrong = creation_mapping(arena, create, template->fields, template->n_fields);
        if (wrong == NULL)
            wrong = creation_repairs(arena, create, template->fields, template->n_fields);
    }
    return wrong != NULL ? wrong : creation_options(arena, template, create, created);
}

static char *
operator_of(const mst_step *step)
{
    const char *name = step->operator;
    return (char *)(name == NULL ? "" : name);
}

/* False: nothing was answered, the directory must be looked at first. */
static bool
create_batch(ingestion *self, mst_work *work, const mst_step *step, const Muster__V1__CreateBatch *create)
{
    mst_arena *arena = mst_work_arena(work);
    Muster__V1__BatchCreated created = MUSTER__V1__BATCH_CREATED__INIT;
    bool unsure = false;
    const char *wrong = check_target(self, work, create, &created, &unsure);
    if (unsure)
        return false;
    if (wrong == NULL)
        wrong = creation_details(work, create, &created);
    if (wrong != NULL) {
        mst_work_refuse(work, REFUSED, NULL, "%s", wrong);
        return true;
    }
    created.batch_id = mst_arena_printf(arena, "B%zu", self->batches.count + 1);
    created.purpose = create->purpose;
    created.dry_run = create->dry_run;
    created.operator_ = operator_of(step);
    created.created_at_ms = mst_work_now_ms(work);
    created.mapping = create->mapping;
    created.n_mapping = create->n_mapping;
    created.repairs = create->repairs;
    created.n_repairs = create->n_repairs;
    mst_work_event(work, mst_arena_printf(arena, "ingestion/%s", created.batch_id), created.batch_id, NULL, 0,
                   &created.base);

    Muster__V1__BatchView view = MUSTER__V1__BATCH_VIEW__INIT;
    view.batch_id = created.batch_id;
    view.name = created.name;
    view.batch_date = created.batch_date;
    view.template_name = created.template_name;
    view.template_version = created.template_version;
    view.kind = created.kind;
    view.purpose = created.purpose;
    view.options = created.options;
    view.n_options = created.n_options;
    view.repairs = created.repairs;
    view.n_repairs = created.n_repairs;
    view.dry_run = created.dry_run;
    view.outcome = created.dry_run ? "dry run" : "";
    view.operator_ = created.operator_;
    view.created_at_ms = view.state_since_ms = created.created_at_ms;
    view.file_name = created.file_name;
    view.state = MUSTER__V1__BATCH_STATE__STATE_READY_FOR_FILE_UPLOAD;
    mst_work_answer(work, &view.base);
    return true;
}

static batch *
named_batch(const ingestion *self, mst_work *work, const char *batch_id)
{
    batch *found = batches_find(&self->batches, batch_id);
    if (found == NULL)
        mst_work_refuse(work, NOT_FOUND, NULL, "There is no batch \"%.40s\".", batch_id);
    return found;
}

static void
cancel_batch(ingestion *self, mst_work *work, const mst_step *step, const Muster__V1__CancelBatch *cancel)
{
    batch *found = named_batch(self, work, cancel->batch_id);
    if (found == NULL)
        return;
    Muster__V1__BatchView view = uploads_view(found, self->store);
    if (found->cancelled) {
        mst_work_answer(work, &view.base);
        return;
    }
    if (found->failed || found->export_started || view.state == MUSTER__V1__BATCH_STATE__STATE_COMPLETE) {
        mst_work_refuse(work, REFUSED, NULL, "Batch %s %s; it cannot be cancelled any more.", view.batch_id,
                        found->failed                                           ? "has failed already"
                        : view.state == MUSTER__V1__BATCH_STATE__STATE_COMPLETE ? "is complete"
                                                                                : "is being written to the directory");
        return;
    }
    mst_arena *arena = mst_work_arena(work);
    Muster__V1__BatchCancelled cancelled = MUSTER__V1__BATCH_CANCELLED__INIT;
    cancelled.batch_id = view.batch_id;
    cancelled.operator_ = operator_of(step);
    cancelled.reason = text_clean(arena, cancel->reason);
    if (strlen(cancelled.reason) > BATCH_TEXT_SIZE_MAX) {
        mst_work_refuse(work, REFUSED, NULL, "The reason is longer than %u bytes.", BATCH_TEXT_SIZE_MAX);
        return;
    }
    // Export begins under a guard on our stream, we cancel under a guard on its: one of the two comes first.
    mst_work_guard(work, mst_arena_printf(arena, "export/%s", view.batch_id));
    mst_work_event(work, mst_arena_printf(arena, "ingestion/%s", view.batch_id), view.batch_id, NULL, 0,
                   &cancelled.base);
    view.outcome = "cancelled";
    view.failure = cancelled.reason;
    view.fix_errors = view.checking = view.taking_corrections = false;
    mst_work_answer(work, &view.base);
}

static void
list_batches(ingestion *self, mst_work *work, const Muster__V1__ListBatches *list)
{
    size_t from = self->batches.count;
    if (list->after[0] != '\0') {
        const batch *after = named_batch(self, work, list->after);
        if (after == NULL)
            return;
        for (from = 0; self->batches.list[from] != after;)
            from++;
    }
    uint32_t max = list->max == 0 ? LIST_DEFAULT : list->max > LIST_MAX ? LIST_MAX : list->max;
    Muster__V1__Purpose wanted =
        list->imports ? MUSTER__V1__PURPOSE__PURPOSE_IMPORT : MUSTER__V1__PURPOSE__PURPOSE_BATCH;
    mst_arena *arena = mst_work_scratch(work);
    Muster__V1__BatchList answer = MUSTER__V1__BATCH_LIST__INIT;
    answer.batches = mst_arena_alloc(arena, max * sizeof *answer.batches);
    size_t size = 0;
    for (size_t i = from; i-- > 0 && answer.n_batches < max;) {
        const batch *found = self->batches.list[i];
        if (found->view.purpose != wanted)
            continue;
        Muster__V1__BatchView view = uploads_view(found, self->store);
        size += muster__v1__batch_view__get_packed_size(&view) + 8;
        if (size > LIST_SIZE_MAX)
            break;
        answer.batches[answer.n_batches++] = mst_arena_copy(arena, &view, sizeof view);
    }
    mst_work_answer(work, &answer.base);
}

static void
show_batch(ingestion *self, mst_work *work, const Muster__V1__ShowBatch *show)
{
    const batch *found = named_batch(self, work, show->batch_id);
    if (found == NULL)
        return;
    Muster__V1__BatchView view = uploads_view(found, self->store);
    mst_work_answer(work, &view.base);
}

/* The turn --------------------------------------------------------------------------------------------- */

static generation_sources
sources_of(const ingestion *self)
{
    return (generation_sources){self->catalog, &self->batches, self->store, self->temp_dir};
}

static bool
answer(ingestion *self, mst_work *work, const mst_step *step)
{
    const ProtobufCMessage *argument = step->argument;
    const char *method = step->method;
    if (uploads_work(&self->batches, self->store, work, step))
        return true;
    generation_sources sources = sources_of(self);
    if (generation_begin(&sources, work, step))
        return true;
    if (strcmp(method, "ShowBatch") == 0)
        show_batch(self, work, (const Muster__V1__ShowBatch *)argument);
    else if (strcmp(method, "ListBatches") == 0)
        list_batches(self, work, (const Muster__V1__ListBatches *)argument);
    else if (strcmp(method, "CreateBatch") == 0)
        return create_batch(self, work, step, (const Muster__V1__CreateBatch *)argument);
    else if (strcmp(method, "CancelBatch") == 0)
        cancel_batch(self, work, step, (const Muster__V1__CancelBatch *)argument);
    else if (strcmp(method, "AddTemplate") == 0)
        return add_template(self, work, (const Muster__V1__AddTemplate *)argument);
    else if (strcmp(method, "ListTemplates") == 0)
        list_templates(self, work);
    else if (strcmp(method, "ShowTemplate") == 0)
        show_template(self, work, (const Muster__V1__ShowTemplate *)argument);
    else
        mst_work_refuse(work, REFUSED, NULL, "Ingestion does not know \"%.64s\".", method);
    return true;
}

static void
ingestion_work(void *state, mst_work *work, const mst_step *step)
{
    ingestion *self = state;
    if (step->kind == MST_STEP_CALL) {
        if (!answer(self, work, step))
            look_begin(work, step);
        return;
    }
    if (step->tag >= GENERATION_TAG) {
        generation_sources sources = sources_of(self);
        generation_go_on(&sources, work, step);
        return;
    }
    directory_look *look = mst_work_data(work);
    assert(step->kind == MST_STEP_PAGE && look != NULL);
    for (size_t i = 0; i < step->events_count; i++)
        mst_catalog_apply(look->catalog, &step->events[i]);
    if (!step->end) {
        mst_work_read(work, 0, DIRECTORY_STREAM, step->next, 64);
        return;
    }
    mst_step again = *step;
    again.kind = MST_STEP_CALL;
    again.argument = look->argument;
    again.method = look->argument->descriptor->short_name;
    bool answered = answer(self, work, &again);
    assert(answered);
}

/* Partials of batches that have their file, or want none, are thrown away when there is time. */
static void
sweep_one(void *context, const char *batch_id)
{
    ingestion *self = context;
    if (uploads_are_over(&self->batches, batch_id))
        self->store->ops->forget(self->store, batch_id);
}

static void
ingestion_idle(void *state, bool busy)
{
    ingestion *self = state;
    if (busy || !self->sweep)
        return;
    self->sweep = false;
    self->store->ops->partials(self->store, sweep_one, self);
}

static const char *const TYPES[] = {"TemplateAdded",        "DirectoryDeclared",
                                    "BatchCreated",         "FileReceived",
                                    "BatchCancelled",       "BatchFailed",
                                    "FileRecognised",       "ReadingFinished",
                                    "CheckRequested",       "CheckFinished",
                                    "CorrectionsRequested", "CorrectionsReceived",
                                    "CorrectionsRefused",   "CorrectionsFinished",
                                    "BadRowsExcluded",      "EntriesAccepted",
                                    "MatchingStarted",      "MatchingFinished",
                                    "DiscrepancyResolved",  "VerificationFinished",
                                    "RecheckFinished",      "ExportQueued",
                                    "ExportStarted",        "BatchCompleted",
                                    "RulesApplied",         NULL};
static const char *const HEAD_TYPES[] = {
    "EntriesRead", "CandidatesFound", "EntriesMatched", "DiscrepanciesOpened", "EntriesExported", "RecheckRequested",
    NULL};

const mst_core ingestion_core = {
    .name = "ingestion",
    .types = TYPES,
    .head_types = HEAD_TYPES,
    .open = ingestion_open,
    .close = ingestion_close,
    .apply = ingestion_apply,
    .work = ingestion_work,
    .idle = ingestion_idle,
    .save = ingestion_save,
    .load = ingestion_load,
};
