/* Requests under way: what was sent, to whom, and until when the answer is good. An answer counts
 * only when it comes from the address asked and, once its signature is looked at, the node asked; a
 * pong also repeats its ping's hash. Bounded; found by address through a secret hash.
 * Thread: the owner's alone. */
#ifndef ETHEREUM_DISCV4_REQUESTS_H
#define ETHEREUM_DISCV4_REQUESTS_H

#include <stdbool.h>

#include "crypto/siphash.h"
#include "ethereum/discv4/wire.h"

#define REQUESTS_MAX     256
#define REQUEST_CHAINS   256
#define REPLY_TIMEOUT_US (500 * 1000)

enum request_purpose {
    REQUEST_BOND,       /* a ping to whoever pinged us first */
    REQUEST_VERIFY,     /* a ping to a node that was heard of */
    REQUEST_REVALIDATE, /* a ping to the last of a bucket */
    REQUEST_LOOKUP,     /* a ping before, or the question of, a lookup */
    REQUEST_RECORD,
    REQUEST_PURPOSES
};

struct request {
    struct request *next;  /* of its chain, or of the free ones */
    enum discv4_type type; /* of the request */
    enum request_purpose purpose;
    struct eth_node node;
    uint8_t hash[KECCAK256_BYTES];
    int64_t deadline_us;
    uint64_t lookup_id; /* FINDNODE */
    unsigned nodes;     /* FINDNODE: entries received so far */
    bool answered;      /* FINDNODE: a packet came, perhaps an empty one */
};

struct requests {
    struct siphash_key key;
    unsigned count, by_purpose[REQUEST_PURPOSES];
    struct request *chains[REQUEST_CHAINS];
    struct request *free;
    struct request all[REQUESTS_MAX];
};

void requests_init(struct requests *r);

/* Enter a request that is about to be sent. Returns: NULL when REQUESTS_MAX are under way. */
struct request *requests_add(struct requests *r, enum discv4_type type,
                             enum request_purpose purpose, const struct eth_node *node,
                             int64_t now_us);

void requests_remove(struct requests *r, struct request *q);

/* The request of this type under way to an address; `hash` (may be NULL) must be its packet's, `id`
 * (may be NULL) its node's. Returns: NULL when there is none. */
struct request *requests_find(struct requests *r, enum discv4_type type, const struct net_addr *ip,
                              const uint8_t *hash, const uint8_t *id);

/* The first request whose time is up; NULL when there is none. */
struct request *requests_expired(struct requests *r, int64_t now_us);

/* When the next one's time is up; CLOCK_NEVER. */
int64_t requests_deadline(const struct requests *r);

#endif
