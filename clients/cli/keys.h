/* keys.h - CURVE key pairs and who is authorised. A key is 40 characters of Z85 (ZeroMQ RFC 32).
 *
 * The broker reads $DATA/broker/keys/server.key and $DATA/broker/authorised_keys, lines `<public key> <role>
 * <principal>`. Both are replaced in one step, never half written. Thread: one. */
#ifndef MUSTER_CLI_KEYS_H
#define MUSTER_CLI_KEYS_H

#include "cli.h"

#define KEYS_TEXT_SIZE 40u

/* Writes 40 characters and a NUL. */
void keys_z85(const uint8_t key[32], char text[KEYS_TEXT_SIZE + 1]);
/* True for 40 characters of Z85. */
bool keys_z85_ok(const char *text);
/* Makes the broker's key pair unless there is one. CLI_DONE or the exit code, said. */
int keys_server(cli *self);

#endif
