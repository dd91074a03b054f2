/* ingestion.c - see ingestion.h. */
#include "services/ingestion/ingestion.h"
const mst_core ingestion_core = {.name = "ingestion"};
