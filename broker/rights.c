/* rights.c - see rights.h. */
#include "rights.h"

#include <string.h>

enum { LOCAL = 1 << MST_ROLE_LOCAL, SERVICE = 1 << MST_ROLE_SERVICE, OPERATOR = 1 << MST_ROLE_OPERATOR };
enum { OBSERVER = 1 << MST_ROLE_OBSERVER, EVERYBODY = LOCAL | SERVICE | OPERATOR | OBSERVER };

/* By number of the field in BusRequest. What is not listed is denied to all. */
static const unsigned ALLOWED[] = {
    [MUSTER__V1__BUS_REQUEST__WHAT_HELLO] = EVERYBODY,
    [MUSTER__V1__BUS_REQUEST__WHAT_COMMIT] = LOCAL | SERVICE,
    [MUSTER__V1__BUS_REQUEST__WHAT_FOLLOW] = EVERYBODY,
    [MUSTER__V1__BUS_REQUEST__WHAT_CREDIT] = EVERYBODY,
    [MUSTER__V1__BUS_REQUEST__WHAT_UNFOLLOW] = EVERYBODY,
    [MUSTER__V1__BUS_REQUEST__WHAT_JOIN] = LOCAL | SERVICE,
    [MUSTER__V1__BUS_REQUEST__WHAT_LEAVE] = LOCAL | SERVICE,
    [MUSTER__V1__BUS_REQUEST__WHAT_RELEASE] = LOCAL | SERVICE,
    [MUSTER__V1__BUS_REQUEST__WHAT_READ] = EVERYBODY,
    [MUSTER__V1__BUS_REQUEST__WHAT_FIND_COMMIT] = LOCAL | SERVICE | OPERATOR,
    [MUSTER__V1__BUS_REQUEST__WHAT_CALL] = LOCAL | SERVICE | OPERATOR,
    [MUSTER__V1__BUS_REQUEST__WHAT_CALL_ANSWER] = LOCAL | SERVICE,
    [MUSTER__V1__BUS_REQUEST__WHAT_PING] = EVERYBODY,
    [MUSTER__V1__BUS_REQUEST__WHAT_REPORT] = LOCAL | SERVICE,
    [MUSTER__V1__BUS_REQUEST__WHAT_GET_STATUS] = EVERYBODY,
    [MUSTER__V1__BUS_REQUEST__WHAT_LIST_PARKED] = EVERYBODY,
    [MUSTER__V1__BUS_REQUEST__WHAT_RELEASE_PARKED] = LOCAL | OPERATOR,
};

mst_role
mst_role_of(const char *word)
{
    if (strcmp(word, "service") == 0)
        return MST_ROLE_SERVICE;
    if (strcmp(word, "operator") == 0)
        return MST_ROLE_OPERATOR;
    if (strcmp(word, "observer") == 0)
        return MST_ROLE_OBSERVER;
    return MST_ROLE_NONE;
}

bool
mst_rights_allow(mst_role role, Muster__V1__BusRequest__WhatCase operation)
{
    if (role <= MST_ROLE_NONE || role >= MST_ROLES_COUNT)
        return false;
    if ((size_t)operation >= sizeof ALLOWED / sizeof ALLOWED[0])
        return false;
    return (ALLOWED[operation] & (1u << role)) != 0;
}

bool
mst_rights_producer(const mst_principal *principal, const char *producer)
{
    if (principal->role != MST_ROLE_SERVICE)
        return true; // others append nothing, or are the owner
    size_t size = strlen(principal->name);
    return size > 0 && strncmp(producer, principal->name, size) == 0 &&
           (producer[size] == '\0' || producer[size] == '/');
}
