/* ingestion.h - the core of service ingestion. */
#ifndef MUSTER_INGESTION_H
#define MUSTER_INGESTION_H
#include "services/runtime/service.h"
extern const mst_core ingestion_core;
#endif
