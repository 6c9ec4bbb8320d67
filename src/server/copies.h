/* Copies of what there is to say about peers, for threads that may not touch a peer: made with one
 * visit to the whole table, in the order in which the peers came. */
#ifndef SERVER_COPIES_H
#define SERVER_COPIES_H

#include <stddef.h>

#include "server/server.h"

struct server_copies {
    void *items; /* an array of the caller's type */
    size_t n;
};

/* Call fill(arg, item, peer) on the server thread for every peer, those whose handshake is under
 * way included. An item is zeroed but for its first member, a uint64_t, which holds the peer's id;
 * fill completes it and returns whether it is wanted. It must neither block nor keep the peer.
 * Thread: rpc; blocks while the server is busy. Owns: the caller frees out->items (mem_free), also
 * NULL. Returns: 0; PN_ECLOSED when the server ends; PN_ENOMEM, and then there are no items. */
int server_copy_peers(struct server *s, struct server_copies *out, size_t item_bytes,
                      bool (*fill)(void *arg, void *item, struct peer *p), void *arg);

#endif
