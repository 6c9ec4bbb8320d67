/* The engine's inside: what its files share.
 *
 *   discv4.c   construction, our own record, what callers ask
 *   input.c    packets in, in the order of their checks
 *   output.c   packets out
 *   lookup.c   lookups and walks
 *   lookup_events.c   what happens to lookups under way
 *   upkeep.c   what time brings: timeouts, verification, refresh, revalidation
 *   persist.c  what goes to the node database */
#ifndef ETHEREUM_DISCV4_INTERNAL_H
#define ETHEREUM_DISCV4_INTERNAL_H

#include "ethereum/discv4/bonds.h"
#include "ethereum/discv4/discv4.h"
#include "ethereum/discv4/predict.h"
#include "ethereum/discv4/requests.h"
#include "ethereum/discv4/table.h"

enum {
    ALPHA = 3,
    LOOKUP_CANDIDATES = 64,
    MAX_FIND_FAILURES = 5,
    VERIFY_QUEUE = 64,
    MAX_VERIFYING = 16, /* pings under way to nodes that were heard of */
    IP_UDP_BYTES = 28,  /* headers of a packet on the wire */
};

#define US_PER_S  INT64_C(1000000)
#define US_PER_MS INT64_C(1000)

enum query_state {
    QUERY_NEW,
    QUERY_BONDING,   /* pinged; its pong is due */
    QUERY_WAIT_PING, /* has answered; its own ping, which our pong answers, is due */
    QUERY_ASKED,
    QUERY_ANSWERED,
    QUERY_FAILED,
};

struct query {
    struct eth_node node;
    enum query_state state;
    int64_t deadline_us; /* QUERY_WAIT_PING */
};

struct lookup {
    uint64_t id; /* 0: free */
    uint8_t target[EC_PUBKEY_BYTES], target_id[ETH_ID_BYTES];
    struct query queries[LOOKUP_CANDIDATES]; /* the closest first */
    unsigned n, pending;
    bool is_walk;
    unsigned rounds; /* a walk's: done so far */
    int64_t round_deadline_us;
    bool resolving; /* only the target itself is wanted */
    discv4_done *done;
    void *arg;
};

enum refresh_state { REFRESH_IDLE, REFRESH_SEEDING, REFRESH_SELF, REFRESH_RANDOM };

struct discv4 {
    struct discv4_config config;
    uint8_t pubkey[EC_PUBKEY_BYTES], id[ETH_ID_BYTES];
    struct enr own;
    bool has_fork_id;
    struct eth_fork_id fork_id;
    struct buf out; /* the packet being encoded */
    struct discv4_stats stats;
    struct table table;
    struct bonds bonds;
    struct requests requests;
    struct limits limits;
    struct predictor predictors[ETH_FAMILIES];
    struct eth_node bootnodes[DISCV4_MAX_BOOTNODES];
    unsigned n_bootnodes;
    struct eth_node to_verify[VERIFY_QUEUE]; /* a ring */
    unsigned verify_head, verify_count;
    struct lookup lookups[DISCV4_MAX_LOOKUPS];
    uint64_t last_lookup_id;
    enum refresh_state refresh;
    bool refresh_running;  /* one of its lookups is under way */
    unsigned refresh_left; /* random lookups still to do */
    unsigned timeouts_in_row;
    int64_t next_refresh_us, next_revalidate_us, next_walk_us, next_copy_us, next_expire_us,
        next_record_us, next_predict_us;
};

/* --- discv4.c --- */
/* The bond of a node at an address, read back from the database where it is not in memory. */
struct bond *engine_bond(struct discv4 *d, const struct eth_node *node, int64_t now_us);
/* A node answered a question, or did not: the fifth time in a row it leaves the table. */
void engine_note_answer(struct discv4 *d, const struct eth_node *node, bool answered,
                        int64_t now_us);

/* --- output.c --- */
/* Ping a node, unless a ping to it is under way. Returns: 0; PN_ELIMIT; an encoder's error. */
int output_ping(struct discv4 *d, const struct eth_node *node, enum request_purpose purpose,
                bool to_stranger, int64_t now_us);
/* The bytes of a ping to a stranger, before it is made. */
size_t output_ping_bytes(const struct discv4 *d, const struct net_addr *to);
/* Returns: the bytes sent, 0 when it was not. */
size_t output_pong(struct discv4 *d, const struct net_addr *to, const uint8_t *ping_hash,
                   bool to_stranger, int64_t now_us);
int output_findnode(struct discv4 *d, const struct eth_node *node, const struct lookup *l,
                    int64_t now_us);
void output_neighbors(struct discv4 *d, const struct net_addr *to,
                      const uint8_t target[ETH_ID_BYTES]);
int output_enr_request(struct discv4 *d, const struct eth_node *node, int64_t now_us);
void output_enr_response(struct discv4 *d, const struct net_addr *to, const uint8_t *request_hash);

/* --- lookup.c --- */
/* A random target, up to 8 rounds toward it: how a thin table fills. Returns: 0 or PN_ELIMIT. */
int lookup_walk(struct discv4 *d, int64_t now_us);
/* Its parts, for lookup_events.c. A question to a node ends in ANSWERED or FAILED; a step asks the
 * next ones, or finishes the lookup. */
struct query *lookup_find_query(struct lookup *l, const uint8_t id[ETH_ID_BYTES]);
void lookup_add_candidate(struct discv4 *d, struct lookup *l, const struct eth_node *node);
void lookup_ask(struct discv4 *d, struct lookup *l, struct query *q, int64_t now_us);
void lookup_end_query(struct lookup *l, struct query *q, enum query_state state);
void lookup_step(struct discv4 *d, struct lookup *l, int64_t now_us);

/* --- lookup_events.c --- */
void lookup_on_ping(struct discv4 *d, const uint8_t id[ETH_ID_BYTES], int64_t now_us);
void lookup_on_pong(struct discv4 *d, const uint8_t id[ETH_ID_BYTES], int64_t now_us);
void lookup_on_neighbors(struct discv4 *d, struct request *q, const struct discv4_packet *p,
                         const struct net_addr *from, int64_t now_us);
/* A ping to, or a question of, the node was not answered in time. */
void lookup_on_timeout(struct discv4 *d, const struct request *q, int64_t now_us);
void lookup_tick(struct discv4 *d, int64_t now_us);
int64_t lookup_deadline(const struct discv4 *d);

/* --- upkeep.c --- */
void upkeep_verify_add(struct discv4 *d, const struct eth_node *node);

/* --- persist.c --- */
/* Write to the node database what has changed. */
void persist_store(struct discv4 *d, int64_t now_us);
/* The same every 30 s; every hour rows expire. */
void persist_run(struct discv4 *d, int64_t now_us);

#endif
