/* read_remarks.h - the doctor's remarks in `muster-parsing --read`. */
#ifndef MUSTER_PARSING_READ_REMARKS_H
#define MUSTER_PARSING_READ_REMARKS_H

#include "parsing.pb-c.h"
#include <stdio.h>

/* One sentence a line, and how to ask for its repair. */
void read_remarks_text(FILE *out, const Muster__V1__RemarksFound *found);
/* ,"remarks":[..] */
void read_remarks_json(FILE *out, const Muster__V1__RemarksFound *found);

#endif
