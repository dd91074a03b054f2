/* spans.c - see spans.h. */
#include "services/export/spans.h"

#include <stdio.h>

/* Records with one key, by what a row may mean; places only where their count is not 0. */
typedef struct sorted {
    size_t open, open_count;                 /* the last of them, and how many */
    size_t open_same_begin, same_open_count; /* begun on the row's day */
    size_t closed_same_begin, same_closed_count;
    size_t closed_last, closed_count; /* the one that ended last */
} sorted;

static sorted
sort(span row, const span *spans, size_t count)
{
    sorted is = {0};
    for (size_t i = 0; i < count; i++) {
        bool same_begin = row.begin > SPAN_SOMETIME && row.begin == spans[i].begin;
        if (spans[i].end == 0) {
            is.open = i;
            is.open_count++;
            is.open_same_begin = same_begin ? i : is.open_same_begin;
            is.same_open_count += same_begin;
            continue;
        }
        is.closed_same_begin = same_begin ? i : is.closed_same_begin;
        is.same_closed_count += same_begin;
        if (is.closed_count == 0 || spans[i].end >= spans[is.closed_last].end)
            is.closed_last = i;
        is.closed_count++;
    }
    return is;
}

static span_choice
refuse_update(const sorted *is)
{
    if (is->same_closed_count > 0)
        return (span_choice){SPAN_CLOSED, is->closed_same_begin, is->open_count};
    if (is->open_count > 0)
        return (span_choice){SPAN_OPEN_TWICE, is->open, is->open_count};
    if (is->closed_count > 0)
        return (span_choice){SPAN_CLOSED, is->closed_last, 0};
    return (span_choice){SPAN_NOT_OPEN, SPAN_MAKE, 0};
}

static span_choice
choose_to_make(const sorted *is, bool begins, span row)
{
    return (span_choice){begins && row.begin == 0 ? SPAN_NO_START : SPAN_RIGHT, SPAN_MAKE, is->open_count};
}

span_choice
spans_choose(assignment_verb verb, bool may_repeat, bool begins, span row, const span *spans, size_t count)
{
    const sorted is = sort(row, spans, count);
    if (verb == VERB_UNKNOWN)
        return (span_choice){SPAN_NO_VERB, SPAN_MAKE, is.open_count};
    if (verb == VERB_INSERT && !may_repeat && is.open_count > 0)
        return (span_choice){SPAN_OPEN_ALREADY, is.open, is.open_count};
    if (verb == VERB_INSERT && !may_repeat && is.same_closed_count > 0)
        return (span_choice){SPAN_BEGAN_THEN, is.closed_same_begin, 0};
    if (verb == VERB_INSERT)
        return choose_to_make(&is, begins, row);
    if (is.same_open_count == 1)
        return (span_choice){SPAN_RIGHT, is.open_same_begin, is.open_count};
    if (is.same_closed_count > 0 && verb == VERB_EITHER)
        return (span_choice){SPAN_RIGHT, is.closed_same_begin, is.open_count};
    if (is.same_closed_count == 0 && is.open_count == 1)
        return (span_choice){SPAN_RIGHT, is.open, 1};
    if (verb == VERB_UPDATE || is.open_count > 1)
        return refuse_update(&is);
    return choose_to_make(&is, begins, row);
}

span_fault
spans_may_become(const span *before, span after)
{
    if (before != NULL && before->end != 0)
        return SPAN_CLOSED;
    return after.end > SPAN_SOMETIME && after.end < after.begin ? SPAN_ENDS_TOO_EARLY : SPAN_RIGHT;
}

uint32_t
span_date(mst_slice text)
{
    uint32_t date = 0;
    if (text.size == 0)
        return 0;
    if (text.size != 10 || text.data[4] != '-' || text.data[7] != '-')
        return SPAN_SOMETIME;
    for (size_t i = 0; i < 10; i++) {
        if (i == 4 || i == 7)
            continue;
        if (text.data[i] < '0' || text.data[i] > '9')
            return SPAN_SOMETIME;
        date = date * 10 + (uint32_t)(text.data[i] - '0');
    }
    return date > SPAN_SOMETIME ? date : SPAN_SOMETIME;
}

void
span_date_text(uint32_t date, char text[SPAN_DATE_SIZE])
{
    text[0] = '\0';
    if (date > SPAN_SOMETIME)
        snprintf(text, SPAN_DATE_SIZE, "%04u-%02u-%02u", date / 10000 % 10000, date / 100 % 100, date % 100);
}
