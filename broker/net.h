/* net.h - the sockets of the broker, the only user of zmq.h beside keys.c.
 *
 * Three sockets: a ROUTER for sessions on ipc, one for sessions on tcp (CURVE only), an XPUB for light subscribers on
 * ipc; and the ZAP handler, which says who may connect on tcp. Nothing here ever blocks.
 * Thread: the loop. */
#ifndef MUSTER_NET_H
#define MUSTER_NET_H

#include "body.h"
#include "keys.h"
#include "peers.h"
#include <protobuf-c/protobuf-c.h>

#define MST_NET_BODIES_MAX 256u

typedef struct mst_net mst_net;

/* One message that came in. `control` is valid until the next receive; the caller owns the bodies. */
typedef struct mst_net_message {
    mst_peer *peer;
    mst_principal principal; /* role NONE: nobody we know */
    mst_slice control;
    mst_body *bodies[MST_NET_BODIES_MAX];
    size_t bodies_count;
    size_t size;       /* bytes of all frames */
    const char *fault; /* NULL, or what is wrong with its form */
} mst_net_message;

typedef enum mst_sent { MST_SENT, MST_SENT_LOST, MST_SENT_FULL } mst_sent;

/* `keys` NULL: no tcp. */
MST_NODISCARD mst_status mst_net_open(mst_net **net, const char *endpoint, const char *events_endpoint,
                                      const char *listen, mst_keys *keys, char why[512]);
void mst_net_close(mst_net **net);
/* Waits for anything to read. */
void mst_net_wait(mst_net *net, int timeout_ms);
/* MST_AGAIN: nothing there. */
MST_NODISCARD mst_status mst_net_receive(mst_net *net, mst_net_message *message);
mst_sent mst_net_send(mst_net *net, mst_peer *peer, const ProtobufCMessage *control, mst_body *const *bodies,
                      size_t bodies_count);
/* Dropped where a subscriber is too slow; `head` may be followed by a body. */
void mst_net_publish(mst_net *net, const char *topic, const ProtobufCMessage *head, mst_body *body);
mst_peers *mst_net_peers(mst_net *net);
/* False: its key was revoked, or belongs to another role or name now. */
bool mst_net_authorised(const mst_net *net, const mst_peer *peer);
/* Handshakes and messages that were turned away. */
uint64_t mst_net_denied(const mst_net *net);

#endif
