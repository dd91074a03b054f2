/* dates.h - dates and times as people write them, made YYYY-MM-DD and HH:MM:SS; only days that the calendar has.
 *
 * A year with two digits is never guessed: 62 may be 1962 or 2062, and both readings are shown. Only where the format
 * of the field says %y is it read, as POSIX reads it (69 to 99 are 19xx).
 *
 * Thread: any. */
#ifndef MUSTER_PARSING_DATES_H
#define MUSTER_PARSING_DATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether 03/04/2020 is the fourth of March or the third of April. */
typedef enum date_order { DATE_ORDER_UNKNOWN, DATE_MONTH_FIRST, DATE_DAY_FIRST } date_order;

typedef enum date_result { DATE_OK, DATE_WRONG, DATE_NO_SUCH_DAY, DATE_AMBIGUOUS, DATE_SHORT_YEAR } date_result;

/* YYYY-MM-DD, and a day that every month has: what most dates are, told quickly. False: nobody knows yet. */
bool date_is_plain(const uint8_t *text, size_t size);
/* `format` as in Table Schema: "" or "default" (YYYY-MM-DD), "any", or %Y %y %m %d %b %B in a row. `out` gets ten
 * characters, not terminated. */
date_result date_read(const char *format, date_order order, const uint8_t *text, size_t size, char out[10]);
#define DATE_READING_SIZE 64u
#define DATETIME_SIZE 26u

/* The two dates that an unclear one (DATE_SHORT_YEAR, DATE_AMBIGUOUS) may be, as they would be typed into the same
 * field. False: it is not of this kind. */
bool date_readings(const char *format, date_order order, const uint8_t *text, size_t size,
                   char first[DATE_READING_SIZE], char second[DATE_READING_SIZE]);
/* A date of the format with a time of day behind it, where a date alone is wanted. Where the time begins; 0: it is
 * none. */
size_t date_time_at(const char *format, date_order order, const uint8_t *text, size_t size);
/* `format`: "" or "default" (HH:MM:SS), "any" (also 9:30, 9:30 pm), or %H %I %M %S %p in a row. */
bool time_read(const char *format, const uint8_t *text, size_t size, char out[8]);
/* Date and time: YYYY-MM-DDTHH:MM:SS, followed by Z or +HH:MM where the text has it; parts of a second are dropped.
 * `format` as above, both kinds in a row. */
date_result datetime_read(const char *format, date_order order, const uint8_t *text, size_t size,
                          char out[DATETIME_SIZE], size_t *out_size);
/* YYYY-MM; "any" also 3/2020 and March 2020. */
bool yearmonth_read(const char *format, const uint8_t *text, size_t size, char out[7]);
/* What this value says about the order of its column, read as "any": unknown when it fits both or neither. */
date_order date_order_of(const uint8_t *text, size_t size);

#endif
