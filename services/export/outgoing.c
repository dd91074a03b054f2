/* outgoing.c - see outgoing.h. */
#include "services/export/outgoing.h"

#include "export.pb-c.h"
#include <stdlib.h>

void
outgoing_reset(outgoing *self, const Muster__V1__Kind *kind)
{
    self->kind = kind;
    self->restores = false;
    mst_rows_builder_init(&self->rows, (uint32_t)kind->n_fields + 1);
}

void
outgoing_release(outgoing *self)
{
    mst_rows_builder_release(&self->rows);
    free(self->versions);
    free(self->restored);
    *self = (outgoing){0};
}

void
outgoing_send(outgoing *self, const outgoing_stream *to)
{
    uint32_t count = mst_rows_builder_rows(&self->rows);
    if (count == 0)
        return;
    const Muster__V1__Kind *kind = self->kind;
    Muster__V1__RecordsChanged changed = MUSTER__V1__RECORDS_CHANGED__INIT;
    Muster__V1__Rows rows;
    mst_rows_builder_view(&self->rows, 0, &rows);
    char **fields = mst_arena_alloc(mst_work_scratch(to->work), (kind->n_fields + 1) * sizeof *fields);
    fields[0] = (char *)(uintptr_t) "id";
    for (size_t i = 0; i < kind->n_fields; i++)
        fields[i + 1] = kind->fields[i]->name;
    changed.kind = kind->name;
    changed.fields = fields;
    changed.n_fields = kind->n_fields + 1;
    changed.rows = &rows;
    changed.versions = self->versions;
    changed.n_versions = count;
    if (self->restores)
        changed.restored = (ProtobufCBinaryData){(count + 7) / 8, self->restored};
    changed.batch_id = (char *)(uintptr_t)to->batch_id;
    mst_work_event(to->work, to->stream, to->batch_id, NULL, 0, &changed.base);
    (*to->events)++;
    outgoing_reset(self, kind);
}

void
outgoing_add(outgoing *self, const outgoing_stream *to, const directory_record *record, const mst_slice *cells)
{
    size_t size = record->id_size;
    for (size_t i = 0; i < self->kind->n_fields; i++)
        size += cells[i].size;
    if (self->rows.values_size > 0 && self->rows.values_size + size > CHANGED_SIZE_MAX)
        outgoing_send(self, to);
    uint32_t at = mst_rows_builder_rows(&self->rows);
    if (at == self->room) {
        self->room = self->room == 0 ? 1024 : self->room * 2;
        self->versions = mst_realloc(self->versions, self->room * sizeof *self->versions);
        self->restored = mst_realloc(self->restored, self->room / 8);
    }
    self->versions[at] = record->version;
    uint8_t bit = (uint8_t)(1u << at % 8);
    self->restored[at / 8] = (uint8_t)(record->deleted ? self->restored[at / 8] | bit : self->restored[at / 8] & ~bit);
    self->restores |= record->deleted;
    mst_rows_builder_add(&self->rows, record->id, record->id_size);
    for (size_t i = 0; i < self->kind->n_fields; i++)
        mst_rows_builder_add(&self->rows, cells[i].data, cells[i].size);
}
