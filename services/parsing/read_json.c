/* read_json.c - see read_json.h. */
#include "read_json.h"

#include "broker/lib/arena.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>

void
read_json_text(FILE *out, const uint8_t *data, size_t size)
{
    char stack[1024], *clean = size * 3 + 1 > sizeof stack ? mst_alloc(size * 3 + 1) : stack;
    bool ok = utf8_ok(data, size);
    size_t used = size;
    const char *text = (const char *)data;
    if (!ok) {
        used = utf8_clean(data, size, clean, size * 3 + 1);
        text = clean;
    }
    fputc('"', out);
    for (size_t i = 0; i < used; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
    if (clean != stack)
        free(clean);
}

void
read_json_string(FILE *out, const char *text)
{
    read_json_text(out, (const uint8_t *)text, strlen(text));
}

void
read_json_strings(FILE *out, const char *name, char *const *texts, size_t count)
{
    fprintf(out, ",\"%s\":[", name);
    for (size_t i = 0; i < count; i++) {
        fputs(i == 0 ? "" : ",", out);
        read_json_string(out, texts[i]);
    }
    fputc(']', out);
}

void
read_json_cells(FILE *out, const csv_cell *cells, uint32_t count)
{
    fputc('[', out);
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            fputc(',', out);
        read_json_text(out, cells[i].data, cells[i].size);
    }
    fputc(']', out);
}
