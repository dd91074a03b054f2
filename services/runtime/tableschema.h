/* tableschema.h - from Frictionless JSON to the compiled form that travels in events.
 *
 * Table Schema: https://specs.frictionlessdata.io/table-schema/ , Data Package: .../data-package/ . What is ours stands
 * under "muster"; deploy/templates/README.md documents all of it. What can be seen without the directory is checked
 * here: names, types, references, rules among the columns. Whether the directory has the kinds and fields that are
 * named says mst_template_fits. Errors name the JSON path: "$.muster.rules[2].fields[0]: ..".
 *
 * tableschema.c the template; _fields.c, _values.c its fields; _references.c, _rules.c what holds among them;
 * _package.c kinds; _reader.c walks the JSON and is, with them, the only user of jansson among the services. */
#ifndef MUSTER_TABLESCHEMA_H
#define MUSTER_TABLESCHEMA_H

#include "broker/lib/arena.h"
#include "template.pb-c.h"
#include <stdbool.h>

/* All compile `json` (size bytes) into `arena`. MST_INVALID: `why` says where and what, for people. */
MST_NODISCARD mst_status mst_tableschema_template(mst_arena *arena, const char *json, size_t size,
                                                  Muster__V1__Template **compiled, char why[512]);
/* For a Table Schema that says neither its name nor its kind: those given count, where they are not "". */
MST_NODISCARD mst_status mst_tableschema_plain(mst_arena *arena, const char *json, size_t size, const char *name,
                                               const char *kind, Muster__V1__Template **compiled, char why[512]);
MST_NODISCARD mst_status mst_tableschema_kinds(mst_arena *arena, const char *json, size_t size,
                                               Muster__V1__Kind ***kinds, size_t *kinds_count, char why[512]);

/* Looks a kind up; NULL: the directory has none of this name. */
typedef const Muster__V1__Kind *(*mst_kind_find)(const void *context, const char *name);

/* Whether everything a template names is in the directory: its kinds, the fields that its fields, references and
 * subject feed, the periods of its action and related kinds. False: `why` says where in the JSON and what. */
bool mst_template_fits(const Muster__V1__Template *template, mst_kind_find find, const void *context, char why[512]);

#endif
