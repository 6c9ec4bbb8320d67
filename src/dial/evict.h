/* Who gives way when a newcomer knocks and every inbound place is taken. An attacker can open any
 * number of connections, so the peers that are hardest to imitate are protected first: chosen by a
 * secret, near, useful, long here, or of a network that is easily crowded out. Of the rest, the
 * youngest of the most crowded group goes. Nobody may be left, and then the newcomer is refused.
 *
 * Rules: Bitcoin Core node/eviction.cpp (SelectNodeToEvict). Pure: no state, no clock, no lock. */
#ifndef DIAL_EVICT_H
#define DIAL_EVICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

#define EVICT_PROTECT_GROUPS      4 /* by a keyed hash of their group: nobody outside knows which */
#define EVICT_PROTECT_PINGS       8
#define EVICT_PROTECT_TXS         4
#define EVICT_PROTECT_BLOCK_RELAY 8 /* that want no transactions */
#define EVICT_PROTECT_BLOCKS      4

#define EVICT_NO_PING INT64_MAX

/* An inbound peer. Times are monotonic microseconds; 0: never. */
struct evict_candidate {
    uint64_t id;            /* what evict_choose gives; of two peers alike the lower one stays */
    uint64_t keyed_group;   /* secret keyed hash of the address's group (net/group.h) */
    int64_t connected_us;   /* when it came */
    int64_t min_ping_us;    /* best round trip so far, or EVICT_NO_PING */
    int64_t last_block_us;  /* when it last sent a block or header that was new and valid */
    int64_t last_tx_us;     /* when it last sent a transaction that was new and valid */
    enum net_kind network;  /* how it reaches us: NET_TORV3 for what comes through our onion */
    bool local;             /* from a loopback address; counts for IPv4 and IPv6 only, since
                                what comes through our onion arrives from loopback too */
    bool relevant_services; /* it offers what we want of peers */
    bool relays_txs;        /* it wants transactions */
    bool bloom_filter;      /* it has loaded a bloom filter, which costs us work */
    bool prefer_evict;      /* discouraged */
    bool noban;             /* whitelisted: never evicted */
};

/* Choose among n candidates; the array is scratch and in another order afterwards. Thread: any.
 * Takes time n log n. Returns: whether there is one to evict, and then *id is set. */
bool evict_choose(uint64_t *id, struct evict_candidate *candidates, size_t n);

#endif
