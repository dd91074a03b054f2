/* naming.c - what a record that a row makes is called: what its kind's primary key says, where that is one field and
 * the row fills it; else batch and row. See job.h. An id is given once: not again what a record has or had, nor what an
 * earlier row of the batch made. Ids are asked for in an index in memory first, for nearly all of them are free. */
#include "services/export/job.h"

#include "services/export/periods.h"
#include <stdio.h>
#include <string.h>

static char *const ID_FIELDS[] = {(char *)(uintptr_t) "id"};

int
naming_key(const Muster__V1__Kind *kind)
{
    return kind->n_primary_key == 1 ? periods_column(kind, kind->primary_key[0]) : -1;
}

static bool
is_made(const job *self, size_t at, const directory_record *record)
{
    return self->changed != NULL && changes_find(&self->changed[at], record->id, record->id_size) != NULL;
}

/* The record of this id as the directory has it now. */
static void
look_up(job *self, const Muster__V1__Kind *kind, directory_record *record, mst_arena *arena)
{
    const mst_slice id = {(const uint8_t *)record->id, record->id_size};
    bool may = false;
    record->version = 0;
    export_must(lookups_may_find(self->state->lookups, kind, ID_FIELDS, 1, &id, &may));
    if (may)
        export_must(directory_fetch(self->state->directory, kind->name, record, 1, arena));
}

void
naming_find_free(job *self, size_t at, const Muster__V1__Kind *kind, directory_record *record)
{
    mst_arena *arena = self->dry_arena == NULL ? self->arena : self->dry_arena;
    for (unsigned number = 2; chunk_exists(record) || is_made(self, at, record); number++) {
        char *id = mst_arena_printf(arena, "%.*s-%u", (int)record->id_size, record->id, number);
        directory_record other = {.id = id, .id_size = strlen(id)};
        export_must(directory_fetch(self->state->directory, kind->name, &other, 1, arena));
        *record = other;
    }
}

#define SHOWN(record) (int)((record)->id_size < 80 ? (record)->id_size : 80), (record)->id

bool
naming_name(job *self, size_t at, const Muster__V1__Kind *kind, mst_slice typed, directory_record *record,
            char why[ASSIGNMENT_WHY_MAX])
{
    const Muster__V1__Field *key = kind->fields[naming_key(kind)];
    const char *title = key->title[0] == 0 ? key->name : key->title;
    mst_arena *arena = self->dry_arena == NULL ? self->arena : self->dry_arena;
    if (typed.size == 0) {
        look_up(self, kind, record, arena);
        naming_find_free(self, at, kind, record);
        return true;
    }
    if (!fates_id_ok((const char *)typed.data, typed.size)) {
        snprintf(why, ASSIGNMENT_WHY_MAX, "%.80s is no name for a record: at most %u bytes, not \"row:\" and a number.",
                 title, DIRECTORY_ID_SIZE_MAX);
        return false;
    }
    directory_record named = {.id = mst_arena_strndup(arena, typed.data, typed.size), .id_size = typed.size};
    look_up(self, kind, &named, arena);
    if (named.version > 0 && named.deleted)
        snprintf(why, ASSIGNMENT_WHY_MAX,
                 "%.80s \"%.*s\" was that of a record which is deleted, and is not given again. Choose another.", title,
                 SHOWN(&named));
    else if (named.version > 0 || is_made(self, at, &named))
        snprintf(why, ASSIGNMENT_WHY_MAX,
                 "%.80s \"%.*s\" is that of another record already, of the directory or of an earlier row of the file. "
                 "Correct it, or leave the row out.",
                 title, SHOWN(&named));
    else
        *record = named;
    return why[0] == 0;
}
