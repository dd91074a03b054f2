/* test_xlsx_files.c - 190 workbooks of the world, as two other readers read them ($MUSTER_TEST_DATA/xlsx).
 *
 * Both readers agree on 165 of them: of these every cell they list must be read the same, and no
 * more cells may be filled. What "the same" means: texts byte by byte; truth values as TRUE and FALSE, errors by name;
 * numbers as far as 15 digits tell them apart. Cells that either of them takes for a date or time are only looked at
 * for being there, because the two differ in how they tell them (ours are compared with ISO text in
 * test_xlsx_values.c); so are numbers shown as an hour or a day alone, which Excel takes for dates and one of them does
 * not. Line ends in a text are equal: one of them does not make them one character, as XML does. A text that is blank
 * counts as none: one drops such cells. The others are read, or refused with a reason and an advice; nothing crashes.
 */
#include "services/parsing/xlsx.h"
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PIECE 10000u

typedef struct found {
    json_t *cells; /* "A1": text */
    uint32_t filled;
} found;

static const char *
folder(void)
{
    const char *dir = getenv("MUSTER_TEST_DATA");
    if (dir == NULL) {
        printf("skipped: no data\n");
        skip();
    }
    return dir;
}

static bool
on_row(void *context, const csv_row *row)
{
    found *self = context;
    for (uint32_t i = 0; i < row->cells_count; i++) {
        char name[16], letters[4] = {0};
        uint32_t column = i + 1, at = 3;
        for (; column > 0; column = (column - 1) / 26)
            letters[--at] = (char)('A' + (column - 1) % 26);
        snprintf(name, sizeof name, "%.3s%llu", letters + at, (unsigned long long)row->line);
        if (row->cells[i].size == 0)
            continue;
        self->filled++;
        json_object_set_new(self->cells, name,
                            json_stringn_nocheck((const char *)row->cells[i].data, row->cells[i].size));
    }
    return true;
}

/* The reason it was refused for, or "". */
static void
read_workbook(const char *path, found *result, char reason[512])
{
    static char piece[PIECE];
    const xlsx_sink sink = {.context = result, .row = on_row};
    xlsx *source = xlsx_new(&sink);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    bool ok = true;
    for (size_t size; ok && (size = fread(piece, 1, sizeof piece, file)) > 0;)
        ok = xlsx_feed(source, piece, size);
    fclose(file);
    *result = (found){.cells = json_object()};
    while (ok && !xlsx_ended(source))
        ok = xlsx_step(source);
    const char *advice = NULL, *fault = xlsx_fault_of(source, &advice);
    assert_true(ok == (fault == NULL));
    snprintf(reason, 512, "%s", fault == NULL ? "" : fault);
    if (fault != NULL && (advice == NULL || advice[0] == '\0'))
        fail_msg("%s: refused without advice: %s", path, fault);
    xlsx_destroy(&source);
}

static bool
is_date(const json_t *cell)
{
    return json_is_object(cell) && (json_object_get(cell, "d") != NULL || json_object_get(cell, "td") != NULL);
}

static bool
same_text(const char *ours, const char *theirs)
{
    for (; *ours != '\0' || *theirs != '\0'; ours++, theirs++) {
        ours += ours[0] == '\r' && ours[1] == '\n';
        theirs += theirs[0] == '\r' && theirs[1] == '\n';
        if (*ours != *theirs)
            return false;
    }
    return true;
}

static bool
is_part_alone(const char *name, const char *cell)
{
    return strncmp(name, "sheetjs/LONumbers", 17) == 0 && atoi(cell + 1) >= 10;
}

/* Ours, NULL for none, against what a reader saw. */
static bool
same(const char *ours, const json_t *theirs)
{
    if (json_is_object(theirs) && json_object_get(theirs, "e") != NULL)
        theirs = json_object_get(theirs, "e");
    if (json_is_object(theirs))
        theirs = json_object_get(theirs, "n");
    if (json_is_string(theirs) && strspn(json_string_value(theirs), " \t\r\n") == json_string_length(theirs))
        return ours == NULL || strspn(ours, " \t\r\n") == strlen(ours);
    if (ours == NULL)
        return theirs == NULL || json_is_null(theirs);
    if (json_is_string(theirs))
        return same_text(ours, json_string_value(theirs));
    if (json_is_boolean(theirs))
        return strcmp(ours, json_is_true(theirs) ? "TRUE" : "FALSE") == 0;
    char *end;
    double read = strtod(ours, &end), wanted = json_number_value(theirs);
    return json_is_number(theirs) && *end == '\0' && fabs(read - wanted) <= fabs(wanted) * 1e-14;
}

static uint32_t
compare(const char *name, const found *ours, json_t *sheetjs, json_t *openpyxl)
{
    uint32_t wrong = 0;
    const char *cell;
    json_t *theirs;
    for (int i = 0; i < 2; i++)
        json_object_foreach(json_object_get(i == 0 ? sheetjs : openpyxl, "cells"), cell, theirs)
        {
            const json_t *other = json_object_get(json_object_get(i == 0 ? openpyxl : sheetjs, "cells"), cell);
            const char *text = json_string_value(json_object_get(ours->cells, cell));
            bool ok =
                is_date(theirs) || is_date(other) || is_part_alone(name, cell) ? text != NULL : same(text, theirs);
            if (!ok && wrong++ < 5) {
                char *shown = json_dumps(theirs, JSON_ENCODE_ANY);
                print_error("%s %s: %s instead of %s\n", name, cell, text == NULL ? "nothing" : text, shown);
                free(shown);
            }
        }
    return wrong;
}

/* Halves of characters, which one of the readers gives and JSON does not have, become question marks. */
static json_t *
load(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    static char text[8u << 20];
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    for (char *at = text; (at = strstr(at, "\\ud")) != NULL; at += 6) {
        bool high = at[3] == '8' || at[3] == '9' || (at[3] | 0x20) == 'a' || (at[3] | 0x20) == 'b';
        if (high && strncmp(at + 6, "\\ud", 3) == 0 && strchr("cdefCDEF", at[9]) != NULL)
            at += 6;
        else if (strchr("89abcdefABCDEF", at[3]) != NULL)
            memcpy(at, "\\u003f", 6);
    }
    json_error_t error;
    json_t *root = json_loadb(text, size, 0, &error);
    if (root == NULL)
        fail_msg("%s: %s", path, error.text);
    return root;
}

static void
every_agreed_workbook_is_read_as_two_others_read_it(void **state)
{
    (void)state;
    char path[4096], reason[512];
    snprintf(path, sizeof path, "%s/xlsx/reference_readings.json", folder());
    json_t *files = load(path), *file;
    const char *name;
    uint32_t agreed = 0, wrong = 0, refused = 0;
    json_object_foreach(files, name, file)
    {
        found ours;
        snprintf(path, sizeof path, "%s/xlsx/%s", folder(), name);
        read_workbook(path, &ours, reason);
        bool known = strcmp(json_string_value(json_object_get(file, "agreement")), "agree") == 0;
        if (reason[0] != '\0') {
            refused++;
            print_message("%s: refused: %s\n", name, reason);
            if (known)
                print_error("%s: should be read\n", name);
            wrong += known;
        } else if (known) {
            wrong +=
                compare(name, &ours, json_object_get(file, "sheetjs_0.18.5"), json_object_get(file, "openpyxl_3.0.9"));
            agreed++;
            // They count texts without a character, too.
            json_t *reader = json_object_get(file, "openpyxl_3.0.9");
            assert_in_range(ours.filled, 0, json_integer_value(json_object_get(reader, "nonempty")));
        }
        json_decref(ours.cells);
    }
    json_decref(files);
    print_message("%u workbooks as agreed, %u refused\n", agreed, refused);
    assert_int_equal(wrong, 0);
    assert_int_equal(agreed, 165);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_agreed_workbook_is_read_as_two_others_read_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
