/* The Bitcoin network of this node: a protocol for the peer runtime, and a manager thread that
 * owns the header chain and decides what is asked, answered and announced. */
#ifndef BITCOIN_BITCOIN_H
#define BITCOIN_BITCOIN_H

#include <stdbool.h>
#include <stdint.h>

#include "bitcoin/chain/params.h"
#include "server/server.h"

struct bitcoin;

struct bitcoin_config {
    struct btc_params params; /* copied */
    const char *user_agent;   /* BIP14, "/p2pnode:0.1.0/"; lives as long as the network */
    uint64_t services;        /* service bits announced in the version message */
    uint32_t max_headers;     /* bound of the chain in memory */
    int64_t generate_ms;      /* produce a block this often; 0: never. Regtest alone */
    unsigned max_peers;       /* as the server's */
    struct peer_config peer;  /* copied */
};

/* Thread: the main thread. Returns: 0, PN_ENOMEM or PN_EINVAL. */
int bitcoin_new(struct bitcoin **out, const struct bitcoin_config *config);

/* Register with the server; `slots` is where the inbound places of its peers are kept.
 * Thread: the main thread, before server_start. Returns: the network's number or a pn_err. */
int bitcoin_attach(struct bitcoin *b, struct server *server, struct slots *slots);

/* Start the manager thread. Thread: the main thread, before any peer exists. */
int bitcoin_start(struct bitcoin *b);

/* Ask the manager to leave, and wait for it. Thread: the main thread, after server_join: as long
 * as peers exist the manager must drain its inbox. */
void bitcoin_stop(struct bitcoin *b);

/* Thread: the main thread, after bitcoin_stop and server_free. Accepts NULL. */
void bitcoin_free(struct bitcoin *b);

/* Height of the active chain. Thread: any. */
uint32_t bitcoin_height(const struct bitcoin *b);

/* Whether the chain has the network's minimum work and no peer is known to have more headers.
 * Thread: any. */
bool bitcoin_in_sync(const struct bitcoin *b);

/* When the manager last turned, monotonic microseconds. Thread: any. */
int64_t bitcoin_heartbeat_us(const struct bitcoin *b);

#endif
