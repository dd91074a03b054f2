/* test_catalog.c - templates and kinds as a fold over events. */
#include "export.pb-c.h"
#include "ingestion.pb-c.h"
#include "services/runtime/catalog.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void
template_added(mst_catalog *catalog, uint64_t seq, const char *name, uint32_t version)
{
    Muster__V1__Envelope head = MUSTER__V1__ENVELOPE__INIT;
    Muster__V1__Template template = MUSTER__V1__TEMPLATE__INIT;
    Muster__V1__TemplateAdded added = MUSTER__V1__TEMPLATE_ADDED__INIT;
    head.seq = seq;
    template.name = (char *)name;
    template.version = version;
    added.template_ = &template;
    mst_event event = {.head = &head, .message = &added.base};
    mst_catalog_apply(catalog, &event);
}

static void
kind_declared(mst_catalog *catalog, uint64_t seq, const char *name, const char *title)
{
    Muster__V1__Envelope head = MUSTER__V1__ENVELOPE__INIT;
    Muster__V1__Field email = MUSTER__V1__FIELD__INIT, family = MUSTER__V1__FIELD__INIT;
    Muster__V1__Field *fields[2] = {&email, &family};
    Muster__V1__Kind kind = MUSTER__V1__KIND__INIT, *kinds[1] = {&kind};
    Muster__V1__DirectoryDeclared declared = MUSTER__V1__DIRECTORY_DECLARED__INIT;
    head.seq = seq;
    email.name = "email";
    family.name = "family_name";
    kind.name = (char *)name;
    kind.title = (char *)title;
    kind.n_fields = 2;
    kind.fields = fields;
    declared.n_kinds = 1;
    declared.kinds = kinds;
    mst_event event = {.head = &head, .message = &declared.base};
    mst_catalog_apply(catalog, &event);
}

static void
a_batch_finds_the_version_it_was_made_with(void **state)
{
    (void)state;
    mst_catalog *catalog = mst_catalog_new();
    template_added(catalog, 1, "connect-card", 1);
    const Muster__V1__Template *first = mst_catalog_template(catalog, "connect-card", 1);
    template_added(catalog, 2, "caseload", 1);
    template_added(catalog, 3, "connect-card", 2);
    template_added(catalog, 3, "connect-card", 2);
    assert_ptr_equal(mst_catalog_template(catalog, "connect-card", 1), first);
    assert_int_equal(first->version, 1);
    assert_int_equal(mst_catalog_template(catalog, "connect-card", 0)->version, 2);
    assert_null(mst_catalog_template(catalog, "connect-card", 3));
    assert_null(mst_catalog_template(catalog, "nobody", 0));
    assert_int_equal(mst_catalog_templates_count(catalog), 2);
    assert_int_equal(mst_catalog_template_at(catalog, 0)->version, 2);
    mst_catalog_destroy(&catalog);
    assert_null(catalog);
}

static void
a_kind_declared_again_replaces_the_one_before(void **state)
{
    (void)state;
    mst_catalog *catalog = mst_catalog_new();
    kind_declared(catalog, 1, "person", "People");
    const Muster__V1__Kind *before = mst_catalog_kind(catalog, "person");
    kind_declared(catalog, 2, "person", "Persons");
    kind_declared(catalog, 1, "person", "People"); /* replayed: older than what is known */
    assert_string_equal(mst_catalog_kind(catalog, "person")->title, "Persons");
    assert_string_equal(before->title, "People"); /* who still holds it may go on */
    assert_int_equal(mst_catalog_kinds_count(catalog), 1);
    mst_catalog_destroy(&catalog);
}

static void
a_field_feeds_its_target_or_the_field_of_its_name(void **state)
{
    (void)state;
    mst_catalog *catalog = mst_catalog_new();
    kind_declared(catalog, 1, "person", "People");
    const Muster__V1__Kind *kind = mst_catalog_kind(catalog, "person");
    Muster__V1__Field field = MUSTER__V1__FIELD__INIT;
    field.name = "family_name";
    assert_int_equal(mst_catalog_target(kind, &field), 1);
    field.target = "email";
    assert_int_equal(mst_catalog_target(kind, &field), 0);
    field.target = "shoe_size";
    assert_int_equal(mst_catalog_target(kind, &field), -1);
    mst_catalog_destroy(&catalog);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_finds_the_version_it_was_made_with),
        cmocka_unit_test(a_kind_declared_again_replaces_the_one_before),
        cmocka_unit_test(a_field_feeds_its_target_or_the_field_of_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
