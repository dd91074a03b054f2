/* main.c - muster-discrepancy. */
#include "services/discrepancy/discrepancy.h"

int
main(int argc, char **argv)
{
    return mst_service_main(&discrepancy_core, argc, argv);
}
