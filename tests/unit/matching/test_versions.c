/* test_versions.c - the directory as matching knows it: what a record was at a position does not depend on later
 * changes, whether or not they change anything people are compared by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/rows.h"
#include "services/matching/directory_index.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORDS 5u
#define CHANGES 4000u
#define OPEN_MAX 60u /* changes back that somebody may still ask for */

/* A record from one change to the next. */
typedef struct past {
    uint64_t seq;
    uint32_t version; /* 0: not there */
    unsigned name;
} past;

static Muster__V1__Field FIELDS[2];
static Muster__V1__Field *FIELD_LIST[2] = {&FIELDS[0], &FIELDS[1]};

static Muster__V1__Kind
a_kind(void)
{
    Muster__V1__Kind kind = MUSTER__V1__KIND__INIT;
    muster__v1__field__init(&FIELDS[0]);
    muster__v1__field__init(&FIELDS[1]);
    FIELDS[0].name = "name";
    FIELDS[0].role = MUSTER__V1__ROLE__ROLE_FAMILY_NAME;
    FIELDS[1].name = "note";
    kind.name = "person";
    kind.fields = FIELD_LIST;
    kind.n_fields = 2;
    return kind;
}

static const char *const NAMES[] = {"Novak", "Doe", "Xu"};

static void
change(directory *known, uint64_t seq, unsigned record, const past *now)
{
    Muster__V1__Kind kind = a_kind();
    Muster__V1__RecordsChanged changed = MUSTER__V1__RECORDS_CHANGED__INIT;
    Muster__V1__Rows rows;
    mst_rows_builder builder = {0};
    char *fields[] = {"id", "name", "note"}, id[16], note[16];
    uint32_t version = now->version;
    uint8_t deleted = version == 0;
    int id_size = snprintf(id, sizeof id, "P%u", record), note_size = snprintf(note, sizeof note, "v%u", version);
    mst_rows_builder_init(&builder, 3);
    mst_rows_builder_add(&builder, id, (size_t)id_size);
    mst_rows_builder_add(&builder, NAMES[now->name], strlen(NAMES[now->name]));
    mst_rows_builder_add(&builder, note, (size_t)note_size);
    mst_rows_builder_view(&builder, 0, &rows);
    changed.kind = "person";
    changed.fields = fields;
    changed.n_fields = 3;
    changed.rows = &rows;
    changed.versions = &version;
    changed.n_versions = 1;
    changed.deleted = (ProtobufCBinaryData){1, &deleted};
    directory_index_apply(known, seq, &kind, &changed);
    mst_rows_builder_release(&builder);
}

static void
check(const directory *known, const past *pasts, unsigned record, uint64_t position)
{
    size_t at = 0;
    for (size_t i = 1; i < CHANGES && pasts[i].seq != 0 && pasts[i].seq <= position; i++)
        at = i;
    char id[16];
    int size = snprintf(id, sizeof id, "P%u", record);
    person_ref ref = directory_find(known, id, (size_t)size, position);
    if (pasts[at].version == 0) {
        assert_int_equal(ref, 0);
        return;
    }
    assert_int_not_equal(ref, 0);
    assert_int_equal(directory_version(known, ref, position), pasts[at].version);
    person_view view;
    person_view_of(&view, people_at(directory_people(known), ref));
    assert_int_equal(view.texts[SLOT_FAMILY][0], NAMES[pasts[at].name][0] | 32);
}

static void
a_record_is_at_every_position_still_of_use_what_it_was_there(void **state)
{
    (void)state;
    directory *known = directory_new();
    static past pasts[RECORDS][CHANGES];
    size_t counts[RECORDS];
    uint64_t retired = 0;
    uint32_t draw = 7;
    for (unsigned i = 0; i < RECORDS; i++)
        counts[i] = 1; // [0]: never been there
    for (uint64_t seq = 1; seq < CHANGES; seq++) {
        draw = draw * 1103515245u + 12345u;
        unsigned record = (draw >> 16) % RECORDS, what = (draw >> 20) % 10;
        past *now = &pasts[record][counts[record]++];
        *now = now[-1];
        now->seq = seq;
        now->version = what == 0 ? 0 : (uint32_t)counts[record];
        now->name = what == 1 ? (now->name + 1) % 3 : now->name; // most changes are of the note only
        change(known, seq, record, now);
        for (uint64_t position = retired; position <= seq; position++)
            check(known, pasts[position % RECORDS], (unsigned)(position % RECORDS), position);
        size_t noted;
        (void)directory_changes(known, seq - 1, seq, &noted);
        assert_true(noted > 0 || now[-1].version == 0); // also seen where nothing compared has changed
        if (seq - retired > OPEN_MAX || (draw >> 24) % 50 == 0) {
            retired += (seq - retired) * ((draw >> 8) % 4) / 3;
            directory_retire(known, retired);
        }
    }
    assert_true(people_count(directory_people(known)) <= RECORDS);
    directory_destroy(&known);
}

static void
a_change_of_a_note_adds_nobody_to_the_index(void **state)
{
    (void)state;
    directory *known = directory_new();
    change(known, 1, 0, &(past){1, 1, 0});
    uint64_t memory = people_memory(directory_people(known));
    for (uint32_t seq = 2; seq < 100000; seq++)
        change(known, seq, 0, &(past){seq, seq, 0});
    assert_int_equal(people_memory(directory_people(known)), memory);
    check(known, (past[CHANGES]){{0, 0, 0}, {1, 70000, 0}}, 0, 70000);
    directory_destroy(&known);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_at_every_position_still_of_use_what_it_was_there),
        cmocka_unit_test(a_change_of_a_note_adds_nobody_to_the_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
