/* allowed.c - see allowed.h. Two tables: of words as listed, and of words folded. */
#include "allowed.h"

#include "broker/lib/arena.h"
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

typedef struct word {
    const char *text, *kept;
    size_t size;
    struct word *next; /* of the same slot */
} word;

typedef struct table {
    word **slots;
    size_t slots_count; /* a power of two */
    size_t count;
} table;

struct allowed {
    mst_arena *arena;
    table exact, folded;
    const char **kept;
    size_t kept_count, kept_room;
};

static uint64_t
hash_of(const char *text, size_t size)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (uint8_t)text[i]) * UINT64_C(1099511628211);
    return hash ^ hash >> 32;
}

static const word *
table_find(const table *self, const char *text, size_t size)
{
    if (self->count == 0)
        return NULL;
    const word *at = self->slots[hash_of(text, size) & (self->slots_count - 1)];
    while (at != NULL && !(at->size == size && memcmp(at->text, text, size) == 0))
        at = at->next;
    return at;
}

static void
table_grow(table *self)
{
    size_t count = self->slots_count == 0 ? 64 : self->slots_count * 4;
    word **slots = mst_alloc(count * sizeof *slots);
    memset(slots, 0, count * sizeof *slots);
    for (size_t i = 0; i < self->slots_count; i++)
        for (word *at = self->slots[i], *next; at != NULL; at = next) {
            next = at->next;
            word **slot = &slots[hash_of(at->text, at->size) & (count - 1)];
            at->next = *slot;
            *slot = at;
        }
    free(self->slots);
    self->slots = slots;
    self->slots_count = count;
}

static void
table_add(table *self, mst_arena *arena, const char *text, size_t size, const char *kept)
{
    if (table_find(self, text, size) != NULL)
        return;
    if (self->count >= self->slots_count)
        table_grow(self);
    word *new = mst_arena_alloc(arena, sizeof *new);
    new->text = mst_arena_strndup(arena, text, size);
    new->size = size;
    new->kept = kept;
    word **slot = &self->slots[hash_of(text, size) & (self->slots_count - 1)];
    new->next = *slot;
    *slot = new;
    self->count++;
}

/* Folding ---------------------------------------------------------------------------------------------- */

/* Lower case, single blanks; false: not ASCII. */
static bool
fold_ascii(const char *text, size_t size, char *out, size_t *out_size)
{
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if ((uint8_t)c >= 0x80)
            return false;
        if (c == ' ' || (c >= '\t' && c <= '\r')) {
            if (used > 0 && out[used - 1] != ' ')
                out[used++] = ' ';
        } else
            out[used++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    if (used > 0 && out[used - 1] == ' ')
        used--;
    *out_size = used;
    return true;
}

/* Also without accents; false: no text, or too long when it is taken apart. */
static bool
fold_unicode(const char *text, size_t size, char *out, size_t *out_size)
{
    UChar wide[ALLOWED_SIZE_MAX], folded[ALLOWED_SIZE_MAX * 2], apart[ALLOWED_SIZE_MAX * 2];
    UErrorCode rc = U_ZERO_ERROR;
    int32_t length = 0, kept = 0, used = 0;
    u_strFromUTF8(wide, ALLOWED_SIZE_MAX, &length, text, (int32_t)size, &rc);
    length =
        unorm2_normalize(unorm2_getNFKCCasefoldInstance(&rc), wide, length, folded, (int32_t)ALLOWED_SIZE_MAX * 2, &rc);
    length = unorm2_normalize(unorm2_getNFDInstance(&rc), folded, length, apart, (int32_t)ALLOWED_SIZE_MAX * 2, &rc);
    if (U_FAILURE(rc))
        return false;
    for (int32_t i = 0; i < length;) {
        UChar32 c;
        int32_t from = i;
        U16_NEXT(apart, i, length, c);
        if (u_charType(c) == U_NON_SPACING_MARK)
            continue;
        if (u_isUWhiteSpace(c)) {
            if (kept > 0 && apart[kept - 1] != ' ')
                apart[kept++] = ' ';
        } else
            while (from < i)
                apart[kept++] = apart[from++];
    }
    if (kept > 0 && apart[kept - 1] == ' ')
        kept--;
    u_strToUTF8(out, (int32_t)ALLOWED_SIZE_MAX * 6, &used, apart, kept, &rc);
    *out_size = (size_t)used;
    return U_SUCCESS(rc);
}

static bool
fold(const char *text, size_t size, char *out, size_t *out_size)
{
    if (size > ALLOWED_SIZE_MAX)
        return false;
    return fold_ascii(text, size, out, out_size) || fold_unicode(text, size, out, out_size);
}

/* The doors -------------------------------------------------------------------------------------------- */

allowed *
allowed_new(void)
{
    allowed *self = mst_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->arena = mst_arena_new(0);
    return self;
}

static const char *
kept_form(allowed *self, const char *kept)
{
    for (size_t i = self->kept_count; i-- > 0 && i + 4 > self->kept_count;) // words of one form follow each other
        if (strcmp(self->kept[i], kept) == 0)
            return self->kept[i];
    if (self->kept_count == self->kept_room) {
        self->kept_room = self->kept_room == 0 ? 16 : self->kept_room * 2;
        self->kept = mst_realloc(self->kept, self->kept_room * sizeof *self->kept);
    }
    return self->kept[self->kept_count++] = mst_arena_strdup(self->arena, kept);
}

void
allowed_add(allowed *self, const char *text, const char *kept)
{
    char folded[ALLOWED_SIZE_MAX * 6];
    size_t size = strlen(text), folded_size;
    if (table_find(&self->exact, text, size) != NULL)
        return;
    const char *form = kept_form(self, kept);
    table_add(&self->exact, self->arena, text, size, form);
    if (fold(text, size, folded, &folded_size))
        table_add(&self->folded, self->arena, folded, folded_size, form);
}

const char *
allowed_find(const allowed *self, const void *data, size_t size)
{
    char folded[ALLOWED_SIZE_MAX * 6];
    size_t folded_size;
    const word *found = table_find(&self->exact, data, size);
    if (found == NULL && fold(data, size, folded, &folded_size))
        found = table_find(&self->folded, folded, folded_size);
    return found == NULL ? NULL : found->kept;
}

size_t
allowed_count(const allowed *self)
{
    return self->kept_count;
}

const char *const *
allowed_kept(const allowed *self)
{
    return self->kept;
}

void
allowed_destroy(allowed **self)
{
    if (*self == NULL)
        return;
    free((*self)->exact.slots);
    free((*self)->folded.slots);
    free((*self)->kept);
    mst_arena_destroy(&(*self)->arena);
    free(*self);
    *self = NULL;
}
