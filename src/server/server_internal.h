/* struct server, shared by its loop (server.c) and the peer table (peer_table.c). */
#ifndef SERVER_SERVER_INTERNAL_H
#define SERVER_SERVER_INTERNAL_H

#include <stdatomic.h>

#include "crypto/siphash.h"
#include "net/conn.h"
#include "server/server.h"
#include "thread/chan.h"
#include "thread/thread.h"

enum server_event { NEW_CONN, PEER_READY, PEER_DONE, BROADCAST, VISIT };

struct new_conn {
    unsigned network;
    struct conn *conn;
    struct net_addr addr;
    enum conn_kind kind;
    bool has_slot;
    uint64_t request_id;
};

/* Lives on the stack of whoever waits for `done`. */
struct visit {
    void (*visit)(void *arg, struct peer *p);
    void *arg;
    struct chan done;
};

/* One place of the table. */
struct seat {
    struct peer *peer;
    bool has_slot; /* gives an inbound slot back when it goes */
};

struct server_msg {
    enum server_event event;
    union {
        struct new_conn conn;
        struct peer *peer;
        struct server_broadcast *broadcast;
        struct visit *visit;
    };
};

struct network_state {
    struct server_network net;
    struct peer_metrics *peer_metrics;
    struct metric *ready[2];          /* gauge, by inbound */
    struct metric *opened[2];         /* counter, by inbound */
    struct metric *kinds[CONN_KINDS]; /* gauge of the ready ones */
};

struct server {
    struct network_state networks[SERVER_MAX_NETWORKS];
    unsigned n_networks;
    struct dialer *dialer;
    struct gate *gate;            /* or NULL */
    struct siphash_key group_key; /* which groups eviction protects */
    struct seat *seats;           /* the table: max_peers places, the first n_peers taken */
    unsigned n_peers, max_peers;
    uint64_t last_id;
    bool stopping;
    struct chan inbox, quit;
    struct thread thread;
    void (*stopped)(void *arg);
    void *stopped_arg;
    atomic_uint ready_peers;
};

/* --- peer_table.c: thread server --- */

/* A connection becomes a peer, or is closed and what it holds given back. */
void table_add_conn(struct server *s, const struct new_conn *c);

/* Who gives way to a newcomer of this network. Returns: NULL when everybody is protected.
 * (eviction.c) */
struct seat *eviction_choose(struct server *s, const struct network_state *n);

/* A peer's handshake is done; a peer's last thread has left. */
void table_peer_ready(struct server *s, struct peer *p);
void table_peer_done(struct server *s, struct peer *p);

/* Show every peer, and say that it is done. */
void table_visit(struct server *s, struct visit *v);

/* Owns: frees the broadcast. */
void table_pass_on(struct server *s, struct server_broadcast *b);

#endif
