/* tableschema.h - from Frictionless JSON to the compiled form that travels in events.
 *
 * Table Schema: https://specs.frictionlessdata.io/table-schema/ , Data Package: .../data-package/ . What is ours stands
 * under "muster" (ARCHITECTURE.md lists it). Errors name the JSON path. The only user of jansson among the services. */
#ifndef MUSTER_TABLESCHEMA_H
#define MUSTER_TABLESCHEMA_H

#include "broker/lib/arena.h"
#include "template.pb-c.h"

/* Both compile `json` (size bytes) into `arena`. MST_INVALID: `why` says where and what, for people. */
MST_NODISCARD mst_status mst_tableschema_template(mst_arena *arena, const char *json, size_t size,
                                                  Muster__V1__Template **compiled, char why[512]);
MST_NODISCARD mst_status mst_tableschema_kinds(mst_arena *arena, const char *json, size_t size,
                                               Muster__V1__Kind ***kinds, size_t *kinds_count, char why[512]);
#endif
