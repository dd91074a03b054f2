/* pipeline.h - many calls under way at once on one link.
 *
 * Calls leave in the order given and are answered in any order; each stays until its answer is there, and is sent again
 * after a lost connection, or when no answer came in time. Repeating is harmless: every call carries a command_id.
 * Memory: each call's own until it is answered, so it grows with the window, not with the number of calls.
 * Thread: the link's. */
#ifndef MUSTER_CLI_PIPELINE_H
#define MUSTER_CLI_PIPELINE_H

#include "cli.h"

typedef struct call_pipeline call_pipeline;

/* One answer. `message` is unpacked as the call expected, NULL where there is none; borrowed for the call-back. */
typedef void pipeline_answered(void *context, uint64_t tag, Muster__V1__AnswerStatus status, const char *text,
                               const ProtobufCMessage *message);

call_pipeline *pipeline_new(cli *self, unsigned window, pipeline_answered *answered, void *context);
/* Sends one call; waits for an answer first while the window is full. CLI_DONE, or the exit code with the reason said.
 */
int pipeline_call(call_pipeline *self, const char *service, const char *key, const ProtobufCMessage *argument,
                  const uint8_t command_id[MST_ID_SIZE], const ProtobufCMessageDescriptor *expected, uint64_t tag);
/* Waits until all are answered. */
int pipeline_finish(call_pipeline *self);
void pipeline_destroy(call_pipeline **self);

#endif
