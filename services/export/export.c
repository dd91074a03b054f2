/* export.c - see export.h. */
#include "services/export/export.h"
const mst_core export_core = {.name = "export"};
