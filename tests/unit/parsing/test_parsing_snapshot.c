/* test_parsing_snapshot.c - a restart from a snapshot knows what a restart from the log knows. */
#include "ingestion.pb-c.h"
#include "parsing.pb-c.h"
#include "services/parsing/parsing.h"
#include "services/parsing/state.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/unit/support/fake_work.h"
#include "tests/unit/support/snapshots.h"

#define EVENTS 300
#define BATCHES 30u

static const mst_core_env ENV = {.data_dir = "", .blobs_dir = "", .instance = "parsing/1"};

static void
say(fake_work *work, const char *id, ProtobufCMessage *message)
{
    fake_happened(work, id[0] == '\0' ? "other" : id, id, 0, message);
}

static void
a_batch_is_created(fake_work *work, const char *id)
{
    Muster__V1__ColumnChoice choice = MUSTER__V1__COLUMN_CHOICE__INIT, *mapping[] = {&choice};
    Muster__V1__BatchCreated created = MUSTER__V1__BATCH_CREATED__INIT;
    choice.header = "First";
    created.batch_id = (char *)id;
    created.kind = "person";
    created.template_name = chance(2) == 0 ? "" : "card";
    created.mapping = mapping;
    created.n_mapping = chance(2);
    say(work, id, &created.base);
}

static void
something_happens(fake_work *work, const char *id)
{
    Muster__V1__Template template = MUSTER__V1__TEMPLATE__INIT;
    Muster__V1__TemplateAdded added = MUSTER__V1__TEMPLATE_ADDED__INIT;
    Muster__V1__ReadingFinished finished = MUSTER__V1__READING_FINISHED__INIT;
    Muster__V1__EntriesAccepted accepted = MUSTER__V1__ENTRIES_ACCEPTED__INIT;
    Muster__V1__BatchFailed failed = MUSTER__V1__BATCH_FAILED__INIT;
    char value[4] = {(char)('a' + chance(5)), '\0'}, right[4] = {(char)('p' + chance(5)), '\0'}, rule_id[16];
    char *fields[] = {"campus"}, *from[] = {value}, *to[] = {right};
    Muster__V1__Correction correction = MUSTER__V1__CORRECTION__INIT;
    Muster__V1__CorrectionMade made = MUSTER__V1__CORRECTION_MADE__INIT;
    Muster__V1__RepairAccepted repair = MUSTER__V1__REPAIR_ACCEPTED__INIT;
    Muster__V1__CorrectionsRequested requested = MUSTER__V1__CORRECTIONS_REQUESTED__INIT;
    Muster__V1__CorrectionsFinished corrected = MUSTER__V1__CORRECTIONS_FINISHED__INIT;
    Muster__V1__CorrectionRule rule = MUSTER__V1__CORRECTION_RULE__INIT;
    Muster__V1__RuleLearned learned = MUSTER__V1__RULE_LEARNED__INIT;
    Muster__V1__RuleSwitched switched = MUSTER__V1__RULE_SWITCHED__INIT;
    Muster__V1__ColumnMapping column = MUSTER__V1__COLUMN_MAPPING__INIT, *columns[] = {&column};
    Muster__V1__FileRecognised recognised = MUSTER__V1__FILE_RECOGNISED__INIT;
    correction.fields = rule.fields = fields;
    correction.from = rule.from = from;
    correction.to = rule.to = to;
    correction.n_fields = correction.n_from = correction.n_to = rule.n_fields = rule.n_from = rule.n_to = 1;
    snprintf(rule_id, sizeof rule_id, "R%u", 1 + (unsigned)fake_count(work, "RuleLearned"));
    switch (chance(13)) {
    case 6:
        made.generation = chance(3);
        made.rows = chance(50);
        made.correction = &correction;
        say(work, id, &made.base);
        break;
    case 7:
        repair.name = right;
        say(work, id, &repair.base);
        break;
    case 8: say(work, id, &requested.base); break;
    case 9:
        corrected.generation = 1 + chance(3);
        corrected.without_bad_rows = chance(2) == 0;
        say(work, id, &corrected.base);
        break;
    case 10:
        rule.id = rule_id;
        rule.template_name = "card";
        learned.rule = &rule;
        say(work, "", &learned.base);
        break;
    case 11:
        snprintf(rule_id, sizeof rule_id, "R%u", 1 + chance(20));
        switched.id = rule_id;
        switched.off = chance(2) == 0;
        say(work, "", &switched.base);
        break;
    case 12:
        column.field = right;
        recognised.columns = columns;
        recognised.n_columns = 1;
        say(work, id, &recognised.base);
        break;
    case 0:
        template.name = "card";
        template.version = (uint32_t)work->log_count;
        added.template_ = &template;
        say(work, "", &added.base);
        break;
    case 1: say(work, id, &accepted.base); break;
    case 2: say(work, id, &failed.base); break;
    case 3:
        finished.generation = chance(3);
        finished.rows = chance(1000);
        finished.chunks = chance(10);
        finished.wrong_rows = chance(10);
        say(work, id, &finished.base);
        break;
    default: a_batch_is_created(work, id);
    }
}

static void
tell_rule(void *context, const Muster__V1__CorrectionRule *rule)
{
    fprintf(context, "%s %s>%s\n", rule->id, rule->from[0], rule->to[0]);
}

/* Corrections, rules, repairs: what a later reading goes by. */
static void
tell_fixing(FILE *to, const parsing_state *self, const parsed_batch *one)
{
    fprintf(to, "%d %d", one->waiting, state_excluded(one, 1));
    for (uint32_t generation = 0; generation < 3; generation++) {
        uint64_t rows;
        size_t count = state_corrections(one, generation, &rows);
        fprintf(to, " %zu/%llu", count, (unsigned long long)rows);
    }
    for (size_t i = 0; one->fixing != NULL && i < one->fixing->count; i++)
        fprintf(to, " %s=%s", one->fixing->list[i].key, one->fixing->list[i].made->correction->to[0]);
    for (size_t i = 0; one->fixing != NULL && i < one->fixing->repairs_count; i++)
        fprintf(to, " %s", one->fixing->repairs[i]->name);
    for (size_t i = 0; one->fixing != NULL && i < one->fixing->columns_count; i++)
        fprintf(to, " %s", one->fixing->columns[i]);
    fputc('\n', to);
    for (uint64_t seq = 0; seq < EVENTS; seq += 20)
        rules_each(self->rules, "card", seq, tell_rule, to);
}

static fake_work *
given_a_life(uint64_t seed)
{
    fake_work *work = fake_new(&parsing_core, &ENV);
    chance_state = seed;
    while (work->log_count < EVENTS) {
        char id[16];
        snprintf(id, sizeof id, "B%u", 1 + chance(BATCHES)); // some are never created
        something_happens(work, id);
    }
    return work;
}

/* All that is remembered, apart from how it is saved. */
static mst_slice
answers(fake_work *work)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    const parsing_state *self = work->state;
    fprintf(to, "%zu templates, last %llu\n", mst_catalog_templates_count(self->catalog),
            (unsigned long long)self->applied_seq);
    for (uint32_t version = 0; version < EVENTS; version++)
        fprintf(to, "%d", mst_catalog_template(self->catalog, "card", version) != NULL);
    for (size_t i = 0; i < self->batches_count; i++) {
        const parsed_batch *one = &self->batches[i];
        fprintf(to, "B%zu %d %d %d %u %u %u %u\n", i + 1, one->ended, one->finished, one->accepted, one->generation,
                one->rows, one->chunks, one->wrong_rows);
        tell_fixing(to, self, one);
        if (one->created == NULL)
            continue;
        mst_slice packed = mst_arena_pack(work->kept, &one->created->base);
        fwrite(packed.data, 1, packed.size, to);
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
