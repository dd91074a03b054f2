/* values.h - what a field takes, and the one form in which it is kept.
 *
 * Dates become YYYY-MM-DD, booleans true or false, whole numbers lose a plus sign and leading zeros; everything else
 * stays as typed, without blanks around it. A value that the field does not take stays as typed and gets a kind of
 * wrong and a sentence that says what would be right.
 * Memory: rules live in the arena, but for compiled patterns: release. Thread: the one that made them. */
#ifndef MUSTER_PARSING_VALUES_H
#define MUSTER_PARSING_VALUES_H

#include "broker/lib/arena.h"
#include "dates.h"
#include "parsing.pb-c.h"
#include "template.pb-c.h"

#define VALUE_MESSAGE_SIZE 600u
#define VALUE_GROWTH 16u /* bytes that the kept form may have more than what was typed */

typedef struct value_rule {
    const Muster__V1__Field *field;
    date_order order;
    bool plain;    /* any text will do: nothing to check */
    void *pattern; /* compiled, NULL none */
    double minimum, maximum;
    bool has_minimum, has_maximum;
    int detail; /* of the last wrong value: why */
} value_rule;

typedef struct value_text {
    const uint8_t *data; /* borrowed from the input, or room */
    size_t size;
    char room[40];
} value_text;

/* MST_INVALID: the pattern of the field is no regular expression. */
MST_NODISCARD mst_status value_rule_init(value_rule *rule, const Muster__V1__Field *field);
void value_rule_release(value_rule *rule);
/* `data` is not empty and has no blanks around it. WRONG_UNKNOWN: right, and `out` is the kept form. */
Muster__V1__WrongKind value_read(value_rule *rule, const uint8_t *data, size_t size, value_text *out);
/* What is wrong with the value read last, and what would be right. */
void value_message(const value_rule *rule, Muster__V1__WrongKind kind, char message[VALUE_MESSAGE_SIZE]);

#endif
