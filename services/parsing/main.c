/* main.c - muster-parsing. */
#include "services/parsing/parsing.h"

int
main(int argc, char **argv)
{
    return mst_service_main(&parsing_core, argc, argv);
}
