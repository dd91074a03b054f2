/* test_discrepancy_snapshot.c - a restart from a snapshot knows what a restart from the log knows. */
#include "discrepancy.pb-c.h"
#include "export.pb-c.h"
#include "ingestion.pb-c.h"
#include "matching.pb-c.h"
#include "parsing.pb-c.h"
#include "services/discrepancy/cases.h"
#include "services/discrepancy/discrepancy.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/unit/support/fake_work.h"
#include "tests/unit/support/snapshots.h"

#define EVENTS 600
#define BATCHES 6u

static const mst_core_env ENV = {.data_dir = "", .blobs_dir = "", .instance = "discrepancy/1"};

static void
say(fake_work *work, const char *id, ProtobufCMessage *message)
{
    work->now_ms += chance(1000);
    fake_happened(work, id[0] == '\0' ? "other" : id, id, 0, message);
}

static void
a_template_is_added(fake_work *work, uint32_t version)
{
    Muster__V1__Template template = MUSTER__V1__TEMPLATE__INIT;
    Muster__V1__TemplateAdded added = MUSTER__V1__TEMPLATE_ADDED__INIT;
    template.name = "card";
    template.version = version;
    template.may_create = chance(2) == 0;
    added.template_ = &template;
    say(work, "", &added.base);
}

static void
a_batch_begins(fake_work *work, const char *id)
{
    char *fields[] = {"name", "", "mail"};
    Muster__V1__BatchCreated created = MUSTER__V1__BATCH_CREATED__INIT;
    Muster__V1__FileRecognised recognised = MUSTER__V1__FILE_RECOGNISED__INIT;
    Muster__V1__EntriesAccepted accepted = MUSTER__V1__ENTRIES_ACCEPTED__INIT;
    switch (chance(3)) {
    case 0:
        created.kind = "person";
        created.template_name = chance(3) == 0 ? "" : "card";
        created.template_version = 1 + chance(4);
        created.dry_run = chance(5) == 0;
        say(work, id, &created.base);
        break;
    case 1:
        recognised.fields = fields;
        recognised.n_fields = chance(4);
        say(work, id, &recognised.base);
        break;
    default:
        accepted.generation = chance(6) == 0;
        accepted.chunks = chance(9);
        accepted.entries_stream = chance(3) == 0 ? "" : "parsing/B1/g1";
        say(work, id, &accepted.base);
    }
}

static void
questions_are_opened(fake_work *work, const char *id)
{
    static char *const ids[] = {"p1", "p22", "", "row:7"};
    Muster__V1__Candidate given[3], *candidates[3];
    Muster__V1__EntryQuestion asked[5], *questions[5];
    Muster__V1__DiscrepanciesOpened opened = MUSTER__V1__DISCREPANCIES_OPENED__INIT;
    for (size_t i = 0; i < 3; i++) {
        muster__v1__candidate__init(&given[i]);
        given[i].record_id = ids[chance(4)];
        candidates[i] = &given[i];
    }
    for (size_t i = 0; i < 5; i++) {
        muster__v1__entry_question__init(&asked[i]);
        asked[i].row = 1 + chance(40);
        asked[i].candidates = candidates;
        asked[i].n_candidates = chance(4);
        questions[i] = &asked[i];
    }
    opened.questions = questions;
    opened.n_questions = chance(6);
    opened.generation = chance(6) == 0;
    opened.recheck = chance(3) == 0 ? 1 + chance(2) : 0;
    opened.chunk = chance(9);
    say(work, id, &opened.base);
}

static void
a_row_is_decided(fake_work *work, const char *id)
{
    Muster__V1__DiscrepancyResolved resolved = MUSTER__V1__DISCREPANCY_RESOLVED__INIT;
    resolved.generation = chance(6) == 0;
    resolved.row = 1 + chance(40);
    resolved.version = 1 + chance(9);
    resolved.choice = (Muster__V1__Choice)chance(4);
    resolved.record_id = chance(2) == 0 ? "" : "p1";
    resolved.operator_ = chance(4) == 0 ? "" : "anna";
    say(work, id, &resolved.base);
}

static void
a_batch_goes_on(fake_work *work, const char *id)
{
    Muster__V1__EntryQuestion question = MUSTER__V1__ENTRY_QUESTION__INIT, *questions[] = {&question, &question};
    Muster__V1__MatchingFinished matched = MUSTER__V1__MATCHING_FINISHED__INIT;
    Muster__V1__RecheckFinished recheck = MUSTER__V1__RECHECK_FINISHED__INIT;
    Muster__V1__VerificationFinished verified = MUSTER__V1__VERIFICATION_FINISHED__INIT;
    Muster__V1__ExportStarted started = MUSTER__V1__EXPORT_STARTED__INIT;
    Muster__V1__BatchCompleted completed = MUSTER__V1__BATCH_COMPLETED__INIT;
    Muster__V1__BatchCancelled cancelled = MUSTER__V1__BATCH_CANCELLED__INIT;
    Muster__V1__BatchFailed failed = MUSTER__V1__BATCH_FAILED__INIT;
    switch (chance(24)) {
    case 0: say(work, id, &completed.base); break;
    case 1: say(work, id, &cancelled.base); break;
    case 2: say(work, id, &failed.base); break;
    case 3: say(work, id, &started.base); break;
    case 4:
    case 5: say(work, id, &verified.base); break;
    case 6:
    case 7:
    case 8:
        recheck.recheck = 1 + chance(2);
        recheck.questions = questions;
        recheck.n_questions = chance(3);
        say(work, id, &recheck.base);
        break;
    default: matched.discrepancies = chance(50); say(work, id, &matched.base);
    }
}

static fake_work *
given_a_life(uint64_t seed)
{
    fake_work *work = fake_new(&discrepancy_core, &ENV);
    chance_state = seed;
    uint32_t templates = 0;
    while (work->log_count < EVENTS) {
        char id[16];
        snprintf(id, sizeof id, "B%u", 1 + 3 * chance(BATCHES)); // with numbers left out between
        uint32_t what = chance(100);
        if (what < 2)
            a_template_is_added(work, ++templates);
        else if (what < 15)
            a_batch_begins(work, id);
        else if (what < 45)
            questions_are_opened(work, id);
        else if (what < 80)
            a_row_is_decided(work, id);
        else
            a_batch_goes_on(work, id);
    }
    return work;
}

static const char *
text_or(const char *text)
{
    return text == NULL ? "(none)" : text;
}

static void
tell_case(FILE *to, const a_case *one)
{
    fprintf(to, "row %u v%u open %d at %llu chunk %u choice %d record %s by %s at %lld:", one->row, one->version,
            one->open, (unsigned long long)one->opened_at, one->chunk, (int)one->choice, text_or(one->record_id),
            text_or(one->operator), (long long)one->decided_at_ms);
    for (const char *at = one->candidates; at != NULL && *at != 0; at += strlen(at) + 1)
        fprintf(to, " %s", at);
    fprintf(to, "\n");
}

/* All that is remembered, apart from how it is saved. */
static mst_slice
answers(fake_work *work)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    const cases *self = work->state;
    for (const batch *one = NULL; (one = mst_roster_next(&self->batches, one == NULL ? NULL : one->id)) != NULL;) {
        fprintf(to, "%s seq %llu kind %s template %s %u dry %d may %d stream %s\n", one->id,
                (unsigned long long)one->seq, text_or(one->kind), text_or(one->template_name), one->template_version,
                one->dry_run, one->template_name != NULL && cases_may_create(self, one), text_or(one->entries_stream));
        for (size_t i = 0; i < one->fields_count; i++)
            fprintf(to, "field %s\n", one->fields[i]);
        fprintf(to, "%u %u %u %u %u %u %u %u %u\n", one->generation, one->chunks, one->expected, one->opened,
                one->chunk_next, one->recheck, one->recheck_expected, one->recheck_opened, one->open);
        fprintf(to, "%d %d %d %d %d\n", one->verified, one->exporting, one->completed, one->cancelled, one->failed);
        for (size_t i = 0; i < one->cases_count; i++)
            tell_case(to, &one->cases[i]);
    }
    fclose(to);
    mst_slice said = mst_arena_slice(work->kept, (mst_slice){(const uint8_t *)text, size});
    free(text);
    return said;
}

static void
a_snapshot_at_any_point_and_the_rest_are_the_whole(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        fake_work *work = given_a_life(seed);
        for (size_t at = 0; at <= work->log_count; at += 1 + chance(8))
            snapshot_holds_at(work, &ENV, at, answers);
        snapshot_holds_at(work, &ENV, work->log_count, answers);
        fake_destroy(work);
    }
}

static void
a_damaged_cut_or_newer_snapshot_is_refused(void **state)
{
    (void)state;
    fake_work *work = given_a_life(7);
    damaged_ones_are_refused(work, &ENV);
    fake_destroy(work);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_snapshot_at_any_point_and_the_rest_are_the_whole),
        cmocka_unit_test(a_damaged_cut_or_newer_snapshot_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
