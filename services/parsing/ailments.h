/* ailments.h - what the doctor (doctor.h) looks for in one cell, and what it keeps. Pure. Used by the doctor's own
 * files only. */
#ifndef MUSTER_PARSING_AILMENTS_H
#define MUSTER_PARSING_AILMENTS_H

#include "doctor.h"

#define DIGITS_MAX 12u      /* digits of a code whose lost zeros can be told */
#define EXAMPLE_SIZE 60u    /* bytes of a value shown */
#define MOJIBAKE_SIZE 1024u /* bytes of a cell that is looked at for mojibake */
#define TOTALS_CELLS_MAX 6u /* filled cells of a row of totals */

typedef enum ailment {
    AILMENT_SCIENTIFIC,
    AILMENT_SHORT_YEAR,
    AILMENT_FUTURE_YEAR,
    AILMENT_SERIAL_DATE,
    AILMENT_MOJIBAKE,
    AILMENTS
} ailment;

extern const char *const ailment_names[AILMENTS];

typedef struct noticed {
    uint32_t count;
    uint32_t rows[DOCTOR_ROWS_MAX], rows_count;
    char *examples[DOCTOR_EXAMPLES_MAX], *proposals[DOCTOR_EXAMPLES_MAX];
    uint32_t examples_count;
} noticed;

/* A field and what was noticed of it. */
typedef struct ailing {
    bool date, birth, short_years, text, phone, email;
    bool asked[AILMENTS];
    unsigned width;       /* leading zeros are to be put back up to so many digits; 0: not */
    uint32_t left, right; /* fields beside an e-mail address */
    noticed noticed[AILMENTS];
    uint32_t of_width[DIGITS_MAX + 1]; /* values of so many digits */
    uint32_t leading_zeros;
    uint32_t first_rows[DIGITS_MAX + 1][DOCTOR_ROWS_MAX], first_count[DIGITS_MAX + 1];
    char first_values[DIGITS_MAX + 1][DOCTOR_EXAMPLES_MAX][DIGITS_MAX + 1];
} ailing;

/* A field that is looked at in every row. */
typedef struct look {
    uint32_t field;
    enum { LOOK_DATE, LOOK_EMAIL, LOOK_TEXT } kind;
} look;

struct doctor {
    mst_arena *arena, *repaired;
    const wanted_columns *wanted;
    char *const *repairs;
    size_t repairs_count;
    unsigned year; /* this year; 0: not known */
    const uint32_t *columns;
    ailing *fields;
    uint32_t *filled; /* cells of each field; apart from the large ailing, because every row counts here */
    noticed totals, shifted;
    uint32_t shifted_row;
    bool totals_asked, any_repaired;
    look *looks;
    size_t looks_count;
};

/* The number of digits, if the cell has nothing else; 0: it has. */
size_t ailment_digits(csv_cell cell);
bool ailment_scientific(csv_cell cell);
/* YYYY-MM-DD of this year or before, or a date that ends in such a year (5/17/1980): nothing is amiss. */
bool ailment_plain_date(csv_cell cell, unsigned year);
/* A date as days since 1900 (with the 29 February 1900 that never was), for 1927 to 2064: `date` is YYYY-MM-DD. */
bool ailment_serial(csv_cell cell, char *date);
/* A date that ends in a year of two digits; `date` has the latest such year up to `year` (0: 1950 to 2049). */
bool ailment_short_year(csv_cell cell, unsigned year, char *date);
/* A date behind `year`; `date` is a hundred years earlier. */
bool ailment_future_year(csv_cell cell, unsigned year, char *date);
/* UTF-8 that was read as windows-1252; `mended` is the text, ending in NUL. */
bool ailment_mojibake(csv_cell cell, char mended[MOJIBAKE_SIZE]);
/* "Total", "Grand total:", "Sum", .. */
bool ailment_total(csv_cell cell);

bool repair_asked(const doctor *self, const char *name, const char *field);
/* The number behind name:field: of a repair asked for; 0 none. */
unsigned long repair_number(const doctor *self, const char *name, const char *field);

#endif
