/* numbers.h - whole and decimal numbers as people and spreadsheets write them, made plain.
 *
 * A field may say which character stands before the decimals, which one groups digits, and that units may stand around
 * the number ("$ 1,250.00", "80 %"; at most NUMBER_UNIT_SIZE bytes on each side). Thread: any. */
#ifndef MUSTER_PARSING_NUMBERS_H
#define MUSTER_PARSING_NUMBERS_H

#include "template.pb-c.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NUMBER_SIZE_MAX 38u   /* bytes of a number */
#define NUMBER_DIGITS_MAX 18u /* of a whole number, so that it fits 64 bits */
#define NUMBER_UNIT_SIZE 12u  /* bytes */

typedef enum number_result { NUMBER_OK, NUMBER_WRONG, NUMBER_TOO_LONG } number_result;

/* `out` gets the plain number: digits, a minus sign, a point, an exponent; without plus sign and, of a whole number,
 * leading zeros. Not terminated. */
number_result number_read(const Muster__V1__Field *field, bool whole, const uint8_t *data, size_t size,
                          char out[NUMBER_SIZE_MAX], size_t *out_size);

#endif
