/* people.h - small RecordsChanged for tests of the directory. */
#ifndef MUSTER_TESTS_EXPORT_PEOPLE_H
#define MUSTER_TESTS_EXPORT_PEOPLE_H

#include "export.pb-c.h"
#include "proto/rows.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEOPLE_FIELDS 3u

typedef struct people {
    mst_rows_builder rows;
    uint32_t versions[4096];
    uint8_t deleted[512], restored[512];
    bool any_deleted, any_restored;
    const char *kind, *batch_id;
} people;

static inline void
people_begin(people *self, const char *kind, const char *batch_id)
{
    mst_rows_builder_init(&self->rows, PEOPLE_FIELDS + 1);
    memset(self->deleted, 0, sizeof self->deleted);
    memset(self->restored, 0, sizeof self->restored);
    self->any_deleted = self->any_restored = false;
    self->kind = kind;
    self->batch_id = batch_id;
}

static inline void
people_add(people *self, const char *id, uint32_t version, const char *name, const char *mail, const char *city)
{
    const char *cells[] = {id, name, mail, city};
    self->versions[mst_rows_builder_rows(&self->rows)] = version;
    for (size_t i = 0; i < 4; i++)
        mst_rows_builder_add(&self->rows, cells[i], strlen(cells[i]));
}

static inline void
people_delete(people *self, const char *id, uint32_t version)
{
    uint32_t at = mst_rows_builder_rows(&self->rows);
    self->deleted[at / 8] |= (uint8_t)(1u << at % 8);
    self->any_deleted = true;
    people_add(self, id, version, "", "", "");
}

/* Gives a record back that was deleted. */
static inline void
people_restore(people *self, const char *id, uint32_t version, const char *name)
{
    uint32_t at = mst_rows_builder_rows(&self->rows);
    self->restored[at / 8] |= (uint8_t)(1u << at % 8);
    self->any_restored = true;
    people_add(self, id, version, name, "", "");
}

/* The event; valid until the next begin. */
static inline Muster__V1__RecordsChanged *
people_changed(people *self)
{
    static char *fields[] = {(char *)(uintptr_t) "id", (char *)(uintptr_t) "name", (char *)(uintptr_t) "mail",
                             (char *)(uintptr_t) "city"};
    static Muster__V1__Rows rows;
    static Muster__V1__RecordsChanged changed;
    muster__v1__records_changed__init(&changed);
    mst_rows_builder_view(&self->rows, 0, &rows);
    changed.kind = (char *)(uintptr_t)self->kind;
    changed.batch_id = (char *)(uintptr_t)self->batch_id;
    changed.fields = fields;
    changed.n_fields = PEOPLE_FIELDS + 1;
    changed.rows = &rows;
    changed.versions = self->versions;
    changed.n_versions = rows.rows;
    if (self->any_deleted)
        changed.deleted = (ProtobufCBinaryData){(rows.rows + 7) / 8, self->deleted};
    if (self->any_restored)
        changed.restored = (ProtobufCBinaryData){(rows.rows + 7) / 8, self->restored};
    return &changed;
}

/* A kind with the same fields. */
static inline Muster__V1__Kind *
people_kind(void)
{
    static Muster__V1__Field fields[PEOPLE_FIELDS];
    static Muster__V1__Field *list[] = {&fields[0], &fields[1], &fields[2]};
    static Muster__V1__Kind kind;
    const char *names[] = {"name", "mail", "city"};
    for (size_t i = 0; i < PEOPLE_FIELDS; i++) {
        muster__v1__field__init(&fields[i]);
        fields[i].name = (char *)(uintptr_t)names[i];
    }
    muster__v1__kind__init(&kind);
    kind.name = (char *)(uintptr_t) "person";
    kind.fields = list;
    kind.n_fields = PEOPLE_FIELDS;
    return &kind;
}

/* An empty directory below /tmp, removed with all in it by people_remove. */
static inline char *
people_dir(char dir[64])
{
    snprintf(dir, 64, "/tmp/muster-directory-XXXXXX");
    return mkdtemp(dir);
}

static inline void
people_remove(const char *dir)
{
    char command[96];
    snprintf(command, sizeof command, "rm -r '%s'", dir);
    if (system(command) != 0)
        fprintf(stderr, "left behind: %s\n", dir);
}
#endif
