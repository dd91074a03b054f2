/* template_show.h - asking for a template, with a word to the person where there is none. */
#ifndef MUSTER_CLI_TEMPLATE_SHOW_H
#define MUSTER_CLI_TEMPLATE_SHOW_H

#include "cli.h"
#include "ingestion.pb-c.h"

/* version 0: the newest. NULL: said, with `rc` as the exit code. */
const Muster__V1__TemplateView *template_fetch(cli *self, const char *name, uint64_t version, int *rc);

#endif
