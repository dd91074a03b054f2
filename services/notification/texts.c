/* texts.c - see texts.h. */
#include "services/notification/texts.h"

#include <string.h>

#define NAME_SHOWN 120 /* bytes of a name in a subject */

/* A name cut at a whole character. */
static char *
shown(const char *name, mst_arena *arena)
{
    size_t size = strlen(name);
    if (size <= NAME_SHOWN)
        return mst_arena_strdup(arena, name);
    for (size = NAME_SHOWN; size > 0 && ((unsigned char)name[size] & 0xC0) == 0x80;)
        size--;
    return mst_arena_printf(arena, "%.*s..", (int)size, name);
}

static const char *
rows(uint32_t count, mst_arena *arena)
{
    return mst_arena_printf(arena, "%u %s", count, count == 1 ? "row" : "rows");
}

char *
texts_subject(const occasion *of, mst_arena *arena)
{
    const char *name = shown(of->created->name[0] != '\0' ? of->created->name : of->file_name, arena);
    const char *id = of->created->batch_id;
    switch (of->kind) {
    case MUSTER__V1__NOTICE_KIND__NOTICE_FIX_ERRORS:
        return mst_arena_printf(arena, "%s (%s): %s to correct", name, id, rows(of->waiting, arena));
    case MUSTER__V1__NOTICE_KIND__NOTICE_DISCREPANCIES:
        return mst_arena_printf(arena, "%s (%s): %s to decide", name, id, rows(of->waiting, arena));
    case MUSTER__V1__NOTICE_KIND__NOTICE_COMPLETED:
        return mst_arena_printf(arena, "%s (%s): %s", name, id,
                                of->completed->dry_run ? "dry run complete, nothing was written" : "complete");
    default: return mst_arena_printf(arena, "%s (%s): could not be processed", name, id);
    }
}

/* How to get there: the screen, if there is one, and the command. */
static char *
way(const occasion *of, const char *screen, const char *command, mst_arena *arena)
{
    const char *id = of->created->batch_id;
    char *typed = mst_arena_printf(arena, "    muster batch %s %s\n", command, id);
    return of->link[0] == '\0' ? typed
                               : mst_arena_printf(arena, "    %s/batches/%s%s\n%s", of->link, id, screen, typed);
}

static char *
about(const occasion *of, mst_arena *arena)
{
    const Muster__V1__BatchCreated *created = of->created;
    return mst_arena_printf(arena, "Batch:    %s (%s)\nFile:     %s\nKind:     %s\nUploaded: by %s\n\n",
                            created->name[0] != '\0' ? created->name : "-", created->batch_id,
                            of->file_name[0] != '\0' ? of->file_name : "-",
                            created->template_name[0] != '\0' ? created->template_name : created->kind,
                            created->operator_[0] != '\0' ? created->operator_ : "-");
}

static char *
completed_text(const occasion *of, mst_arena *arena)
{
    const Muster__V1__BatchCompleted *done = of->completed;
    uint32_t accepted = done->created + done->updated + done->unchanged;
    return mst_arena_printf(
        arena,
        "%s\n\n%sReceived: %u\nAccepted: %u (%u created, %u updated, %u unchanged)\nSkipped:  %u\nRejected: %u\n\n"
        "The detailed log has one line for each row of the file:\n\n%s%s",
        done->dry_run ? "The dry run is complete. Nothing was written; these are the numbers a real run would have."
                      : "Your file has been loaded.",
        about(of, arena), done->received, accepted, done->created, done->updated, done->unchanged, done->skipped,
        done->rejected, way(of, "/log", "log", arena),
        done->rejected == 0 ? ""
                            : mst_arena_printf(arena, "\nThe rejected rows, with the reason of each:\n\n%s",
                                               way(of, "/rejected", "rejected", arena)));
}

char *
texts_body(const occasion *of, mst_arena *arena)
{
    switch (of->kind) {
    case MUSTER__V1__NOTICE_KIND__NOTICE_FIX_ERRORS:
        return mst_arena_printf(arena,
                                "%s of your file %s values that do not fit. Nothing has been written yet, and nothing "
                                "will be until they are corrected or left out.\n\n%sTo correct them:\n\n%s",
                                rows(of->waiting, arena), of->waiting == 1 ? "has" : "have", about(of, arena),
                                way(of, "/errors", "errors", arena));
    case MUSTER__V1__NOTICE_KIND__NOTICE_DISCREPANCIES:
        return mst_arena_printf(arena,
                                "%s of your file may be people who are known already; somebody has to decide.%s "
                                "Nothing of these rows is written before.\n\n%sTo decide:\n\n%s",
                                rows(of->waiting, arena),
                                of->again ? " The directory changed since you looked, so that these are asked again."
                                          : "",
                                about(of, arena), way(of, "/discrepancies", "discrepancies", arena));
    case MUSTER__V1__NOTICE_KIND__NOTICE_COMPLETED: return completed_text(of, arena);
    default:
        return mst_arena_printf(arena,
                                "Your file could not be processed. Nothing of it was written.\n\n%sThe reason, and "
                                "what to do:\n\n%s",
                                about(of, arena), way(of, "", "show", arena));
    }
}
