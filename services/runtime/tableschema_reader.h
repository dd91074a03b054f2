/* tableschema_reader.h - walking the JSON of a template or kind: single values, lists, and where they stand.
 *
 * Private to tableschema*.c. The reader keeps the path it stands at ("$.muster.rules[2].fields[0]") and the first thing
 * that is wrong becomes a sentence behind it. Below "muster" every key must be known: a misspelt setting that is
 * silently ignored costs somebody a wrong merge. Standard keys that are not known are ignored, as the specification
 * asks.
 *
 * Ownership: what is read lives in the reader's arena. Thread: any, one reader a thread. */
#ifndef MUSTER_TABLESCHEMA_READER_H
#define MUSTER_TABLESCHEMA_READER_H

#include "broker/lib/arena.h"
#include "template.pb-c.h"
#include <jansson.h>
#include <stdbool.h>

#define SCHEMA_SIZE_MAX (512u * 1024u) /* bytes of JSON */
#define SCHEMA_FIELDS_MAX 2000u
#define SCHEMA_NAMES_MAX 100u       /* names in one list of fields */
#define SCHEMA_NAME_SIZE_MAX 128u   /* bytes in the name of a field */
#define SCHEMA_ID_SIZE_MAX 64u      /* bytes in the name of a template, kind, rule or option */
#define SCHEMA_VALUE_SIZE_MAX 1024u /* bytes in a title, an allowed value, an example */
#define SCHEMA_TEXT_SIZE_MAX 16384u /* bytes in a description, instructions */
#define SCHEMA_WHY_SIZE 512u

typedef struct schema_reader {
    mst_arena *arena;
    char *why;     /* SCHEMA_WHY_SIZE bytes */
    bool template; /* a template, else a kind */
    char path[256];
} schema_reader;

/* The fields that names are looked for among. */
typedef struct schema_fields {
    Muster__V1__Field **fields;
    size_t count;
} schema_fields;

/* The JSON, the caller's to release; NULL: it is none, `why` says why. */
json_t *schema_load(const char *json, size_t size, char *why);
/* Takes away the halves of characters that "%.60s" cut through: text on the bus is UTF-8. */
void schema_whole_text(char *text);
/* Says what is wrong at the present path; always MST_INVALID. */
MST_NODISCARD mst_status schema_wrong(const schema_reader *self, const char *format, ...) MST_PRINTF(2, 3);
/* The path is a stack in one string: enter appends, leave cuts back to what enter returned. After something wrong
 * nobody needs to leave. */
size_t schema_enter(schema_reader *self, const char *format, ...) MST_PRINTF(2, 3);
void schema_leave(schema_reader *self, size_t before);

/* Each leaves its result alone where `object` has no such key. */
MST_NODISCARD mst_status schema_text(schema_reader *self, const json_t *object, const char *key, size_t size_max,
                                     char **text);
MST_NODISCARD mst_status schema_flag(schema_reader *self, const json_t *object, const char *key,
                                     protobuf_c_boolean *flag);
MST_NODISCARD mst_status schema_count(schema_reader *self, const json_t *object, const char *key, long long max,
                                      uint32_t *count);
/* A list of texts, numbers or flags, as texts. */
MST_NODISCARD mst_status schema_texts(schema_reader *self, const json_t *object, const char *key, size_t max,
                                      char ***texts, size_t *count);
/* The same of a list that stands at the present path. */
MST_NODISCARD mst_status schema_texts_of(schema_reader *self, const json_t *list, size_t max, char ***texts,
                                         size_t *count);
/* `inner` NULL: absent. */
MST_NODISCARD mst_status schema_object(schema_reader *self, const json_t *object, const char *key, json_t **inner);
/* A list of at most `max` objects; NULL: absent. `like` shows what one looks like. */
MST_NODISCARD mst_status schema_list(schema_reader *self, const json_t *object, const char *key, size_t max,
                                     const char *like, const json_t **list);
/* One of a list of objects. */
MST_NODISCARD mst_status schema_item(schema_reader *self, const json_t *list, size_t at, const char *like,
                                     json_t **item);

/* A value of any simple type as the text it stands for. */
MST_NODISCARD mst_status schema_scalar(schema_reader *self, const json_t *value, char **text);
/* Refuses keys of `object` that are not in the NULL-ended list. */
MST_NODISCARD mst_status schema_only(schema_reader *self, json_t *object, const char *const *allowed);
/* Which of the NULL-ended words; wrong, with the words, when none is. */
MST_NODISCARD mst_status schema_word(schema_reader *self, const char *what, const char *text, const char *const *words,
                                     size_t *at);
/* A name that becomes part of stream names and commands; must be there. `like`: an example. */
MST_NODISCARD mst_status schema_id(schema_reader *self, const json_t *object, const char *key, const char *what,
                                   const char *like, char **id);
MST_NODISCARD mst_status schema_check_id(schema_reader *self, const char *what, const char *id);

/* Names of fields, each known and listed once. */
MST_NODISCARD mst_status schema_field_names(schema_reader *self, const json_t *object, const char *key,
                                            schema_fields among, char ***names, size_t *count);
/* The same of a list that stands at the present path. */
MST_NODISCARD mst_status schema_field_names_of(schema_reader *self, const json_t *list, schema_fields among,
                                               char ***names, size_t *count);
/* As the standard has it in keys: a list, or one name by itself. */
MST_NODISCARD mst_status schema_field_name_or_names(schema_reader *self, const json_t *object, const char *key,
                                                    schema_fields among, char ***names, size_t *count);
/* The field at a key; must be there. */
MST_NODISCARD mst_status schema_field_name(schema_reader *self, const json_t *object, const char *key,
                                           schema_fields among, const Muster__V1__Field **field);
/* NULL: none is called so. */
const Muster__V1__Field *schema_field_find(schema_fields among, const char *name);
bool schema_lists(char *const *texts, size_t count, const char *text);

#endif
