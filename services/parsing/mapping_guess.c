/* mapping_guess.c - see mapping_guess.h. */
#include "mapping_guess.h"

#include "mapping.h"
#include "shapes.h"
#include <stdlib.h>
#include <string.h>

#define SPELLED_SIZE_MAX 64u /* bytes of a folded header; longer ones are sentences */
#define ONE_LETTER_SIZE 6u   /* from so many letters on, one may be wrong */
#define TWO_LETTERS_SIZE 10u /* and two */
#define VALUES_LOOKED_AT 200u
#define VALUES_MIN 3u    /* in a column, to know it by them */
#define VALUES_SHARE 90u /* of 100 that are alike */

/* Letters put in, left out, changed, or swapped with the next. */
static uint32_t
distance(const char *a, const char *b)
{
    size_t a_size = strlen(a), b_size = strlen(b);
    uint8_t rows[3][SPELLED_SIZE_MAX + 1];
    for (size_t j = 0; j <= b_size; j++)
        rows[0][j] = (uint8_t)j;
    for (size_t i = 1; i <= a_size; i++) {
        uint8_t *row = rows[i % 3], *before = rows[(i - 1) % 3], *two_before = rows[(i + 1) % 3];
        row[0] = (uint8_t)i;
        for (size_t j = 1; j <= b_size; j++) {
            uint32_t best = before[j - 1] + (a[i - 1] != b[j - 1]);
            best = before[j] + 1u < best ? before[j] + 1u : best;
            best = row[j - 1] + 1u < best ? row[j - 1] + 1u : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && two_before[j - 2] + 1u < best)
                best = two_before[j - 2] + 1u;
            row[j] = (uint8_t)best;
        }
    }
    return rows[a_size % 3][b_size];
}

static bool
digits_differ(const char *a, const char *b)
{
    static const char digits[] = "0123456789";
    for (;;) {
        a += strcspn(a, digits);
        b += strcspn(b, digits);
        if (*a != *b)
            return true;
        if (*a == '\0')
            return false;
        a++;
        b++;
    }
}

/* Both are words, and mean different things. */
static bool
are_two_words(const char *a, const char *b)
{
    static const char *const words[][2] = {{"country", "county"}, {"marital", "martial"}, {"statue", "status"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if ((strstr(a, words[i][0]) != NULL && strstr(b, words[i][1]) != NULL) ||
            (strstr(a, words[i][1]) != NULL && strstr(b, words[i][0]) != NULL))
            return true;
    return false;
}

uint32_t
guess_spelling(const char *written, const char *key)
{
    size_t a = strlen(written), b = strlen(key), shorter = a < b ? a : b;
    if (a > SPELLED_SIZE_MAX || b > SPELLED_SIZE_MAX || shorter + 1 < ONE_LETTER_SIZE || written[0] != key[0] ||
        digits_differ(written, key) || are_two_words(written, key))
        return 0;
    size_t longer = a > b ? a : b;
    uint32_t apart = distance(written, key);
    uint32_t allowed = shorter >= TWO_LETTERS_SIZE ? 2 : longer >= ONE_LETTER_SIZE ? 1 : 0;
    return apart > allowed ? 0 : 95 - 10 * apart;
}

bool
guess_header_is_empty(const char *folded)
{
    static const char *const names[] = {"column", "col", "field", "unnamed", "spalte", "columna", "colonne", "f", "c"};
    size_t letters = strcspn(folded, "0123456789");
    if (folded[letters + strspn(folded + letters, "0123456789")] != '\0')
        return false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strncmp(folded, names[i], letters) == 0 && names[i][letters] == '\0')
            return true;
    return letters == 0;
}

/* Values that one would take for this field's, of 100, in the first rows; 0 when there are too few. */
static uint32_t
share(const file_form *form, uint32_t column, bool (*fits)(const void *context, csv_cell cell), const void *context)
{
    uint32_t seen = 0, alike = 0;
    uint32_t first = form->header_row + (form->header ? 1 : 0);
    for (uint32_t i = first; i < form->rows_count && seen < VALUES_LOOKED_AT; i++) {
        if (column >= form->rows[i].count || column >= CSV_COLUMNS_MAX ||
            shape_of(form->rows[i].cells[column]) == SHAPE_EMPTY)
            continue;
        seen++;
        alike += fits(context, form->rows[i].cells[column]);
    }
    return seen < VALUES_MIN ? 0 : alike * 100 / seen;
}

static bool
has_shape(const void *context, csv_cell cell)
{
    return shape_of(cell) == *(const cell_shape *)context;
}

/* The allowed values of a field, folded. */
typedef struct allowed_values {
    char **folded;
    size_t count;
    uint32_t *used; /* how often each was met */
} allowed_values;

static bool
is_allowed(const void *context, csv_cell cell)
{
    const allowed_values *allowed = context;
    mst_arena *arena = mst_arena_new(0);
    const char *folded = mapping_fold(arena, cell.data, cell.size);
    bool found = false;
    for (size_t i = 0; i < allowed->count && !found; i++)
        if (strcmp(folded, allowed->folded[i]) == 0) {
            found = true;
            allowed->used[i]++;
        }
    mst_arena_destroy(&arena);
    return found;
}

/* A column that holds nothing but allowed values, and more than one of them. */
static uint32_t
share_of_allowed(const file_form *form, uint32_t column, const Muster__V1__Field *field)
{
    mst_arena *arena = mst_arena_new(0);
    allowed_values allowed = {.count = field->n_enum_values};
    allowed.folded = mst_arena_alloc(arena, allowed.count * sizeof *allowed.folded);
    allowed.used = mst_arena_alloc(arena, allowed.count * sizeof *allowed.used);
    for (size_t i = 0; i < allowed.count; i++)
        allowed.folded[i] = mapping_fold(arena, field->enum_values[i], strlen(field->enum_values[i]));
    uint32_t alike = share(form, column, is_allowed, &allowed), different = 0;
    for (size_t i = 0; i < allowed.count; i++)
        different += allowed.used[i] > 0;
    mst_arena_destroy(&arena);
    return different > 1 ? alike : 0;
}

uint32_t
guess_content(const file_form *form, uint32_t column, const Muster__V1__Field *field)
{
    cell_shape shape = field->type == MUSTER__V1__FIELD_TYPE__FIELD_EMAIL   ? SHAPE_EMAIL
                       : field->type == MUSTER__V1__FIELD_TYPE__FIELD_DATE  ? SHAPE_DATE
                       : field->type == MUSTER__V1__FIELD_TYPE__FIELD_PHONE ? SHAPE_PHONE
                       : field->type == MUSTER__V1__FIELD_TYPE__FIELD_TIME  ? SHAPE_TIME
                                                                            : SHAPE_EMPTY;
    uint32_t alike = 0;
    if (field->n_enum_values > 1)
        alike = share_of_allowed(form, column, field);
    else if (shape != SHAPE_EMPTY)
        alike = share(form, column, has_shape, &shape);
    return alike < VALUES_SHARE ? 0 : alike * 9 / 10;
}
