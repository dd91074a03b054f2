/* export.h - the core of service export. */
#ifndef MUSTER_EXPORT_H
#define MUSTER_EXPORT_H
#include "services/runtime/service.h"
extern const mst_core export_core;
#endif
