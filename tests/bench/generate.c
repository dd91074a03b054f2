/* generate.c - muster-generate: a directory of people, a batch of rows about them, and the truth beside it.
 *
 * Writes DIR/directory.csv (id and the columns of template connect-card), DIR/batch.csv (the columns) and DIR/truth.csv
 * (row, record_id, kind): record_id is the directory's id, "new", or "row:N" for a person who stands in an earlier
 * row. The same options and seed give the same bytes on every machine. */
#include "people.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LINE_MAX_BYTES = 2048, BUFFER_BYTES = 1 << 20 };
enum { SALTS = 250 }; /* attempts to find a name that nobody has */

static const char columns[] =
    "given_name,middle_name,family_name,suffix,birth_date,gender,email,phone,street,city,region,"
    "postcode,campus,membership_date,member_number,notes";

typedef struct options {
    const char *out;
    uint64_t directory, rows;
    double known, uncertain, typos, nicknames, moved, duplicates, changed, blanks, numbers;
    people population;
} options;

/* A file written through a large buffer; the first error is remembered and ends the program at close. */
typedef struct output {
    FILE *file;
    char *buffer, *at;
    const char *path;
} output;

static void
output_open(output *self, const char *dir, const char *file_name, char path[4096])
{
    snprintf(path, 4096, "%s/%s", dir, file_name);
    self->path = path;
    self->file = fopen(path, "wb");
    if (self->file == NULL) {
        fprintf(stderr, "muster-generate: cannot write %s: %s\n", path, strerror(errno));
        exit(1);
    }
    self->buffer = self->at = malloc(BUFFER_BYTES);
    assert(self->buffer != NULL);
}

static void
output_flush(output *self)
{
    size_t size = (size_t)(self->at - self->buffer);
    if (fwrite(self->buffer, 1, size, self->file) != size) {
        fprintf(stderr, "muster-generate: cannot write %s: %s\n", self->path, strerror(errno));
        exit(1);
    }
    self->at = self->buffer;
}

static void
output_close(output *self)
{
    output_flush(self);
    if (fclose(self->file) != 0) {
        fprintf(stderr, "muster-generate: cannot write %s: %s\n", self->path, strerror(errno));
        exit(1);
    }
    free(self->buffer);
}

static void
put(output *out, const char *text)
{
    size_t size = strlen(text);
    memcpy(out->at, text, size);
    out->at += size;
}

/* A cell, quoted only where RFC 4180 asks for it. */
static void
put_cell(output *out, const char *text)
{
    if (strpbrk(text, ",\"\n") == NULL) {
        put(out, text);
        return;
    }
    *out->at++ = '"';
    for (; *text != '\0'; text++) {
        if (*text == '"')
            *out->at++ = '"';
        *out->at++ = *text;
    }
    *out->at++ = '"';
}

static void
put_digits(output *out, uint64_t number, int width)
{
    for (int i = width - 1; i >= 0; i--, number /= 10)
        out->at[i] = (char)('0' + number % 10);
    out->at += width;
}

static void
put_number(output *out, uint64_t number)
{
    int width = 1;
    for (uint64_t n = number; n >= 10; n /= 10)
        width++;
    put_digits(out, number, width);
}

static void
put_date(output *out, uint32_t year, uint32_t month, uint32_t day)
{
    put_digits(out, year, 4);
    *out->at++ = '-';
    put_digits(out, month, 2);
    *out->at++ = '-';
    put_digits(out, day, 2);
}

static void
put_phone(output *out, uint64_t phone, uint32_t style)
{
    static const char *const styles[][4] = {
        {"", "-", "-", ""}, {"(", ") ", "-", ""}, {"", ".", ".", ""}, {"+1 ", " ", " ", ""}};
    put(out, styles[style][0]);
    put_digits(out, phone / 10000000u, 3);
    put(out, styles[style][1]);
    put_digits(out, phone / 10000u % 1000u, 3);
    put(out, styles[style][2]);
    put_digits(out, phone % 10000u, 4);
}

/* What of a person a row leaves out or says in its own way. */
typedef struct wording {
    bool no_middle, no_email, no_phone, no_birth, no_address;
    uint32_t phone_style;
    uint64_t member_number; /* 0: none */
    bool membership;        /* write the membership date */
    const char *note;
} wording;

static void
put_person(output *out, const person *who, const wording *how)
{
    if (out->at - out->buffer > BUFFER_BYTES - LINE_MAX_BYTES)
        output_flush(out);
    put_cell(out, who->given);
    *out->at++ = ',';
    if (!how->no_middle)
        put_cell(out, who->middle);
    *out->at++ = ',';
    put_cell(out, who->family);
    *out->at++ = ',';
    put(out, who->suffix);
    *out->at++ = ',';
    if (!how->no_birth)
        put_date(out, who->birth_year, who->birth_month, who->birth_day);
    put(out, who->sex == MALE ? ",male," : ",female,");
    if (!how->no_email)
        put(out, who->email);
    *out->at++ = ',';
    if (!how->no_phone)
        put_phone(out, who->phone, how->phone_style);
    *out->at++ = ',';
    if (!how->no_address) {
        put_cell(out, who->street);
        *out->at++ = ',';
        put_cell(out, who->city);
        *out->at++ = ',';
        put(out, who->region);
        *out->at++ = ',';
        put_digits(out, who->postcode, 5);
    } else
        put(out, ",,,");
    *out->at++ = ',';
    put(out, who->campus);
    *out->at++ = ',';
    if (how->membership && who->member_year != 0)
        put_date(out, who->member_year, who->member_month, who->member_day);
    *out->at++ = ',';
    if (how->member_number != 0) {
        *out->at++ = 'M';
        put_digits(out, how->member_number, 8);
    }
    *out->at++ = ',';
    put_cell(out, how->note);
    *out->at++ = '\n';
}

/* What nobody else may have, so that a stranger is certainly one: the pair of names, and each name with the birth date.
 * A bit for each hash; a collision only means another draw. */
enum { TAKEN_BITS = 1u << 30 };

typedef struct taken {
    uint8_t *bits;
} taken;

static bool
taken_bit(taken *self, uint64_t what, uint64_t a, uint64_t b, bool set)
{
    uint64_t bit = people_random(a, what, b) % TAKEN_BITS;
    if (set)
        self->bits[bit / 8] |= (uint8_t)(1u << (bit % 8));
    return (self->bits[bit / 8] >> (bit % 8)) & 1;
}

static bool
taken_by(taken *self, const person *who, bool set)
{
    uint64_t given = who->given_at * 2u + who->sex;
    uint64_t birth = who->birth_year * 10000u + who->birth_month * 100u + who->birth_day;
    // All three are set whatever the first says.
    bool by_name = taken_bit(self, 31, given, who->family_at, set);
    bool by_given = taken_bit(self, 32, given, birth, set);
    bool by_family = taken_bit(self, 33, who->family_at, birth, set);
    return by_name || by_given || by_family;
}

static void
write_directory(const options *opts, taken *names_taken)
{
    char path[4096];
    output out;
    output_open(&out, opts->out, "directory.csv", path);
    put(&out, "id,");
    put(&out, columns);
    *out.at++ = '\n';
    for (uint64_t i = 0; i < opts->directory; i++) {
        person who;
        person_make(&opts->population, i, 0, false, &who);
        taken_by(names_taken, &who, true);
        if (out.at - out.buffer > BUFFER_BYTES - LINE_MAX_BYTES)
            output_flush(&out);
        *out.at++ = 'P';
        put_digits(&out, i + 1, 8);
        *out.at++ = ',';
        put_person(&out, &who, &(wording){.membership = true, .member_number = i + 1, .note = ""});
    }
    output_close(&out);
}

typedef enum kind { KNOWN, NEW, UNCERTAIN } kind;

/* Walks 0..n-1 in scattered order: each row's number to another, one to one. */
typedef struct scatter {
    uint64_t n, step;
} scatter;

static uint64_t
gcd(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static scatter
scatter_of(uint64_t n)
{
    uint64_t step = (uint64_t)((double)n * 0.6180339887498949) | 1;
    while (n > 1 && gcd(step, n) != 1)
        step += 2;
    return (scatter){n, n > 1 ? step % n : 0};
}

static uint64_t
scatter_at(const scatter *self, uint64_t i)
{
    return (uint64_t)((unsigned __int128)i * self->step % self->n);
}

typedef struct batch {
    const options *opts;
    scatter order, persons;
    taken *names_taken;
    uint64_t known_limit, uncertain_limit; /* in scattered row numbers */
    uint8_t *salts;                        /* of new people, by row; makes them repeatable for duplicates */
} batch;

static kind
kind_of(const batch *self, uint64_t row)
{
    uint64_t at = scatter_at(&self->order, row);
    return at < self->known_limit ? KNOWN : at < self->uncertain_limit ? UNCERTAIN : NEW;
}

/* The directory person row `row` speaks of (known and uncertain rows); each at most once while there are enough. */
static uint64_t
known_index(const batch *self, uint64_t row)
{
    return scatter_at(&self->persons, scatter_at(&self->order, row) % self->opts->directory);
}

/* A stranger: lives alone, beyond the directory, and shares no two of given name, family name and birth date with
 * anybody in directory or file. */
static void
make_stranger(batch *self, uint64_t row, person *who)
{
    people alone = self->opts->population;
    alone.families = 0;
    uint64_t index = (self->opts->directory / 8 + 1) * 8 + row;
    uint32_t salt = self->salts[row];
    if (salt != 0) {
        person_make(&alone, index, salt - 1, true, who);
        return;
    }
    do
        person_make(&alone, index, salt++, true, who);
    while (taken_by(self->names_taken, who, false) && salt < SALTS);
    taken_by(self->names_taken, who, true);
    self->salts[row] = (uint8_t)salt;
}

/* Somebody the directory may or may not know: the truth is drawn, the row does not show it. */
static bool
make_uncertain(const batch *self, uint64_t index, uint64_t random, person *who, wording *how)
{
    bool same = random & 1;
    person_make(&self->opts->population, index, 0, false, who);
    if (!same) { // a namesake: same name, everything else another's
        person other;
        person_make(&self->opts->population, index + (1ull << 33), 0, true, &other);
        memcpy(who->email, other.email, sizeof who->email);
    } else
        strcpy(strchr(who->email, '@'), "@new.example");
    person_move(&self->opts->population, index, 3, who);
    how->no_birth = true;
    return same;
}

static void
put_truth(output *truth, uint64_t row, const char *prefix, uint64_t number, int width, const char *what)
{
    if (truth->at - truth->buffer > BUFFER_BYTES - LINE_MAX_BYTES)
        output_flush(truth);
    put_number(truth, row + 1);
    *truth->at++ = ',';
    put(truth, prefix);
    if (width > 0)
        put_digits(truth, number, width);
    else if (width == 0)
        put_number(truth, number);
    *truth->at++ = ',';
    put(truth, what);
    *truth->at++ = '\n';
}

enum { NO_NUMBER = -1, AS_IS = 0, ID_DIGITS = 8 };

/* The row that first spoke of this row's person: itself, unless it is drawn as a duplicate of a stranger's row. */
static uint64_t
first_row(const batch *self, uint64_t row)
{
    uint64_t seed = self->opts->population.seed;
    while (row > 0 && people_chance(people_random(seed, 13, row), self->opts->duplicates)) {
        uint64_t back = 1 + people_random(seed, 22, row) % (row < 5000 ? row : 5000);
        if (kind_of(self, row - back) != NEW)
            break;
        row -= back;
    }
    return row;
}

static void
write_row(batch *self, uint64_t row, output *out, output *truth)
{
    const options *opts = self->opts;
    uint64_t a = people_random(opts->population.seed, 11, row), b = people_random(opts->population.seed, 12, row);
    person who;
    wording how = {.note = "", .phone_style = (uint32_t)(a % 4)};
    uint64_t of = first_row(self, row);
    bool repeats = of != row;
    kind what = repeats ? NEW : kind_of(self, row);
    const char *label = repeats ? "duplicate" : "new";
    if (what == NEW)
        make_stranger(self, of, &who);
    else {
        uint64_t index = known_index(self, row);
        bool same = true;
        if (what == UNCERTAIN) {
            same = make_uncertain(self, index, b, &who, &how);
            label = "uncertain";
        } else {
            person_make(&opts->population, index, 0, false, &who);
            label = "known";
            if (people_chance(people_random(opts->population.seed, 14, row), opts->moved)) {
                person_move(&opts->population, index, 1, &who);
                label = "moved";
            }
            if (people_chance(people_random(opts->population.seed, 15, row), opts->nicknames) && person_nickname(&who))
                label = "nickname";
            if (people_chance(people_random(opts->population.seed, 16, row), opts->typos)) {
                person_mistype(&who, b);
                label = "typo";
            }
            if (people_chance(people_random(opts->population.seed, 17, row), opts->numbers))
                how.member_number = index + 1;
            if (people_chance(people_random(opts->population.seed, 18, row), opts->changed))
                how.note = names_note(b >> 16);
        }
        put_truth(truth, row, same ? "P" : "new", index + 1, same ? ID_DIGITS : NO_NUMBER, label);
    }
    if (what == NEW) {
        how.note = (b >> 8) % 4 == 0 ? names_note(b >> 16) : "";
        if (repeats)
            put_truth(truth, row, "row:", of + 1, AS_IS, label);
        else
            put_truth(truth, row, "new", 0, NO_NUMBER, label);
    }
    how.no_middle = (a >> 8) % 2 == 0;
    how.no_phone = people_chance(people_random(opts->population.seed, 19, row), opts->blanks);
    how.no_email = !how.no_phone && people_chance(people_random(opts->population.seed, 20, row), opts->blanks);
    how.no_address = people_chance(people_random(opts->population.seed, 21, row), opts->blanks);
    put_person(out, &who, &how);
}

static void
write_batch(const options *opts, taken *names_taken)
{
    batch self = {.opts = opts, .names_taken = names_taken, .order = scatter_of(opts->rows)};
    self.persons = scatter_of(opts->directory > 0 ? opts->directory : 1);
    self.known_limit = opts->directory == 0 ? 0 : (uint64_t)((double)opts->rows * opts->known + 0.5);
    self.uncertain_limit =
        opts->directory == 0 ? 0 : self.known_limit + (uint64_t)((double)opts->rows * opts->uncertain + 0.5);
    self.salts = calloc(opts->rows + 1, 1);
    assert(self.salts != NULL);
    char batch_path[4096], truth_path[4096];
    output out, truth;
    output_open(&out, opts->out, "batch.csv", batch_path);
    output_open(&truth, opts->out, "truth.csv", truth_path);
    put(&out, columns);
    *out.at++ = '\n';
    put(&truth, "row,record_id,kind\n");
    for (uint64_t row = 0; row < opts->rows; row++)
        write_row(&self, row, &out, &truth);
    output_close(&out);
    output_close(&truth);
    free(self.salts);
}

static void
usage(FILE *to)
{
    fputs("muster-generate --out DIR [--seed 1] [--directory 1000] [--rows 1000]\n"
          "  of the rows:        --known 0.6 in the directory, --uncertain 0 could be, the rest are strangers\n"
          "  of the known rows:  --typos 0 --nicknames 0 --moved 0 --changed 0.5 (a new note) --numbers 0 (with member "
          "number)\n"
          "  of all rows:        --duplicates 0 repeat a stranger of the file, --blanks 0.1 leave out e-mail, phone, "
          "address\n"
          "  of all people:      --families 0.5 --shared 0.4 (e-mail or phone of the household) --twins 0.02 --juniors "
          "0.03\n"
          "Writes DIR/directory.csv, DIR/batch.csv and DIR/truth.csv (row,record_id,kind).\n",
          to);
}

static double
share(const char *option, const char *text)
{
    char *end;
    double value = strtod(text, &end);
    if (*end != '\0' || end == text || !(value >= 0 && value <= 1)) {
        fprintf(stderr, "muster-generate: --%s is a share from 0 to 1, not \"%s\"\n", option, text);
        exit(2);
    }
    return value;
}

static uint64_t
count(const char *option, const char *text, uint64_t max)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (*end != '\0' || end == text || errno != 0 || value > max) {
        fprintf(stderr, "muster-generate: --%s is a number from 0 to %llu, not \"%s\"\n", option,
                (unsigned long long)max, text);
        exit(2);
    }
    return value;
}

int
main(int argc, char **argv)
{
    options opts = {.directory = 1000,
                    .rows = 1000,
                    .known = 0.6,
                    .changed = 0.5,
                    .blanks = 0.1,
                    .population = {.seed = 1, .families = 0.5, .shared = 0.4, .twins = 0.02, .juniors = 0.03}};
    struct {
        const char *name;
        double *value;
    } shares[] = {{"known", &opts.known},
                  {"uncertain", &opts.uncertain},
                  {"typos", &opts.typos},
                  {"nicknames", &opts.nicknames},
                  {"moved", &opts.moved},
                  {"duplicates", &opts.duplicates},
                  {"changed", &opts.changed},
                  {"blanks", &opts.blanks},
                  {"numbers", &opts.numbers},
                  {"families", &opts.population.families},
                  {"shared", &opts.population.shared},
                  {"twins", &opts.population.twins},
                  {"juniors", &opts.population.juniors}};
    enum { SHARES = sizeof shares / sizeof *shares, OUT = SHARES, SEED, DIRECTORY, ROWS, HELP, ALL };
    struct option longs[ALL + 1] = {[OUT] = {"out", 1, NULL, OUT},
                                    [SEED] = {"seed", 1, NULL, SEED},
                                    [DIRECTORY] = {"directory", 1, NULL, DIRECTORY},
                                    [ROWS] = {"rows", 1, NULL, ROWS},
                                    [HELP] = {"help", 0, NULL, HELP}};
    for (int i = 0; i < SHARES; i++)
        longs[i] = (struct option){shares[i].name, 1, NULL, i};
    for (int at; (at = getopt_long(argc, argv, "", longs, NULL)) != -1;)
        switch (at) {
        case OUT: opts.out = optarg; break;
        case SEED: opts.population.seed = count("seed", optarg, UINT64_MAX >> 1); break;
        case DIRECTORY: opts.directory = count("directory", optarg, 99000000); break;
        case ROWS: opts.rows = count("rows", optarg, 99000000); break;
        case HELP: usage(stdout); return 0;
        case '?': usage(stderr); return 2;
        default: *shares[at].value = share(shares[at].name, optarg);
        }
    if (opts.out == NULL || optind != argc || opts.known + opts.uncertain > 1) {
        usage(stderr);
        return 2;
    }
    if (mkdir(opts.out, 0700) != 0 && errno != EEXIST) {
        fprintf(stderr, "muster-generate: cannot make %s: %s\n", opts.out, strerror(errno));
        return 1;
    }
    names *table = names_new();
    opts.population.names = table;
    taken names_taken = {calloc(TAKEN_BITS / 8, 1)};
    assert(names_taken.bits != NULL);
    write_directory(&opts, &names_taken);
    write_batch(&opts, &names_taken);
    free(names_taken.bits);
    names_destroy(&table);
    return 0;
}
