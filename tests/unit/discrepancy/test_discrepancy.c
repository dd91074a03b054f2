/* The discrepancy core: opening, showing, deciding. */
#include "tests/unit/stage.h"

#include "discrepancy.pb-c.h"
#include "export.pb-c.h"
#include "ingestion.pb-c.h"
#include "matching.pb-c.h"
#include "parsing.pb-c.h"
#include "proto/rows.h"
#include "services/discrepancy/discrepancy.h"

#define TEXT(literal) ((char *)(uintptr_t)(literal))
#define SELECT MUSTER__V1__CHOICE__CHOICE_SELECT
#define NEW MUSTER__V1__CHOICE__CHOICE_NEW
#define SKIP MUSTER__V1__CHOICE__CHOICE_SKIP
#define OK MUSTER__V1__ANSWER_STATUS__ANSWER_OK
#define STALE MUSTER__V1__ANSWER_STATUS__ANSWER_STALE
#define REFUSED MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED

typedef struct plan {
    uint32_t chunks, chunk_rows; /* the first row of each chunk that `every` divides is uncertain */
    uint32_t every;              /* every so manieth chunk has a question; 0: none */
    bool dry_run, may_not_create;
} plan;

static uint32_t
questions_of(const plan *by)
{
    return by->every == 0 ? 0 : (by->chunks + by->every - 1) / by->every;
}

static void
say_chunk(stage *it, const plan *by, uint32_t chunk)
{
    uint32_t first = chunk * by->chunk_rows + 1;
    mst_rows_builder builder = {0};
    mst_rows_builder_init(&builder, 2);
    for (uint32_t row = first; row < first + by->chunk_rows; row++) {
        char name[32];
        int size = snprintf(name, sizeof name, "name %u", row);
        mst_rows_builder_add(&builder, name, (size_t)size);
        mst_rows_builder_add(&builder, "x@example.org", 13);
    }
    Muster__V1__Rows rows;
    mst_rows_builder_view(&builder, first, &rows);
    Muster__V1__EntriesRead read = MUSTER__V1__ENTRIES_READ__INIT;
    read.batch_id = TEXT("B1");
    read.generation = 1;
    read.chunk = chunk;
    read.rows = &rows;
    stage_say(it, "parsing/B1/g1", "B1", &read);
    mst_rows_builder_release(&builder);

    Muster__V1__Candidate known = MUSTER__V1__CANDIDATE__INIT, earlier = MUSTER__V1__CANDIDATE__INIT;
    Muster__V1__Candidate *candidates[] = {&known, &earlier};
    known.record_id = TEXT("p1");
    known.record_version = 1;
    known.probability = 0.5;
    earlier.record_id = TEXT("row:1");
    Muster__V1__EntryQuestion question = MUSTER__V1__ENTRY_QUESTION__INIT, *questions[] = {&question};
    question.row = first;
    question.reason = MUSTER__V1__REASON__REASON_SAME_NAME_DIFFERENT_CONTACT;
    question.sentence = TEXT("The name is the same, the e-mail is not.");
    question.candidates = candidates;
    question.n_candidates = 2;
    Muster__V1__EntriesMatched matched = MUSTER__V1__ENTRIES_MATCHED__INIT;
    matched.batch_id = TEXT("B1");
    matched.generation = 1;
    matched.chunk = chunk;
    matched.first_row = first;
    matched.rows = by->chunk_rows;
    matched.questions = questions;
    matched.n_questions = by->every > 0 && chunk % by->every == 0;
    stage_say(it, "matching/B1/g1", "B1", &matched);
}

/* A batch as far as MatchingFinished. Returns its seq. */
static uint64_t
say_batch(stage *it, const plan *by)
{
    Muster__V1__Template template = MUSTER__V1__TEMPLATE__INIT;
    template.name = TEXT("card");
    template.version = 1;
    template.may_create = !by->may_not_create;
    Muster__V1__TemplateAdded added = MUSTER__V1__TEMPLATE_ADDED__INIT;
    added.template_ = &template;
    stage_say(it, "ingestion/template/card", "", &added);
    Muster__V1__BatchCreated created = MUSTER__V1__BATCH_CREATED__INIT;
    created.batch_id = TEXT("B1");
    created.kind = TEXT("person");
    created.template_name = TEXT("card");
    created.template_version = 1;
    created.dry_run = by->dry_run;
    stage_say(it, "ingestion/B1", "B1", &created);
    char *fields[] = {TEXT("name"), TEXT("mail")};
    Muster__V1__FileRecognised recognised = MUSTER__V1__FILE_RECOGNISED__INIT;
    recognised.batch_id = TEXT("B1");
    recognised.fields = fields;
    recognised.n_fields = 2;
    stage_say(it, "parsing/B1", "B1", &recognised);
    for (uint32_t chunk = 0; chunk < by->chunks; chunk++)
        say_chunk(it, by, chunk);
    Muster__V1__EntriesAccepted accepted = MUSTER__V1__ENTRIES_ACCEPTED__INIT;
    accepted.batch_id = TEXT("B1");
    accepted.generation = 1;
    accepted.entries_stream = TEXT("parsing/B1/g1");
    accepted.chunks = by->chunks;
    accepted.rows = by->chunks * by->chunk_rows;
    stage_say(it, "parsing/B1", "B1", &accepted);
    Muster__V1__MatchingFinished finished = MUSTER__V1__MATCHING_FINISHED__INIT;
    finished.batch_id = TEXT("B1");
    finished.generation = 1;
    finished.discrepancies = questions_of(by);
    return stage_say(it, "matching/B1", "B1", &finished);
}

static stage *
open_batch(const plan *by, unsigned seed)
{
    stage *it = stage_open(&discrepancy_core, "", seed);
    uint64_t seq = say_batch(it, by);
    assert_true(stage_input(it, seq));
    return it;
}

/* Rows 1 and 11 of 20 are uncertain. */
static const plan TWO = {.chunks = 2, .chunk_rows = 10, .every = 1};

static const Muster__V1__DiscrepancyView *
resolve(stage *it, const char *operator, uint32_t row, uint32_t base_version, Muster__V1__Choice choice,
        const char *record)
{
    Muster__V1__ResolveDiscrepancy command = MUSTER__V1__RESOLVE_DISCREPANCY__INIT;
    command.batch_id = TEXT("B1");
    command.row = row;
    command.base_version = base_version;
    command.choice = choice;
    command.record_id = TEXT(record);
    stage_call(it, operator, & command);
    return (const void *)it->reply;
}

static const Muster__V1__DiscrepancyList *
list(stage *it, uint32_t after, uint32_t max, bool open_only)
{
    Muster__V1__ListDiscrepancies query = MUSTER__V1__LIST_DISCREPANCIES__INIT;
    query.batch_id = TEXT("B1");
    query.after_row = after;
    query.max = max;
    query.open_only = open_only;
    stage_call(it, "eva", &query);
    assert_int_equal(it->status, OK);
    return (const void *)it->reply;
}

static void
A24_a_discrepancy_shows_its_reason_the_new_data_and_the_candidates(void **state)
{
    (void)state;
    stage *it = open_batch(&TWO, 1);
    Muster__V1__ShowDiscrepancy query = MUSTER__V1__SHOW_DISCREPANCY__INIT;
    query.batch_id = TEXT("B1");
    query.row = 11;
    stage_call(it, "eva", &query);
    assert_int_equal(it->status, OK);
    const Muster__V1__DiscrepancyView *view = (const void *)it->reply;
    assert_int_equal(view->row, 11);
    assert_int_equal(view->version, 1);
    assert_true(view->open);
    assert_int_equal(view->question->reason, MUSTER__V1__REASON__REASON_SAME_NAME_DIFFERENT_CONTACT);
    assert_string_equal(view->question->candidates[0]->record_id, "p1");
    assert_int_equal(view->n_fields, 2);
    assert_string_equal(view->fields[0], "name");
    assert_string_equal(view->values[0], "name 11");
    query.row = 12;
    stage_call(it, "eva", &query);
    assert_int_equal(it->status, MUSTER__V1__ANSWER_STATUS__ANSWER_NOT_FOUND);
    stage_close(&it);
}

static void
A28_verification_finishes_with_the_last_decision_and_not_before(void **state)
{
    (void)state;
    stage *it = open_batch(&TWO, 2);
    assert_non_null(resolve(it, "eva", 1, 1, SELECT, "p1"));
    assert_int_equal(it->status, OK);
    assert_int_equal(stage_count(it, "VerificationFinished"), 0);
    assert_non_null(resolve(it, "eva", 11, 1, NEW, ""));
    assert_int_equal(stage_count(it, "VerificationFinished"), 1);
    const Muster__V1__VerificationFinished *finished = stage_last(it, "VerificationFinished");
    assert_int_equal(finished->resolved, 2);
    assert_int_equal(finished->selected, 1);
    assert_int_equal(finished->new_rows, 1);
    stage_close(&it);
}

static void
A27_a_decision_needs_the_version_that_was_seen(void **state)
{
    (void)state;
    stage *it = open_batch(&TWO, 3);
    resolve(it, "eva", 1, 0, SKIP, "");
    assert_int_equal(it->status, REFUSED);
    resolve(it, "eva", 1, 7, SKIP, "");
    assert_int_equal(it->status, STALE);
    assert_int_equal(stage_count(it, "DiscrepancyResolved"), 0);
    stage_close(&it);
}

static void
of_two_people_one_wins_and_the_other_is_told_who_decided_what(void **state)
{
    (void)state;
    stage *it = open_batch(&TWO, 4);
    resolve(it, "eva", 1, 1, SELECT, "p1");
    const Muster__V1__DiscrepancyView *view = resolve(it, "adam", 1, 1, SKIP, "");
    assert_int_equal(it->status, STALE);
    assert_non_null(strstr(it->text, "eva"));
    assert_non_null(strstr(it->text, "p1"));
    assert_non_null(view);
    assert_int_equal(view->version, 2);
    assert_int_equal(view->choice, SELECT);
    assert_string_equal(view->operator_, "eva");
    assert_int_equal(stage_count(it, "DiscrepancyResolved"), 1);
    stage_close(&it);
}

static void
the_same_decision_again_is_success_and_no_second_event(void **state)
{
    (void)state;
    stage *it = open_batch(&TWO, 5);
    resolve(it, "eva", 1, 1, SELECT, "p1");
    resolve(it, "adam", 1, 1, SELECT, "p1");
    assert_int_equal(it->status, OK);
    resolve(it, "eva", 11, 1, SKIP, "");
    resolve(it, "eva", 11, 1, SKIP, ""); // verification has finished meanwhile
    assert_int_equal(it->status, OK);
    assert_int_equal(stage_count(it, "DiscrepancyResolved"), 2);
    assert_int_equal(stage_count(it, "VerificationFinished"), 1);
    stage_close(&it);
}

static void
a_decision_may_be_changed_until_the_last_one_is_taken(void **state)
{
    (void)state;
    stage *it = open_batch(&TWO, 6);
    resolve(it, "eva", 1, 1, SELECT, "p1");
    const Muster__V1__DiscrepancyView *view = resolve(it, "eva", 1, 2, NEW, "");
    assert_int_equal(it->status, OK);
    assert_int_equal(view->version, 3);
    resolve(it, "eva", 11, 1, SKIP, "");
    resolve(it, "eva", 1, 3, SKIP, "");
    assert_int_equal(it->status, REFUSED);
    assert_non_null(strstr(it->text, "Exporting Data"));
    stage_close(&it);
}

static void
a_record_that_is_no_candidate_may_be_selected_if_it_exists(void **state)
{
    (void)state;
    stage *it = open_batch(&TWO, 7);
    it->other_status = MUSTER__V1__ANSWER_STATUS__ANSWER_NOT_FOUND;
    resolve(it, "eva", 1, 1, SELECT, "p99");
    assert_int_equal(it->status, REFUSED);
    assert_non_null(strstr(it->text, "p99"));
    it->other_status = MUSTER__V1__ANSWER_STATUS__ANSWER_UNAVAILABLE;
    resolve(it, "eva", 1, 1, SELECT, "p7");
    assert_int_equal(it->status, MUSTER__V1__ANSWER_STATUS__ANSWER_UNAVAILABLE);
    assert_int_equal(stage_count(it, "DiscrepancyResolved"), 0);
    Muster__V1__Record record = MUSTER__V1__RECORD__INIT, *records[] = {&record};
    Muster__V1__RecordList found = MUSTER__V1__RECORD_LIST__INIT;
    found.records = records;
    found.n_records = 1;
    it->other_status = OK;
    it->other_answers = &found.base;
    record.deleted = true;
    resolve(it, "eva", 1, 1, SELECT, "p7");
    assert_int_equal(it->status, REFUSED);
    record.deleted = false;
    resolve(it, "eva", 1, 1, SELECT, "p7");
    assert_int_equal(it->status, OK);
    stage_close(&it);
}

static void
an_earlier_row_may_be_selected_only_if_it_is_a_candidate(void **state)
{
    (void)state;
    stage *it = open_batch(&TWO, 8);
    resolve(it, "eva", 11, 1, SELECT, "row:2");
    assert_int_equal(it->status, REFUSED);
    resolve(it, "eva", 11, 1, SELECT, "row:1");
    assert_int_equal(it->status, OK);
    stage_close(&it);
}

static void
A26_new_is_refused_where_the_template_may_not_create(void **state)
{
    (void)state;
    stage *it = open_batch(&(plan){.chunks = 1, .chunk_rows = 3, .every = 1, .may_not_create = true}, 9);
    resolve(it, "eva", 1, 1, NEW, "");
    assert_int_equal(it->status, REFUSED);
    resolve(it, "eva", 1, 1, SKIP, "");
    assert_int_equal(it->status, OK);
    stage_close(&it);
}

static void
a_decision_that_says_two_things_or_nothing_is_refused(void **state)
{
    (void)state;
    stage *it = open_batch(&TWO, 10);
    resolve(it, "eva", 1, 1, SKIP, "p1");
    assert_int_equal(it->status, REFUSED);
    resolve(it, "eva", 1, 1, SELECT, "");
    assert_int_equal(it->status, REFUSED);
    resolve(it, "eva", 1, 1, MUSTER__V1__CHOICE__CHOICE_UNKNOWN, "");
    assert_int_equal(it->status, REFUSED);
    assert_int_equal(stage_count(it, "DiscrepancyResolved"), 0);
    stage_close(&it);
}

static void
a_dry_run_asks_nobody(void **state)
{
    (void)state;
    stage *it = open_batch(&(plan){.chunks = 2, .chunk_rows = 10, .every = 1, .dry_run = true}, 11);
    assert_int_equal(stage_count(it, "DiscrepanciesOpened"), 0);
    assert_int_equal(list(it, 0, 10, false)->total, 0);
    stage_close(&it);
}

static void
a_cancelled_batch_takes_no_decisions(void **state)
{
    (void)state;
    stage *it = open_batch(&TWO, 12);
    Muster__V1__BatchCancelled cancelled = MUSTER__V1__BATCH_CANCELLED__INIT;
    cancelled.batch_id = TEXT("B1");
    stage_say(it, "ingestion/B1", "B1", &cancelled);
    resolve(it, "eva", 1, 1, SKIP, "");
    assert_int_equal(it->status, REFUSED);
    assert_non_null(strstr(it->text, "cancelled"));
    stage_close(&it);
}

static void
lists_come_in_pages_in_order_of_row(void **state)
{
    (void)state;
    stage *it = open_batch(&(plan){.chunks = 30, .chunk_rows = 5, .every = 2}, 13);
    const Muster__V1__DiscrepancyList *page = list(it, 0, 6, false);
    assert_int_equal(page->total, 15);
    assert_int_equal(page->open, 15);
    assert_int_equal(page->n_discrepancies, 6);
    assert_true(page->more);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(page->discrepancies[i]->row, i * 10 + 1);
        char name[32];
        snprintf(name, sizeof name, "name %zu", i * 10 + 1);
        assert_string_equal(page->discrepancies[i]->values[0], name);
        assert_non_null(page->discrepancies[i]->question);
    }
    resolve(it, "eva", 61, 1, SKIP, "");
    page = list(it, 51, 100, true);
    assert_int_equal(page->discrepancies[0]->row, 71);
    assert_int_equal(page->n_discrepancies, 8);
    assert_false(page->more);
    assert_int_equal(page->open, 14);
    stage_close(&it);
}

static void
dying_after_any_part_opens_every_question_once(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed < 9; seed++)
        for (int after = 1; after < 8; after++) {
            const plan by = {.chunks = 21 + seed, .chunk_rows = 3, .every = 1 + seed % 5};
            stage *it = stage_open(&discrepancy_core, "", seed);
            uint64_t seq = say_batch(it, &by);
            it->die_after = after;
            assert_true(stage_input(it, seq));
            const Muster__V1__DiscrepancyList *all = list(it, 0, 200, false);
            assert_int_equal(all->total, questions_of(&by));
            assert_int_equal(stage_count(it, "BatchFailed"), 0);
            for (size_t i = 0; i < all->n_discrepancies; i++) {
                assert_int_equal(all->discrepancies[i]->row, i * by.every * 3 + 1);
                assert_int_equal(all->discrepancies[i]->version, 1);
            }
            stage_close(&it);
        }
}

static void
decisions_taken_before_all_questions_are_open_do_not_finish_verification(void **state)
{
    (void)state;
    const plan by = {.chunks = 20, .chunk_rows = 3, .every = 1};
    stage *it = stage_open(&discrepancy_core, "", 3);
    say_batch(it, &by);
    /* The first part is open, the rest is on its way. */
    Muster__V1__EntryQuestion question = MUSTER__V1__ENTRY_QUESTION__INIT, *questions[] = {&question};
    question.row = 1;
    Muster__V1__DiscrepanciesOpened opened = MUSTER__V1__DISCREPANCIES_OPENED__INIT;
    opened.batch_id = TEXT("B1");
    opened.generation = 1;
    opened.questions = questions;
    opened.n_questions = 1;
    stage_say(it, "discrepancy/B1", "B1", &opened);
    resolve(it, "eva", 1, 1, SKIP, "");
    assert_int_equal(it->status, OK);
    assert_int_equal(stage_count(it, "VerificationFinished"), 0);
    stage_close(&it);
}

static void
fewer_questions_than_announced_fail_the_batch(void **state)
{
    (void)state;
    stage *it = stage_open(&discrepancy_core, "", 4);
    say_batch(it, &TWO);
    Muster__V1__MatchingFinished finished = MUSTER__V1__MATCHING_FINISHED__INIT;
    finished.batch_id = TEXT("B1");
    finished.generation = 1;
    finished.discrepancies = 3;
    assert_true(stage_input(it, stage_say(it, "matching/B1", "B1", &finished)));
    assert_int_equal(stage_count(it, "BatchFailed"), 1);
    stage_close(&it);
}

static void
a_recheck_asks_again_with_the_next_version_and_verification_finishes_again(void **state)
{
    (void)state;
    stage *it = open_batch(&TWO, 14);
    resolve(it, "eva", 1, 1, SELECT, "p1");
    resolve(it, "eva", 11, 1, SKIP, "");
    Muster__V1__EntryQuestion again = MUSTER__V1__ENTRY_QUESTION__INIT, fresh = MUSTER__V1__ENTRY_QUESTION__INIT;
    Muster__V1__EntryQuestion *questions[] = {&again, &fresh};
    again.row = 1;
    fresh.row = 15;
    again.reason = fresh.reason = MUSTER__V1__REASON__REASON_CHANGED_MEANWHILE;
    Muster__V1__RecheckFinished checked = MUSTER__V1__RECHECK_FINISHED__INIT;
    checked.batch_id = TEXT("B1");
    checked.generation = 1;
    checked.recheck = 1;
    checked.questions = questions;
    checked.n_questions = 2;
    assert_true(stage_input(it, stage_say(it, "matching/B1", "B1", &checked)));
    const Muster__V1__DiscrepancyList *open = list(it, 0, 10, true);
    assert_int_equal(open->open, 2);
    assert_int_equal(open->discrepancies[0]->version, 3);
    assert_int_equal(open->discrepancies[1]->version, 1);
    assert_string_equal(open->discrepancies[1]->values[0], "name 15"); // found without being told its chunk
    resolve(it, "adam", 1, 2, SELECT, "p1");
    assert_int_equal(it->status, STALE);
    assert_non_null(strstr(it->text, "asked again"));
    resolve(it, "adam", 1, 3, SKIP, "");
    assert_int_equal(stage_count(it, "VerificationFinished"), 1);
    resolve(it, "adam", 15, 1, NEW, "");
    assert_int_equal(stage_count(it, "VerificationFinished"), 2);
    const Muster__V1__VerificationFinished *finished = stage_last(it, "VerificationFinished");
    assert_int_equal(finished->recheck, 1);
    assert_int_equal(finished->resolved, 3);
    stage_close(&it);
}

/* Its first step is its last: no page of the log is read and no other service asked. */
static void
a_decision_is_taken_in_one_step_whichever_way_and_answered_briefly(void **state)
{
    (void)state;
    stage *it = open_batch(&(plan){.chunks = 5, .chunk_rows = 10, .every = 1}, 17);
    stage_die(it); // what it takes is remembered, not only held
    const struct {
        Muster__V1__Choice choice;
        const char *record;
    } decisions[] = {{SELECT, "p1"}, {SELECT, "row:1"}, {NEW, ""}, {SKIP, ""}, {SKIP, ""}};
    for (uint32_t i = 0; i < 5; i++) {
        unsigned before = it->steps;
        const Muster__V1__DiscrepancyView *view =
            resolve(it, "eva", i * 10 + 1, 1, decisions[i].choice, decisions[i].record);
        assert_int_equal(it->status, OK);
        assert_int_equal(it->steps - before, 1);
        assert_int_equal(view->row, i * 10 + 1);
        assert_int_equal(view->version, 2);
        assert_false(view->open);
        assert_int_equal(view->choice, decisions[i].choice);
        assert_string_equal(view->record_id, decisions[i].record);
        assert_string_equal(view->operator_, "eva");
        assert_int_equal(view->decided_at_ms, it->now_ms);
        assert_null(view->question);
        assert_int_equal(view->n_values, 0);
    }
    assert_int_equal(stage_count(it, "VerificationFinished"), 1);
    stage_close(&it);
}

static void
who_decides_too_late_is_shown_the_question_and_the_row_as_well(void **state)
{
    (void)state;
    stage *it = open_batch(&TWO, 18);
    resolve(it, "eva", 11, 1, SELECT, "p1");
    const Muster__V1__DiscrepancyView *view = resolve(it, "adam", 11, 1, NEW, "");
    assert_int_equal(it->status, STALE);
    assert_int_equal(view->question->n_candidates, 2);
    assert_string_equal(view->values[0], "name 11");
    assert_int_equal(view->version, 2);
    stage_close(&it);
}

static void
a_recheck_replaces_the_candidates_of_the_first_question(void **state)
{
    (void)state;
    stage *it = open_batch(&TWO, 19);
    resolve(it, "eva", 1, 1, SELECT, "p1");
    resolve(it, "eva", 11, 1, SKIP, "");
    Muster__V1__Candidate candidate = MUSTER__V1__CANDIDATE__INIT, *candidates[] = {&candidate};
    Muster__V1__EntryQuestion again = MUSTER__V1__ENTRY_QUESTION__INIT, *questions[] = {&again};
    candidate.record_id = TEXT("row:3");
    again.row = 11;
    again.candidates = candidates;
    again.n_candidates = 1;
    Muster__V1__RecheckFinished checked = MUSTER__V1__RECHECK_FINISHED__INIT;
    checked.batch_id = TEXT("B1");
    checked.generation = 1;
    checked.recheck = 1;
    checked.questions = questions;
    checked.n_questions = 1;
    assert_true(stage_input(it, stage_say(it, "matching/B1", "B1", &checked)));
    resolve(it, "eva", 11, 3, SELECT, "row:1");
    assert_int_equal(it->status, REFUSED);
    resolve(it, "eva", 11, 3, SELECT, "row:3");
    assert_int_equal(it->status, OK);
    stage_close(&it);
}

static void
a_restart_remembers_every_decision(void **state)
{
    (void)state;
    stage *it = open_batch(&TWO, 15);
    resolve(it, "eva", 1, 1, SELECT, "p1");
    stage_die(it);
    const Muster__V1__DiscrepancyList *all = list(it, 0, 10, false);
    assert_int_equal(all->open, 1);
    assert_int_equal(all->discrepancies[0]->choice, SELECT);
    assert_string_equal(all->discrepancies[0]->record_id, "p1");
    assert_string_equal(all->discrepancies[0]->operator_, "eva");
    assert_int_equal(all->discrepancies[0]->version, 2);
    stage_close(&it);
}

static void
a_batch_nobody_knows_is_not_found(void **state)
{
    (void)state;
    stage *it = open_batch(&TWO, 16);
    Muster__V1__ListDiscrepancies query = MUSTER__V1__LIST_DISCREPANCIES__INIT;
    const char *const ids[] = {"B2", "", "B", "B99999999999", "hello", "B1 "};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        query.batch_id = TEXT(ids[i]);
        stage_call(it, "eva", &query);
        assert_int_equal(it->status, MUSTER__V1__ANSWER_STATUS__ANSWER_NOT_FOUND);
    }
    stage_close(&it);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(A24_a_discrepancy_shows_its_reason_the_new_data_and_the_candidates),
        cmocka_unit_test(A28_verification_finishes_with_the_last_decision_and_not_before),
        cmocka_unit_test(A27_a_decision_needs_the_version_that_was_seen),
        cmocka_unit_test(of_two_people_one_wins_and_the_other_is_told_who_decided_what),
        cmocka_unit_test(the_same_decision_again_is_success_and_no_second_event),
        cmocka_unit_test(a_decision_may_be_changed_until_the_last_one_is_taken),
        cmocka_unit_test(a_record_that_is_no_candidate_may_be_selected_if_it_exists),
        cmocka_unit_test(an_earlier_row_may_be_selected_only_if_it_is_a_candidate),
        cmocka_unit_test(A26_new_is_refused_where_the_template_may_not_create),
        cmocka_unit_test(a_decision_that_says_two_things_or_nothing_is_refused),
        cmocka_unit_test(a_dry_run_asks_nobody),
        cmocka_unit_test(a_cancelled_batch_takes_no_decisions),
        cmocka_unit_test(lists_come_in_pages_in_order_of_row),
        cmocka_unit_test(dying_after_any_part_opens_every_question_once),
        cmocka_unit_test(decisions_taken_before_all_questions_are_open_do_not_finish_verification),
        cmocka_unit_test(fewer_questions_than_announced_fail_the_batch),
        cmocka_unit_test(a_recheck_asks_again_with_the_next_version_and_verification_finishes_again),
        cmocka_unit_test(a_decision_is_taken_in_one_step_whichever_way_and_answered_briefly),
        cmocka_unit_test(who_decides_too_late_is_shown_the_question_and_the_row_as_well),
        cmocka_unit_test(a_recheck_replaces_the_candidates_of_the_first_question),
        cmocka_unit_test(a_restart_remembers_every_decision),
        cmocka_unit_test(a_batch_nobody_knows_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
