/* config.h - what a service process is told: the file (YAML, deploy/config/<service>.yaml shows every setting), and
 * above it the command line. Ownership: the configuration owns its texts. Thread: any, before the loop. */
#ifndef MUSTER_CONFIG_H
#define MUSTER_CONFIG_H

#include "broker/lib/arena.h"
#include "broker/lib/log.h"
#include <stdbool.h>

typedef struct mst_config {
    char *data_dir;           /* the system's; default MUSTER_DATA or ~/.local/share/muster */
    uint32_t instance;        /* 1.. */
    char *endpoint;           /* of the broker; default below data_dir */
    char *key_file;           /* CURVE secret key, for tcp */
    char *server_key;         /* the broker's public key or a file with it, for tcp */
    char *log_level;          /* debug, info, warn, error */
    uint32_t inputs_max;      /* inputs at work at once, 1..64; 0: as the service says */
    uint32_t snapshot_events; /* events applied between two snapshots; 0: 20000 */
    bool dump;                /* print the stores and exit */
    mst_arena *arena;
} mst_config;

/* Reads the command line of service `name` and the file it names. Prints what is wrong with file, line and column.
 * MST_INVALID: wrong usage. Asking for --help or --version ends the process. */
MST_NODISCARD mst_status mst_config_read(mst_config *config, const char *name, int argc, char **argv);
void mst_config_release(mst_config *config);
mst_log_level mst_config_log_level(const mst_config *config);

#endif
