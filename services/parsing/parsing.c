/* parsing.c - see parsing.h. */
#include "services/parsing/parsing.h"
const mst_core parsing_core = {.name = "parsing"};
