/* main.c - muster-ingestion. */
#include "services/ingestion/ingestion.h"

int
main(int argc, char **argv)
{
    return mst_service_main(&ingestion_core, argc, argv);
}
