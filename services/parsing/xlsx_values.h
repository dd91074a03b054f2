/* xlsx_values.h - what a workbook's numbers, dates and escaped texts mean.
 *
 * A workbook holds dates as numbers; only the number format tells them apart. What is written depends on the number
 * alone, not on how it is shown (B7): a whole number of days is a date, a fraction of one day is a time, otherwise it
 * is both. Only a format that counts hours over days ([h]:mm) makes a length of time. Thread: any. */
#ifndef MUSTER_PARSING_XLSX_VALUES_H
#define MUSTER_PARSING_XLSX_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XLSX_VALUE_SIZE 64u /* bytes that a number or date needs at most */

typedef enum xlsx_style { XLSX_STYLE_NUMBER, XLSX_STYLE_DATE, XLSX_STYLE_LENGTH_OF_TIME } xlsx_style;

/* Of a format that every workbook knows by number, without saying what it is. */
xlsx_style xlsx_style_of_number(uint32_t number);
/* Of a format code: yyyy-mm-dd, [h]:mm, #,##0.00 "days", [Red]0.0;-0.0 */
xlsx_style xlsx_style_of_code(const char *code);

/* As text with at most 15 significant digits, which is what a spreadsheet program shows when asked for all of them:
 * 12, 0.1, 1.2E+15. Text that is no number is given as it is. Returns the size; 0: longer than XLSX_VALUE_SIZE. */
size_t xlsx_number_text(const char *digits, size_t size, char out[XLSX_VALUE_SIZE]);
/* 2021-01-31, 10:20:30, 2021-01-31 10:20:30, 255:10:10. What is no date (below 0, beyond 9999) is a number. */
size_t xlsx_date_text(const char *digits, size_t size, bool from_1904, xlsx_style style, char out[XLSX_VALUE_SIZE]);
/* 2021-01-01T10:00:00 as 2021-01-01 10:00:00; without a time of midnight. In place; the new size. */
size_t xlsx_iso_text(char *text, size_t size);
/* _x000D_ and the like as the characters they stand for; in place; the new size, never more. */
size_t xlsx_unescape(uint8_t *text, size_t size);

#endif
