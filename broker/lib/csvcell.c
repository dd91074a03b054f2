/* csvcell.c - see csvcell.h. */
#include "csvcell.h"

#include <string.h>

/* Digits with an optional sign, point and nothing else: "-12.50" is a number, "-1+cmd" is not. */
static bool
plain_number(const char *data, size_t size)
{
    size_t digits = 0, points = 0;
    for (size_t i = data[0] == '-' || data[0] == '+' ? 1 : 0; i < size; i++) {
        if (data[i] >= '0' && data[i] <= '9')
            digits++;
        else if (data[i] == '.' && points == 0)
            points++;
        else
            return false;
    }
    return digits > 0;
}

bool
mst_csv_cell_guarded(const char *data, size_t size)
{
    return size > 0 && memchr("=+-@\t\r", data[0], 6) != NULL && !plain_number(data, size);
}

void
mst_csv_cell(FILE *stream, const char *data, size_t size, bool guard)
{
    bool formula = guard && mst_csv_cell_guarded(data, size);
    bool quoted = formula;
    for (size_t i = 0; i < size && !quoted; i++)
        quoted = data[i] == ',' || data[i] == '"' || data[i] == '\n' || data[i] == '\r';
    if (!quoted) {
        fwrite_unlocked(data, 1, size, stream);
        return;
    }
    putc_unlocked('"', stream);
    if (formula)
        putc_unlocked('\'', stream);
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '"')
            putc_unlocked('"', stream);
        putc_unlocked(data[i], stream);
    }
    putc_unlocked('"', stream);
}
