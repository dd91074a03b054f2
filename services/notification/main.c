/* main.c - muster-notification. */
#include "services/notification/notification.h"

int
main(int argc, char **argv)
{
    return mst_service_main(&notification_core, argc, argv);
}
