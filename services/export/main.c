/* main.c - muster-export. */
#include "services/export/export.h"

int
main(int argc, char **argv)
{
    return mst_service_main(&export_core, argc, argv);
}
