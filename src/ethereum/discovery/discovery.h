/* Ethereum discovery as the rest of the program sees it: one thread that owns the node table, its
 * UDP sockets and the node database, and hands candidates to whoever dials.
 *
 *     eth_discovery_new, eth_discovery_add_bootnode ..., eth_discovery_start
 *     eth_discovery_next or eth_discovery_try_next, as often as a candidate is wanted
 *     eth_discovery_stop, eth_discovery_join, eth_discovery_free
 *
 * Candidates come at the pace of who takes them: up to CANDIDATES_WAITING wait, and while they do
 * nobody is looked for. Each has answered a ping lately, takes RLPx connections (node.tcp_port, at
 * node.udp's address), and has not been offered in the last minute. Whose record names a fork that
 * `fork_filter` refuses is left out; a record without "eth", or one that has not been fetched yet,
 * says nothing, and its node is offered. Whether a candidate is connected already, banned or
 * dialled lately is the dialer's business. */
#ifndef ETHEREUM_DISCOVERY_DISCOVERY_H
#define ETHEREUM_DISCOVERY_DISCOVERY_H

#include "ethereum/discovery/candidates.h"

struct eth_discovery;

struct eth_discovery_config {
    uint8_t secret[EC_SECRET_BYTES];
    /* By family: where to listen, UDP; port 0: any; NET_NONE: not in this family. tcp_port is
     * announced: where RLPx connections are taken. At least one family is needed. */
    struct eth_endpoint listen[ETH_FAMILIES];
    /* By family: the configured outside address; NET_NONE: learned from others, or the listening
     * address when that is a specific one. */
    struct eth_endpoint external[ETH_FAMILIES];
    const char *db_path;                 /* node database; NULL: nothing outlives the process */
    const struct subnet_list *permitted; /* empty or NULL: everything; outlives the discovery */
    eth_fork_filter *fork_filter;        /* may be NULL; called on the discovery thread */
    void *fork_filter_arg;
    const char *const *dns_trees; /* "enrtree://...", ends with NULL; may be NULL */
    /* Ask for the TXT records of a name; eth_discovery_dns_answer brings them, with this number.
     * NULL: node lists are not read. Thread: discovery; must not block. */
    void (*dns_query)(void *arg, uint64_t number, const char *name);
    void *dns_arg;
    /* Nobody answers us, and it may be our clock: find a time server (SNTP), whose address
     * eth_discovery_set_time_server brings. NULL: the clock is not checked. Thread: discovery; must
     * not block. */
    void (*time_query)(void *arg);
    void *time_arg;
    bool limit_local; /* count local addresses in the subnet limits: for tests */
};

/* A look at the inside, copied about once a second. */
struct eth_discovery_view {
    unsigned nodes;                   /* in the table */
    unsigned buckets[DISCV4_BUCKETS]; /* of them, in each */
    struct enr record;
    struct discv4_stats stats;
};

/* Open the sockets and the database. Thread: the main thread. Owns: the caller frees.
 * Returns: 0; PN_EBUSY (address in use); PN_EINVAL (bad secret); another pn_err. */
int eth_discovery_new(struct eth_discovery **out, const struct eth_discovery_config *config);

/* A node to start from. Thread: before eth_discovery_start. Returns: 0, or PN_ELIMIT beyond
 * DISCV4_MAX_BOOTNODES. */
int eth_discovery_add_bootnode(struct eth_discovery *d, const struct eth_node *node);

/* Returns: 0, PN_EAGAIN, PN_ENOMEM. Thread: the main thread; so the next three. */
int eth_discovery_start(struct eth_discovery *d);
void eth_discovery_stop(struct eth_discovery *d); /* asks; any thread */
void eth_discovery_join(struct eth_discovery *d);
/* Accepts NULL, and one that was never started. */
void eth_discovery_free(struct eth_discovery *d);

/* The next candidate. Thread: any. Returns: 0, PN_ETIMEDOUT, PN_ECLOSED (stopped). */
int eth_discovery_next(struct eth_discovery *d, struct discv4_candidate *out, int64_t deadline_us);

/* The same without waiting. Returns: 0, PN_EAGAIN, PN_ECLOSED. */
int eth_discovery_try_next(struct eth_discovery *d, struct discv4_candidate *out);

/* A node was heard of elsewhere; our outside address in a family is known (port mapping: `at`), or
 * is no longer (NULL: the last one stands until others agree on another); the chain's fork
 * identifier has changed. Thread: any; never blocks. Returns: 0; PN_EAGAIN when the discovery
 * thread is behind; PN_ECLOSED. */
int eth_discovery_add_node(struct eth_discovery *d, const struct eth_node *node);
int eth_discovery_set_external(struct eth_discovery *d, enum eth_family family,
                               const struct eth_endpoint *at);
int eth_discovery_set_fork_id(struct eth_discovery *d, const struct eth_fork_id *fork_id);

/* The answer to a dns_query: its texts, each zero-terminated; n = 0 when there is none. Copied.
 * Thread: any; never blocks. Returns: as above; PN_ENOMEM. An answer that does not get through is
 * asked for again later. */
int eth_discovery_dns_answer(struct eth_discovery *d, uint64_t number, const char *const *texts,
                             unsigned n);

/* The answer to a time_query. Thread: any; never blocks. Returns: as above. */
int eth_discovery_set_time_server(struct eth_discovery *d, const struct net_addr *server);

/* Find one node by its key; the answer is sent to `reply`, a channel of struct eth_resolved with
 * room for it that lives until it has come. Thread: any; never blocks. Returns: as above. */
struct eth_resolved {
    bool found;
    struct eth_node node;
};
int eth_discovery_resolve(struct eth_discovery *d, const uint8_t pubkey[EC_PUBKEY_BYTES],
                          struct chan *reply);

/* Thread: any. */
void eth_discovery_look(struct eth_discovery *d, struct eth_discovery_view *out);

/* Where the socket of a family is bound: what became of port 0. Thread: any. Returns: NULL when
 * nothing is listened on in this family. */
const struct net_addr *eth_discovery_addr(const struct eth_discovery *d, enum eth_family family);

#endif
