/* operator.c - the person at the desk, and the tool that asks for her until it is answered.
 *
 * Each file is one flow: create, upload, watch, leave bad rows out, answer questions, see it complete. Every command
 * keeps its id until there is an answer, whatever breaks meanwhile; now and then one that was answered is sent again,
 * and a decision is tried again on an old version. */
#include "discrepancy.pb-c.h"
#include "export.pb-c.h"
#include "ingestion.pb-c.h"
#include "parsing.pb-c.h"
#include "tests/sim/sim.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_US_MAX 12000000 /* after which the tool asks again */
#define PAUSE_US 150000        /* between two looks at a batch */
#define PARKED_US 20000000     /* between two looks at what is parked */
#define RANGE_SIZE 3000u       /* bytes of a file sent at a time */

typedef enum flow_phase {
    PHASE_DECLARE,
    PHASE_TEMPLATE,
    PHASE_CREATE,
    PHASE_BEGIN,
    PHASE_PUT,
    PHASE_FINISH,
    PHASE_WATCH,
    PHASE_EXCLUDE,
    PHASE_WRONG_LIST,
    PHASE_CORRECT,
    PHASE_CORRECT_END,
    PHASE_CANCEL,
    PHASE_LIST,
    PHASE_RESOLVE,
    PHASE_RESOLVE_STALE,
    PHASE_DONE
} flow_phase;

static const char *const phase_names[] = {"declare", "template", "create",        "begin",   "put",         "finish",
                                          "watch",   "exclude",  "wrong list",    "correct", "correct end", "cancel",
                                          "list",    "resolve",  "resolve stale", "done"};

typedef struct file_flow {
    uint32_t place;       /* ids of its commands begin with it */
    const sim_file *file; /* NULL: the flow that sets up */
    flow_phase phase;
    char batch_id[32];
    uint64_t offset;
    uint8_t sha256[MST_HASH_SIZE];
    uint32_t row, version; /* of the question at hand */
    uint32_t generation;   /* of the wrong values */
    Muster__V1__Choice choice;
    char record_id[128];
    Muster__V1__MakeCorrection *make; /* of the wrong value at hand */
    /* the call under way */
    bool asking, asked_again;
    uint64_t request_id;
    int64_t asked_us, next_us;
    uint8_t command_id[MST_ID_SIZE];
    uint32_t commands;
    char service[32];
    const char *key; /* NULL: the batch */
    const char *method;
    mst_slice argument;    /* heap */
    uint8_t *first_answer; /* of a command sent twice; heap */
    size_t first_answer_size;
    bool won;
    struct file_flow *rival; /* a colleague who decides the same question otherwise, at the same moment; NULL none */
} file_flow;

struct operator_tool {
    sim_world *sim;
    file_flow flows[FLOWS_MAX + 1];
    size_t flows_count, begun;
    uint64_t request_id;
    uint32_t resolved;
    int64_t parked_us; /* when she last looked for parked inputs */
    bool surveying;
    size_t survey_at;
    file_flow survey_flow;
    char *survey;
    size_t survey_size, survey_room;
};

struct operator_tool *
operator_new(sim_world *sim)
{
    struct operator_tool *tool = mst_alloc(sizeof *tool);
    memset(tool, 0, sizeof *tool);
    tool->sim = sim;
    tool->flows_count = 1 + sim->scenario->files_count;
    tool->begun = 1;
    tool->flows[0].phase = PHASE_DECLARE;
    for (size_t i = 1; i < tool->flows_count; i++) {
        tool->flows[i].file = &sim->scenario->files[i - 1];
        tool->flows[i].phase = PHASE_CREATE;
        tool->flows[i].place = (uint32_t)i;
        mst_sha256(tool->flows[i].file->text, tool->flows[i].file->size, tool->flows[i].sha256);
    }
    return tool;
}

static void
flow_free(file_flow *flow)
{
    free((void *)flow->argument.data);
    free(flow->first_answer);
    flow->argument.data = NULL;
    flow->first_answer = NULL;
}

void
operator_free(struct operator_tool *tool)
{
    if (!tool)
        return;
    for (size_t i = 0; i < tool->flows_count; i++) {
        if (tool->flows[i].rival)
            flow_free(tool->flows[i].rival);
        free(tool->flows[i].rival);
        flow_free(&tool->flows[i]);
        if (tool->flows[i].make != NULL)
            muster__v1__make_correction__free_unpacked(tool->flows[i].make, NULL);
    }
    flow_free(&tool->survey_flow);
    free(tool->survey);
    free(tool);
}

uint32_t
operator_resolved(const struct operator_tool *tool)
{
    return tool->resolved;
}

void
operator_describe(const struct operator_tool *tool, char *text, size_t size)
{
    text[0] = '\0';
    for (size_t i = 0; i < tool->flows_count; i++) {
        const file_flow *flow = &tool->flows[i];
        size_t used = strlen(text);
        snprintf(text + used, size - used, "[%s %s%s] ", flow->batch_id, phase_names[flow->phase],
                 flow->asking ? " asking" : "");
    }
}

/* Asking ---------------------------------------------------------------------------------------------- */

static void
send_call(struct operator_tool *tool, file_flow *flow)
{
    static const uint8_t none[MST_ID_SIZE];
    Muster__V1__Call call = MUSTER__V1__CALL__INIT;
    call.service = flow->service;
    call.key = flow->key ? (char *)flow->key : flow->batch_id;
    call.method = (char *)flow->method;
    if (memcmp(flow->command_id, none, sizeof none) != 0)
        call.command_id = (ProtobufCBinaryData){MST_ID_SIZE, flow->command_id};
    Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
    request.request_id = flow->request_id = 100 + ++tool->request_id;
    request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_CALL;
    request.call = &call;
    flow->asking = true;
    flow->asked_us = tool->sim->now_us;
    if (tool->sim->operator_client.state == CLIENT_READY)
        client_send(&tool->sim->operator_client, &request, &flow->argument, 1);
}

static void
ask(struct operator_tool *tool, file_flow *flow, const char *service, const ProtobufCMessage *argument, bool command)
{
    size_t size = protobuf_c_message_get_packed_size(argument);
    uint8_t *packed = mst_alloc(size);
    protobuf_c_message_pack(argument, packed);
    flow_free(flow);
    flow->argument = (mst_slice){packed, size};
    snprintf(flow->service, sizeof flow->service, "%s", service);
    flow->method = argument->descriptor->short_name;
    memset(flow->command_id, 0, sizeof flow->command_id);
    flow->asked_again = false;
    if (command) {
        uint32_t number = ++flow->commands;
        memcpy(flow->command_id, &number, 4);
        memcpy(flow->command_id + 4, &flow->place, 4);
        flow->command_id[15] = 1;
    }
    send_call(tool, flow);
}

static void
ask_batch(struct operator_tool *tool, file_flow *flow)
{
    Muster__V1__CreateBatch create = MUSTER__V1__CREATE_BATCH__INIT;
    char *on[] = {"membership-date"};
    create.name = "Sunday";
    create.batch_date = "2024-05-06";
    create.file_name = "cards.csv";
    if (flow->file->import) {
        create.purpose = MUSTER__V1__PURPOSE__PURPOSE_IMPORT;
        create.kind = "person";
        create.id_column = "id";
    } else {
        create.template_name = "card";
        create.options = on;
        create.n_options = 1;
        create.dry_run = flow->file->dry_run;
    }
    ask(tool, flow, "ingestion", &create.base, true);
}

static void
ask_upload(struct operator_tool *tool, file_flow *flow)
{
    Muster__V1__BeginUpload begin = MUSTER__V1__BEGIN_UPLOAD__INIT;
    Muster__V1__PutRange put = MUSTER__V1__PUT_RANGE__INIT;
    Muster__V1__FinishUpload finish = MUSTER__V1__FINISH_UPLOAD__INIT;
    size_t left = flow->file->size - flow->offset;
    begin.batch_id = put.batch_id = finish.batch_id = flow->batch_id;
    begin.size = flow->file->size;
    begin.sha256 = (ProtobufCBinaryData){sizeof flow->sha256, flow->sha256};
    begin.file_name = "cards.csv";
    put.offset = flow->offset;
    put.data = (ProtobufCBinaryData){left < RANGE_SIZE ? left : RANGE_SIZE, (uint8_t *)flow->file->text + flow->offset};
    if (flow->phase == PHASE_BEGIN)
        ask(tool, flow, "ingestion", &begin.base, true);
    else if (flow->phase == PHASE_PUT)
        ask(tool, flow, "ingestion", &put.base, true);
    else
        ask(tool, flow, "ingestion", &finish.base, true);
}

/* Her colleague looks at the same question and decides otherwise. Only one of them may be heard. Not where outcomes
 * are compared: who is first is chance. */
static void
rival_ask(struct operator_tool *tool, file_flow *flow, Muster__V1__ResolveDiscrepancy *resolve)
{
    if (!flow->rival) {
        flow->rival = mst_alloc(sizeof *flow->rival);
        *flow->rival = (file_flow){.place = flow->place + 100, .key = "colleague", .phase = PHASE_RESOLVE};
    }
    resolve->record_id = "";
    resolve->choice = MUSTER__V1__CHOICE__CHOICE_SKIP;
    if (flow->choice == MUSTER__V1__CHOICE__CHOICE_SKIP)
        resolve->choice = MUSTER__V1__CHOICE__CHOICE_NEW;
    flow->won = flow->rival->won = false;
    snprintf(flow->rival->batch_id, sizeof flow->rival->batch_id, "%s", flow->batch_id);
    ask(tool, flow->rival, "discrepancy", &resolve->base, true);
}

static void
ask_decision(struct operator_tool *tool, file_flow *flow)
{
    Muster__V1__ListDiscrepancies list = MUSTER__V1__LIST_DISCREPANCIES__INIT;
    Muster__V1__ResolveDiscrepancy resolve = MUSTER__V1__RESOLVE_DISCREPANCY__INIT;
    list.batch_id = resolve.batch_id = flow->batch_id;
    list.open_only = true;
    list.max = 1;
    resolve.row = flow->row;
    resolve.base_version = flow->version;
    resolve.choice = flow->choice;
    if (flow->phase == PHASE_RESOLVE_STALE) /* the same decision again would be no conflict */
        resolve.choice = flow->choice == MUSTER__V1__CHOICE__CHOICE_SKIP ? MUSTER__V1__CHOICE__CHOICE_NEW
                                                                         : MUSTER__V1__CHOICE__CHOICE_SKIP;
    if (resolve.choice == MUSTER__V1__CHOICE__CHOICE_SELECT)
        resolve.record_id = flow->record_id;
    if (flow->phase == PHASE_LIST)
        ask(tool, flow, "discrepancy", &list.base, false);
    else
        ask(tool, flow, "discrepancy", &resolve.base, true);
    if (flow->phase == PHASE_RESOLVE && tool->sim->scenario->together && random_one_in(&tool->sim->random, 3))
        rival_ask(tool, flow, &resolve);
}

static void
ask_next(struct operator_tool *tool, file_flow *flow)
{
    Muster__V1__DeclareDirectory declare = MUSTER__V1__DECLARE_DIRECTORY__INIT;
    Muster__V1__AddTemplate template = MUSTER__V1__ADD_TEMPLATE__INIT;
    Muster__V1__ShowBatch show = MUSTER__V1__SHOW_BATCH__INIT;
    Muster__V1__ExcludeBadRows exclude = MUSTER__V1__EXCLUDE_BAD_ROWS__INIT;
    Muster__V1__CancelBatch cancel = MUSTER__V1__CANCEL_BATCH__INIT;
    Muster__V1__ListWrongValues wrong = MUSTER__V1__LIST_WRONG_VALUES__INIT;
    Muster__V1__FinishCorrections finish = MUSTER__V1__FINISH_CORRECTIONS__INIT;
    wrong.batch_id = finish.batch_id = flow->batch_id;
    wrong.max = 1000;
    declare.source = tool->sim->scenario->package;
    template.source = tool->sim->scenario->template;
    show.batch_id = exclude.batch_id = cancel.batch_id = flow->batch_id;
    cancel.reason = "as planned";
    switch (flow->phase) {
    case PHASE_DECLARE: ask(tool, flow, "export", &declare.base, true); return;
    case PHASE_TEMPLATE: ask(tool, flow, "ingestion", &template.base, true); return;
    case PHASE_CREATE: ask_batch(tool, flow); return;
    case PHASE_BEGIN:
    case PHASE_PUT:
    case PHASE_FINISH: ask_upload(tool, flow); return;
    case PHASE_WATCH: ask(tool, flow, "ingestion", &show.base, false); return;
    case PHASE_EXCLUDE: ask(tool, flow, "parsing", &exclude.base, true); return;
    case PHASE_WRONG_LIST: ask(tool, flow, "parsing", &wrong.base, false); return;
    case PHASE_CORRECT: ask(tool, flow, "parsing", &flow->make->base, true); return;
    case PHASE_CORRECT_END: ask(tool, flow, "parsing", &finish.base, true); return;
    case PHASE_CANCEL: ask(tool, flow, "ingestion", &cancel.base, true); return;
    case PHASE_LIST:
    case PHASE_RESOLVE:
    case PHASE_RESOLVE_STALE: ask_decision(tool, flow); return;
    case PHASE_DONE: return;
    }
}

/* Answers --------------------------------------------------------------------------------------------- */

static bool
done(Muster__V1__AnswerStatus status)
{
    return status == MUSTER__V1__ANSWER_STATUS__ANSWER_OK || status == MUSTER__V1__ANSWER_STATUS__ANSWER_REPEATED;
}

static void
go(struct operator_tool *tool, file_flow *flow, flow_phase next, int64_t in_us)
{
    flow->phase = next;
    flow->next_us = tool->sim->now_us + in_us;
}

static void
unexpected(struct operator_tool *tool, const file_flow *flow, const Muster__V1__CallResult *result)
{
    sim_fail(tool->sim, "%s for %s in %s was answered %d: %.200s", flow->method, flow->batch_id,
             phase_names[flow->phase], (int)result->status, result->text);
}

static void
take_batch(struct operator_tool *tool, file_flow *flow, const Muster__V1__BatchView *view)
{
    bool cancels = flow->file->plan == PLAN_CANCEL_WHERE_IT_WAITS;
    sim_trace(tool->sim, "%s: state %d %s%s", flow->batch_id, (int)view->state, view->outcome,
              view->fix_errors ? " fix errors" : "");
    if (view->state == MUSTER__V1__BATCH_STATE__STATE_COMPLETE || strcmp(view->outcome, "cancelled") == 0)
        go(tool, flow, PHASE_DONE, 0);
    else if (view->outcome[0] && strcmp(view->outcome, "dry run") != 0)
        sim_fail(tool->sim, "%s ended: %s: %.300s", flow->batch_id, view->outcome, view->failure);
    else if (view->fix_errors) {
        flow->generation = view->generation;
        go(tool, flow, cancels ? PHASE_CANCEL : flow->place % 2 == 0 ? PHASE_WRONG_LIST : PHASE_EXCLUDE, 0);
    } else if (view->state == MUSTER__V1__BATCH_STATE__STATE_AWAIT_DISCREPANCY_VERIFICATION)
        go(tool, flow, cancels ? PHASE_CANCEL : PHASE_LIST, 0);
    else
        go(tool, flow, PHASE_WATCH, PAUSE_US);
}

/* The first wrong value without a correction: what is suggested for it, or its rows are left out. */
static void
take_wrong_values(struct operator_tool *tool, file_flow *flow, const Muster__V1__WrongValueList *list,
                  uint32_t generation)
{
    const Muster__V1__WrongValueGroup *group = NULL;
    for (size_t i = 0; i < list->n_groups && group == NULL; i++)
        group = list->groups[i]->correction == NULL ? list->groups[i] : NULL;
    if (group == NULL) {
        go(tool, flow, PHASE_CORRECT_END, 0);
        return;
    }
    Muster__V1__Correction correction = MUSTER__V1__CORRECTION__INIT;
    Muster__V1__MakeCorrection make = MUSTER__V1__MAKE_CORRECTION__INIT;
    bool meant = group->n_fields == 1 && group->n_suggestions > 0;
    correction.kind = group->kind;
    correction.rule = group->rule;
    correction.fields = group->fields;
    correction.from = group->values;
    correction.n_fields = correction.n_from = group->n_fields;
    correction.value = group->value;
    correction.leave_out = !meant;
    correction.to = meant ? &group->suggestions[0]->value : NULL;
    correction.n_to = meant;
    make.batch_id = flow->batch_id;
    make.generation = generation;
    make.correction = &correction;
    mst_arena *arena = mst_arena_new(0);
    mst_slice packed = mst_arena_pack(arena, &make.base);
    if (flow->make != NULL)
        muster__v1__make_correction__free_unpacked(flow->make, NULL);
    flow->make = muster__v1__make_correction__unpack(NULL, packed.size, packed.data);
    mst_arena_destroy(&arena);
    go(tool, flow, PHASE_CORRECT, 0);
}

/* What she decides depends on nothing but the question. */
static void
take_questions(struct operator_tool *tool, file_flow *flow, const Muster__V1__DiscrepancyList *list)
{
    if (list->n_discrepancies == 0) {
        go(tool, flow, PHASE_WATCH, PAUSE_US);
        return;
    }
    const Muster__V1__DiscrepancyView *view = list->discrepancies[0];
    const Muster__V1__EntryQuestion *question = view->question;
    flow->row = view->row;
    flow->version = view->version;
    flow->record_id[0] = '\0';
    flow->choice = view->row % 3 == 0 ? MUSTER__V1__CHOICE__CHOICE_SKIP : MUSTER__V1__CHOICE__CHOICE_NEW;
    if (question && question->n_candidates && view->row % 3 != 0 && view->row % 4 != 1) {
        flow->choice = MUSTER__V1__CHOICE__CHOICE_SELECT;
        snprintf(flow->record_id, sizeof flow->record_id, "%s", question->candidates[0]->record_id);
    }
    go(tool, flow, PHASE_RESOLVE, 0);
}

static void
take_decision(struct operator_tool *tool, file_flow *flow, const Muster__V1__CallResult *result)
{
    if (flow->phase == PHASE_RESOLVE_STALE) {
        if (done(result->status))
            sim_fail(tool->sim, "%s: a decision on an old version of row %u was accepted (C12)", flow->batch_id,
                     flow->row);
        go(tool, flow, PHASE_LIST, 0);
        return;
    }
    if (done(result->status)) {
        tool->resolved++;
        tool->sim->counts->resolved++;
        flow->won = true;
        if (flow->rival && flow->rival->won)
            sim_fail(tool->sim, "%s row %u: both of two rivals were told that they decided (C12)", flow->batch_id,
                     flow->row);
        /* The other tab of her browser still shows the question as it was. */
        go(tool, flow, random_one_in(&tool->sim->random, 5) ? PHASE_RESOLVE_STALE : PHASE_LIST, 0);
    } else if (result->status == MUSTER__V1__ANSWER_STATUS__ANSWER_STALE ||
               (flow->rival && result->status == MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED)) {
        go(tool, flow, PHASE_LIST, 0); /* somebody else was first, and may have closed the batch with it */
    } else {
        unexpected(tool, flow, result);
    }
}

static void
take_answer(struct operator_tool *tool, file_flow *flow, const Muster__V1__CallResult *result, mst_slice body)
{
    static const flow_phase after[] = {[PHASE_DECLARE] = PHASE_TEMPLATE,
                                       [PHASE_TEMPLATE] = PHASE_DONE,
                                       [PHASE_EXCLUDE] = PHASE_WATCH,
                                       [PHASE_CANCEL] = PHASE_WATCH};
    mst_arena *arena = mst_arena_new(0);
    ProtobufCAllocator *allocator = mst_arena_allocator(arena);
    bool ok = done(result->status);
    Muster__V1__BatchView *view = NULL;
    Muster__V1__UploadView *upload = NULL;
    switch (flow->phase) {
    case PHASE_CREATE:
        view = ok ? muster__v1__batch_view__unpack(allocator, body.size, body.data) : NULL;
        if (!view) {
            unexpected(tool, flow, result);
            break;
        }
        snprintf(flow->batch_id, sizeof flow->batch_id, "%s", view->batch_id);
        tool->sim->counts->batches++;
        go(tool, flow, PHASE_BEGIN, 0);
        break;
    case PHASE_BEGIN:
    case PHASE_PUT:
        upload = ok ? muster__v1__upload_view__unpack(allocator, body.size, body.data) : NULL;
        if (upload) {
            flow->offset = upload->offset;
            go(tool, flow, flow->offset == flow->file->size ? PHASE_FINISH : PHASE_PUT, 0);
        } else if (flow->phase == PHASE_PUT) {
            go(tool, flow, PHASE_BEGIN, 0); /* asks where to go on */
        } else {
            unexpected(tool, flow, result);
        }
        break;
    case PHASE_WATCH:
        view = ok ? muster__v1__batch_view__unpack(allocator, body.size, body.data) : NULL;
        if (view)
            take_batch(tool, flow, view);
        else
            unexpected(tool, flow, result);
        break;
    case PHASE_WRONG_LIST:
        if (ok)
            take_wrong_values(tool, flow, muster__v1__wrong_value_list__unpack(allocator, body.size, body.data),
                              flow->generation);
        else
            unexpected(tool, flow, result);
        break;
    case PHASE_CORRECT: /* refused where she sees it as it was before it went on */
        go(tool, flow, ok ? PHASE_WRONG_LIST : PHASE_WATCH, ok ? 0 : PAUSE_US);
        break;
    case PHASE_CORRECT_END: go(tool, flow, PHASE_WATCH, PAUSE_US); break;
    case PHASE_LIST:
        if (ok)
            take_questions(tool, flow, muster__v1__discrepancy_list__unpack(allocator, body.size, body.data));
        else
            go(tool, flow, PHASE_WATCH, PAUSE_US);
        break;
    case PHASE_RESOLVE:
    case PHASE_RESOLVE_STALE: take_decision(tool, flow, result); break;
    case PHASE_FINISH: /* refused where ingestion died with the file whole and not yet received: begin says where we are
                        */
        go(tool, flow, ok ? PHASE_WATCH : PHASE_BEGIN, ok ? 0 : PAUSE_US);
        break;
    case PHASE_CANCEL: tool->sim->counts->cancelled += ok; /* fall through */
    default:
        if (!ok && flow->phase != PHASE_CANCEL)
            unexpected(tool, flow, result);
        go(tool, flow, after[flow->phase], 0);
        break;
    }
    mst_arena_destroy(&arena);
}

/* A command answered OK is sent once more, and has to be answered as it was. */
static bool
again(struct operator_tool *tool, file_flow *flow, const Muster__V1__CallResult *result, mst_slice body)
{
    bool changes = flow->phase == PHASE_CREATE || flow->phase == PHASE_RESOLVE || flow->phase == PHASE_EXCLUDE ||
                   flow->phase == PHASE_DECLARE || flow->phase == PHASE_CORRECT || flow->phase == PHASE_CORRECT_END;
    if (!changes || (!flow->asked_again && !done(result->status)))
        return false;
    if (flow->asked_again) {
        if (!done(result->status) || body.size != flow->first_answer_size ||
            memcmp(body.data, flow->first_answer, body.size) != 0)
            sim_fail(tool->sim, "%s for %s, sent again with its id, got another answer", flow->method, flow->batch_id);
        return false;
    }
    if (!random_one_in(&tool->sim->random, 4))
        return false;
    flow->asked_again = true;
    flow->first_answer = mst_alloc(body.size + 1);
    flow->first_answer_size = body.size;
    memcpy(flow->first_answer, body.data, body.size);
    send_call(tool, flow);
    return true;
}

static void
rival_take(struct operator_tool *tool, file_flow *flow, const Muster__V1__CallResult *result)
{
    flow->rival->asking = false;
    if (!done(result->status))
        return;
    tool->resolved++;
    tool->sim->counts->resolved++;
    flow->rival->won = true;
    if (flow->won)
        sim_fail(tool->sim, "%s: both of two rivals were told that they decided (C12)", flow->batch_id);
}

/* Survey: every question there is, and what is answered ------------------------------------------------ */

static void
survey_add(struct operator_tool *tool, const char *name, mst_slice body)
{
    size_t need = tool->survey_size + strlen(name) + 2 * body.size + 8;
    if (need > tool->survey_room) {
        tool->survey_room = need * 2;
        tool->survey = mst_realloc(tool->survey, tool->survey_room);
    }
    tool->survey_size += (size_t)sprintf(tool->survey + tool->survey_size, "%s ", name);
    mst_hex(body.data, body.size, tool->survey + tool->survey_size);
    tool->survey_size += 2 * body.size;
    tool->survey_size += (size_t)sprintf(tool->survey + tool->survey_size, "\n");
}

static bool
survey_ask(struct operator_tool *tool)
{
    size_t files = tool->sim->scenario->files_count, at = tool->survey_at;
    file_flow *flow = &tool->survey_flow;
    Muster__V1__ScanRecords scan = MUSTER__V1__SCAN_RECORDS__INIT;
    Muster__V1__ListBatches list = MUSTER__V1__LIST_BATCHES__INIT;
    Muster__V1__ListTemplates templates = MUSTER__V1__LIST_TEMPLATES__INIT;
    Muster__V1__ListDiscrepancies questions = MUSTER__V1__LIST_DISCREPANCIES__INIT;
    Muster__V1__ListWrongValues wrong = MUSTER__V1__LIST_WRONG_VALUES__INIT;
    Muster__V1__ShowBatch show = MUSTER__V1__SHOW_BATCH__INIT;
    scan.kind = "person";
    scan.max = list.max = questions.max = wrong.max = 1000;
    if (at == 0) {
        ask(tool, flow, "export", &scan.base, false);
    } else if (at == 1) {
        ask(tool, flow, "ingestion", &list.base, false);
    } else if (at == 2) {
        ask(tool, flow, "ingestion", &templates.base, false);
    } else if (at < 3 + 3 * files) {
        snprintf(flow->batch_id, sizeof flow->batch_id, "B%zu", 1 + (at - 3) / 3);
        questions.batch_id = wrong.batch_id = show.batch_id = flow->batch_id;
        if (at % 3 == 0)
            ask(tool, flow, "ingestion", &show.base, false);
        else if (at % 3 == 1)
            ask(tool, flow, "parsing", &wrong.base, false);
        else
            ask(tool, flow, "discrepancy", &questions.base, false);
    } else {
        return false;
    }
    return true;
}

void
operator_survey_start(struct operator_tool *tool)
{
    flow_free(&tool->survey_flow);
    tool->survey_flow = (file_flow){.phase = PHASE_WATCH};
    tool->survey_at = 0;
    tool->survey_size = 0;
    tool->surveying = true;
    survey_ask(tool);
}

bool
operator_surveyed(const struct operator_tool *tool)
{
    return !tool->surveying;
}

const char *
operator_survey(const struct operator_tool *tool)
{
    return tool->survey ? tool->survey : "";
}

static void
survey_take(struct operator_tool *tool, const Muster__V1__CallResult *result, mst_slice body)
{
    char name[96];
    snprintf(name, sizeof name, "%s %s %d", tool->survey_flow.method, tool->survey_flow.batch_id, (int)result->status);
    survey_add(tool, name, body);
    tool->survey_at++;
    tool->surveying = survey_ask(tool);
}

/* The tool -------------------------------------------------------------------------------------------- */

void
operator_back(struct operator_tool *tool)
{
    for (size_t i = 0; i < tool->flows_count; i++) {
        if (tool->flows[i].asking)
            send_call(tool, &tool->flows[i]);
        if (tool->flows[i].rival && tool->flows[i].rival->asking)
            send_call(tool, tool->flows[i].rival);
    }
    if (tool->surveying)
        send_call(tool, &tool->survey_flow);
}

/* Five deaths over one input park it: that is meant so. When all is quiet again she lets the parked ones go on. */
static void
parked_list(struct operator_tool *tool)
{
    static char *const groups[] = {"parsing", "matching", "discrepancy", "export"};
    tool->parked_us = tool->sim->now_us;
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        Muster__V1__ListParked list = MUSTER__V1__LIST_PARKED__INIT;
        Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
        list.group = groups[i];
        request.request_id = 50 + i;
        request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_LIST_PARKED;
        request.list_parked = &list;
        client_send(&tool->sim->operator_client, &request, NULL, 0);
    }
}

static void
parked_release(struct operator_tool *tool, const Muster__V1__ParkedInputs *parked)
{
    for (size_t i = 0; i < parked->n_inputs; i++) {
        Muster__V1__ReleaseParked release = MUSTER__V1__RELEASE_PARKED__INIT;
        Muster__V1__BusRequest request = MUSTER__V1__BUS_REQUEST__INIT;
        release.group = parked->inputs[i]->group;
        release.seq = parked->inputs[i]->seq;
        request.request_id = 60;
        request.what_case = MUSTER__V1__BUS_REQUEST__WHAT_RELEASE_PARKED;
        request.release_parked = &release;
        client_send(&tool->sim->operator_client, &request, NULL, 0);
        tool->sim->counts->parked++;
        sim_trace(tool->sim, "released: %s %llu", release.group, (unsigned long long)release.seq);
    }
}

void
operator_take(struct operator_tool *tool, const Muster__V1__BusReply *reply, mst_body *const *bodies,
              size_t bodies_count)
{
    file_flow *flow = NULL, *of_rival = NULL;
    if (reply->what_case == MUSTER__V1__BUS_REPLY__WHAT_PARKED_INPUTS)
        parked_release(tool, reply->parked_inputs);
    for (size_t i = 0; i < tool->flows_count; i++) {
        file_flow *rival = tool->flows[i].rival;
        if (tool->flows[i].asking && tool->flows[i].request_id == reply->request_id)
            flow = &tool->flows[i];
        if (rival && rival->asking && rival->request_id == reply->request_id) {
            flow = rival;
            of_rival = &tool->flows[i];
        }
    }
    if (tool->surveying && tool->survey_flow.request_id == reply->request_id)
        flow = &tool->survey_flow;
    if (!flow || reply->what_case != MUSTER__V1__BUS_REPLY__WHAT_CALL_RESULT)
        return;
    const Muster__V1__CallResult *result = reply->call_result;
    mst_slice body = {(const uint8_t *)"", 0};
    if (bodies_count)
        body = (mst_slice){bodies[0]->data, bodies[0]->size};
    if (result->status == MUSTER__V1__ANSWER_STATUS__ANSWER_TIMEOUT ||
        result->status == MUSTER__V1__ANSWER_STATUS__ANSWER_UNAVAILABLE) {
        flow->request_id = 0; /* unknown, or nobody there: the same again a little later */
        flow->asked_us = tool->sim->now_us - ANSWER_US_MAX + PAUSE_US;
        return;
    }
    if (of_rival) {
        rival_take(tool, of_rival, result);
        return;
    }
    if (flow == &tool->survey_flow) {
        survey_take(tool, result, body);
        return;
    }
    if (again(tool, flow, result, body))
        return;
    flow->asking = false;
    take_answer(tool, flow, result, body);
}

static bool
flow_done(const file_flow *flow)
{
    return flow->phase == PHASE_DONE && !flow->asking && !(flow->rival && flow->rival->asking);
}

void
operator_tick(struct operator_tool *tool)
{
    int64_t now_us = tool->sim->now_us;
    bool together = tool->sim->scenario->together;
    /* The set-up and the directory come first; the files after them, one by one or together. */
    while (tool->begun < tool->flows_count && flow_done(&tool->flows[tool->begun - 1]))
        tool->begun = together && tool->begun >= 2 ? tool->flows_count : tool->begun + 1;
    for (size_t i = 0; i < tool->begun; i++) {
        file_flow *flow = &tool->flows[i];
        if (flow->asking && now_us - flow->asked_us >= ANSWER_US_MAX)
            send_call(tool, flow);
        else if (!flow->asking && flow->phase != PHASE_DONE && now_us >= flow->next_us &&
                 !(flow->rival && flow->rival->asking))
            ask_next(tool, flow);
        if (flow->rival && flow->rival->asking && now_us - flow->rival->asked_us >= ANSWER_US_MAX)
            send_call(tool, flow->rival);
    }
    if (tool->surveying && now_us - tool->survey_flow.asked_us >= ANSWER_US_MAX)
        send_call(tool, &tool->survey_flow);
    if (!tool->sim->faults && tool->sim->operator_client.state == CLIENT_READY && now_us - tool->parked_us >= PARKED_US)
        parked_list(tool);
}

bool
operator_done(const struct operator_tool *tool)
{
    for (size_t i = 0; i < tool->flows_count; i++)
        if (!flow_done(&tool->flows[i]))
            return false;
    return true;
}
