/* rights.h - who may do what: one table, default deny. */
#ifndef MUSTER_RIGHTS_H
#define MUSTER_RIGHTS_H

#include "bus.pb-c.h"
#include <stdbool.h>

typedef enum mst_role {
    MST_ROLE_NONE,  /* nothing at all */
    MST_ROLE_LOCAL, /* came through the 0700 directory: the owner of the data */
    MST_ROLE_SERVICE,
    MST_ROLE_OPERATOR,
    MST_ROLE_OBSERVER,
    MST_ROLES_COUNT
} mst_role;

typedef struct mst_principal {
    mst_role role;
    char name[64]; /* "parsing/2", "anna"; "" on ipc */
} mst_principal;

/* "service" .. ; MST_ROLE_NONE for an unknown word. "local" is no word: nobody becomes it by a file. */
mst_role mst_role_of(const char *word);
bool mst_rights_allow(mst_role role, Muster__V1__BusRequest__WhatCase operation);
/* A service may act only under its own name: "parsing" or "parsing/2" as "parsing/2", never as "export/1". */
bool mst_rights_producer(const mst_principal *principal, const char *producer);

#endif
