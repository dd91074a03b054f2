/* test_ingestion_snapshot.c - a restart from a snapshot knows what a restart from the log knows. */
#include "discrepancy.pb-c.h"
#include "export.pb-c.h"
#include "ingestion.pb-c.h"
#include "matching.pb-c.h"
#include "parsing.pb-c.h"
#include "services/ingestion/ingestion.h"
#include "services/ingestion/snapshot.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/unit/support/fake_work.h"
#include "tests/unit/support/snapshots.h"

#define EVENTS 500

static const mst_core_env ENV = {.data_dir = "", .blobs_dir = "", .instance = "ingestion/1"};

static uint32_t batches_count, templates_count;

static void
say(fake_work *work, const char *batch_id, uint32_t rows, ProtobufCMessage *message)
{
    work->now_ms += chance(1000);
    fake_happened(work, batch_id[0] == 0 ? "other" : batch_id, batch_id, rows, message);
}

static void
a_template_is_added(fake_work *work)
{
    char name[16], source[64];
    Muster__V1__Field field = MUSTER__V1__FIELD__INIT, *fields[] = {&field};
    Muster__V1__Template template = MUSTER__V1__TEMPLATE__INIT;
    Muster__V1__TemplateAdded added = MUSTER__V1__TEMPLATE_ADDED__INIT;
    snprintf(name, sizeof name, "card-%u", chance(5));
    snprintf(source, sizeof source, "{\"number\": %u}", templates_count);
    field.name = "email";
    template.name = name;
    template.version = ++templates_count;
    template.kind = "person";
    template.fields = fields;
    template.n_fields = chance(2);
    added.template_ = &template;
    added.source = source;
    say(work, "", 0, &added.base);
}

static void
a_directory_is_declared(fake_work *work)
{
    static char *const names[] = {"person", "ship", "house"};
    Muster__V1__Kind kind = MUSTER__V1__KIND__INIT, *kinds[] = {&kind};
    Muster__V1__DirectoryDeclared declared = MUSTER__V1__DIRECTORY_DECLARED__INIT;
    kind.name = names[chance(3)];
    kind.title = chance(2) == 0 ? "" : "Titled";
    declared.kinds = kinds;
    declared.n_kinds = 1;
    say(work, "", 0, &declared.base);
}

static void
a_batch_is_created(fake_work *work)
{
    char id[16], name[32], *options[] = {"membership-date", ""};
    Muster__V1__BatchCreated created = MUSTER__V1__BATCH_CREATED__INIT;
    snprintf(id, sizeof id, "B%u", ++batches_count);
    snprintf(name, sizeof name,
             "Za\xC3\xBC"
             "ber %u",
             chance(100));
    created.batch_id = id;
    created.name = name;
    created.batch_date = "2026-11-15";
    created.template_name = chance(2) == 0 ? "" : "card-1";
    created.kind = "person";
    created.purpose = chance(4) == 0 ? MUSTER__V1__PURPOSE__PURPOSE_IMPORT : MUSTER__V1__PURPOSE__PURPOSE_BATCH;
    created.options = options;
    created.n_options = chance(3);
    created.dry_run = chance(4) == 0;
    created.operator_ = "anna";
    created.created_at_ms = work->now_ms;
    say(work, id, 0, &created.base);
}

static void
a_file_is_received(fake_work *work, const char *id)
{
    uint8_t sha256[MST_HASH_SIZE];
    char *same[] = {"B1", "B2"};
    Muster__V1__FileReceived received = MUSTER__V1__FILE_RECEIVED__INIT;
    for (size_t i = 0; i < sizeof sha256; i++)
        sha256[i] = (uint8_t)chance(256);
    received.batch_id = (char *)id;
    received.sha256 = (ProtobufCBinaryData){sizeof sha256, sha256};
    received.size = chance(100000);
    received.file_name = "cards.csv";
    received.same_file_as = same;
    received.n_same_file_as = chance(3);
    say(work, id, 0, &received.base);
}

static void
a_file_is_recognised(fake_work *work, const char *id)
{
    char *warnings[40];
    Muster__V1__FileRecognised recognised = MUSTER__V1__FILE_RECOGNISED__INIT;
    for (size_t i = 0; i < 40; i++)
        warnings[i] = i % 3 == 0 ? "column left out" : "";
    recognised.batch_id = (char *)id;
    recognised.generation = chance(3);
    recognised.warnings = warnings;
    recognised.n_warnings = chance(40);
    say(work, id, 0, &recognised.base);
}

static void
a_question_goes_its_way(fake_work *work, const char *id)
{
    Muster__V1__EntryQuestion question = MUSTER__V1__ENTRY_QUESTION__INIT, *questions[] = {&question, &question};
    Muster__V1__MatchingFinished finished = MUSTER__V1__MATCHING_FINISHED__INIT;
    Muster__V1__DiscrepanciesOpened opened = MUSTER__V1__DISCREPANCIES_OPENED__INIT;
    Muster__V1__DiscrepancyResolved resolved = MUSTER__V1__DISCREPANCY_RESOLVED__INIT;
    Muster__V1__RecheckFinished recheck = MUSTER__V1__RECHECK_FINISHED__INIT;
    switch (chance(8)) {
    case 0:
        finished.discrepancies = chance(30);
        say(work, id, 10, &finished.base);
        break;
    case 1: say(work, id, chance(10), &opened.base); break;
    case 2:
        recheck.questions = questions;
        recheck.n_questions = chance(3);
        say(work, id, 0, &recheck.base);
        break;
    default:
        resolved.row = chance(2) == 0 ? chance(12) : chance(5000);
        resolved.recheck = chance(10) == 0;
        say(work, id, 1, &resolved.base);
    }
}

static void
a_batch_goes_on(fake_work *work, const char *id)
{
    Muster__V1__EntriesRead read = MUSTER__V1__ENTRIES_READ__INIT;
    Muster__V1__EntriesMatched matched = MUSTER__V1__ENTRIES_MATCHED__INIT;
    Muster__V1__CandidatesFound found = MUSTER__V1__CANDIDATES_FOUND__INIT;
    Muster__V1__EntriesExported exported = MUSTER__V1__ENTRIES_EXPORTED__INIT;
    Muster__V1__ReadingFinished reading = MUSTER__V1__READING_FINISHED__INIT;
    Muster__V1__EntriesAccepted accepted = MUSTER__V1__ENTRIES_ACCEPTED__INIT;
    Muster__V1__ExportQueued queued = MUSTER__V1__EXPORT_QUEUED__INIT;
    switch (chance(7)) {
    case 0: say(work, id, chance(1000), &read.base); break;
    case 1: say(work, id, chance(1000), &matched.base); break;
    case 2: say(work, id, chance(1000), &found.base); break;
    case 3: say(work, id, chance(1000), &exported.base); break;
    case 4:
        reading.rows = chance(1000);
        reading.wrong_rows = chance(3);
        say(work, id, 0, &reading.base);
        break;
    case 5: say(work, id, 0, &accepted.base); break;
    default: say(work, id, 0, &queued.base);
    }
}

static void
a_batch_ends(fake_work *work, const char *id)
{
    Muster__V1__BatchCancelled cancelled = MUSTER__V1__BATCH_CANCELLED__INIT;
    Muster__V1__BatchFailed failed = MUSTER__V1__BATCH_FAILED__INIT;
    Muster__V1__ExportStarted started = MUSTER__V1__EXPORT_STARTED__INIT;
    Muster__V1__BatchCompleted completed = MUSTER__V1__BATCH_COMPLETED__INIT;
    cancelled.reason = chance(2) == 0 ? "" : "wrong file";
    failed.reason = "Line 3 is too long.";
    failed.advice = chance(2) == 0 ? "" : "Shorten it.";
    completed.received = chance(1000);
    completed.created = chance(1000);
    switch (chance(4)) {
    case 0: say(work, id, 0, &cancelled.base); break;
    case 1: say(work, id, 0, &failed.base); break;
    case 2: say(work, id, 0, &started.base); break;
    default: say(work, id, 0, &completed.base);
    }
}

static fake_work *
given_a_life(uint64_t seed)
{
    fake_work *work = fake_new(&ingestion_core, &ENV);
    chance_state = seed;
    batches_count = templates_count = 0;
    while (work->log_count < EVENTS) {
        char id[16];
        snprintf(id, sizeof id, "B%u", 1 + chance(batches_count + 1)); // now and then one that is not there
        uint32_t what = chance(100);
        if (what < 5 && batches_count < 12)
            a_batch_is_created(work);
        else if (what < 8)
            a_template_is_added(work);
        else if (what < 10)
            a_directory_is_declared(work);
        else if (what < 15)
            a_file_is_received(work, id);
        else if (what < 20)
            a_file_is_recognised(work, id);
        else if (what < 22)
            a_batch_ends(work, id);
        else if (what < 60)
            a_batch_goes_on(work, id);
        else
            a_question_goes_its_way(work, id);
    }
    return work;
}

/* Every batch, every import and every template as people are shown them. */
static mst_slice
answers(fake_work *work)
{
    Muster__V1__ListBatches list = MUSTER__V1__LIST_BATCHES__INIT;
    Muster__V1__ListTemplates all = MUSTER__V1__LIST_TEMPLATES__INIT;
    Muster__V1__ShowTemplate show = MUSTER__V1__SHOW_TEMPLATE__INIT;
    mst_slice parts[8];
    uint8_t *digests = mst_arena_alloc(work->kept, sizeof parts / sizeof parts[0] * MST_HASH_SIZE);
    size_t count = 0;
    for (int imports = 0; imports < 2; imports++) {
        list.imports = imports == 1;
        list.max = 500;
        fake_call(work, &list.base);
        parts[count++] = mst_arena_pack(work->kept, work->reply);
    }
    fake_call(work, &all.base);
    parts[count++] = mst_arena_pack(work->kept, work->reply);
    for (char name[] = "card-0"; name[5] < '5'; name[5]++) {
        show.name = name;
        fake_call(work, &show.base);
        parts[count++] =
            work->reply == NULL ? (mst_slice){(const uint8_t *)"", 0} : mst_arena_pack(work->kept, work->reply);
    }
    for (size_t i = 0; i < count; i++)
        mst_sha256(parts[i].data, parts[i].size, digests + i * MST_HASH_SIZE);
    return (mst_slice){digests, count * MST_HASH_SIZE};
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

/* What no view shows, and decides about what comes later. */
static void
batches_are_equal(const batches *a, const batches *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->applied_seq, b->applied_seq);
    for (size_t i = 0; i < a->count; i++) {
        const batch *one = a->list[i], *other = b->list[i];
        assert_int_equal(one->cancelled, other->cancelled);
        assert_int_equal(one->failed, other->failed);
        assert_int_equal(one->export_started, other->export_started);
        assert_int_equal(one->awaits_nobody, other->awaits_nobody);
        assert_int_equal(one->questions_expected, other->questions_expected);
        assert_int_equal(one->questions_opened, other->questions_opened);
        assert_int_equal(one->questions_resolved, other->questions_resolved);
        assert_int_equal(one->recheck, other->recheck);
        assert_int_equal(one->resolved_rows, other->resolved_rows);
        if (one->resolved_rows > 0)
            assert_memory_equal(one->resolved, other->resolved, one->resolved_rows / 8);
    }
}

static void
what_no_view_shows_is_in_the_snapshot_too(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        fake_work *work = given_a_life(seed);
        mst_arena *arena = mst_arena_new(0);
        batches folded = {0}, loaded = {0};
        templates none = {0}, loaded_none = {0};
        mst_catalog *catalog = mst_catalog_new();
        for (size_t i = 0; i < work->log_count; i++)
            batches_apply(&folded, &(mst_event){work->log[i].head, work->log[i].message, work->log[i].body});
        mst_slice saved = snapshot_save(catalog, &none, &folded, arena);
        assert_int_equal(snapshot_load(catalog, &loaded_none, &loaded, saved), MST_OK);
        batches_are_equal(&folded, &loaded);
        batches_release(&folded);
        batches_release(&loaded);
        templates_release(&loaded_none);
        mst_catalog_destroy(&catalog);
        mst_arena_destroy(&arena);
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

/* 600 templates of 64 KB are more than a snapshot holds. */
static void
of_a_state_that_is_too_large_no_snapshot_is_made(void **state)
{
    (void)state;
    fake_work *work = fake_new(&ingestion_core, &ENV);
    mst_arena *arena = mst_arena_new(0);
    char *source = mst_alloc(65536);
    memset(source, 'x', 65535);
    source[65535] = '\0';
    for (uint32_t i = 1; i <= 600; i++) {
        Muster__V1__Template template = MUSTER__V1__TEMPLATE__INIT;
        Muster__V1__TemplateAdded added = MUSTER__V1__TEMPLATE_ADDED__INIT;
        template.name = "card";
        template.version = i;
        added.template_ = &template;
        added.source = source;
        fake_happened(work, "ingestion/template/card", "", 0, &added.base);
        if (i == 300)
            assert_non_null(work->core->save(work->state, arena).data);
    }
    assert_null(work->core->save(work->state, arena).data);
    free(source);
    mst_arena_destroy(&arena);
    fake_destroy(work);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_snapshot_at_any_point_and_the_rest_are_the_whole),
        cmocka_unit_test(what_no_view_shows_is_in_the_snapshot_too),
        cmocka_unit_test(a_damaged_cut_or_newer_snapshot_is_refused),
        cmocka_unit_test(of_a_state_that_is_too_large_no_snapshot_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
