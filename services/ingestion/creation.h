/* creation.h - the details of a new batch: what people typed, checked and put into BatchCreated.
 *
 * Each function gives NULL when all is fine, or a sentence that says what is wrong and what would be right. Texts live
 * in the arena of the work. Thread: any. */
#ifndef MUSTER_INGESTION_CREATION_H
#define MUSTER_INGESTION_CREATION_H

#include "ingestion.pb-c.h"
#include "services/runtime/service.h"

/* Name, date and name of the file (A7, A8, A12). */
const char *creation_details(mst_work *work, const Muster__V1__CreateBatch *create, Muster__V1__BatchCreated *created);
/* Options on: those asked for, and those on by default unless "no-NAME" was asked for (A11). `template` NULL: none. */
const char *creation_options(mst_arena *arena, const Muster__V1__Template *template,
                             const Muster__V1__CreateBatch *create, Muster__V1__BatchCreated *created);
/* Columns chosen by hand, against the fields there are. */
const char *creation_mapping(mst_arena *arena, const Muster__V1__CreateBatch *create, Muster__V1__Field *const *fields,
                             size_t count);
/* Repairs of damage (RemarksFound names them), against the fields there are. */
const char *creation_repairs(mst_arena *arena, const Muster__V1__CreateBatch *create, Muster__V1__Field *const *fields,
                             size_t count);

#endif
