/* nicknames.c - see nicknames.h. */
#include "nicknames.h"

#include "nickname_table.h"
#include "person.h"
#include <assert.h>
#include <string.h>

#define GROUPS_OF_NAME_MAX 8u /* further formal names of one nickname are left out */
#define TABLE_SIZE 8192u      /* slots; a power of two */

typedef struct entry {
    const char *name; /* within its group's text; not terminated */
    uint8_t size;
    uint8_t groups_count;
    uint16_t groups[GROUPS_OF_NAME_MAX];
} entry;

static entry table[TABLE_SIZE];
static bool ready;

static entry *
slot_of(const char *name, size_t size)
{
    uint32_t at = person_hash(1, name, size) & (TABLE_SIZE - 1);
    while (table[at].name != NULL && (table[at].size != size || memcmp(table[at].name, name, size) != 0))
        at = (at + 1) & (TABLE_SIZE - 1);
    return &table[at];
}

static void
prepare(void)
{
    size_t used = 0;
    for (size_t group = 0; group < sizeof NICKNAME_GROUPS / sizeof NICKNAME_GROUPS[0]; group++) {
        for (const char *name = NICKNAME_GROUPS[group]; *name != 0;) {
            size_t size = strcspn(name, " ");
            entry *entry = slot_of(name, size);
            if (entry->name == NULL) {
                entry->name = name;
                entry->size = (uint8_t)size;
                used++;
            }
            if (entry->groups_count < GROUPS_OF_NAME_MAX)
                entry->groups[entry->groups_count++] = (uint16_t)group;
            name += size + (name[size] == ' ');
        }
    }
    assert(used < TABLE_SIZE / 2);
    ready = true;
}

static const entry *
find(const char *name, size_t size)
{
    if (!ready)
        prepare();
    const entry *found = slot_of(name, size);
    return found->name == NULL ? NULL : found;
}

bool
nicknames_same(const char *left, size_t left_size, const char *right, size_t right_size)
{
    const entry *a = find(left, left_size);
    if (a == NULL)
        return false;
    const entry *b = find(right, right_size);
    if (b == NULL)
        return false;
    for (uint8_t i = 0; i < a->groups_count; i++)
        for (uint8_t j = 0; j < b->groups_count; j++)
            if (a->groups[i] == b->groups[j])
                return true;
    return false;
}

bool
nicknames_known(const char *name, size_t size)
{
    return find(name, size) != NULL;
}

const char *
nicknames_formal(const char *name, size_t size, size_t *formal_size)
{
    const entry *found = find(name, size);
    *formal_size = size;
    if (found == NULL)
        return name;
    const char *formal = NICKNAME_GROUPS[found->groups[0]];
    *formal_size = strcspn(formal, " ");
    return formal;
}
