/* directory_index.c - see directory_index.h. */
#include "directory_index.h"

#include "broker/lib/arena.h"
#include "broker/lib/log.h"
#include "proto/rows.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct directory {
    people *people;
    uint64_t applied_seq;
    /* Newest version of each record by id; open addressing, 0 free. Deleted records keep their place until retired. */
    person_ref *ids;
    uint32_t ids_size, ids_used;
    directory_change *changes;
    size_t changes_first, changes_count, changes_room;
    uint32_t changes_moved; /* number of changes[0]; numbers begin with 1 and may wrap */
};

directory *
directory_new(void)
{
    directory *directory = mst_alloc(sizeof *directory);
    memset(directory, 0, sizeof *directory);
    directory->people = people_new();
    directory->changes_moved = 1;
    directory->ids_size = 1024;
    directory->ids = mst_alloc(directory->ids_size * sizeof *directory->ids);
    memset(directory->ids, 0, directory->ids_size * sizeof *directory->ids);
    return directory;
}

void
directory_destroy(directory **directory)
{
    if (*directory == NULL)
        return;
    people_destroy(&(*directory)->people);
    free((*directory)->ids);
    free((*directory)->changes);
    free(*directory);
    *directory = NULL;
}

const people *
directory_people(const directory *directory)
{
    return directory->people;
}

static bool
has_id(const directory *directory, person_ref ref, const char *id, size_t id_size)
{
    const person *person = people_at(directory->people, ref);
    if (person->record_id_size != id_size)
        return false;
    person_view view;
    person_view_of(&view, person);
    return memcmp(view.record_id, id, id_size) == 0;
}

static uint32_t
id_home(const directory *directory, const char *id, size_t id_size)
{
    return person_hash(2, id, id_size) & (directory->ids_size - 1);
}

static person_ref *
id_slot(const directory *directory, const char *id, size_t id_size)
{
    uint32_t at = id_home(directory, id, id_size);
    while (directory->ids[at] != 0 && !has_id(directory, directory->ids[at], id, id_size))
        at = (at + 1) & (directory->ids_size - 1);
    return &directory->ids[at];
}

static void
ids_grow(directory *directory)
{
    person_ref *old = directory->ids;
    uint32_t old_size = directory->ids_size;
    directory->ids_size *= 2;
    directory->ids = mst_alloc(directory->ids_size * sizeof *directory->ids);
    memset(directory->ids, 0, directory->ids_size * sizeof *directory->ids);
    for (uint32_t i = 0; i < old_size; i++) {
        if (old[i] == 0)
            continue;
        person_view view;
        person_view_of(&view, people_at(directory->people, old[i]));
        *id_slot(directory, view.record_id, view.person->record_id_size) = old[i];
    }
    free(old);
}

/* Empties a slot and closes the gap. */
static void
id_free(directory *directory, person_ref *slot)
{
    uint32_t mask = directory->ids_size - 1, hole = (uint32_t)(slot - directory->ids);
    for (uint32_t at = hole;;) {
        at = (at + 1) & mask;
        if (directory->ids[at] == 0)
            break;
        person_view view;
        person_view_of(&view, people_at(directory->people, directory->ids[at]));
        uint32_t home = id_home(directory, view.record_id, view.person->record_id_size);
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            directory->ids[hole] = directory->ids[at];
            hole = at;
        }
    }
    directory->ids[hole] = 0;
    directory->ids_used--;
}

static void
note(directory *directory, directory_change change)
{
    if (directory->changes_count == directory->changes_room) {
        directory->changes_room = directory->changes_room == 0 ? 1024 : directory->changes_room * 2;
        directory->changes = mst_realloc(directory->changes, directory->changes_room * sizeof *directory->changes);
    }
    directory->changes[directory->changes_count++] = change;
}

/* The note of a number; NULL: none, or retired. */
static directory_change *
noted(const directory *directory, uint32_t number)
{
    uint32_t at = number - directory->changes_moved;
    return number != 0 && at >= directory->changes_first && at < directory->changes_count ? &directory->changes[at]
                                                                                          : NULL;
}

static void
note_kept(directory *directory, uint64_t seq, person_ref ref, uint32_t version)
{
    person *person = people_at(directory->people, ref);
    note(directory, (directory_change){.seq = seq,
                                       .ref = ref,
                                       .kind = CHANGE_KEPT,
                                       .version_before = person->version,
                                       .kept_before = person->kept});
    person->version = version;
    person->kept = directory->changes_moved + (uint32_t)(directory->changes_count - 1);
}

static void
take_record(directory *directory, uint64_t seq, const layout *layout, const Muster__V1__RecordsChanged *changed,
            uint32_t row)
{
    size_t id_size;
    const char *id = mst_rows_cell(changed->rows, row, 0, &id_size);
    if (id_size == 0 || id_size > PERSON_RECORD_ID_MAX)
        return; // export makes no such ids
    bool deleted = changed->deleted.len > row / 8 && (changed->deleted.data[row / 8] >> (row % 8) & 1) != 0;
    if (directory->ids_used * 4 >= directory->ids_size * 3)
        ids_grow(directory);
    person_ref *slot = id_slot(directory, id, id_size), before = *slot;
    bool known = before != 0 && people_at(directory->people, before)->seq_to == PERSON_NOW;
    draft draft;
    if (!deleted)
        draft_fill(&draft, layout, changed->rows, row);
    bool notable = directory->changes_moved + (uint32_t)directory->changes_count != 0; // 0 is no number
    if (known && !deleted && notable && person_same(people_at(directory->people, before), &draft)) {
        note_kept(directory, seq, before, changed->versions[row]);
        return;
    }
    if (known) {
        people_supersede(directory->people, before, seq);
        note(directory, (directory_change){.seq = seq, .ref = before, .kind = CHANGE_GONE});
    }
    if (deleted)
        return;
    person_ref ref = people_add(directory->people, &draft, id, id_size, seq, changed->versions[row]);
    note(directory, (directory_change){.seq = seq, .ref = ref, .kind = CHANGE_CAME});
    directory->ids_used += before == 0;
    *slot = ref;
}

void
directory_index_apply(directory *directory, uint64_t seq, const Muster__V1__Kind *kind,
                      const Muster__V1__RecordsChanged *changed)
{
    if (seq <= directory->applied_seq)
        return;
    directory->applied_seq = seq;
    if (!mst_rows_ok(changed->rows) || changed->n_versions != changed->rows->rows ||
        (changed->rows->rows > 0 && changed->rows->columns != changed->n_fields)) {
        mst_log(MST_LOG_ERROR, "records changed in a form that cannot be read", "seq=u", seq, NULL);
        return;
    }
    layout layout;
    layout_init(&layout);
    for (size_t field = 0; field < kind->n_fields; field++)
        for (uint32_t column = 1; column < changed->n_fields; column++)
            if (strcmp(changed->fields[column], kind->fields[field]->name) == 0) {
                layout_add(&layout, kind, field, column);
                break;
            }
    for (uint32_t row = 0; row < changed->rows->rows; row++)
        take_record(directory, seq, &layout, changed, row);
}

person_ref
directory_find(const directory *directory, const char *id, size_t id_size, uint64_t position)
{
    person_ref newest = *id_slot(directory, id, id_size);
    if (newest == 0)
        return 0;
    if (person_visible(people_at(directory->people, newest), position))
        return newest;
    // An older version: it went after the position, so its going is still noted.
    for (size_t i = directory->changes_count; i-- > directory->changes_first;) {
        const directory_change *change = &directory->changes[i];
        if (change->kind == CHANGE_GONE && person_visible(people_at(directory->people, change->ref), position) &&
            has_id(directory, change->ref, id, id_size))
            return change->ref;
    }
    return 0;
}

uint32_t
directory_version(const directory *directory, person_ref ref, uint64_t position)
{
    const person *person = people_at(directory->people, ref);
    uint32_t version = person->version;
    for (const directory_change *change = noted(directory, person->kept); change != NULL && change->seq > position;
         change = noted(directory, change->kept_before))
        version = change->version_before;
    return version;
}

void
directory_retire(directory *directory, uint64_t position)
{
    while (directory->changes_first < directory->changes_count &&
           directory->changes[directory->changes_first].seq <= position) {
        const directory_change *change = &directory->changes[directory->changes_first];
        if (change->kind == CHANGE_KEPT) { // a later note of the same version comes before the version goes
            person *person = people_at(directory->people, change->ref);
            if (noted(directory, person->kept) == change)
                person->kept = 0; // numbers come again some day
        }
        directory->changes_first++;
        if (change->kind != CHANGE_GONE)
            continue;
        person_view view;
        person_view_of(&view, people_at(directory->people, change->ref));
        person_ref *slot = id_slot(directory, view.record_id, view.person->record_id_size);
        if (*slot == change->ref)
            id_free(directory, slot); // deleted for good
        people_remove(directory->people, change->ref);
    }
    size_t left = directory->changes_count - directory->changes_first;
    if (directory->changes_first > 1024 && directory->changes_first > left) {
        memmove(directory->changes, directory->changes + directory->changes_first, left * sizeof *directory->changes);
        directory->changes_moved += (uint32_t)directory->changes_first;
        directory->changes_first = 0;
        directory->changes_count = left;
    }
}

const directory_change *
directory_changes(const directory *directory, uint64_t since, uint64_t position, size_t *count)
{
    size_t first = directory->changes_first, end;
    while (first < directory->changes_count && directory->changes[first].seq <= since)
        first++;
    for (end = first; end < directory->changes_count && directory->changes[end].seq <= position;)
        end++;
    *count = end - first;
    return directory->changes + first;
}
