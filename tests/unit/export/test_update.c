/* What a row makes of a record, by itself. */
#include "tests/unit/export/world.h"

#include "services/export/update.h"

#define FIELDS 3u

typedef struct paper {
    mst_arena *arena;
    Muster__V1__Field fields[FIELDS];
    Muster__V1__Field *list[FIELDS];
    Muster__V1__Kind kind;
    Muster__V1__Template template;
    update_plan plan;
    mst_slice after[FIELDS];
} paper;

/* Kind with name, mail, city; a template whose city a blank cell empties. */
static void
paper_open(paper *self, char *const *in_file, size_t in_file_count)
{
    self->arena = mst_arena_new(0);
    static const char *const NAMES[] = {"name", "mail", "city"};
    for (size_t i = 0; i < FIELDS; i++) {
        self->fields[i] =
            world_field(NAMES[i], MUSTER__V1__ROLE__ROLE_NONE, MUSTER__V1__UPDATE_POLICY__UPDATE_OVERWRITE);
        self->list[i] = &self->fields[i];
    }
    muster__v1__kind__init(&self->kind);
    self->kind.name = TEXT("person");
    self->kind.fields = self->list;
    self->kind.n_fields = FIELDS;
    muster__v1__template__init(&self->template);
    self->template.kind = TEXT("person");
    self->template.fields = self->list;
    self->template.n_fields = FIELDS;
    self->fields[2].clear_blank = true;
    char *const names[] = {TEXT("name"), TEXT("mail"), TEXT("city")};
    const update_columns columns = {names, FIELDS, in_file, in_file_count};
    const update_options options = {.batch_date = ""};
    update_plan_make(&self->plan, self->arena, &self->kind, &self->template, &columns, &options);
}

/* "name|mail|city" after the row is laid over Ada; a '*' in front: something differs. */
static const char *
laid(paper *self, const char *name, const char *mail, const char *city, bool exists)
{
    const char *const cells[] = {name, mail, city};
    const mst_slice ada[] = {{(const uint8_t *)"Ada", 3}, {(const uint8_t *)"a@x", 3}, {(const uint8_t *)"Rome", 4}};
    mst_rows_builder builder = {0};
    mst_rows_builder_init(&builder, FIELDS);
    for (size_t i = 0; i < FIELDS; i++)
        mst_rows_builder_add(&builder, cells[i], strlen(cells[i]));
    Muster__V1__Rows rows;
    mst_rows_builder_view(&builder, 1, &rows);
    bool differs = update_row(&self->plan, &rows, 0, NULL, exists ? ada : NULL, self->after);
    const char *text = differs ? "*" : "";
    for (size_t i = 0; i < FIELDS; i++)
        text = mst_arena_printf(self->arena, "%s%s%.*s", text, i == 0 ? "" : "|", (int)self->after[i].size,
                                (const char *)self->after[i].data);
    mst_rows_builder_release(&builder);
    return text;
}

static char *const ALL[] = {(char *)(uintptr_t) "name", (char *)(uintptr_t) "mail", (char *)(uintptr_t) "city"};

static void
C2_a_blank_cell_empties_a_field_whose_template_says_so_and_keeps_any_other(void **state)
{
    (void)state;
    paper it = {0};
    paper_open(&it, ALL, FIELDS);
    assert_string_equal(laid(&it, "", "", "", true), "*Ada|a@x|");
    assert_string_equal(laid(&it, "Ada", "", "Rome", true), "Ada|a@x|Rome");
    assert_string_equal(laid(&it, "Bob", "", "", false), "*Bob||");
    mst_arena_destroy(&it.arena);
}

static void
C2_a_column_that_the_file_does_not_have_keeps_the_field(void **state)
{
    (void)state;
    paper it = {0};
    paper_open(&it, ALL, 2);
    assert_string_equal(laid(&it, "", "", "", true), "Ada|a@x|Rome");
    assert_string_equal(laid(&it, "", "", "Oslo", true), "*Ada|a@x|Oslo");
    mst_arena_destroy(&it.arena);
}

static void
C2_a_field_that_is_never_updated_or_only_filled_is_not_emptied(void **state)
{
    (void)state;
    for (int fill = 0; fill < 2; fill++) {
        paper it = {0};
        paper_open(&it, ALL, FIELDS);
        it.plan.columns[2].policy =
            fill ? MUSTER__V1__UPDATE_POLICY__UPDATE_FILL_BLANKS : MUSTER__V1__UPDATE_POLICY__UPDATE_NEVER;
        assert_string_equal(laid(&it, "", "", "", true), "Ada|a@x|Rome");
        mst_arena_destroy(&it.arena);
    }
}

static void
fields_of_another_kind_feed_nothing_here(void **state)
{
    (void)state;
    paper it = {0};
    paper_open(&it, ALL, FIELDS);
    it.fields[1].of = TEXT("participant");
    const update_columns columns = {ALL, FIELDS, ALL, FIELDS};
    const update_options options = {.batch_date = ""};
    update_plan_make(&it.plan, it.arena, &it.kind, &it.template, &columns, &options);
    assert_string_equal(laid(&it, "Bob", "b@x", "Bonn", false), "*Bob||Bonn");
    mst_arena_destroy(&it.arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(C2_a_blank_cell_empties_a_field_whose_template_says_so_and_keeps_any_other),
        cmocka_unit_test(C2_a_column_that_the_file_does_not_have_keeps_the_field),
        cmocka_unit_test(C2_a_field_that_is_never_updated_or_only_filled_is_not_emptied),
        cmocka_unit_test(fields_of_another_kind_feed_nothing_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
