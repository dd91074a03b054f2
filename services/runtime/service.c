/* service.c - see service.h. */
#include "services/runtime/service.h"
int mst_service_main(const mst_core *core, int argc, char **argv) { (void)core; (void)argc; (void)argv; return 0; }
