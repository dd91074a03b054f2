/* shapes.h - what kind of value a cell looks like: what tells a header from data, and a column of e-mail addresses from
 * one of names. A look, not a judgement: values.c says what is right. Thread: any. */
#ifndef MUSTER_PARSING_SHAPES_H
#define MUSTER_PARSING_SHAPES_H

#include "csv_rows.h"

typedef enum cell_shape {
    SHAPE_EMPTY,
    SHAPE_TEXT,
    SHAPE_NUMBER, /* signs, group marks, percent and currency too; NaN */
    SHAPE_DATE,
    SHAPE_TIME,
    SHAPE_EMAIL,
    SHAPE_PHONE, /* begins with + or (, or is digits in groups; seven digits and more */
    SHAPE_URL,
    SHAPES_COUNT
} cell_shape;

cell_shape shape_of(csv_cell cell);

#endif
