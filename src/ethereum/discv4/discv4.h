/* Node Discovery v4 as a pure state machine: packets and the time go in, packets come out through a
 * callback. One engine holds one node's table, proofs and requests, and is used by one thread;
 * hundreds of them can share a test.
 *
 * The way of a node, from a bootnode to a candidate for dialling: discv4_seed → a ping
 * (run_verification, upkeep.c) → its pong (on_pong, input.c) proves its endpoint and puts it into
 * the table (table_add) → lookups ask it for others (lookup.c) → these are pinged in turn → what a
 * lookup's `done` or discv4_random gives is handed to the dialer.
 *
 * Bad input is dropped and counted, never answered with an error. */
#ifndef ETHEREUM_DISCV4_DISCV4_H
#define ETHEREUM_DISCV4_DISCV4_H

#include "ethereum/discv4/limits.h"
#include "ethereum/discv4/wire.h"
#include "net/subnet.h"

#define DISCV4_LOOKUP_RESULTS 16
#define DISCV4_MAX_LOOKUPS    8

struct discv4;
struct nodedb;

/* X(identifier, "metric label"): why a packet had no effect, or was not sent. */
#define DISCV4_DROP_LIST(X)                   \
    X(DISCV4_DROP_SHORT, "too_short")         \
    X(DISCV4_DROP_LARGE, "too_large")         \
    X(DISCV4_DROP_HASH, "bad_hash")           \
    X(DISCV4_DROP_TYPE, "unknown_type")       \
    X(DISCV4_DROP_FORMAT, "bad_format")       \
    X(DISCV4_DROP_EXPIRED, "expired")         \
    X(DISCV4_DROP_FILTERED, "filtered")       \
    X(DISCV4_DROP_UNSOLICITED, "unsolicited") \
    X(DISCV4_DROP_UNPROVEN, "unproven")       \
    X(DISCV4_DROP_LIMITED, "rate_limited")    \
    X(DISCV4_DROP_SIGNATURE, "bad_signature") \
    X(DISCV4_DROP_SELF, "self")               \
    X(DISCV4_DROP_CREDIT, "would_amplify")    \
    X(DISCV4_DROP_RECORD, "bad_record")

enum discv4_drop {
#define DISCV4_DROP_ENUM_(id, name) id,
    DISCV4_DROP_LIST(DISCV4_DROP_ENUM_)
#undef DISCV4_DROP_ENUM_
        DISCV4_DROPS
};

struct discv4_stats {
    uint64_t received[DISCV4_TYPE_COUNT], sent[DISCV4_TYPE_COUNT]; /* by type; valid ones */
    uint64_t bytes_in, bytes_out;
    uint64_t dropped[DISCV4_DROPS];
    uint64_t recoveries; /* signatures looked at */
    uint64_t timeouts;   /* requests that nobody answered */
    uint64_t lookups;    /* finished */
};

/* Where others reach us in one family of addresses. */
struct discv4_reach {
    struct eth_endpoint at;
    bool fixed; /* configured or mapped: what others see does not change it */
};

struct discv4_config {
    uint8_t secret[EC_SECRET_BYTES];
    struct discv4_reach reach[ETH_FAMILIES];
    struct nodedb *db;    /* NULL: nothing outlives the engine */
    enum net_kind family; /* what `send` can reach: NET_IPV4, NET_IPV6; NET_NONE: both */
    const struct subnet_list *permitted; /* empty or NULL: everything */
    unsigned max_bonds;                  /* 0: DISCV4_MAX_BONDS */
    struct limits_config limits;
    bool limit_local; /* count local addresses in the table's subnet limits: for tests */
    /* A packet is to go out. Must not call back into the engine. */
    void (*send)(void *arg, const struct net_addr *to, const void *data, size_t len);
    void *arg;
};

#define DISCV4_MAX_BONDS 8192

/* Label of a drop. Thread: any. */
const char *discv4_drop_name(enum discv4_drop drop);

/* Owns: the caller frees. Returns: 0; PN_EINVAL (bad secret); PN_ENOMEM. */
int discv4_new(struct discv4 **out, const struct discv4_config *config, int64_t now_us);

/* Writes what is not yet in the node database. Accepts NULL. */
void discv4_free(struct discv4 *d, int64_t now_us);

/* A packet came. now_us is monotonic time, in all these calls; wall time is the program's clock. */
void discv4_input(struct discv4 *d, const struct net_addr *from, const void *data, size_t len,
                  int64_t now_us);

/* Do what is due. Returns: when to call again at the latest. */
int64_t discv4_tick(struct discv4 *d, int64_t now_us);

/* A node to start from: pinged now, and whenever the table is empty or refreshed.
 * Returns: 0, or PN_ELIMIT beyond DISCV4_MAX_BOOTNODES. */
#define DISCV4_MAX_BOOTNODES 64
int discv4_add_bootnode(struct discv4 *d, const struct eth_node *node);

/* A node that was heard of: pinged, and put into the table when it answers. Dropped when too many
 * wait already. */
void discv4_seed(struct discv4 *d, const struct eth_node *node);

/* Up to DISCV4_LOOKUP_RESULTS nodes that answered, the closest to the target first. */
typedef void discv4_done(void *arg, const struct eth_node *nodes, unsigned n);

/* Find the nodes closest to a key; `done` is called once, later or at once.
 * Returns: 0, or PN_ELIMIT when DISCV4_MAX_LOOKUPS are under way. */
int discv4_lookup(struct discv4 *d, const uint8_t target[EC_PUBKEY_BYTES], discv4_done *done,
                  void *arg, int64_t now_us);

/* Find one node: from the table, else by a lookup. `done` gets it, or n = 0. Returns: as above. */
int discv4_resolve(struct discv4 *d, const uint8_t pubkey[EC_PUBKEY_BYTES], discv4_done *done,
                   void *arg, int64_t now_us);

/* A node of the table with what its record says. */
struct discv4_candidate {
    struct eth_node node;
    bool has_fork_id;
    struct eth_fork_id fork_id;
};

/* Up to max different nodes of the table, spread over its buckets. Returns: how many. */
unsigned discv4_random(struct discv4 *d, struct discv4_candidate *out, unsigned max);

/* Whether a packet to this address could leave, and may. */
bool discv4_reaches(const struct discv4 *d, const struct net_addr *a);

/* What the table knows of a node. Returns: 0 or PN_ENOENT. */
int discv4_find(struct discv4 *d, struct discv4_candidate *out, const uint8_t id[ETH_ID_BYTES]);

/* Up to max nodes of the table, the closest to the id first. Returns: how many. */
unsigned discv4_closest(struct discv4 *d, struct eth_node *out, const uint8_t id[ETH_ID_BYTES],
                        unsigned max);

/* Whether the node has answered a ping at this address within the last 24 hours. */
bool discv4_is_bonded(struct discv4 *d, const uint8_t id[ETH_ID_BYTES], const struct net_addr *ip,
                      int64_t now_us);

/* Our endpoint in a family is known, has changed, or need not stay; our fork identifier has
 * changed. A new record is signed when it says something else. */
void discv4_set_reach(struct discv4 *d, enum eth_family family, const struct discv4_reach *reach);
const struct eth_endpoint *discv4_endpoint(const struct discv4 *d, enum eth_family family);
void discv4_set_fork_id(struct discv4 *d, const struct eth_fork_id *fork_id);

/* Our own record, and the figures. Good until the next call. */
const struct enr *discv4_record(const struct discv4 *d);
const struct discv4_stats *discv4_stats(const struct discv4 *d);
unsigned discv4_table_size(const struct discv4 *d);

/* How many nodes each bucket of the table holds, the closest first: those of distance
 * DISCV4_NEAREST and less, and then one bucket for each distance. */
#define DISCV4_BUCKETS     17
#define DISCV4_BUCKET_ROOM 16
#define DISCV4_NEAREST     240
void discv4_bucket_sizes(const struct discv4 *d, unsigned out[DISCV4_BUCKETS]);

/* Requests that failed in a row: a wrong clock makes all packets look expired to others, and the
 * first sign of it is that nobody answers. */
unsigned discv4_timeouts_in_row(const struct discv4 *d);

#endif
