/* instance.h - one running system on one data directory.
 *
 * `muster up` holds a lock on $DATA/run/up.lock for as long as it lives and writes its process id into it; who gets the
 * lock knows that nobody else runs the system there, however the one before ended. Thread: one. */
#ifndef MUSTER_CLI_INSTANCE_H
#define MUSTER_CLI_INSTANCE_H

#include "cli.h"
#include <sys/types.h>

/* Creates the data directory and what belongs in it, all 0700. CLI_DONE or the exit code, said. */
int instance_prepare(cli *self);
/* Takes the lock: its file descriptor, or -1 with the holder's process id (0: unknown) in *holder. */
int instance_lock(const char *data_dir, pid_t *holder);
/* True when somebody accepts connections there; for tcp always true, it takes a handshake to know. */
bool instance_listens(const char *endpoint);
/* Process id of the `up` that runs on the data directory; 0 none. */
pid_t instance_running(const char *data_dir);

#endif
