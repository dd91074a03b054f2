/* parsing.h - the core of service parsing. */
#ifndef MUSTER_PARSING_H
#define MUSTER_PARSING_H
#include "services/runtime/service.h"
extern const mst_core parsing_core;
#endif
