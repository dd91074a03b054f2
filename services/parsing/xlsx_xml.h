/* xlsx_xml.h - reading a part of a workbook as XML, and what is refused of it.
 *
 * The only user of expat. Elements come with their depth (the root is 1) and without prefix: parts say x:row and row
 * for the same thing, and where an element stands tells what it is. A document type declaration, and with it every
 * entity of one's own, is refused. Thread: the one that made it. */
#ifndef MUSTER_PARSING_XLSX_XML_H
#define MUSTER_PARSING_XLSX_XML_H

#include "xlsx_archive.h"

#define XML_DEPTH_MAX 64u                 /* elements within each other */
#define XML_ATTRIBUTES_MAX 256u           /* of an element */
#define XML_TOKEN_SIZE_MAX (512u * 1024u) /* bytes of a tag or comment */
#define XML_PIECE_SIZE (64u * 1024u)      /* bytes read at once */

typedef struct xml xml;

typedef struct xml_sink {
    void *context;
    void (*start)(void *context, uint32_t depth, const char *name, const char *const *attributes);
    void (*end)(void *context, uint32_t depth, const char *name);
    /* Only between xml_want_text(true) and (false). */
    void (*text)(void *context, const char *text, int size);
} xml_sink;

typedef enum xml_status { XML_MORE, XML_PAUSED, XML_ENDED, XML_FAILED } xml_status;

/* Takes the part; `sink` is copied. */
xml *xml_new(const xml_sink *sink, archive_part *part, const char *name, xlsx_fault *fault);
void xml_destroy(xml **self);
/* Reads and parses a piece; its size is added to *size. FAILED: see fault. */
xml_status xml_step(xml *self, size_t *size);
/* From within a handler: */
void xml_want_text(xml *self, bool wanted);
void xml_pause(xml *self); /* the step ends after this element */
void xml_stop(xml *self);  /* no more is wanted; the next step says FAILED if there is a fault */
/* The value of an attribute (its name without prefix), or NULL. */
const char *xml_attribute(const char *const *attributes, const char *name);

#endif
