/* resolution.c - see resolution.h. */
#include "services/discrepancy/resolution.h"

#include <stdio.h>
#include <string.h>

const char *
resolution_closed(const batch *one)
{
    if (one->cancelled)
        return "The batch was cancelled.";
    if (one->failed)
        return "The batch has failed.";
    if (one->completed)
        return "The batch is Complete.";
    if (one->exporting)
        return "The batch is in Exporting Data.";
    if (one->verified)
        return "Every discrepancy of the batch is decided and it goes on to Exporting Data.";
    return NULL;
}

static const char *
record_of(const a_case *asked)
{
    return asked->record_id == NULL ? "" : asked->record_id;
}

static bool
is_same(const a_case *asked, const Muster__V1__ResolveDiscrepancy *decision)
{
    return !asked->open && asked->choice == decision->choice && strcmp(record_of(asked), decision->record_id) == 0;
}

static void
say_stale(const a_case *asked, char why[600])
{
    if (asked->open && asked->choice == MUSTER__V1__CHOICE__CHOICE_UNKNOWN) {
        snprintf(why, 600, "Row %u is at version %u now. Look at it again.", asked->row, asked->version);
        return;
    }
    if (asked->open) {
        snprintf(why, 600,
                 "Row %u is asked again, because the directory has changed since it was decided. It is at "
                 "version %u now.",
                 asked->row, asked->version);
        return;
    }
    const char *did = asked->choice == MUSTER__V1__CHOICE__CHOICE_SELECT ? "selected"
                      : asked->choice == MUSTER__V1__CHOICE__CHOICE_NEW  ? "chose a new record"
                                                                         : "chose to skip it";
    bool selected = asked->choice == MUSTER__V1__CHOICE__CHOICE_SELECT;
    snprintf(why, 600, "Row %u was decided meanwhile: %.100s %s%s%.200s. It is at version %u now.", asked->row,
             asked->operator== NULL || asked->operator[0] == 0 ? "somebody" : asked->operator, did, selected ? " " : "",
             selected ? record_of(asked) : "", asked->version);
}

static verdict
refuse(char why[600], const char *sentence)
{
    snprintf(why, 600, "%s", sentence);
    return VERDICT_REFUSE;
}

/* The decision by itself, whoever made it and when. */
static verdict
check_form(const Muster__V1__ResolveDiscrepancy *decision, char why[600])
{
    bool select = decision->choice == MUSTER__V1__CHOICE__CHOICE_SELECT;
    if (!select && decision->choice != MUSTER__V1__CHOICE__CHOICE_NEW &&
        decision->choice != MUSTER__V1__CHOICE__CHOICE_SKIP)
        return refuse(why, "Choose to select a record, to make a new one, or to skip the row.");
    if (decision->base_version == 0)
        return refuse(why, "Say which version of the discrepancy you have seen (base_version, from its view).");
    if (select && decision->record_id[0] == 0)
        return refuse(why, "Say which record to select (record_id).");
    if (!select && decision->record_id[0] != 0)
        return refuse(why, "A record (record_id) goes only with the choice to select one.");
    if (strlen(decision->record_id) > RESOLUTION_ID_SIZE_MAX)
        return refuse(why, "No record has an id of more than 200 bytes.");
    if (strlen(decision->note) > RESOLUTION_NOTE_SIZE_MAX)
        return refuse(why, "The note is longer than 2,000 bytes: shorten it.");
    return VERDICT_ACCEPT;
}

verdict
resolution_check(const batch *one, const a_case *asked, bool may_create, const Muster__V1__ResolveDiscrepancy *decision,
                 char why[600])
{
    why[0] = 0;
    verdict form = check_form(decision, why);
    if (form != VERDICT_ACCEPT)
        return form;
    if (is_same(asked, decision))
        return VERDICT_SAME;
    if (asked->version != decision->base_version) {
        say_stale(asked, why);
        return VERDICT_STALE;
    }
    const char *closed = resolution_closed(one);
    if (closed != NULL) {
        snprintf(why, 600, "%s A decision cannot be changed any more.", closed);
        return VERDICT_REFUSE;
    }
    if (decision->choice == MUSTER__V1__CHOICE__CHOICE_NEW && !may_create) {
        snprintf(why, 600, "Rows of this batch make no new %.100s: select one that there is, or skip the row.",
                 one->kind);
        return VERDICT_REFUSE;
    }
    if (decision->choice != MUSTER__V1__CHOICE__CHOICE_SELECT || cases_is_candidate(asked, decision->record_id))
        return VERDICT_ACCEPT;
    if (strncmp(decision->record_id, "row:", 4) == 0) {
        snprintf(why, 600,
                 "\"%.200s\" is not among the candidates of row %u. Another row can be selected only if it is.",
                 decision->record_id, asked->row);
        return VERDICT_REFUSE;
    }
    return VERDICT_ASK_EXPORT;
}
