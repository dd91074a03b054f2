/* test_cli_commands.c - the command table, suggestions, and what is refused before anything is sent. */
#include "clients/cli/cli.h"
#include "clients/cli/document.h"
#include "clients/cli/keys.h"
#include "clients/cli/logfile.h"
#include "clients/cli/upload.h"
#include "matching.pb-c.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static mst_arena *arena;
static char folder[64];

static int
open_folder(void **state)
{
    (void)state;
    arena = mst_arena_new(0);
    strcpy(folder, "/tmp/muster-cli-test-XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int
close_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    mst_arena_destroy(&arena);
    return system(command);
}

static const char *
path_of(const char *name)
{
    return mst_arena_printf(arena, "%s/%s", folder, name);
}

static void
put(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void
every_command_has_a_name_a_summary_and_something_to_run(void **state)
{
    (void)state;
    for (size_t i = 0; i < cli_commands_count; i++) {
        const cli_command *command = cli_commands[i];
        assert_true(command->name[0] != 0 && command->run != NULL);
        assert_true(strlen(command->summary) > 10);
        assert_true(command->args_min <= command->args_max);
        assert_true((command->args_max > 0) == (command->args != NULL));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(command->name, cli_commands[j]->name);
        for (const cli_option *option = command->options; option != NULL && option->name != NULL; option++)
            assert_true(option->offset < command->options_size);
    }
}

static void
a_slip_of_the_finger_finds_the_command_that_was_meant(void **state)
{
    (void)state;
    assert_string_equal(cli_nearest(arena, "bacth", NULL), "batch");
    assert_string_equal(cli_nearest(arena, "stauts", NULL), "status");
    assert_string_equal(cli_nearest(arena, "dir", NULL), "directory");
    assert_string_equal(cli_nearest(arena, "discrepencies", "batch"), "batch discrepancies");
    assert_null(cli_nearest(arena, "telephone", NULL));
    assert_null(cli_nearest(arena, "show", "nonsense"));
}

static int
run(const char *words)
{
    char *argv[32] = {"muster"};
    int argc = 1;
    char *rest = mst_arena_strdup(arena, words), *word;
    while ((word = strsep(&rest, " ")) != NULL)
        argv[argc++] = word;
    return cli_main(argc, argv);
}

static void
exit_codes_tell_wrong_usage_from_a_system_that_is_not_there(void **state)
{
    (void)state;
    const char *data = path_of("none");
    assert_int_equal(run("fly"), CLI_USAGE);
    assert_int_equal(run("batch"), CLI_USAGE);
    assert_int_equal(run("batch fly"), CLI_USAGE);
    assert_int_equal(run(mst_arena_printf(arena, "batch show 7 --data %s", data)), CLI_USAGE);
    assert_int_equal(run(mst_arena_printf(arena, "batch resolve B1 --entry 1 --data %s", data)), CLI_USAGE);
    assert_int_equal(run(mst_arena_printf(arena, "batch resolve B1 --entry 1 --new --skip --data %s", data)),
                     CLI_USAGE);
    assert_int_equal(run(mst_arena_printf(arena, "--data %s status", data)), CLI_UNREACHABLE);
    assert_int_equal(run(mst_arena_printf(arena, "batch list --json --data %s", data)), CLI_UNREACHABLE);
    assert_int_equal(run(mst_arena_printf(arena, "down --data %s", data)), CLI_DONE);
}

static void
a8_dates_that_are_none_or_still_to_come_are_refused_before_anything_is_sent(void **state)
{
    (void)state;
    put("cards.csv", "First Name\nAnna\n");
    const char *dates[] = {"2026-02-30", "yesterday", "26-1-1", "2026-13-01", "9999-12-31"};
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++)
        assert_int_equal(run(mst_arena_printf(arena, "batch create %s -t card --date %s --data %s",
                                              path_of("cards.csv"), dates[i], path_of("none"))),
                         CLI_USAGE);
}

static void
a12_what_is_no_csv_file_or_workbook_is_refused_before_anything_is_sent(void **state)
{
    (void)state;
    cli self = {.arena = arena, .command = "batch create"};
    upload_file file;
    put("good.CSV", "a\n1\n");
    put("empty.csv", "");
    put("sheet.xls", "\xD0\xCF");
    put("sheet.xlsx", "PK");
    mkdir(path_of("folder.csv"), 0700);
    mkfifo(path_of("pipe.csv"), 0600);
    assert_int_equal(upload_open(&self, path_of("good.CSV"), &file), CLI_DONE);
    assert_int_equal(file.size, 4);
    uint8_t digest[MST_HASH_SIZE];
    mst_sha256("a\n1\n", 4, digest);
    assert_memory_equal(file.sha256, digest, MST_HASH_SIZE);
    upload_close(&file);
    assert_int_equal(upload_open(&self, path_of("sheet.xlsx"), &file), CLI_DONE);
    upload_close(&file);
    const char *bad[] = {"empty.csv", "sheet.xls", "folder.csv", "pipe.csv", "absent.csv"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(upload_open(&self, path_of(bad[i]), &file), CLI_FAILED);
}

static void
keys_are_written_as_zeromq_writes_them_and_readable_by_their_owner_alone(void **state)
{
    // The example of RFC 32, four times over.
    static const uint8_t KEY[32] = {0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B, 0x86, 0x4F, 0xD2,
                                    0x6F, 0xB5, 0x59, 0xF7, 0x5B, 0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59,
                                    0xF7, 0x5B, 0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B};
    char text[KEYS_TEXT_SIZE + 1];
    struct stat info;
    (void)state;
    keys_z85(KEY, text);
    assert_string_equal(text, "HelloWorldHelloWorldHelloWorldHelloWorld");
    assert_true(keys_z85_ok(text));
    assert_false(keys_z85_ok("HelloWorld"));

    const char *data = path_of("keys");
    assert_int_equal(run(mst_arena_printf(arena, "key new anna -o %s --data %s", path_of("anna"), data)), CLI_DONE);
    assert_int_equal(stat(path_of("anna"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    // Never a second time over the first.
    assert_int_equal(run(mst_arena_printf(arena, "key new anna -o %s --data %s", path_of("anna"), data)), CLI_FAILED);
    const char *authorise = mst_arena_printf(arena, "key authorise %s.pub --data %s", path_of("anna"), data);
    assert_int_equal(run(mst_arena_printf(arena, "%s --role king --name anna", authorise)), CLI_USAGE);
    assert_int_equal(run(mst_arena_printf(arena, "%s --role service --name anna", authorise)), CLI_USAGE);
    assert_int_equal(run(mst_arena_printf(arena, "%s --role operator --name anna", authorise)), CLI_DONE);
    assert_int_equal(run(mst_arena_printf(arena, "key revoke anna --data %s", data)), CLI_DONE);
    assert_int_equal(run(mst_arena_printf(arena, "key revoke anna --data %s", data)), CLI_FAILED);
}

static void
a_message_as_json_has_every_field_and_words_for_enumerations(void **state)
{
    Muster__V1__EntryQuestion question = MUSTER__V1__ENTRY_QUESTION__INIT;
    Muster__V1__Candidate candidate = MUSTER__V1__CANDIDATE__INIT;
    Muster__V1__Candidate *candidates[] = {&candidate};
    (void)state;
    question.row = 7;
    question.reason = MUSTER__V1__REASON__REASON_SAME_NAME_DIFFERENT_CONTACT;
    candidate.record_id = "p\"1";
    candidate.probability = 0.5;
    question.n_candidates = 1;
    question.candidates = candidates;
    json_t *document = document_of(&question.base);
    assert_int_equal(json_integer_value(json_object_get(document, "row")), 7);
    assert_string_equal(json_string_value(json_object_get(document, "reason")), "same_name_different_contact");
    assert_string_equal(json_string_value(json_object_get(document, "sentence")), "");
    json_t *first = json_array_get(json_object_get(document, "candidates"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "record_id")), "p\"1");
    assert_int_equal(json_array_size(json_object_get(first, "evidence")), 0);
    json_decref(document);
    assert_string_equal(document_word(arena, &muster__v1__decision__descriptor, 0), "");
    assert_string_equal(document_word(arena, &muster__v1__decision__descriptor, 4), "rejected");
}

static void
a_log_file_never_grows_beyond_its_limit_and_keeps_a_few_older_ones(void **state)
{
    (void)state;
    logfile log;
    struct stat info;
    logfile_open(&log, path_of("x.log"), 100);
    for (int i = 0; i < 100; i++)
        logfile_write(&log, "twenty bytes a line\n", 20);
    logfile_close(&log);
    const char *names[] = {"x.log", "x.log.1", "x.log.2", "x.log.3"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(stat(path_of(names[i]), &info), 0);
        assert_true(info.st_size > 0 && info.st_size <= 100);
    }
    assert_int_not_equal(stat(path_of("x.log.4"), &info), 0);
}

int
main(void)
{
    unsetenv("MUSTER_ENDPOINT");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_has_a_name_a_summary_and_something_to_run),
        cmocka_unit_test(a_slip_of_the_finger_finds_the_command_that_was_meant),
        cmocka_unit_test(exit_codes_tell_wrong_usage_from_a_system_that_is_not_there),
        cmocka_unit_test(a8_dates_that_are_none_or_still_to_come_are_refused_before_anything_is_sent),
        cmocka_unit_test(a12_what_is_no_csv_file_or_workbook_is_refused_before_anything_is_sent),
        cmocka_unit_test(keys_are_written_as_zeromq_writes_them_and_readable_by_their_owner_alone),
        cmocka_unit_test(a_message_as_json_has_every_field_and_words_for_enumerations),
        cmocka_unit_test(a_log_file_never_grows_beyond_its_limit_and_keeps_a_few_older_ones),
    };
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
