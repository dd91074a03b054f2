/* notification.h - service notification: mail to people when a batch waits for them, and when it is done (B45-B47). */
#ifndef MUSTER_NOTIFICATION_H
#define MUSTER_NOTIFICATION_H

#include "services/runtime/service.h"

extern const mst_core notification_core;

#endif
