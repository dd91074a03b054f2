/* peers.c - see peers.h. */
#include "peers.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct mst_peers {
    mst_table *by_routing, *by_session;
    mst_peer *first, *last;
    uint64_t sessions;
};

mst_peers *
mst_peers_new(void)
{
    mst_peers *peers = mst_alloc(sizeof *peers);
    *peers = (mst_peers){.by_routing = mst_table_new(NULL), .by_session = mst_table_new(NULL)};
    return peers;
}

void
mst_peers_destroy(mst_peers **peers)
{
    if (*peers == NULL)
        return;
    while ((*peers)->first != NULL)
        mst_peers_remove(*peers, (*peers)->first);
    mst_table_destroy(&(*peers)->by_routing);
    mst_table_destroy(&(*peers)->by_session);
    free(*peers);
    *peers = NULL;
}

static size_t
key_of(uint8_t key[sizeof(void *) + MST_PEER_ROUTING_MAX], void *socket, const void *routing, size_t size)
{
    memcpy(key, &socket, sizeof socket);
    memcpy(key + sizeof socket, routing, size);
    return sizeof socket + size;
}

mst_peer *
mst_peers_of(mst_peers *peers, void *socket, const void *routing, size_t size)
{
    uint8_t key[sizeof(void *) + MST_PEER_ROUTING_MAX];
    assert(size <= MST_PEER_ROUTING_MAX); // libzmq allows no more
    void **slot = mst_table_at(peers->by_routing, key, key_of(key, socket, routing, size));
    if (*slot != NULL)
        return *slot;
    mst_peer *peer = mst_alloc(sizeof *peer);
    memset(peer, 0, sizeof *peer);
    peer->session = ++peers->sessions;
    peer->socket = socket;
    memcpy(peer->routing, routing, size);
    peer->routing_size = (uint8_t)size;
    atomic_init(&peer->unsent, 0);
    atomic_init(&peer->refs, 1);
    peer->prev = peers->last;
    *(peers->last != NULL ? &peers->last->next : &peers->first) = peer;
    peers->last = peer;
    *slot = peer;
    *mst_table_at(peers->by_session, &peer->session, sizeof peer->session) = peer;
    return peer;
}

mst_peer *
mst_peers_get(const mst_peers *peers, uint64_t session)
{
    return mst_table_get(peers->by_session, &session, sizeof session);
}

mst_peer *
mst_peers_first(const mst_peers *peers)
{
    return peers->first;
}

void
mst_peers_remove(mst_peers *peers, mst_peer *peer)
{
    uint8_t key[sizeof(void *) + MST_PEER_ROUTING_MAX];
    mst_table_remove(peers->by_routing, key, key_of(key, peer->socket, peer->routing, peer->routing_size));
    mst_table_remove(peers->by_session, &peer->session, sizeof peer->session);
    *(peer->prev != NULL ? &peer->prev->next : &peers->first) = peer->next;
    *(peer->next != NULL ? &peer->next->prev : &peers->last) = peer->prev;
    mst_peer_unref(peer);
}

void
mst_peer_unref(mst_peer *peer)
{
    if (atomic_fetch_sub_explicit(&peer->refs, 1, memory_order_acq_rel) == 1)
        free(peer);
}
