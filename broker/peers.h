/* peers.h - who is connected: routing ids of sockets to sessions of the core, and how much each has not taken yet. */
#ifndef MUSTER_PEERS_H
#define MUSTER_PEERS_H

#include "rights.h"
#include "table.h"
#include <stdatomic.h>

#define MST_PEER_ROUTING_MAX 255u

typedef struct mst_peer {
    struct mst_peer *next, *prev;
    uint64_t session;
    void *socket;
    uint8_t routing[MST_PEER_ROUTING_MAX];
    uint8_t routing_size;
    char key[41];            /* public key it was authenticated with; "" on ipc */
    mst_principal principal; /* whose that was when it last spoke */
    bool held;               /* the core was told to wait for it */
    bool gone;               /* could not be sent to: ends at the end of the turn */
    int64_t heard_us;
    atomic_size_t unsent; /* bytes of bodies that libzmq still holds for it */
    atomic_uint refs;     /* the table, and each body under way */
} mst_peer;

typedef struct mst_peers mst_peers;

mst_peers *mst_peers_new(void);
void mst_peers_destroy(mst_peers **peers);
/* The peer behind a routing id of a socket; a new one gets a session number of its own. */
mst_peer *mst_peers_of(mst_peers *peers, void *socket, const void *routing, size_t size);
mst_peer *mst_peers_get(const mst_peers *peers, uint64_t session);
/* First and next, in order of arrival; the present one may be removed. */
mst_peer *mst_peers_first(const mst_peers *peers);
void mst_peers_remove(mst_peers *peers, mst_peer *peer);
/* For bodies under way; may be called by libzmq's thread. */
void mst_peer_unref(mst_peer *peer);

#endif
