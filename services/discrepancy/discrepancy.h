/* discrepancy.h - the core of service discrepancy. */
#ifndef MUSTER_DISCREPANCY_H
#define MUSTER_DISCREPANCY_H
#include "services/runtime/service.h"
extern const mst_core discrepancy_core;
#endif
