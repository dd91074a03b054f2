/* xlsx_parts.c - see xlsx_parts.h. */
#include "xlsx_parts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Reads a whole part. False: see fault. */
static bool
read_part(archive *package, const char *name, const xml_sink *sink, xml **under_way, xlsx_fault *fault)
{
    archive_part *part = archive_part_open(package, name, fault);
    if (part == NULL)
        return xlsx_fail(fault, XLSX_SAVE_AGAIN, "The workbook is damaged: its part \"%.100s\" is missing.", name);
    *under_way = xml_new(sink, part, name, fault);
    size_t size = 0;
    xml_status status;
    do
        status = xml_step(*under_way, &size);
    while (status == XML_MORE && size <= PARTS_SIZE_MAX);
    xml_destroy(under_way);
    if (size > PARTS_SIZE_MAX)
        return xlsx_fail(fault, XLSX_SAVE_AGAIN, "The part \"%.100s\" is larger than %u MiB.", name,
                         PARTS_SIZE_MAX >> 20);
    return status == XML_ENDED && !xlsx_failed(fault);
}

static void
no_end(void *context, uint32_t depth, const char *name)
{
    (void)context, (void)depth, (void)name;
}

static bool
is_true(const char *value)
{
    return value != NULL && (strcmp(value, "1") == 0 || strcmp(value, "true") == 0 || strcmp(value, "on") == 0);
}

static bool
ends_with(const char *text, const char *ending)
{
    size_t size = strlen(text), wanted = strlen(ending);
    return size >= wanted && strcasecmp(text + size - wanted, ending) == 0;
}

/* Relations ---------------------------------------------------------------------------------------------- */

typedef struct relation {
    const char *id, *type, *target; /* target: a part */
} relation;

typedef struct relations {
    const char *folder; /* of the part they belong to, with a slash at its end, or "" */
    mst_arena *arena;
    relation *list;
    uint32_t count, room;
    xml *xml;
    xlsx_fault *fault;
} relations;

/* "../a/b.xml" seen from "xl/worksheets/" is "xl/a/b.xml"; "/xl/b.xml" is "xl/b.xml". */
static char *
resolve(const relations *self, const char *target)
{
    char *path =
        mst_arena_printf(self->arena, "%s%s", target[0] == '/' || target[0] == '\\' ? "" : self->folder, target);
    char *from = path, *to = path;
    for (char *at = path; *at != '\0'; at++)
        *at = *at == '\\' ? '/' : *at;
    while (*from != '\0') {
        size_t size = strcspn(from, "/");
        bool slash = from[size] == '/';
        if (size == 2 && memcmp(from, "..", 2) == 0) {
            to -= to > path; // the slash before
            while (to > path && to[-1] != '/')
                to--;
        } else if (size > 0 && !(size == 1 && from[0] == '.')) {
            memmove(to, from, size);
            to += size;
            if (slash)
                *to++ = '/';
        }
        from += size + slash;
    }
    *to = '\0';
    return path;
}

static void
on_relation(void *context, uint32_t depth, const char *name, const char *const *attributes)
{
    relations *self = context;
    const char *id = xml_attribute(attributes, "Id"), *type = xml_attribute(attributes, "Type"),
               *target = xml_attribute(attributes, "Target"), *mode = xml_attribute(attributes, "TargetMode");
    if (depth != 2 || strcmp(name, "Relationship") != 0 || id == NULL || type == NULL || target == NULL ||
        (mode != NULL && strcasecmp(mode, "External") == 0))
        return;
    if (self->count == PARTS_RELATIONS_MAX) {
        xlsx_fail(self->fault, XLSX_SAVE_AGAIN, "A part of the workbook has more than %u relations.",
                  PARTS_RELATIONS_MAX);
        xml_stop(self->xml);
        return;
    }
    if (self->count == self->room) {
        relation *old = self->list;
        self->room = self->room == 0 ? 64 : 2 * self->room;
        self->list = mst_arena_alloc(self->arena, self->room * sizeof *old);
        if (old != NULL)
            memcpy(self->list, old, self->count * sizeof *old);
    }
    self->list[self->count++] =
        (relation){mst_arena_strdup(self->arena, id), mst_arena_strdup(self->arena, type), resolve(self, target)};
}

/* The relations of a part, or of the package (""). That there are none is no fault. */
static bool
read_relations(archive *package, const char *part, mst_arena *arena, relations *self, xlsx_fault *fault)
{
    const char *slash = strrchr(part, '/'), *base = slash == NULL ? part : slash + 1;
    *self =
        (relations){.arena = arena, .fault = fault, .folder = mst_arena_strndup(arena, part, (size_t)(base - part))};
    const char *name = mst_arena_printf(arena, "%s_rels/%s.rels", self->folder, base);
    const xml_sink sink = {self, on_relation, no_end, NULL};
    return !archive_has(package, name) || read_part(package, name, &sink, &self->xml, fault);
}

/* The target of the first relation whose type ends so and which exists; NULL: none. */
static const char *
target_of_type(const relations *self, const archive *package, const char *type)
{
    for (uint32_t i = 0; i < self->count; i++)
        if (ends_with(self->list[i].type, type) && archive_has(package, self->list[i].target))
            return self->list[i].target;
    return NULL;
}

static const relation *
relation_of(const relations *self, const char *id)
{
    for (uint32_t i = 0; i < self->count; i++)
        if (strcmp(self->list[i].id, id) == 0)
            return &self->list[i];
    return NULL;
}

/* The workbook ------------------------------------------------------------------------------------------- */

typedef struct sheet_entry {
    const char *name, *relation;
    bool hidden;
} sheet_entry;

typedef struct book {
    mst_arena *arena;
    sheet_entry *sheets;
    uint32_t count;
    bool from_1904;
    xml *xml;
    xlsx_fault *fault;
} book;

static void
on_book(void *context, uint32_t depth, const char *name, const char *const *attributes)
{
    book *self = context;
    if (depth == 2 && strcmp(name, "workbookPr") == 0)
        self->from_1904 = is_true(xml_attribute(attributes, "date1904"));
    if (depth != 3 || strcmp(name, "sheet") != 0)
        return;
    const char *called = xml_attribute(attributes, "name"), *target = xml_attribute(attributes, "id"),
               *state = xml_attribute(attributes, "state");
    if (self->count == PARTS_SHEETS_MAX) {
        xlsx_fail(self->fault, XLSX_MAKE_SMALLER, "The workbook has more than %u sheets.", PARTS_SHEETS_MAX);
        xml_stop(self->xml);
        return;
    }
    sheet_entry *sheet = &self->sheets[self->count++];
    char name_kept[PARTS_NAME_SIZE_MAX + 1];
    called = called == NULL ? "" : called;
    utf8_clean((const uint8_t *)called, strlen(called), name_kept, sizeof name_kept);
    sheet->name = mst_arena_strdup(self->arena, name_kept);
    sheet->relation = mst_arena_strdup(self->arena, target == NULL ? "" : target);
    sheet->hidden = state != NULL && strcmp(state, "visible") != 0;
}

/* Where the worksheet stands; NULL: the sheet is a chart, a dialog or macros, or nowhere. */
static const char *
worksheet_part(const relations *known, const archive *package, const sheet_entry *sheet)
{
    const relation *found = relation_of(known, sheet->relation);
    return found != NULL && ends_with(found->type, "/worksheet") && archive_has(package, found->target) ? found->target
                                                                                                        : NULL;
}

static bool
choose_sheet(const book *self, const relations *known, const archive *package, uint32_t wanted, parts_book *chosen,
             xlsx_fault *fault)
{
    const sheet_entry *found = NULL;
    for (uint32_t i = 0; i < self->count; i++) {
        const char *part = worksheet_part(known, package, &self->sheets[i]);
        if (part == NULL)
            continue;
        chosen->worksheets++;
        bool first = found == NULL || (wanted == 0 && found->hidden && !self->sheets[i].hidden);
        if (wanted == 0 ? first : wanted == chosen->worksheets) {
            found = &self->sheets[i];
            chosen->sheet = found->name;
            chosen->sheet_part = part;
        }
    }
    if (found == NULL && chosen->worksheets > 0)
        return xlsx_fail(fault, "Give a smaller number.", "The workbook has %u worksheets, none of number %u.",
                         chosen->worksheets, wanted);
    return found != NULL || xlsx_fail(fault, XLSX_SAVE_AGAIN, "The workbook has no worksheet%s.",
                                      self->count > 0 ? " but other sheets (charts, dialogs or damaged ones)" : "");
}

bool
parts_find(archive *package, uint32_t sheet, mst_arena *arena, parts_book *found, xlsx_fault *fault)
{
    relations root, known;
    memset(found, 0, sizeof *found);
    if (!read_relations(package, "", arena, &root, fault))
        return false;
    const char *part = target_of_type(&root, package, "/officeDocument");
    part = part == NULL && archive_has(package, "xl/workbook.xml") ? "xl/workbook.xml" : part;
    if (part == NULL)
        return xlsx_fail(fault, XLSX_SAVE_AGAIN, "The file holds no workbook.");
    book read = {.arena = arena, .fault = fault};
    read.sheets = mst_arena_alloc(arena, PARTS_SHEETS_MAX * sizeof *read.sheets);
    const xml_sink sink = {&read, on_book, no_end, NULL};
    if (!read_relations(package, part, arena, &known, fault) || !read_part(package, part, &sink, &read.xml, fault) ||
        !choose_sheet(&read, &known, package, sheet, found, fault))
        return false;
    found->strings_part = target_of_type(&known, package, "/sharedStrings");
    found->styles_part = target_of_type(&known, package, "/styles");
    found->from_1904 = read.from_1904;
    return true;
}

/* Styles ------------------------------------------------------------------------------------------------- */

typedef struct number_format {
    uint32_t number;
    xlsx_style style;
} number_format;

typedef struct styles {
    mst_arena *arena;
    uint32_t *numbers; /* of the number format of each cell format */
    number_format *formats;
    uint32_t numbers_count, numbers_room, formats_count, formats_room;
    bool in_formats, in_cells;
    xml *xml;
    xlsx_fault *fault;
} styles;

static void *
grown(mst_arena *arena, void *list, uint32_t count, uint32_t *room, size_t size)
{
    if (count < *room)
        return list;
    *room = *room == 0 ? 256 : 2 * *room;
    void *more = mst_arena_alloc(arena, *room * size);
    if (count > 0)
        memcpy(more, list, count * size);
    return more;
}

static void
on_style(void *context, uint32_t depth, const char *name, const char *const *attributes)
{
    styles *self = context;
    if (depth == 2) {
        self->in_formats = strcmp(name, "numFmts") == 0;
        self->in_cells = strcmp(name, "cellXfs") == 0;
        return;
    }
    if (depth != 3 || !(self->in_formats || self->in_cells))
        return;
    if (self->numbers_count == PARTS_STYLES_MAX || self->formats_count == PARTS_STYLES_MAX) {
        xlsx_fail(self->fault, XLSX_SAVE_AGAIN, "The workbook has more than %u formats.", PARTS_STYLES_MAX);
        xml_stop(self->xml);
        return;
    }
    const char *number = xml_attribute(attributes, "numFmtId"), *code = xml_attribute(attributes, "formatCode");
    uint32_t id = number == NULL ? 0 : (uint32_t)strtoul(number, NULL, 10);
    if (self->in_cells && strcmp(name, "xf") == 0) {
        self->numbers =
            grown(self->arena, self->numbers, self->numbers_count, &self->numbers_room, sizeof *self->numbers);
        self->numbers[self->numbers_count++] = id;
    } else if (self->in_formats && code != NULL) {
        self->formats =
            grown(self->arena, self->formats, self->formats_count, &self->formats_room, sizeof *self->formats);
        self->formats[self->formats_count++] = (number_format){id, xlsx_style_of_code(code)};
    }
}

static int
by_number(const void *left, const void *right)
{
    uint32_t a = ((const number_format *)left)->number, b = ((const number_format *)right)->number;
    return a < b ? -1 : a > b;
}

bool
parts_read_styles(archive *package, const char *name, mst_arena *arena, parts_styles *found, xlsx_fault *fault)
{
    styles self = {.arena = arena, .fault = fault};
    const xml_sink sink = {&self, on_style, no_end, NULL};
    if (!read_part(package, name, &sink, &self.xml, fault))
        return false;
    if (self.formats_count > 0)
        qsort(self.formats, self.formats_count, sizeof *self.formats, by_number);
    found->count = self.numbers_count;
    found->styles = mst_arena_alloc(arena, self.numbers_count + 1);
    for (uint32_t i = 0; i < self.numbers_count; i++) {
        const number_format wanted = {.number = self.numbers[i]};
        const number_format *own = self.formats_count == 0
                                       ? NULL
                                       : bsearch(&wanted, self.formats, self.formats_count, sizeof wanted, by_number);
        found->styles[i] = (uint8_t)(own != NULL ? own->style : xlsx_style_of_number(wanted.number));
    }
    return true;
}
