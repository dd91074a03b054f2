/* discrepancy.c - see discrepancy.h. */
#include "services/discrepancy/discrepancy.h"
const mst_core discrepancy_core = {.name = "discrepancy"};
