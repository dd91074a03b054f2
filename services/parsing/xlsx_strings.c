/* xlsx_strings.c - see xlsx_strings.h. */
#include "xlsx_strings.h"

#include "broker/lib/arena.h"
#include "xlsx_values.h"
#include <stdlib.h>
#include <string.h>

#define NOT_PLAIN (1u << 31)

bool
strings_are_ascii(const uint8_t *text, size_t size)
{
    uint64_t bits = 0, word;
    for (; size >= sizeof word; text += sizeof word, size -= sizeof word) {
        memcpy(&word, text, sizeof word);
        bits |= word;
    }
    for (; size > 0; text++, size--)
        bits |= *text;
    return (bits & UINT64_C(0x8080808080808080)) == 0;
}

/* sst(1) si(2) t(3), or r(3) t(4) of a text in several fonts; how it is pronounced (rPh) does not belong to it. */
static void
on_start(void *context, uint32_t depth, const char *name, const char *const *attributes)
{
    (void)attributes;
    strings *self = context;
    if (depth == 3 && strcmp(name, "rPh") == 0)
        self->phonetic = true;
    else if (name[0] == 't' && name[1] == '\0' && (depth == 3 || (depth == 4 && !self->phonetic)))
        xml_want_text(self->xml, true);
}

/* Whether `more` bytes go beyond what is held, which is said. */
static bool
is_too_much(strings *self, size_t more)
{
    if (self->size + self->count * sizeof *self->ends + more <= STRINGS_SIZE_MAX)
        return false;
    xlsx_fail(self->fault, XLSX_MAKE_SMALLER, "The workbook has more than %u MiB of different texts.",
              STRINGS_SIZE_MAX >> 20);
    xml_stop(self->xml);
    return true;
}

static void
close_string(strings *self)
{
    uint32_t begin = self->count == 0 ? 0 : self->ends[self->count - 1] & ~NOT_PLAIN;
    if (self->count == STRINGS_MAX) {
        xlsx_fail(self->fault, XLSX_MAKE_SMALLER, "The workbook has more than %u different texts.", STRINGS_MAX);
        xml_stop(self->xml);
        return;
    }
    if (is_too_much(self, sizeof *self->ends))
        return;
    if (self->count == self->ends_room) {
        self->ends_room = self->ends_room == 0 ? 1024 : self->ends_room + self->ends_room / 2;
        self->ends = mst_realloc(self->ends, self->ends_room * sizeof *self->ends);
    }
    uint32_t size = self->size - begin, kept = size;
    bool plain = true;
    if (size > 0) {
        kept = (uint32_t)xlsx_unescape(self->text + begin, size);
        plain = kept == size && strings_are_ascii(self->text + begin, kept);
    }
    self->size = begin + kept;
    self->ends[self->count++] = self->size | (plain ? 0 : NOT_PLAIN);
}

static void
on_end(void *context, uint32_t depth, const char *name)
{
    strings *self = context;
    if (depth >= 3) {
        xml_want_text(self->xml, false);
        self->phonetic = self->phonetic && depth > 3;
    } else if (depth == 2 && strcmp(name, "si") == 0) {
        close_string(self);
    }
}

static void
on_text(void *context, const char *text, int size)
{
    strings *self = context;
    if (is_too_much(self, (size_t)size))
        return;
    if (self->size + (size_t)size > self->text_room) {
        self->text_room = (self->size + (size_t)size) * 3 / 2 + 65536;
        if (self->text_room > STRINGS_SIZE_MAX)
            self->text_room = STRINGS_SIZE_MAX;
        self->text = mst_realloc(self->text, self->text_room);
    }
    memcpy(self->text + self->size, text, (size_t)size);
    self->size += (uint32_t)size;
}

void
strings_open(strings *self, archive_part *part, const char *name, xlsx_fault *fault)
{
    const xml_sink sink = {self, on_start, on_end, on_text};
    memset(self, 0, sizeof *self);
    self->fault = fault;
    self->xml = xml_new(&sink, part, name, fault);
}

xml_status
strings_step(strings *self, size_t *size)
{
    xml_status status = xml_step(self->xml, size);
    if (status == XML_ENDED || status == XML_FAILED)
        xml_destroy(&self->xml);
    return status;
}

const uint8_t *
strings_get(const strings *self, uint32_t number, uint32_t *size, bool *plain)
{
    uint32_t begin = number == 0 ? 0 : self->ends[number - 1] & ~NOT_PLAIN, end = self->ends[number];
    *plain = (end & NOT_PLAIN) == 0;
    *size = (end & ~NOT_PLAIN) - begin;
    return *size == 0 ? (const uint8_t *)"" : self->text + begin;
}

void
strings_release(strings *self)
{
    xml_destroy(&self->xml);
    free(self->text);
    free(self->ends);
    memset(self, 0, sizeof *self);
}
