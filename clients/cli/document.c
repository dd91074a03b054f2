/* document.c - see document.h. */
#include "document.h"

#include "broker/lib/hash.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* "REASON_WEIGHT" -> "weight" in `word`; "" for value 0 where that means unknown. */
static void
enum_word(const ProtobufCEnumDescriptor *descriptor, int value, char word[64])
{
    word[0] = 0;
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(descriptor, value);
    if (found == NULL)
        return;
    const char *name = strchr(found->name, '_');
    name = name == NULL ? found->name : name + 1;
    if (strcmp(name, "UNKNOWN") == 0)
        return;
    size_t i = 0;
    for (; name[i] != 0 && i < 63; i++)
        word[i] = (char)tolower((unsigned char)name[i]);
    word[i] = 0;
}

const char *
document_word(mst_arena *arena, const ProtobufCEnumDescriptor *descriptor, int value)
{
    char word[64];
    enum_word(descriptor, value, word);
    return mst_arena_strdup(arena, word);
}

static json_t *
bytes_value(const ProtobufCBinaryData *bytes)
{
    char *hex = mst_alloc(2 * bytes->len + 1);
    mst_hex(bytes->data, bytes->len, hex);
    json_t *value = json_string(hex);
    free(hex);
    return value;
}

static json_t *
enum_value(const ProtobufCFieldDescriptor *field, int value)
{
    char word[64];
    enum_word(field->descriptor, value, word);
    return word[0] == 0 ? json_null() : json_string(word);
}

static json_t *
scalar_value(const ProtobufCFieldDescriptor *field, const void *at)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32: return json_integer(*(const int32_t *)at);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32: return json_integer(*(const uint32_t *)at);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64: return json_integer(*(const int64_t *)at);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64: return json_integer((json_int_t) * (const uint64_t *)at);
    case PROTOBUF_C_TYPE_FLOAT: return json_real(*(const float *)at);
    case PROTOBUF_C_TYPE_DOUBLE: return json_real(*(const double *)at);
    case PROTOBUF_C_TYPE_BOOL: return json_boolean(*(const protobuf_c_boolean *)at);
    case PROTOBUF_C_TYPE_ENUM: return enum_value(field, *(const int *)at);
    case PROTOBUF_C_TYPE_STRING: {
        const char *text = *(const char *const *)at;
        return json_string(text == NULL ? "" : text);
    }
    case PROTOBUF_C_TYPE_BYTES: return bytes_value(at);
    case PROTOBUF_C_TYPE_MESSAGE: {
        const ProtobufCMessage *inner = *(const ProtobufCMessage *const *)at;
        return inner == NULL ? json_null() : document_of(inner);
    }
    }
    return json_null();
}

static size_t
member_size(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT: return 4;
    case PROTOBUF_C_TYPE_BOOL: return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_ENUM: return sizeof(int);
    case PROTOBUF_C_TYPE_BYTES: return sizeof(ProtobufCBinaryData);
    default: return 8;
    }
}

json_t *
document_of(const ProtobufCMessage *message)
{
    json_t *object = json_object();
    const char *base = (const char *)message;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            size_t count = *(const size_t *)(base + field->quantifier_offset);
            const char *members = *(const char *const *)(base + field->offset);
            json_t *list = json_array();
            for (size_t j = 0; j < count; j++)
                json_array_append_new(list, scalar_value(field, members + j * member_size(field)));
            json_object_set_new(object, field->name, list);
        } else if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0 ||
                   *(const uint32_t *)(base + field->quantifier_offset) == field->id) {
            json_object_set_new(object, field->name, scalar_value(field, base + field->offset));
        }
    }
    return object;
}

static void
print_flags(json_t *document, size_t flags)
{
    json_dumpf(document, stdout, flags | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(document);
}

void
document_print(json_t *document)
{
    print_flags(document, isatty(STDOUT_FILENO) ? JSON_INDENT(2) : JSON_COMPACT);
}

void
document_line(json_t *document)
{
    print_flags(document, JSON_COMPACT);
}
