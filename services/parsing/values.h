/* values.h - what a field takes, and the one form in which it is kept.
 *
 * Dates become YYYY-MM-DD, times HH:MM:SS, booleans true or false; numbers get a point and lose units and groups, whole
 * ones also a plus sign and leading zeros; allowed values and the words of an action are kept as listed, whatever case,
 * accents and blanks they were typed with. Text that is digits but for dashes and blanks (123-45-6789) is kept as the
 * digits alone where the pattern of the field takes only those: offices write such ids both ways. Everything else stays
 * as typed, without blanks around it. A value that the field does not take stays as typed and gets a kind of wrong and
 * a sentence that says what would be right.
 * Memory: rules hold compiled patterns and lists: release. Thread: the one that made them. */
#ifndef MUSTER_PARSING_VALUES_H
#define MUSTER_PARSING_VALUES_H

#include "allowed.h"
#include "broker/lib/arena.h"
#include "csv_rows.h"
#include "dates.h"
#include "parsing.pb-c.h"
#include "template.pb-c.h"

#define VALUE_MESSAGE_SIZE 600u
#define VALUE_GROWTH 24u /* bytes that the kept form of a value without a list may have more than what was typed */
#define VALUE_SUGGESTED 5u

typedef struct value_rule {
    const Muster__V1__Field *field;
    date_order order;
    bool takes_plain_dates; /* YYYY-MM-DD is one of the ways to write a date here */
    bool required;          /* by the field; whoever needs it for another reason sets it */
    void *pattern;          /* compiled, NULL none */
    allowed *choices;       /* the allowed values, or what is true and false; NULL none */
    bool only_these;        /* choices are all that is allowed */
    double minimum, maximum;
    long long whole_minimum, whole_maximum;
    bool has_minimum, has_maximum;
    size_t growth;                   /* bytes that the kept form may have more than what was typed */
    int detail;                      /* of the last wrong value: why */
    csv_cell seen;                   /* the last wrong value, as long as it is there */
    struct mst_suggester *suggester; /* made when it is needed first */
} value_rule;

typedef struct value_text {
    const uint8_t *data; /* borrowed from the input, or room */
    size_t size;
    char room[48];
} value_text;

/* MST_INVALID: the pattern of the field is no regular expression. */
MST_NODISCARD mst_status value_rule_init(value_rule *rule, const Muster__V1__Field *field);
/* The field says what to do with the row: only these words, the first of each list is kept. */
void value_rule_set_action(value_rule *rule, const Muster__V1__Action *action);
void value_rule_release(value_rule *rule);
/* Text of `*least` to `*most` bytes (0: none at all) is right as it stands and needs no value_read. */
void value_unchecked(const value_rule *rule, uint32_t *least, uint32_t *most);
/* `data` is not empty and has no blanks around it. WRONG_UNKNOWN: right, and `out` is the kept form. */
Muster__V1__WrongKind value_read(value_rule *rule, const uint8_t *data, size_t size, value_text *out);
/* What is wrong with the value read last, and what would be right. */
void value_message(const value_rule *rule, Muster__V1__WrongKind kind, char message[VALUE_MESSAGE_SIZE]);
/* Values that may have been meant by the value read last, best first, at most VALUE_SUGGESTED; in `arena`. */
Muster__V1__Suggestion **value_suggest(value_rule *rule, Muster__V1__WrongKind kind, mst_arena *arena, size_t *count);
/* What one comparison with a list costs: the allowed values looked at by value_suggest. */
size_t value_suggest_cost(const value_rule *rule, Muster__V1__WrongKind kind);

#endif
