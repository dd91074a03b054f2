/* matching.h - the core of service matching. */
#ifndef MUSTER_MATCHING_H
#define MUSTER_MATCHING_H
#include "services/runtime/service.h"
extern const mst_core matching_core;
#endif
