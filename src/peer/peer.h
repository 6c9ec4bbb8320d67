/* The peer runtime: one connection and its five threads.
 *
 *   in     reads the socket, lets the transport cut messages, calls the protocol's handler
 *   queue  orders what is to be sent, filters and batches inventory, ticks the trickle timer
 *   out    writes whole batches with one writev and a deadline
 *   stall  knows which responses are due and drops a peer that owes one
 *   ping   heartbeat and round-trip time
 *
 * They are linked by bounded channels (capacities in peer_channels.c) and leave together by one
 * quit token. The runtime knows a protocol only as an ops table, a transport only as another.
 *
 * Life of a peer: peer_new -> peer_start (thread `in` runs the handshake under its deadline, then
 * starts the other four) -> host.ready -> messages -> peer_disconnect from any thread -> the five
 * leave, the last one calls host.done -> peer_join -> the last peer_unref frees. */
#ifndef PEER_PEER_H
#define PEER_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/addr.h"
#include "net/conn.h"
#include "net/conn_kind.h"
#include "peer/frame.h"

struct metric;
struct peer;

/* Intervals and bounds; the defaults are btcd's (peer.go). One object for all peers of a network,
 * immutable while any of them lives. Milliseconds unless named otherwise. */
struct peer_config {
    int64_t handshake_timeout_ms; /* 30,000: the whole negotiation */
    int64_t idle_timeout_ms;      /* 300,000 between two complete messages */
    int64_t ping_interval_ms;     /* 120,000 */
    int64_t stall_tick_ms;        /* 15,000 */
    int64_t stall_response_ms;    /* 30,000; a rule may multiply it */
    int64_t trickle_interval_ms;  /* 10,000 */
    int64_t write_timeout_ms;     /* 20,000 for one batch, and more for one above 500 kB */
    size_t max_send_bytes;        /* 1,000,000 queued for one peer, see peer_send, peer_rest */
    unsigned max_known_inventory; /* 1,000 */
    unsigned max_trickle_batch;   /* 1,000 items in one inventory message */
};

#define PEER_CONFIG_DEFAULT                                                                   \
    {                                                                                         \
        .handshake_timeout_ms = 30000, .idle_timeout_ms = 300000, .ping_interval_ms = 120000, \
        .stall_tick_ms = 15000, .stall_response_ms = 30000, .trickle_interval_ms = 10000,     \
        .write_timeout_ms = 20000, .max_send_bytes = 1000000, .max_known_inventory = 1000,    \
        .max_trickle_batch = 1000,                                                            \
    }

/* One complete message as the transport cut it; the payload lives until the next call of the
 * transport. */
struct peer_message {
    unsigned cmd;
    const uint8_t *payload;
    size_t len;
    size_t wire_bytes; /* with framing */
    /* The message as it would be written again: framing, then payload, wire_bytes in all. NULL
     * where the transport has none to show. */
    const uint8_t *framed;
};

/* How bytes become messages. All calls come from thread `in`, seal from `out`. */
struct peer_transport_ops {
    /* Where the next bytes go, and how many fit. NULL when there is no memory. */
    uint8_t *(*space)(void *transport, size_t *len);
    void (*commit)(void *transport, size_t len);
    /* Cut the next message. Returns: 1, 0 when more bytes are needed, or a pn_err that ends the
     * connection. */
    int (*next)(void *transport, struct peer_message *out);
    /* Append what to write for a frame, where it is not the frame itself (encryption). Once called
     * it is written. May be NULL. Returns: 0 or a pn_err. */
    int (*seal)(void *transport, struct buf *out, const struct frame *f);
    void (*free)(void *transport);
};

/* A response that is due once a message has been sent. */
struct peer_stall_rule {
    unsigned sent_cmd;
    uint64_t answers; /* bit per cmd (below 64): any of them is the answer */
    unsigned factor;  /* times stall_response_ms */
};

struct peer_inventory {
    uint32_t type; /* the protocol's */
    bool at_once;  /* not held for the trickle: blocks */
    uint8_t hash[32];
};

struct peer_usefulness {
    int64_t last_block_us; /* when it last sent a block or header that was new; 0 for never */
    int64_t last_tx_us;    /* likewise a transaction */
    bool relevant_services;
    bool relays_txs;
};

/* What the runtime asks of a protocol. `network` and the table live as long as the process. */
struct peer_proto_ops {
    const char *network; /* metric label */
    unsigned cmd_count;  /* message numbers are below it */
    const char *(*cmd_name)(unsigned cmd);

    /* Thread in: the handshake, by peer_read_message and peer_write_message, under the runtime's
     * deadline. Returns: 0 or the reason to part. */
    int (*negotiate)(struct peer *p);
    /* Thread in, after the other four run and the host has been told: the peer may now be used. */
    int (*ready)(struct peer *p);
    /* Thread in: one message. May block on its manager with peer_quit. Returns: 0 or the reason to
     * part. */
    int (*handle)(struct peer *p, const struct peer_message *m);
    /* The last of the five threads, once, whether or not ready was called: tell the manager. */
    void (*gone)(struct peer *p);
    /* The thread that drops the last reference: free the protocol's own state. */
    void (*release)(struct peer *p);
    /* Thread ping. Owns: returns a reference, or NULL for none. */
    struct frame *(*ping)(struct peer *p, uint64_t nonce);
    unsigned ping_cmd; /* so that `out` notes when it really left */
    /* Thread queue: one inventory message. Owns: returns a reference, or NULL. */
    struct frame *(*inventory)(struct peer *p, const struct peer_inventory *items, unsigned n);

    /* What to say last to a peer with which we part for this reason. May be NULL. Thread: any, once
     * for each peer; never blocks. Owns: returns a reference, or NULL: then the connection is shut
     * down at once. */
    struct frame *(*farewell)(struct peer *p, int reason);

    /* How useful the peer has been, for choosing who gives way. Thread: server. May be NULL. */
    void (*usefulness)(const struct peer *p, struct peer_usefulness *out);

    const struct peer_stall_rule *stall_rules;
    unsigned n_stall_rules; /* at most PEER_STALL_RULES_MAX */
};

#define PEER_STALL_RULES_MAX 8

/* So long may the last words take on their way out (devp2p; go-ethereum p2p, discWriteTimeout). */
#define PEER_FAREWELL_MS 1000

/* Who runs the peer. Both calls may block; the host must always drain. */
struct peer_host {
    void (*ready)(void *arg, struct peer *p); /* thread in */
    void (*done)(void *arg, struct peer *p);  /* the last thread; p needs peer_join now */
    void *arg;
};

/* Per-network counters of messages and bytes by direction and command, shared by its peers. */
struct peer_metrics;
struct peer_metrics *peer_metrics_new(const struct peer_proto_ops *proto);
void peer_metrics_free(struct peer_metrics *m);

/* Bytes of all messages so far, with their framing. Thread: any. */
void peer_metrics_bytes(const struct peer_metrics *m, uint64_t *in, uint64_t *out);

struct peer_setup {
    uint64_t id;
    enum conn_kind kind;
    uint64_t request_id; /* the dialer's, 0 for inbound */
    struct net_addr addr;
    const struct peer_config *config;
    const struct peer_proto_ops *proto;
    void *proto_data; /* released by proto->release */
    const struct peer_transport_ops *transport_ops;
    void *transport;
    struct peer_metrics *metrics;
    struct peer_host host;
};

/* A peer with one reference, not yet started. Thread: server.
 * Owns: takes conn, transport and proto_data on success. Returns: NULL when there is no memory. */
struct peer *peer_new(const struct peer_setup *setup, struct conn *conn);

/* Start thread `in`. Thread: server, once. Returns: 0, or an error after which host.done is not
 * called and the caller only unrefs. */
int peer_start(struct peer *p);

/* Wait for the five threads. Thread: server, after host.done. */
void peer_join(struct peer *p);

struct peer *peer_ref(struct peer *p);
void peer_unref(struct peer *p);

/* Part for this reason (a negative pn_err); the first reason stays. Thread: any, never blocks. */
void peer_disconnect(struct peer *p, int reason);
bool peer_disconnecting(const struct peer *p);
int peer_reason(const struct peer *p);

enum peer_send_flags {
    PEER_SEND_NO_STALL = 1, /* expect no answer: the stall rules do not apply */
    PEER_SEND_AT_ONCE = 2,  /* news: when nothing else is under way to this peer, and the frame is
                               no larger than 64 KiB, the sender writes it itself, as far as the
                               socket takes it without waiting, and no thread has to be woken */
};

/* Queue a frame. Never blocks: a peer that leaves more than 50 such frames or max_send_bytes of
 * them unread is a slow reader and is dropped with that reason; its own answers (peer_reply) do not
 * count. Thread: any but the peer's own. Owns: takes the reference in every case. Returns: 0,
 * PN_ESLOW, PN_ECLOSED. */
int peer_send(struct peer *p, struct frame *f, unsigned flags);

/* The same from a handler: replies are collected while input is at hand and then queued as one
 * batch; a full queue blocks, which stops reading this peer. Thread: in.
 * Owns: takes the reference in every case. Returns: 0, PN_EQUIT, PN_ENOMEM (f is NULL). */
int peer_reply(struct peer *p, struct frame *f, unsigned flags);

/* Queue what has been replied, and wait until at most half of max_send_bytes waits to be written:
 * before a large answer is made. Thread: in. Returns: 0 or PN_EQUIT. */
int peer_rest(struct peer *p);

/* Let what has been replied go at once, before a handler goes on with longer work. Thread: in.
 * Returns: 0 or PN_EQUIT. */
int peer_flush(struct peer *p);

/* The answer to a message comes from elsewhere, by peer_send: until peer_release is called once for
 * each peer_hold, no further message of this peer is handled. Neither is one while half of
 * max_send_bytes waits to be written. So a peer that asks faster than it reads waits for its own
 * answers instead of being dropped for them. peer_hold: thread in; peer_release: any. */
void peer_hold(struct peer *p);
void peer_release(struct peer *p);

/* Queue inventory; what the peer knows is left out, the rest waits for its trickle tick. Never
 * blocks; an item that finds the channel full is dropped and counted. Thread: any. */
void peer_queue_inventory(struct peer *p, const struct peer_inventory *item);

/* Note that the peer has this object. Thread: any. */
void peer_add_known(struct peer *p, const uint8_t hash[32]);
bool peer_has_known(struct peer *p, const uint8_t hash[32]);

/* During negotiate: wait for the next message, or write one at once. Thread: in. */
int peer_read_message(struct peer *p, struct peer_message *out);
int peer_write_message(struct peer *p, struct frame *f);

/* During negotiate: from now on so much time is left for it, whatever was left before. Thread: in.
 */
void peer_grant_time(struct peer *p, int64_t ms);

/* Measure the round trip now as well as at every interval. A ping that is still unanswered is then
 * no longer waited for. Thread: any; the handshake must be done. */
void peer_ping_now(struct peer *p);

/* A pong came. Thread: in. Returns: false when no ping with this nonce is outstanding. */
bool peer_pong(struct peer *p, uint64_t nonce);

/* The quit token, to wait on beside a channel. Thread: the peer's own. */
struct chan *peer_quit(struct peer *p);

/* Fixed properties. Thread: any. */
uint64_t peer_id(const struct peer *p);
enum conn_kind peer_kind(const struct peer *p);
bool peer_inbound(const struct peer *p);
uint64_t peer_request_id(const struct peer *p);
const struct net_addr *peer_addr(const struct peer *p);
const char *peer_addr_text(const struct peer *p);
void *peer_proto_data(const struct peer *p);
const struct peer_proto_ops *peer_proto(const struct peer *p);

/* A snapshot of what changes. Thread: any. */
struct peer_stats {
    bool ready;
    uint64_t bytes_in, bytes_out, messages_in, messages_out;
    int64_t connected_us, last_recv_us, last_send_us; /* monotonic; 0 for never */
    int64_t ping_us, min_ping_us;                     /* -1 before the first pong */
    int64_t ping_wait_us; /* how long the ping under way has taken so far; 0: none is */
};
void peer_stats(const struct peer *p, struct peer_stats *out);

/* Bytes of complete messages with their framing, by command: each array has the protocol's
 * cmd_count elements. Thread: any. */
void peer_message_bytes(const struct peer *p, uint64_t *in, uint64_t *out);

#endif
