/* What the files of this folder share. */
#ifndef ELECTRUM_INTERNAL_H
#define ELECTRUM_INTERNAL_H

#include <stdatomic.h>

#include "base/mutex.h"
#include "electrum/blacklist_source.h"
#include "electrum/electrum.h"
#include "electrum/jsonrpc/method.h"
#include "electrum/jsonrpc/request.h"
#include "electrum/limits/address_count.h"
#include "electrum/limits/session_cost.h"
#include "electrum/peers/blacklist.h"
#include "electrum/peers/store.h"
#include "electrum/proof/header_proof.h"
#include "metrics/metrics.h"
#include "net/tls/tls.h"
#include "server/server.h"
#include "thread/chan.h"
#include "thread/thread.h"

/* Codes of ElectrumX beside the specification's. */
enum electrum_code {
    ELECTRUM_BAD_REQUEST = 1,
    ELECTRUM_DAEMON_ERROR = 2,
    ELECTRUM_EXCESSIVE = -101,
    ELECTRUM_BUSY = -102,
};

struct electrum {
    struct electrum_config config;
    char *software;
    struct mutex texts_mu;
    char *banner GUARDED_BY(texts_mu); /* or NULL */
    char *donation_address GUARDED_BY(texts_mu);
    struct server *server;
    unsigned sessions_network; /* the server's number */
    struct cost_table *costs;
    struct address_count *addresses;
    struct rate_limiter *limiter;
    struct header_prover *prover;
    struct tls_context *tls; /* or NULL */

    /* the peer manager; peers is NULL without it */
    struct peers_table *peers;
    struct peers_store *store;
    struct tls_context *tls_client;
    char *announcement; /* parameters of server.add_peer, or NULL */
    char *dump_path;
    struct blacklist_source *blacklist_source; /* or NULL */
    unsigned checks_network;
    struct metric *sessions_open, *session_costs;
    struct metric *look_results[3];
    struct chan closed, resolved; /* looks.h */

    /* the thread `electrum` alone */
    struct look *looks;
    uint64_t look_turns;
    int64_t in_sync_since_us; /* 0: it is not */
    struct blacklist blacklist;
    int64_t dump_due_us;

    /* the thread `electrum` */
    int wake_fd;
    struct chan ring, quit;
    struct thread thread;
};

/* A client's connection. */
struct electrum_session {
    struct electrum *e;
    struct net_addr addr;
    unsigned protocol;        /* 0 until server.version */
    struct session_cost cost; /* thread in */
    struct buf answer;        /* thread in */
    _Atomic(struct frame *) last_words;
    atomic_int_fast64_t shown_cost_milli; /* the cost after the last line, in thousandths */
    atomic_int subscribed;                /* to headers: 0, or 1 + enum jrpc_version */
};

/* Who calls a method. */
struct electrum_caller {
    struct electrum *e;
    struct electrum_session *session; /* NULL over HTTP */
    const struct net_addr *addr;
    unsigned protocol;
    enum jrpc_version rpc; /* of the request */
    struct chan *quit;     /* ends a wait */
    double cost;           /* beyond the method's price */
    bool part;             /* this session must end */
};

enum electrum_method_flag {
    METHOD_SESSION = 1, /* of sessions alone: subscriptions */
    METHOD_WAITS = 2,   /* for a peer of ours: not for the loop thread */
    METHOD_CHANGES = 4, /* something: over HTTP not for everybody */
};

struct electrum_method {
    struct jrpc_method rpc; /* context: a struct electrum_caller */
    double price;
    unsigned since, until; /* protocol versions, until exclusive; 0: no bound */
    unsigned flags;
};

/* Returns: the row, or NULL. `known` tells whether the name is one in any version. (methods.c) */
const struct electrum_method *electrum_method_find(const char *name, unsigned protocol);

/* Run a method. Returns: 0 and JSON in result, or the code with a message. (methods.c) */
int electrum_call(struct electrum_caller *caller, struct jrpc_call *call, const char *method,
                  const cJSON *params, struct buf *result);

/* Have the thread `electrum` turn. Thread: any; never blocks. (electrum.c) */
void electrum_wake(void *arg);

/* --- peer_manager.c: making it and taking it down, from electrum.c --- */
int electrum_make_peers(struct electrum *e);
void electrum_free_peers(struct electrum *e);
int electrum_attach_peers(struct electrum *e, struct slots *slots);

/* --- session.c --- */
extern const struct peer_proto_ops session_ops;
int session_attach(void *arg, struct peer_setup *setup);
void session_detach(void *arg, struct peer_setup *setup);

/* --- pace.c: what the rate limiter says to a request of this client, noted in the journal; `again`
 * once its delay is over. Thread: any; never blocks. --- */
struct rate_answer pace_take(struct electrum *e, const struct net_addr *from, bool again);

/* --- requests.c: thread in. One line to the frame that answers it, or NULL. Returns: 0, or the
 * reason to part once the frame is sent. --- */
int session_answer_line(struct electrum_session *s, struct peer *p, struct frame **out,
                        const struct peer_message *line);

/* --- the methods, by subject --- */
void call_server_version(struct jrpc_call *c);
void call_server_ping(struct jrpc_call *c);
void call_server_banner(struct jrpc_call *c);
void call_server_donation_address(struct jrpc_call *c);
void call_server_features(struct jrpc_call *c);
void call_server_peers_subscribe(struct jrpc_call *c);
void call_server_add_peer(struct jrpc_call *c);
void call_headers_subscribe(struct jrpc_call *c);
void call_headers_unsubscribe(struct jrpc_call *c);
void call_headers_get_tip(struct jrpc_call *c);
void call_block_header(struct jrpc_call *c);
void call_block_headers(struct jrpc_call *c);
void call_header_get(struct jrpc_call *c);
void call_estimatefee(struct jrpc_call *c);
void call_relayfee(struct jrpc_call *c);
void call_mempool_info(struct jrpc_call *c);
void call_fee_histogram(struct jrpc_call *c);
void call_broadcast(struct jrpc_call *c);
void call_broadcast_package(struct jrpc_call *c);
void call_transaction_get(struct jrpc_call *c);
void call_get_merkle(struct jrpc_call *c);
void call_id_from_pos(struct jrpc_call *c);
void call_no_index(struct jrpc_call *c);

/* What server.features answers, and what we tell other servers. */
void put_features(struct buf *out, const struct electrum *e);

/* The header that subscribers are told, as JSON: {"hex": ..., "height": ...}. */
void put_tip(struct buf *out, const struct electrum *e);

#endif
