/* catalog.h - the templates and kinds a service knows: a fold over TemplateAdded and DirectoryDeclared.
 *
 * Ownership: the catalog copies what it is given and lends it until it is destroyed (a newer version never
 * invalidates an older one). Thread: one. */
#ifndef MUSTER_CATALOG_H
#define MUSTER_CATALOG_H

#include "service.h"
#include "snapshots.pb-c.h"
#include "template.pb-c.h"

typedef struct mst_catalog mst_catalog;

mst_catalog *mst_catalog_new(void);
void mst_catalog_destroy(mst_catalog **catalog);
/* Takes TemplateAdded and DirectoryDeclared; ignores all else. */
void mst_catalog_apply(mst_catalog *catalog, const mst_event *event);
/* Fills `snapshot` with what the catalog holds, lent until the next event is applied. */
void mst_catalog_save(const mst_catalog *catalog, Muster__V1__CatalogSnapshot *snapshot);
/* Makes what a snapshot says (copied) part of an empty catalog; NULL: nothing. */
void mst_catalog_load(mst_catalog *catalog, const Muster__V1__CatalogSnapshot *snapshot);
/* version 0: the newest. NULL: unknown. */
const Muster__V1__Template *mst_catalog_template(const mst_catalog *catalog, const char *name, uint32_t version);
const Muster__V1__Kind *mst_catalog_kind(const mst_catalog *catalog, const char *name);
size_t mst_catalog_kinds_count(const mst_catalog *catalog);
const Muster__V1__Kind *mst_catalog_kind_at(const mst_catalog *catalog, size_t at);
size_t mst_catalog_templates_count(const mst_catalog *catalog); /* newest version of each name */
const Muster__V1__Template *mst_catalog_template_at(const mst_catalog *catalog, size_t at);

/* Column of the kind that template field `field` feeds; -1 none. Whether the field belongs to that kind at all is
 * mst_catalog_belongs. */
int mst_catalog_target(const Muster__V1__Kind *kind, const Muster__V1__Field *field);

/* The kind that rows of `template` are matched against: its subject's, or its own. */
const char *mst_catalog_matched_kind(const Muster__V1__Template *template);
/* Whether `field` of `template` is about records of kind `kind` (Field.of, or the template's own kind). */
bool mst_catalog_belongs(const Muster__V1__Template *template, const Muster__V1__Field *field, const char *kind);
/* Whether entries of `template` must be checked against the directory before they are accepted: it has references,
 * a subject, an action over a kind with a period, or rules of kind RULE_KNOWN. */
bool mst_catalog_needs_check(const Muster__V1__Template *template);

#endif
