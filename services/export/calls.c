/* calls.c - what people and other services ask the directory, and how its kinds are declared. */
#include "services/export/export_state.h"

#include "export.pb-c.h"
#include "services/export/values.h"
#include "services/export/words.h"
#include "services/runtime/tableschema.h"
#include <assert.h>
#include <string.h>

#define LIST_MAX 1000u /* records in one answer */
#define LIST_DEFAULT 100u
#define LIST_SIZE_MAX (768u << 10) /* bytes of values in one answer; then there is `more` */
#define FIND_SCAN_MAX 1000000u     /* records looked at in one search, about half a second; then there is `more` */
#define HISTORY_MAX 1000u          /* versions shown */
#define WARNINGS_MAX 100u          /* templates named in the answer of a declaration */

/* Directory -------------------------------------------------------------------------------------------- */

/* The directory as it is with the kinds of a declaration. */
typedef struct declaration {
    const mst_catalog *catalog;
    Muster__V1__Kind **kinds;
    size_t count;
} declaration;

static const Muster__V1__Kind *
declared_kind(const void *context, const char *name)
{
    const declaration *self = context;
    for (size_t i = 0; i < self->count; i++)
        if (strcmp(self->kinds[i]->name, name) == 0)
            return self->kinds[i];
    return mst_catalog_kind(self->catalog, name);
}

/* Templates were added while the kinds were others: files by those that do not fit any more will fail. */
static void
warn_of_templates(const declaration *self, mst_arena *arena, Muster__V1__DirectoryView *view)
{
    char why[512];
    size_t count = mst_catalog_templates_count(self->catalog);
    view->warnings = mst_arena_alloc(arena, (count + 1) * sizeof(char *));
    for (size_t i = 0; i < count && view->n_warnings < WARNINGS_MAX; i++) {
        const Muster__V1__Template *template = mst_catalog_template_at(self->catalog, i);
        if (!mst_template_fits(template, declared_kind, self, why))
            view->warnings[view->n_warnings++] =
                mst_arena_printf(arena, "Template \"%s\" does not fit any more. %s.", template->name, why);
    }
}

static void
answer_directory(export_state *state, mst_work *work, Muster__V1__Kind **declared, size_t declared_count)
{
    mst_arena *arena = mst_work_arena(work);
    size_t known = mst_catalog_kinds_count(state->catalog), count = 0;
    Muster__V1__DirectoryView view = MUSTER__V1__DIRECTORY_VIEW__INIT;
    view.kinds = mst_arena_alloc(arena, (known + declared_count + 1) * sizeof(Muster__V1__Kind *));
    view.records = mst_arena_alloc(arena, (known + declared_count + 1) * sizeof(uint64_t));
    for (size_t i = 0; i < known; i++) {
        const Muster__V1__Kind *kind = mst_catalog_kind_at(state->catalog, i);
        bool replaced = false;
        for (size_t j = 0; j < declared_count; j++)
            replaced |= strcmp(kind->name, declared[j]->name) == 0;
        if (!replaced)
            view.kinds[count++] = (Muster__V1__Kind *)(uintptr_t)kind;
    }
    for (size_t i = 0; i < declared_count; i++)
        view.kinds[count++] = declared[i];
    for (size_t i = 0; i < count; i++)
        view.records[i] = directory_kind_of(state->directory, view.kinds[i]->name).records;
    view.n_kinds = view.n_records = count;
    if (declared_count > 0)
        warn_of_templates(&(declaration){state->catalog, declared, declared_count}, arena, &view);
    mst_work_answer(work, &view.base);
}

/* Whether every kind is known just so. */
static bool
is_declared(export_state *state, mst_arena *arena, Muster__V1__Kind **kinds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const Muster__V1__Kind *known = mst_catalog_kind(state->catalog, kinds[i]->name);
        if (known == NULL)
            return false;
        mst_slice old = mst_arena_pack(arena, &known->base), new = mst_arena_pack(arena, &kinds[i]->base);
        if (old.size != new.size || memcmp(old.data, new.data, old.size) != 0)
            return false;
    }
    return true;
}

static void
declare(export_state *state, mst_work *work, const Muster__V1__DeclareDirectory *command)
{
    char why[512];
    Muster__V1__Kind **kinds = NULL;
    size_t count = 0;
    mst_arena *arena = mst_work_arena(work);
    if (mst_tableschema_kinds(arena, command->source, strlen(command->source), &kinds, &count, why) != MST_OK) {
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED, NULL, "%s", why);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (kinds[i]->n_fields == 0 || kinds[i]->n_fields > DIRECTORY_COLUMNS_MAX) {
            mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED, NULL,
                            "Kind \"%s\" has %zu fields; between 1 and %u are possible.", kinds[i]->name,
                            kinds[i]->n_fields, DIRECTORY_COLUMNS_MAX);
            return;
        }
    if (!is_declared(state, arena, kinds, count)) { // said again, nothing happens
        Muster__V1__DirectoryDeclared declared = MUSTER__V1__DIRECTORY_DECLARED__INIT;
        declared.kinds = kinds;
        declared.n_kinds = count;
        declared.source = command->source;
        mst_work_event(work, "export/directory", "", "directory", 0, &declared.base);
    }
    answer_directory(state, work, kinds, count);
}

/* Records ---------------------------------------------------------------------------------------------- */

const Muster__V1__Kind *
calls_kind(export_state *state, mst_work *work, const char *name)
{
    const Muster__V1__Kind *kind = mst_catalog_kind(state->catalog, name);
    if (kind != NULL)
        return kind;
    const char *names = "";
    for (size_t i = 0; i < mst_catalog_kinds_count(state->catalog); i++)
        names = mst_arena_printf(mst_work_arena(work), "%s%s%s", names, i == 0 ? "" : ", ",
                                 mst_catalog_kind_at(state->catalog, i)->name);
    mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_NOT_FOUND, NULL,
                    "The directory has no kind \"%.100s\". %s%.1000s", name,
                    names[0] == 0 ? "Declare one first (muster directory declare)." : "It has: ", names);
    return NULL;
}

typedef struct listing {
    export_state *state;
    const Muster__V1__Kind *kind;
    mst_arena *arena;
    mst_slice *cells;
    Muster__V1__RecordList list;
    size_t max, size, seen;
    words *words; /* NULL: all records */
} listing;

/* False: no such kind; the call is answered. */
static bool
listing_open(listing *self, export_state *state, mst_work *work, const char *kind, uint32_t max)
{
    *self = (listing){.state = state, .arena = mst_work_arena(work), .kind = calls_kind(state, work, kind)};
    if (self->kind == NULL)
        return false;
    self->max = max == 0 ? LIST_DEFAULT : max < LIST_MAX ? max : LIST_MAX;
    self->cells = mst_arena_alloc(self->arena, (self->kind->n_fields + 1) * sizeof *self->cells);
    muster__v1__record_list__init(&self->list);
    self->list.kind = self->kind->name;
    self->list.n_fields = self->kind->n_fields;
    self->list.fields = mst_arena_alloc(self->arena, (self->kind->n_fields + 1) * sizeof(char *));
    for (size_t i = 0; i < self->kind->n_fields; i++)
        self->list.fields[i] = self->kind->fields[i]->name;
    self->list.records = mst_arena_alloc(self->arena, (self->max + 1) * sizeof(Muster__V1__Record *));
    return true;
}

/* Adds a record whose cells are in self->cells. False: the list is full. */
static bool
listing_add(listing *self, const directory_record *record)
{
    size_t size = record->id_size + record->lengths_and_values.size + 64;
    if (self->list.n_records == self->max || (self->list.n_records > 0 && self->size + size > LIST_SIZE_MAX)) {
        self->list.more = true;
        return false;
    }
    self->size += size;
    Muster__V1__Record *one = mst_arena_alloc(self->arena, sizeof *one);
    muster__v1__record__init(one);
    one->id = mst_arena_strndup(self->arena, record->id, record->id_size);
    one->version = record->version;
    one->seq = record->seq;
    one->deleted = record->deleted;
    one->batch_id = mst_arena_strndup(self->arena, record->batch_id.data, record->batch_id.size);
    one->n_values = self->kind->n_fields;
    one->values = mst_arena_alloc(self->arena, (one->n_values + 1) * sizeof(char *));
    for (size_t i = 0; i < one->n_values; i++)
        one->values[i] = mst_arena_strndup(self->arena, self->cells[i].data, self->cells[i].size);
    self->list.records[self->list.n_records++] = one;
    return true;
}

/* What a scan shows: deleted records are left out, and those without the words. */
static bool
listing_visit(void *context, const directory_record *record)
{
    listing *self = context;
    if (record->deleted)
        return true;
    directory_cells(self->state->directory, record, self->kind, self->cells);
    if (self->words != NULL) {
        if (++self->seen > FIND_SCAN_MAX) {
            self->list.more = true;
            return false;
        }
        words_begin(self->words);
        words_add(self->words, (mst_slice){(const uint8_t *)record->id, record->id_size});
        for (size_t i = 0; i < self->kind->n_fields; i++)
            words_add(self->words, self->cells[i]);
        if (!words_found(self->words))
            return true;
    }
    return listing_add(self, record);
}

static void
scan_records(export_state *state, mst_work *work, const Muster__V1__ScanRecords *query)
{
    listing list;
    if (!listing_open(&list, state, work, query->kind, query->max))
        return;
    export_must(directory_scan(state->directory, query->kind, query->after_id, listing_visit, &list));
    mst_work_answer(work, &list.list.base);
}

static void
find_records(export_state *state, mst_work *work, const Muster__V1__FindRecords *query)
{
    listing list;
    if (!listing_open(&list, state, work, query->kind, query->max))
        return;
    words sought;
    words_make(&sought, list.arena, query->text);
    list.words = &sought;
    export_must(directory_scan(state->directory, query->kind, "", listing_visit, &list));
    words_release(&sought);
    mst_work_answer(work, &list.list.base);
}

static void
get_record(export_state *state, mst_work *work, const Muster__V1__GetRecord *query)
{
    listing list;
    if (!listing_open(&list, state, work, query->kind, query->history ? HISTORY_MAX : 1))
        return;
    directory_record *records = NULL;
    size_t count = 0;
    mst_status status =
        directory_history(state->directory, query->kind, query->id, strlen(query->id), list.arena, &records, &count);
    if (status == MST_OK && count == 0) {
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_NOT_FOUND, NULL,
                        "There is no %s \"%.200s\" in the directory.", query->kind, query->id);
        return;
    }
    for (size_t i = 0; i < (query->history ? count : count > 0); i++) {
        directory_cells(state->directory, &records[i], list.kind, list.cells);
        if (!listing_add(&list, &records[i]))
            break;
    }
    mst_work_answer(work, &list.list.base);
}

void
calls_answer(export_state *state, mst_work *work, const mst_step *step)
{
    const void *argument = step->argument;
    if (argument == NULL)
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED, NULL, "The request is not readable.");
    else if (strcmp(step->method, "DeclareDirectory") == 0)
        declare(state, work, argument);
    else if (strcmp(step->method, "ShowDirectory") == 0)
        answer_directory(state, work, NULL, 0);
    else if (strcmp(step->method, "GetRecord") == 0)
        get_record(state, work, argument);
    else if (strcmp(step->method, "FindRecords") == 0)
        find_records(state, work, argument);
    else if (strcmp(step->method, "ScanRecords") == 0)
        scan_records(state, work, argument);
    else if (strcmp(step->method, "ListValues") == 0)
        values_list(state, work, argument);
    else if (strcmp(step->method, "LookUpRecords") == 0)
        values_look_up(state, work, argument);
    else
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED, NULL, "export does not know \"%.100s\".",
                        step->method);
}
