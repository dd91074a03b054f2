/* codec.c - see codec.h. */
#include "codec.h"

#include "bus.pb-c.h"
#include "discrepancy.pb-c.h"
#include "envelope.pb-c.h"
#include "export.pb-c.h"
#include "ingestion.pb-c.h"
#include "matching.pb-c.h"
#include "notification.pb-c.h"
#include "parsing.pb-c.h"
#include "template.pb-c.h"
#include <stdlib.h>
#include <string.h>

/* Every message that may be a body, in order of name. */
static const ProtobufCMessageDescriptor *const BODIES[] = {
    &muster__v1__accept_repair__descriptor,
    &muster__v1__action__descriptor,
    &muster__v1__add_template__descriptor,
    &muster__v1__bad_rows_excluded__descriptor,
    &muster__v1__batch_cancelled__descriptor,
    &muster__v1__batch_completed__descriptor,
    &muster__v1__batch_created__descriptor,
    &muster__v1__batch_failed__descriptor,
    &muster__v1__batch_list__descriptor,
    &muster__v1__batch_view__descriptor,
    &muster__v1__begin_upload__descriptor,
    &muster__v1__blob_range__descriptor,
    &muster__v1__cancel_batch__descriptor,
    &muster__v1__candidate__descriptor,
    &muster__v1__candidates_found__descriptor,
    &muster__v1__candidates_requested__descriptor,
    &muster__v1__check_finished__descriptor,
    &muster__v1__check_requested__descriptor,
    &muster__v1__choice_list__descriptor,
    &muster__v1__column_choice__descriptor,
    &muster__v1__column_group__descriptor,
    &muster__v1__column_mapping__descriptor,
    &muster__v1__condition__descriptor,
    &muster__v1__correction__descriptor,
    &muster__v1__correction_made__descriptor,
    &muster__v1__correction_rule__descriptor,
    &muster__v1__correction_view__descriptor,
    &muster__v1__corrections_finished__descriptor,
    &muster__v1__corrections_received__descriptor,
    &muster__v1__corrections_refused__descriptor,
    &muster__v1__corrections_requested__descriptor,
    &muster__v1__create_batch__descriptor,
    &muster__v1__declare_directory__descriptor,
    &muster__v1__dialect__descriptor,
    &muster__v1__directory_declared__descriptor,
    &muster__v1__directory_view__descriptor,
    &muster__v1__discrepancies_opened__descriptor,
    &muster__v1__discrepancy_list__descriptor,
    &muster__v1__discrepancy_resolved__descriptor,
    &muster__v1__discrepancy_view__descriptor,
    &muster__v1__entries_accepted__descriptor,
    &muster__v1__entries_checked__descriptor,
    &muster__v1__entries_exported__descriptor,
    &muster__v1__entries_matched__descriptor,
    &muster__v1__entries_read__descriptor,
    &muster__v1__entry_question__descriptor,
    &muster__v1__evidence__descriptor,
    &muster__v1__exclude_bad_rows__descriptor,
    &muster__v1__explain__descriptor,
    &muster__v1__export_queued__descriptor,
    &muster__v1__export_started__descriptor,
    &muster__v1__field__descriptor,
    &muster__v1__file_received__descriptor,
    &muster__v1__file_recognised__descriptor,
    &muster__v1__file_view__descriptor,
    &muster__v1__find_records__descriptor,
    &muster__v1__finish_corrections__descriptor,
    &muster__v1__finish_upload__descriptor,
    &muster__v1__generate_rejected__descriptor,
    &muster__v1__generate_template__descriptor,
    &muster__v1__get_record__descriptor,
    &muster__v1__kind__descriptor,
    &muster__v1__list_batches__descriptor,
    &muster__v1__list_choices__descriptor,
    &muster__v1__list_discrepancies__descriptor,
    &muster__v1__list_notices__descriptor,
    &muster__v1__list_remarks__descriptor,
    &muster__v1__list_row_faults__descriptor,
    &muster__v1__list_rules__descriptor,
    &muster__v1__list_templates__descriptor,
    &muster__v1__list_values__descriptor,
    &muster__v1__list_wrong_values__descriptor,
    &muster__v1__look_up_records__descriptor,
    &muster__v1__look_up_result__descriptor,
    &muster__v1__make_correction__descriptor,
    &muster__v1__matching_finished__descriptor,
    &muster__v1__matching_settings__descriptor,
    &muster__v1__matching_started__descriptor,
    &muster__v1__notice__descriptor,
    &muster__v1__notice_failed__descriptor,
    &muster__v1__notice_list__descriptor,
    &muster__v1__notice_queued__descriptor,
    &muster__v1__notice_sent__descriptor,
    &muster__v1__option__descriptor,
    &muster__v1__period__descriptor,
    &muster__v1__put_range__descriptor,
    &muster__v1__read_blob__descriptor,
    &muster__v1__reading_finished__descriptor,
    &muster__v1__recheck_finished__descriptor,
    &muster__v1__recheck_requested__descriptor,
    &muster__v1__record__descriptor,
    &muster__v1__record_list__descriptor,
    &muster__v1__records_changed__descriptor,
    &muster__v1__reference__descriptor,
    &muster__v1__related__descriptor,
    &muster__v1__remark__descriptor,
    &muster__v1__remarks_found__descriptor,
    &muster__v1__repair_accepted__descriptor,
    &muster__v1__resolve_discrepancy__descriptor,
    &muster__v1__retry_notice__descriptor,
    &muster__v1__row_fault__descriptor,
    &muster__v1__row_fault_list__descriptor,
    &muster__v1__row_note__descriptor,
    &muster__v1__rows__descriptor,
    &muster__v1__rows_corrected__descriptor,
    &muster__v1__rule__descriptor,
    &muster__v1__rule_learned__descriptor,
    &muster__v1__rule_list__descriptor,
    &muster__v1__rule_switched__descriptor,
    &muster__v1__rule_use__descriptor,
    &muster__v1__rules_applied__descriptor,
    &muster__v1__scan_records__descriptor,
    &muster__v1__show_batch__descriptor,
    &muster__v1__show_directory__descriptor,
    &muster__v1__show_discrepancy__descriptor,
    &muster__v1__show_template__descriptor,
    &muster__v1__subject__descriptor,
    &muster__v1__suggestion__descriptor,
    &muster__v1__switch_rule__descriptor,
    &muster__v1__template__descriptor,
    &muster__v1__template_added__descriptor,
    &muster__v1__template_list__descriptor,
    &muster__v1__template_view__descriptor,
    &muster__v1__upload_view__descriptor,
    &muster__v1__value_list__descriptor,
    &muster__v1__verification_finished__descriptor,
    &muster__v1__wrong_value__descriptor,
    &muster__v1__wrong_value_group__descriptor,
    &muster__v1__wrong_value_list__descriptor,
    &muster__v1__wrong_values_found__descriptor,
};

static int
compare_name(const void *name, const void *entry)
{
    const ProtobufCMessageDescriptor *const *descriptor = entry;
    return strcmp(name, (*descriptor)->short_name);
}

const ProtobufCMessageDescriptor *
mst_codec_find(const char *name)
{
    const ProtobufCMessageDescriptor *const *found =
        bsearch(name, BODIES, sizeof BODIES / sizeof BODIES[0], sizeof BODIES[0], compare_name);
    return found == NULL ? NULL : *found;
}

/* Well-formed UTF-8 as RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
static bool
utf8_ok(const unsigned char *s)
{
    while (*s != 0) {
        if (*s < 0x80) {
            s++;
        } else if (*s >= 0xC2 && *s <= 0xDF && (s[1] & 0xC0) == 0x80) {
            s += 2;
        } else if ((*s & 0xF0) == 0xE0 && (s[1] & 0xC0) == 0x80 && (s[2] & 0xC0) == 0x80) {
            if ((*s == 0xE0 && s[1] < 0xA0) || (*s == 0xED && s[1] > 0x9F))
                return false;
            s += 3;
        } else if (*s >= 0xF0 && *s <= 0xF4 && (s[1] & 0xC0) == 0x80 && (s[2] & 0xC0) == 0x80 &&
                   (s[3] & 0xC0) == 0x80) {
            if ((*s == 0xF0 && s[1] < 0x90) || (*s == 0xF4 && s[1] > 0x8F))
                return false;
            s += 4;
        } else {
            return false;
        }
    }
    return true;
}

static bool
member_ok(const ProtobufCFieldDescriptor *field, const void *member)
{
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text = *(char *const *)member;
        return text == NULL || utf8_ok((const unsigned char *)text);
    }
    const ProtobufCMessage *inner = *(ProtobufCMessage *const *)member;
    return inner == NULL || mst_codec_strings_ok(inner);
}

static bool
field_ok(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const char *base = (const char *)message;
    if (field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_MESSAGE)
        return true;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        if (*(const uint32_t *)(base + field->quantifier_offset) != field->id)
            return true;
        return member_ok(field, base + field->offset);
    }
    if (field->label != PROTOBUF_C_LABEL_REPEATED)
        return member_ok(field, base + field->offset);
    size_t count = *(const size_t *)(base + field->quantifier_offset);
    void **members = *(void **const *)(base + field->offset);
    for (size_t i = 0; i < count; i++)
        if (!member_ok(field, &members[i]))
            return false;
    return true;
}

bool
mst_codec_strings_ok(const ProtobufCMessage *message)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++)
        if (!field_ok(message, &message->descriptor->fields[i]))
            return false;
    return true;
}

/* A buffer that keeps nothing: it only compares what is packed into it with what was taken. */
typedef struct {
    ProtobufCBuffer base;
    const uint8_t *data;
    size_t size; // bytes of data not yet compared
    bool same;
} comparison;

static void
compare(ProtobufCBuffer *buffer, size_t size, const uint8_t *data)
{
    comparison *with = (comparison *)buffer;
    if (!with->same || size > with->size || (size > 0 && memcmp(with->data, data, size) != 0)) {
        with->same = false;
        return;
    }
    with->data += size;
    with->size -= size;
}

/* True if the message, packed again, is the same bytes. protobuf-c cuts a string at an embedded NUL without a word,
 * and two such losses and gains may cancel out in the size. */
static bool
is_canonical(const ProtobufCMessage *message, const uint8_t *data, size_t size)
{
    if (protobuf_c_message_get_packed_size(message) != size)
        return false;
    comparison with = {.base = {.append = compare}, .data = data, .size = size, .same = true};
    protobuf_c_message_pack_to_buffer(message, &with.base);
    return with.same && with.size == 0;
}

ProtobufCMessage *
mst_unpack(const ProtobufCMessageDescriptor *descriptor, const uint8_t *data, size_t size, size_t size_max,
           ProtobufCAllocator *allocator)
{
    if (size > size_max)
        return NULL;
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, allocator, size, data);
    if (message == NULL)
        return NULL;
    if (!is_canonical(message, data, size) || !mst_codec_strings_ok(message)) {
        protobuf_c_message_free_unpacked(message, allocator);
        return NULL;
    }
    return message;
}
