/* main.c - muster-matching. */
#include "services/matching/matching.h"

int
main(int argc, char **argv)
{
    return mst_service_main(&matching_core, argc, argv);
}
