/* scenario.c - what people bring: a small directory and files about it, always the same for a number. */
#include "tests/sim/sim.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEOPLE 30

static const char *const given_names[] = {"Anna",  "Bernd", "Clara", "David", "Elena", "Frank", "Greta", "Hugo",
                                          "Irene", "Jonas", "Karin", "Lukas", "Maria", "Nils",  "Olga",  "Peter"};
static const char *const family_starts[] = {"Berg", "Dorn", "Eich", "Feld", "Hoff", "Kirch", "Lind", "Stein"};
static const char *const family_ends[] = {"mann", "bauer", "hofer", "meister", "wald", "ner", "reich", "berger"};

typedef struct text_buffer {
    char *bytes;
    size_t size, room;
} text_buffer;

static void
add(text_buffer *text, const char *format, ...)
{
    va_list args;
    if (text->room - text->size < 1024) {
        text->room = text->room ? text->room * 2 : 4096;
        text->bytes = mst_realloc(text->bytes, text->room);
    }
    va_start(args, format);
    int size = vsnprintf(text->bytes + text->size, text->room - text->size, format, args);
    va_end(args);
    assert(size >= 0 && (size_t)size < text->room - text->size);
    text->size += (size_t)size;
}

static char *
file_read(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/tests/data/%s", MUSTER_SOURCE_DIR, name);
    FILE *file = fopen(path, "re");
    assert(file != NULL);
    char *bytes = mst_alloc(65536);
    size_t size = fread(bytes, 1, 65535, file);
    bytes[size] = '\0';
    fclose(file);
    return bytes;
}

/* Person `number`: name, e-mail, telephone and day of birth are nobody else's. */
static void
card_add(text_buffer *csv, uint32_t number, const char *email, bool contact, const char *campus)
{
    const char *given = given_names[number % 16];
    const char *start = family_starts[number / 16 % 8], *end = family_ends[number / 128 % 8 ^ number % 8];
    if (email)
        add(csv, "%s,%s%s,,,%s,,,,,,\n", given, start, end, email);
    else
        add(csv, "%s,%s%s,,%u-%02u-%02u,p%u@example.org,%s%u,%u Main Street,Springfield,%05u,%s,\n", given, start, end,
            1930 + number * 7 % 70, 1 + number % 12, 1 + number % 28, number, contact ? "+1206200" : "+1206300",
            1000 + number, number, 10000 + number, campus);
}

/* Somebody like nobody else, so that there is nothing to ask. */
static void
stranger_add(text_buffer *csv, uint32_t number)
{
    sim_random random = {number};
    char name[2][10];
    for (int i = 0; i < 2; i++) {
        for (int at = 0; at < 9; at++)
            name[i][at] = (char)("aeioubdfgklmnprstvz"[random_below(&random, at % 2 ? 5 : 19)] - (at ? 0 : 'a' - 'A'));
        name[i][9] = '\0';
    }
    add(csv, "%s,%s,,%u-%02u-%02u,s%u@example.org,+120640%05u,%u %s Road,Springfield,%05u,South,\n", name[0], name[1],
        1930 + (uint32_t)random_below(&random, 70), 1 + (uint32_t)random_below(&random, 12),
        1 + (uint32_t)random_below(&random, 28), number, number, number, name[0], 20000 + number);
}

static sim_file
import_make(void)
{
    text_buffer csv = {0};
    add(&csv, "id,given_name,family_name,birth_date,email,phone,street,city,postcode,campus\n");
    for (uint32_t number = 1; number <= PEOPLE; number++)
        add(&csv, "p%u,%s,%s%s,%u-%02u-%02u,p%u@example.org,+1206200%u,%u Main Street,Springfield,%05u,North\n", number,
            given_names[number % 16], family_starts[number / 16 % 8], family_ends[number / 128 % 8 ^ number % 8],
            1930 + number * 7 % 70, 1 + number % 12, 1 + number % 28, number, 1000 + number, number, 10000 + number);
    return (sim_file){.import = true, .rows = PEOPLE, .text = csv.bytes, .size = csv.size};
}

static sim_file
batch_make(sim_random *random, bool allow_wrong, bool large)
{
    sim_file file = {.rows = 20 + (uint32_t)random_below(random, random_one_in(random, 3) ? 180 : 40)};
    if (large) /* several chunks, so several parts */
        file.rows = 2100 + (uint32_t)random_below(random, 300);
    text_buffer csv = {0};
    file.dry_run = random_one_in(random, 8);
    file.plan = random_one_in(random, 8) ? PLAN_CANCEL_WHERE_IT_WAITS : PLAN_GO_ON;
    add(&csv, "First Name,Last Name,Suffix,Date of Birth,Email,Phone,Street,City,Zip,Campus,Notes\n");
    for (uint32_t row = 1; row <= file.rows; row++) {
        uint32_t known = 1 + (uint32_t)random_below(random, PEOPLE);
        char email[64];
        snprintf(email, sizeof email, "somebody.else.%u@example.net", row);
        switch (random_below(random, large ? 600 : 12)) {
        case 0: card_add(&csv, known, email, true, ""); break; /* the same name and another e-mail */
        case 1:
            if (allow_wrong) {
                card_add(&csv, 200 + row, NULL, false, "Mars");
                file.wrong_rows++;
                break;
            }
            card_add(&csv, 200 + row, NULL, false, "South");
            break;
        case 2: card_add(&csv, 700 + (uint32_t)random_below(random, 4), NULL, false, "East"); break; /* comes twice */
        case 3:
        case 4:
        case 5:
        case 6: card_add(&csv, 100 + row + 250 * (uint32_t)random_below(random, 2), NULL, false, "South"); break;
        default:
            if (large) {
                stranger_add(&csv, row);
                break;
            }
            card_add(&csv, known, NULL, true, row % 2 ? "East" : "North");
            break;
        }
    }
    file.text = csv.bytes;
    file.size = csv.size;
    return file;
}

void
scenario_make(sim_scenario *scenario, uint64_t number)
{
    sim_random random = {number * 7919 + 13};
    *scenario = (sim_scenario){.number = number, .together = number % 3 == 2};
    scenario->package = file_read("people.package.json");
    scenario->template = file_read("card.template.json");
    scenario->files[scenario->files_count++] = import_make();
    uint64_t batches = 1 + random_below(&random, 3);
    for (uint64_t i = 0; i < batches; i++) {
        bool allow_wrong = random_one_in(&random, 2);
        scenario->files[scenario->files_count++] = batch_make(&random, allow_wrong, number % 10 == 7 && i == 0);
    }
}

void
scenario_release(sim_scenario *scenario)
{
    free(scenario->package);
    free(scenario->template);
    for (size_t i = 0; i < scenario->files_count; i++)
        free(scenario->files[i].text);
}
