/* main.c - muster-parsing: the service, or with --read a look at one file. */
#include "services/parsing/parsing.h"

#include <string.h>

int
main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--read") == 0)
        return parsing_read_main(argc - 2, argv + 2);
    return mst_service_main(&parsing_core, argc, argv);
}
