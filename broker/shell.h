/* shell.h - the broker as a process: sockets, clock and disk around the pure core.
 *
 * One loop, one thread: read what has come (bounded), end the turn (one synced write), let it out, never block on a
 * peer. Peers on ipc are trusted by the permissions of the directory; peers on tcp by their CURVE key, asked for at the
 * handshake and again for each message. */
#ifndef MUSTER_SHELL_H
#define MUSTER_SHELL_H

#include "lib/status.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct mst_shell_options {
    const char *data_dir;
    const char *listen; /* "tcp://ADDR:PORT"; NULL: ipc only */
    bool sync;
    uint64_t reserve; /* bytes of disk kept free, and of the ballast */
    uint32_t lease_ms;
} mst_shell_options;

/* Runs until SIGTERM or SIGINT. Returns the exit code: 0 stopped in order, 1 could not start, 3 the disk refused a
 * write (start again). */
int mst_shell_run(const mst_shell_options *options);

#endif
