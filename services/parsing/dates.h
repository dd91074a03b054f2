/* dates.h - dates as people write them, made YYYY-MM-DD; only days that the calendar has.
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

/* `format` as in Table Schema: "" or "default" (YYYY-MM-DD), "any", or %Y %y %m %d %b %B in a row. `out` gets ten
 * characters, not terminated. */
date_result date_read(const char *format, date_order order, const uint8_t *text, size_t size, char out[10]);
/* What this value says about the order of its column, read as "any": unknown when it fits both or neither. */
date_order date_order_of(const uint8_t *text, size_t size);

#endif
