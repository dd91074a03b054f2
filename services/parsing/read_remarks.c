/* read_remarks.c - see read_remarks.h. */
#include "read_remarks.h"

#include <jansson.h>

void
read_remarks_text(FILE *out, const Muster__V1__RemarksFound *found)
{
    for (size_t i = 0; found != NULL && i < found->n_remarks; i++) {
        const Muster__V1__Remark *remark = found->remarks[i];
        fprintf(out, "remark: %s\n", remark->sentence);
        if (remark->repairable)
            fprintf(out, "  muster batch create .. --repair %s mends it\n", remark->name);
    }
}

static json_t *
texts(char *const *list, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_string(list[i]));
    return array;
}

void
read_remarks_json(FILE *out, const Muster__V1__RemarksFound *found)
{
    json_t *array = json_array();
    for (size_t i = 0; found != NULL && i < found->n_remarks; i++) {
        const Muster__V1__Remark *remark = found->remarks[i];
        json_t *rows = json_array();
        for (size_t j = 0; j < remark->n_first_rows; j++)
            json_array_append_new(rows, json_integer(remark->first_rows[j]));
        json_array_append_new(array,
                              json_pack("{s:s, s:s, s:i, s:i, s:o, s:o, s:o, s:s, s:b}", "name", remark->name, "field",
                                        remark->field, "column", (int)remark->column, "rows", (int)remark->rows,
                                        "first_rows", rows, "examples", texts(remark->examples, remark->n_examples),
                                        "proposals", texts(remark->proposals, remark->n_proposals), "sentence",
                                        remark->sentence, "repairable", remark->repairable));
    }
    fputs(",\"remarks\":", out);
    json_dumpf(array, out, JSON_COMPACT);
    json_decref(array);
}
