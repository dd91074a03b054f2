/* tableschema_case.h - what tests of templates begin with: an arena for each program, and text that must compile. */
#ifndef MUSTER_TESTS_TABLESCHEMA_CASE_H
#define MUSTER_TESTS_TABLESCHEMA_CASE_H

#include "services/runtime/tableschema.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static mst_arena *arena;
static char why[512];

typedef struct directory {
    const Muster__V1__Kind *kinds[300];
    size_t count;
} directory;

static inline const Muster__V1__Kind *
kind_known(const void *context, const char *name)
{
    const directory *self = context;
    for (size_t i = 0; i < self->count; i++)
        if (strcmp(self->kinds[i]->name, name) == 0)
            return self->kinds[i];
    return NULL;
}

static inline const char *
file_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = mst_arena_alloc(arena, 1u << 20);
    text[fread(text, 1, (1u << 20) - 1, file)] = '\0';
    fclose(file);
    return text;
}

static inline void
declare(directory *self, const char *json)
{
    Muster__V1__Kind **kinds;
    size_t count;
    if (mst_tableschema_kinds(arena, json, strlen(json), &kinds, &count, why) != MST_OK)
        fail_msg("kinds are refused: %s", why);
    for (size_t i = 0; i < count; i++)
        self->kinds[self->count++] = kinds[i];
}

static inline Muster__V1__Template *
template_of(const char *json)
{
    Muster__V1__Template *compiled = NULL;
    if (mst_tableschema_template(arena, json, strlen(json), &compiled, why) != MST_OK)
        fail_msg("refused: %s", why);
    return compiled;
}

static inline int
open_arena(void **state)
{
    (void)state;
    arena = mst_arena_new(0);
    return 0;
}

static inline int
close_arena(void **state)
{
    (void)state;
    mst_arena_destroy(&arena);
    return 0;
}

#endif
