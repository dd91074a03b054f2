/* xlsx_xml.c - see xlsx_xml.h. */
#include "xlsx_xml.h"

#include "broker/lib/arena.h"
#include "broker/lib/hash.h"
#include <expat.h>
#include <stdlib.h>
#include <string.h>

struct xml {
    xml_sink sink;
    XML_Parser parser;
    archive_part *part;
    xlsx_fault *fault;
    char name[128];
    uint32_t depth;
    uint64_t fed;
    bool stopped, paused, end;
};

/* Most names have one letter: a loop is quicker than a call. */
static inline const char *
local(const char *name)
{
    const char *begin = name;
    for (; *name != '\0'; name++)
        if (*name == ':')
            begin = name + 1;
    return begin;
}

const char *
xml_attribute(const char *const *attributes, const char *name)
{
    for (; *attributes != NULL; attributes += 2)
        if (strcmp(local(attributes[0]), name) == 0 && strncmp(attributes[0], "xmlns", 5) != 0)
            return attributes[1];
    return NULL;
}

static void XMLCALL
on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    xml *self = context;
    uint32_t count = 0;
    while (count <= 2 * XML_ATTRIBUTES_MAX && attributes[count] != NULL)
        count += 2;
    if (++self->depth > XML_DEPTH_MAX || count > 2 * XML_ATTRIBUTES_MAX) {
        xlsx_fail(self->fault, XLSX_SAVE_AGAIN, "The part \"%s\" is no part of a workbook: %s.", self->name,
                  count > 2 * XML_ATTRIBUTES_MAX ? "an element has more than 256 attributes"
                                                 : "more than 64 elements stand within each other");
        xml_stop(self);
    }
    if (!self->stopped)
        self->sink.start(self->sink.context, self->depth, local(name), (const char *const *)attributes);
}

static void XMLCALL
on_end(void *context, const XML_Char *name)
{
    xml *self = context;
    if (!self->stopped)
        self->sink.end(self->sink.context, self->depth, local(name));
    self->depth--;
}

static void XMLCALL
on_text(void *context, const XML_Char *text, int size)
{
    xml *self = context;
    if (!self->stopped)
        self->sink.text(self->sink.context, text, size);
}

static void XMLCALL
on_doctype(void *context, const XML_Char *name, const XML_Char *system, const XML_Char *pub, int internal)
{
    (void)name, (void)system, (void)pub, (void)internal;
    xml *self = context;
    xlsx_fail(self->fault, XLSX_SAVE_AGAIN,
              "The part \"%s\" declares a document type, as files do that are made to fill memory or to reach other "
              "files; no workbook does.",
              self->name);
    xml_stop(self);
}

xml *
xml_new(const xml_sink *sink, archive_part *part, const char *name, xlsx_fault *fault)
{
    xml *self = mst_alloc(sizeof *self);
    *self = (xml){.sink = *sink, .part = part, .fault = fault};
    snprintf(self->name, sizeof self->name, "%s", name);
    self->parser = XML_ParserCreate(NULL);
    if (self->parser == NULL)
        abort(); // out of memory
    unsigned long salt;
    mst_random(&salt, sizeof salt);
    XML_SetHashSalt(self->parser, salt | 1); // 0 would mean none
    XML_SetUserData(self->parser, self);
    XML_SetElementHandler(self->parser, on_start, on_end);
    XML_SetStartDoctypeDeclHandler(self->parser, on_doctype);
    return self;
}

void
xml_destroy(xml **self)
{
    if (*self == NULL)
        return;
    XML_ParserFree((*self)->parser);
    archive_part_close(&(*self)->part);
    free(*self);
    *self = NULL;
}

void
xml_want_text(xml *self, bool wanted)
{
    XML_SetCharacterDataHandler(self->parser, wanted ? on_text : NULL);
}

void
xml_pause(xml *self)
{
    if (!self->stopped && XML_StopParser(self->parser, XML_TRUE) == XML_STATUS_OK)
        self->paused = true;
}

void
xml_stop(xml *self)
{
    self->stopped = true;
    XML_StopParser(self->parser, XML_FALSE);
}

/* What is left is unpacked only: whether it is whole is known at its end. */
static xml_status
drain(xml *self, size_t *size)
{
    char waste[16 * 1024];
    ptrdiff_t got = archive_part_read(self->part, waste, sizeof waste, self->fault);
    *size += got > 0 ? (size_t)got : 0;
    return got < 0 ? XML_FAILED : got == 0 ? XML_ENDED : XML_MORE;
}

static xml_status
parsed(xml *self, enum XML_Status status)
{
    if (xlsx_failed(self->fault))
        return XML_FAILED;
    if (self->stopped)
        return XML_MORE;
    if (status == XML_STATUS_ERROR) {
        xlsx_fail(self->fault, XLSX_SAVE_AGAIN, "The workbook is damaged: its part \"%s\" is no XML at line %lu (%s).",
                  self->name, XML_GetCurrentLineNumber(self->parser), XML_ErrorString(XML_GetErrorCode(self->parser)));
        return XML_FAILED;
    }
    self->paused = status == XML_STATUS_SUSPENDED;
    if (self->paused)
        return XML_PAUSED;
    // A tag without an end would be looked at from its beginning with every piece.
    XML_Index at = XML_GetCurrentByteIndex(self->parser);
    if (!self->end && at >= 0 && self->fed - (uint64_t)at > XML_TOKEN_SIZE_MAX) {
        xlsx_fail(self->fault, XLSX_SAVE_AGAIN, "The part \"%s\" holds a tag of more than %u KiB.", self->name,
                  XML_TOKEN_SIZE_MAX / 1024);
        return XML_FAILED;
    }
    return self->end ? XML_ENDED : XML_MORE;
}

xml_status
xml_step(xml *self, size_t *size)
{
    if (self->stopped)
        return drain(self, size);
    if (self->paused)
        return parsed(self, XML_ResumeParser(self->parser));
    void *buffer = XML_GetBuffer(self->parser, XML_PIECE_SIZE);
    if (buffer == NULL)
        abort(); // out of memory
    ptrdiff_t got = archive_part_read(self->part, buffer, XML_PIECE_SIZE, self->fault);
    if (got < 0)
        return XML_FAILED;
    self->fed += (uint64_t)got;
    *size += (size_t)got;
    self->end = got == 0;
    return parsed(self, XML_ParseBuffer(self->parser, (int)got, got == 0));
}
