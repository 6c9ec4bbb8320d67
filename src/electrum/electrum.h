/* Electrum: a server for clients, over what a node with headers, peers and recent blocks can say
 * truthfully, and a manager of peers, that is, of other Electrum servers, each of whose word it
 * checks against our own chain.
 *
 * Sessions run on the peer runtime, with its five threads. Protocol 1.4 to 1.6:
 * electrum-protocol.readthedocs.io; rules that are only in the reference implementation: ElectrumX.
 *
 * A session. Loop accepts -> electrum_accepted (with TLS: a conn on top) -> server ->
 * session_attach
 * -> thread in: session_negotiate until the client has said server.version -> session_handle, line
 * by line: cost, limits, parse, the method's row, the answer -> idle, cost, or the client ends it.
 *
 * A new tip. Bitcoin's manager calls electrum_tip_moved, which only rings -> the thread `electrum`
 * -> server_broadcast of one frame to the sessions that subscribed. */
#ifndef ELECTRUM_ELECTRUM_H
#define ELECTRUM_ELECTRUM_H

#include "base/bytes.h"
#include "electrum/chain/chain_source.h"
#include "electrum/limits/rate_limiter.h"
#include "net/resolve.h"
#include "peer/peer.h"
#include "rpc/route.h"
#include "rpc/rpc.h"

struct dial_paths;
struct electrum;
struct gate;
struct journal;
struct net_policy;
struct server;
struct slots;
struct tls_context;

#define ELECTRUM_TEXT_BYTES 4096

/* A way to reach us, announced to others. Ports: 0 for none. */
struct electrum_host {
    char name[256];
    uint16_t tcp_port, ssl_port;
};

#define ELECTRUM_ANNOUNCE_MAX 4

/* The manager of other servers. */
struct electrum_peers_config {
    bool enabled;
    bool allow_private;         /* servers at private addresses are taken */
    const char *network;        /* of Bitcoin: whose built-in servers to begin with; NULL: none */
    const char *store_path;     /* the database; NULL: nothing is kept */
    const char *dump_path;      /* the same as JSON, once a minute; NULL: none */
    const char *blacklist_path; /* JSON, read again when it changes; NULL: none */
    const char *blacklist_url;  /* fetched, and kept at blacklist_path; NULL: it is a file only */
    int64_t blacklist_interval_ms; /* between two times that it is fetched */
    struct gate *gate;             /* borrowed, or NULL */
    struct dial_paths *paths;      /* borrowed; used by the thread `electrum` alone */
    int64_t connect_timeout_ms;
    /* Looks a name up (net/resolve.h). Thread: any; never blocks. NULL: names are left to proxies.
     */
    int (*lookup)(void *arg, const struct net_target *name, resolve_done *done, void *done_arg);
    void *lookup_arg;
};

struct electrum_config {
    struct electrum_chain chain;
    uint8_t genesis_hash[ELECTRUM_HASH_BYTES];
    const char *software;                  /* "p2pnode 1.0" */
    const char *banner, *donation_address; /* UTF-8, or NULL */
    const struct net_policy *policy;       /* or NULL */
    struct electrum_host announce[ELECTRUM_ANNOUNCE_MAX];
    unsigned n_announce;
    struct peer_config peer;
    struct electrum_peers_config peers;
    unsigned max_sessions, sessions_per_address;
    double cost_soft, cost_hard;         /* limits/session_cost.h */
    struct rate_limit_config rate_limit; /* max_clients is set here */
    struct journal *journal;             /* borrowed, or NULL */
};

/* Thread: the main thread. config is copied, its texts too. Returns: 0 or a pn_err. */
int electrum_new(struct electrum **out, const struct electrum_config *config);

/* Join the server. Thread: the main thread, before server_start; slots is borrowed.
 * Returns: 0 or a pn_err. */
int electrum_attach(struct electrum *e, struct server *server, struct slots *slots);

/* Start the thread `electrum`; stop and join it, when the server has ended. */
int electrum_start(struct electrum *e);
void electrum_stop(struct electrum *e);

/* Thread: the main thread, after everybody. Accepts NULL. */
void electrum_free(struct electrum *e);

/* Make a server known that the operator names. Thread: the main thread, before electrum_start.
 * Returns: 0, PN_EEXIST and the like of peers_note; PN_EINVAL without the peer manager. */
int electrum_add_server(struct electrum *e, const struct electrum_host *host);

/* All servers that are known, as JSON. Thread: any. Returns: 0 or a pn_err. */
int electrum_put_servers(struct buf *out, struct electrum *e);

/* Serve TLS with this certificate from now on; connections that are there keep theirs. Thread: the
 * main thread before listeners, or loop. Owns: takes it. */
void electrum_use_certificate(struct electrum *e, struct tls_context *tls);

/* Tell clients this from now on. Thread: any. Owns: takes both; NULL for nothing. */
void electrum_set_texts(struct electrum *e, char *banner, char *donation_address);

/* limits/session_cost.h. Thread: any. */
void electrum_set_costs(struct electrum *e, double soft, double hard);

/* limits/rate_limiter.h; max_clients is not looked at. Thread: any. */
void electrum_set_rate(struct electrum *e, const struct rate_limit_config *rate);

/* Its methods for operators (operators.c); they run on thread rpc. Thread: the main thread. */
/* Why a server is held for what it is: an object for explain, or NULL when it is not known.
 * Thread: any. Owns: the caller frees it. */
struct cJSON *electrum_explain_server(struct electrum *e, const char *host);

struct rpc_table electrum_rpc_table(struct electrum *e);

/* Read or fetch the blacklist anew. Thread: any; never blocks. */
void electrum_refresh_blacklist(struct electrum *e);

/* The methods over HTTP (http.c). Thread: the main thread; what it is given to lives no longer than
 * e. */
struct route electrum_route(struct electrum *e);

/* An accepted connection (dial/listener.h). Thread: loop; never blocks. Owns: takes conn when it
 * returns 0. */
int electrum_accepted(struct electrum *e, struct conn *c, const struct net_addr *from,
                      bool has_slot, bool tls);

/* The active chain has changed. Thread: any; never blocks. */
void electrum_tip_moved(struct electrum *e);

#endif
