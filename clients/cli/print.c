/* print.c - see print.h. */
#include "print.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

/* Bytes of the control character at `s` (C0, DEL, C1 as UTF-8, bidirectional overrides); 0: none here. */
static size_t
control_size(const unsigned char *s)
{
    if (*s < 0x20 || *s == 0x7F)
        return 1;
    if (s[0] == 0xC2 && s[1] >= 0x80 && s[1] <= 0x9F)
        return 2;
    if (s[0] == 0xE2 && s[1] == 0x80 && s[2] >= 0xAA && s[2] <= 0xAE)
        return 3;
    if (s[0] == 0xE2 && s[1] == 0x81 && s[2] >= 0xA6 && s[2] <= 0xA9)
        return 3;
    return 0;
}

const char *
print_clean(mst_arena *arena, const char *text)
{
    if (text == NULL)
        return "";
    size_t bad = 0;
    for (const unsigned char *s = (const unsigned char *)text; *s != 0; s++)
        bad += control_size(s) > 0;
    if (bad == 0)
        return text;
    char *clean = mst_arena_alloc(arena, strlen(text) + 2 * bad + 1), *to = clean;
    for (const unsigned char *s = (const unsigned char *)text; *s != 0;) {
        size_t size = control_size(s);
        if (size == 0) {
            *to++ = (char)*s++;
        } else {
            to = stpcpy(to, "\xEF\xBF\xBD");
            s += size;
        }
    }
    *to = 0;
    return clean;
}

/* Columns that one character takes; *size is its bytes. */
static size_t
character_width(const char *s, size_t *size)
{
    wchar_t wide;
    mbstate_t state = {0};
    size_t n = mbrtowc(&wide, s, MB_CUR_MAX, &state);
    if (n == 0 || n > 8) {
        *size = 1;
        return 1;
    }
    *size = n;
    int width = wcwidth(wide);
    return width < 0 ? 1 : (size_t)width;
}

static size_t
text_width(const char *text)
{
    size_t width = 0, size;
    for (const char *s = text; *s != 0; s += size)
        width += character_width(s, &size);
    return width;
}

const char *
print_cut(mst_arena *arena, const char *text, size_t columns_max)
{
    const char *clean = print_clean(arena, text);
    if (columns_max < 4 || text_width(clean) <= columns_max)
        return clean;
    size_t width = 0, size;
    const char *s = clean;
    while (true) {
        size_t next = character_width(s, &size);
        if (width + next > columns_max - 3)
            break;
        width += next;
        s += size;
    }
    return mst_arena_printf(arena, "%.*s...", (int)(s - clean), clean);
}

const char *
print_count(mst_arena *arena, uint64_t count)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)count);
    char *text = mst_arena_alloc(arena, sizeof digits * 2), *to = text;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = 0;
    return text;
}

const char *
print_size(mst_arena *arena, uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    double size = (double)bytes;
    size_t unit = 0;
    while (size >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
        size /= 1024;
        unit++;
    }
    return mst_arena_printf(arena, unit == 0 || size >= 100 ? "%.0f %s" : "%.1f %s", size, units[unit]);
}

const char *
print_duration(mst_arena *arena, int64_t ms)
{
    if (ms < 0)
        ms = 0;
    long long s = ms / 1000;
    if (ms < 1000)
        return mst_arena_printf(arena, "%lld ms", (long long)ms);
    if (s < 60)
        return mst_arena_printf(arena, "%.1f s", (double)ms / 1000);
    if (s < 3600)
        return mst_arena_printf(arena, "%lld min %lld s", s / 60, s % 60);
    if (s < 86400)
        return mst_arena_printf(arena, "%lld h %lld min", s / 3600, s % 3600 / 60);
    return mst_arena_printf(arena, "%lld d %lld h", s / 86400, s % 86400 / 3600);
}

const char *
print_time(mst_arena *arena, int64_t ms_since_1970)
{
    if (ms_since_1970 <= 0)
        return "";
    time_t seconds = (time_t)(ms_since_1970 / 1000);
    struct tm local;
    char text[32];
    localtime_r(&seconds, &local);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
    return mst_arena_strdup(arena, text);
}

const char *
print_rate(mst_arena *arena, double per_second, const char *what)
{
    if (!(per_second > 0))
        return "";
    if (per_second < 10)
        return mst_arena_printf(arena, "%.1f %s/s", per_second, what);
    // Three digits say enough; more of them only flicker.
    double step = pow(10, floor(log10(per_second)) - 2);
    uint64_t rounded = step > 1 ? (uint64_t)(round(per_second / step) * step) : (uint64_t)round(per_second);
    return mst_arena_printf(arena, "%s %s/s", print_count(arena, rounded), what);
}

const char *
print_plural(mst_arena *arena, uint64_t count, const char *one, const char *many)
{
    return mst_arena_printf(arena, "%s %s", print_count(arena, count), count == 1 ? one : many);
}

const char *
print_probability(mst_arena *arena, double probability)
{
    if (probability >= 0.9995)
        return "> 99.9 %";
    return mst_arena_printf(arena, "%.1f %%", probability * 100);
}

bool
print_terminal(FILE *stream)
{
    const char *term = getenv("TERM");
    return isatty(fileno(stream)) && term != NULL && strcmp(term, "dumb") != 0;
}

size_t
print_terminal_width(FILE *stream)
{
    struct winsize size;
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
        return size.ws_col;
    return 100;
}

struct print_table {
    mst_arena *arena;
    const char *const *headings;
    size_t columns;
    const char **cells;
    size_t cells_count, cells_room;
    size_t widths[PRINT_COLUMNS_MAX];
};

print_table *
print_table_new(mst_arena *arena, const char *const *headings)
{
    print_table *table = mst_arena_alloc(arena, sizeof *table);
    table->arena = arena;
    table->headings = headings;
    while (headings[table->columns] != NULL) {
        table->widths[table->columns] = text_width(headings[table->columns] + 1);
        table->columns++;
    }
    return table;
}

void
print_table_cell(print_table *table, const char *text)
{
    if (table->cells_count == table->cells_room) {
        size_t room = table->cells_room == 0 ? 64 : 2 * table->cells_room;
        const char **cells = mst_arena_alloc(table->arena, room * sizeof *cells);
        if (table->cells_count > 0)
            memcpy(cells, table->cells, table->cells_count * sizeof *cells);
        table->cells = cells;
        table->cells_room = room;
    }
    const char *cell = text == NULL || *text == 0 ? "-" : print_clean(table->arena, text);
    size_t column = table->cells_count % table->columns, width = text_width(cell);
    if (width > table->widths[column])
        table->widths[column] = width;
    table->cells[table->cells_count++] = mst_arena_strdup(table->arena, cell);
}

void
print_table_cellf(print_table *table, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    print_table_cell(table, text);
}

static void
table_line(const print_table *table, const char *const *cells, size_t skip, FILE *stream)
{
    for (size_t i = 0; i < table->columns; i++) {
        const char *cell = cells[i] + skip;
        int pad = (int)(table->widths[i] - text_width(cell));
        if (table->headings[i][0] == '>')
            fprintf(stream, "%*s%s", pad, "", cell);
        else if (i + 1 < table->columns)
            fprintf(stream, "%s%*s", cell, pad, "");
        else
            fputs(cell, stream);
        fputs(i + 1 < table->columns ? "  " : "\n", stream);
    }
}

void
print_table_print(const print_table *table, FILE *stream)
{
    table_line(table, table->headings, 1, stream);
    for (size_t i = 0; i + table->columns <= table->cells_count; i += table->columns)
        table_line(table, table->cells + i, 0, stream);
}
