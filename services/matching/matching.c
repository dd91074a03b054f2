/* matching.c - see matching.h. */
#include "services/matching/matching.h"
const mst_core matching_core = {.name = "matching"};
