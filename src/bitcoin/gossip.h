/* Address gossip on the side of one peer: what it tells us and asks of us, on its thread `in`.
 *
 * A peer is heard at 0.1 addresses a second with a burst of 1,000 (Core, pull request 22387), and
 * for the answer to our own getaddr; what is beyond that is dropped and counted. getaddr is
 * answered once, and only to inbound peers, so that nobody we chose can map our book. Over
 * block-relay-only connections and feelers no addresses pass in either direction. */
#ifndef BITCOIN_GOSSIP_H
#define BITCOIN_GOSSIP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bitcoin/wire/msg.h"
#include "peer/peer.h"

struct gossip {
    int64_t tokens_milli; /* addresses × 1,000 that may still be taken */
    int64_t refilled_us;
    bool asked;    /* our getaddr is out */
    bool answered; /* theirs has been */

    /* written by thread in, read by any */
    atomic_uint_fast64_t taken, limited; /* addresses; limited ones were dropped */
};

void gossip_init(struct gossip *g);

/* Whether addresses pass over connections of this kind. */
bool gossip_allowed(enum conn_kind kind);

/* After the handshake of an outbound connection: ask for addresses. Returns: 0 or a reason. */
int gossip_greet(struct peer *p);

/* Messages. Returns: 0 or the reason to part. */
int gossip_on_addrs(struct peer *p, const struct btc_addrs *addrs);
int gossip_on_getaddr(struct peer *p);

#endif
