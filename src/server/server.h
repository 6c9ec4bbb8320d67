/* The central server thread: sole owner of the peer table. It makes peers from connections, joins
 * them when they are done, gives slots back, and passes announcements on to the peers that want
 * them. It waits on its inbox alone and only try-sends to peers, so that nobody can hold it up.
 *
 * Networks are known to it as ops tables. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include <stdbool.h>

#include "dial/dialer.h"
#include "dial/gate.h"
#include "dial/slots.h"
#include "peer/peer.h"

#define SERVER_MAX_NETWORKS 4

/* Peers that may be on their way out while those for whom they gave way are there already. */
#define SERVER_EVICTING_MAX 16

struct server;

struct server_network {
    const char *name; /* metric label */
    const struct peer_config *peer_config;
    const struct peer_proto_ops *proto;
    struct slots *slots;
    /* Fill in the transport and the protocol's own state of a new peer. Thread: server. Owns: the
     * peer releases both through their ops tables. Returns: 0 or a pn_err. */
    int (*attach)(void *arg, struct peer_setup *setup);
    /* Undo attach for a peer that could not be made. */
    void (*detach)(void *arg, struct peer_setup *setup);
    /* Who is told that a connection with a request_id has ended, or came to nothing; NULL: the
     * dialer. Thread: server; must not block. */
    void (*closed)(void *arg, uint64_t request_id, bool was_ready);
    void *arg;
};

/* Room for max_peers peers, and SERVER_EVICTING_MAX more. Thread: the main thread. Returns: NULL
 * when there is no memory. */
struct server *server_new(unsigned max_peers);

/* Thread: the main thread, before server_start. Returns: the network's number, or PN_ELIMIT. */
int server_add_network(struct server *s, const struct server_network *network);

/* Whom faults are told to, and who decides on exemptions. Thread: the main thread, before
 * server_start. */
void server_set_gate(struct server *s, struct gate *gate);

/* Who hears of the end of outbound connections. Thread: the main thread, before server_start. */
void server_set_dialer(struct server *s, struct dialer *d);

/* stopped(arg) is called on the server thread when the last peer is gone after server_stop. */
int server_start(struct server *s, void (*stopped)(void *arg), void *arg);

/* A connected socket becomes a peer. An inbound one comes with its slot taken, or without one:
 * then the peer that eviction chooses gives way (dial/evict.h), or the newcomer is refused.
 * Thread: any for quit == NULL, which never blocks; else dialer, which waits for room or quit.
 * Owns: takes conn when it returns 0. Returns: 0, PN_EAGAIN, PN_ECLOSED, PN_EQUIT. */
int server_add_conn(struct server *s, unsigned network, struct conn *conn,
                    const struct net_addr *addr, enum conn_kind kind, bool has_slot,
                    uint64_t request_id, struct chan *quit);

/* Send a frame at once to every ready peer of a network for which want(peer, key) holds. want runs
 * on the server thread and must not block. Thread: electrum; blocks while the server is busy.
 * Owns: takes the frame's reference in every case. Returns: 0 or PN_ECLOSED. */
struct server_broadcast {
    unsigned network;
    struct frame *frame;
    bool (*want)(struct peer *p, const uint8_t key[32]);
    uint8_t key[32];
};
int server_broadcast(struct server *s, const struct server_broadcast *b);

/* Call visit(arg, peer) on the server thread for every peer of the table, in no order, and wait
 * until that is done. Those whose handshake is under way are among them (peer_stats tells). visit
 * copies what it wants and must neither block nor keep the peer; it may part from it or send to it.
 * Thread: rpc; blocks while the server is busy. Returns: 0 or PN_ECLOSED. */
int server_visit_peers(struct server *s, void (*visit)(void *arg, struct peer *p), void *arg);

/* Part from all peers with PN_EQUIT, take no new ones, then end. Thread: any; never blocks. */
void server_stop(struct server *s);

/* Thread: the main thread, after server_stop. */
void server_join(struct server *s);

/* Thread: the main thread, after server_join and after every other user. Accepts NULL. */
void server_free(struct server *s);

/* What all peers of a network have sent and received. Thread: any, from the network's attachment
 * on.
 */
void server_bytes(const struct server *s, unsigned network, uint64_t *in, uint64_t *out);

/* Peers whose handshake is done. Thread: any. */
unsigned server_ready_peers(const struct server *s);

/* Of these, a network's peers of one kind. Thread: any. */
unsigned server_peers_of_kind(const struct server *s, unsigned network, enum conn_kind kind);

#endif
