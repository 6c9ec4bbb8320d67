/* A regtest node without a loop: server and manager threads are real, connections are socket pairs
 * whose other end the test holds. */
#ifndef TESTS_BITCOIN_NODE_FIXTURE_H
#define TESTS_BITCOIN_NODE_FIXTURE_H

#include "bitcoin/bitcoin.h"
#include "bitcoin/wire/frame.h"
#include "thread/chan.h"

struct node_fixture {
    struct bitcoin *bitcoin;
    struct server *server;
    struct slots slots;
    struct chan stopped;
    struct net_policy policy;
    struct addrbook *book;
    struct journal *journal;
    struct gate *gate; /* it is large */
};

/* The remote side of one connection. */
struct remote {
    int fd;
    struct btc_stream stream;
    struct btc_frame last; /* of remote_next */
    struct arena arena;
};

void node_start(struct node_fixture *n);
/* The same, connecting to these kinds of networks only (a set of ADDRBOOK_KIND_BITs). */
void node_start_reaching(struct node_fixture *n, uint32_t kinds);
/* The same in two steps, with a relay of transactions that tells peers within milliseconds. */
void node_prepare(struct node_fixture *n, enum bitcoin_tx_relay tx_relay);
/* Likewise on a network that is regtest by its magic alone, whose last `keep_blocks` blocks are
 * kept in memory. */
void node_prepare_network(struct node_fixture *n, const struct btc_params *params,
                          uint32_t keep_blocks, enum bitcoin_tx_relay tx_relay);
void node_run(struct node_fixture *n);
void node_stop(struct node_fixture *n);

/* A raw connection from or to 127.0.0.1, nothing said yet. */
void remote_open(struct remote *r, struct node_fixture *n, bool inbound);
/* The same of any kind and with any address. */
void remote_open_as(struct remote *r, struct node_fixture *n, enum conn_kind kind,
                    const struct net_addr *addr);
void remote_close(struct remote *r);

/* The rest of the handshake of an open connection, up to the node's first ping. */
void remote_shake_hands(struct remote *r);
/* The same as one that wants transactions, or speaks of them by wtxid. */
void remote_shake_hands_as(struct remote *r, bool relay, bool wtxid);

/* The same as one with these service bits and so many blocks. */
void remote_shake_hands_promising(struct remote *r, uint64_t services, int32_t height);

/* The whole handshake, and the node's first messages up to its first ping. */
void remote_join(struct remote *r, struct node_fixture *n);

void remote_send(struct remote *r, const struct btc_msg *m);
/* The same several times for one that is larger than the socket's buffer: a thread of its own sends
 * while the test reads. */
void remote_send_large(struct remote *r, const struct btc_msg *m, int times);
void remote_send_empty(struct remote *r, enum btc_cmd cmd);
void remote_send_version(struct remote *r, int32_t version, uint64_t nonce);
/* A message with any command and payload. */
void remote_send_raw(struct remote *r, const char *command, const void *payload, size_t len);

/* The next message. Returns: its number, or -1 when the node has closed the connection. */
int remote_next(struct remote *r);

/* Skip to the next message of this kind and decode it. Fails the test when the node closes. */
void remote_await(struct remote *r, struct btc_msg *out, enum btc_cmd cmd);

/* The same for whichever of n gets one first; messages of other kinds are skipped. */
struct remote *remote_await_any(struct remote *rs, unsigned n, struct btc_msg *out,
                                enum btc_cmd cmd);

/* Wait until the node has closed the connection. */
void remote_await_end(struct remote *r);

/* How often connections of this process ended for this reason so far. */
long disconnects(const char *reason);
/* Wait until the node has counted one more than `before`. */
void await_disconnect(const char *reason, long before);

/* Regtest headers that follow prev at time+1, +2, ...; proof of work done. hash: of the last. */
void mine_headers(struct btc_header *out, uint8_t hash[BTC_HASH_BYTES], size_t n,
                  const uint8_t prev[BTC_HASH_BYTES], uint32_t time);

#endif
