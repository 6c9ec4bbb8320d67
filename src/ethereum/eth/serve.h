/* Answers to what peers ask of the chain and the pool. No I/O: the manager sends them. */
#ifndef ETHEREUM_ETH_SERVE_H
#define ETHEREUM_ETH_SERVE_H

#include "ethereum/chain/chain.h"
#include "ethereum/txpool/pool.h"
#include "ethereum/wire/msg.h"

/* go-ethereum eth/protocols/eth/handler.go, softResponseLimit and its like */
enum {
    SERVE_SOFT_BYTES = 2 << 20, /* nothing more is begun behind so many bytes of items */
    SERVE_HEADERS_MAX = 1024,
    SERVE_BODIES_MAX = 1024,
    SERVE_RECEIPTS_MAX = 1024,
};

/* Where answers come from; both are borrowed. */
struct serve_source {
    struct eth_chain *chain;
    const struct pool *pool;
};

struct serve_answer {
    struct eth_msg msg; /* borrows from `items` */
    struct buf items;   /* whole ones only */
    struct buf hashes;  /* of the transactions among them, ETH_HASH_BYTES each */
    size_t n;           /* items */
};

/* Whether a message of this code wants an answer that serve_make makes. */
bool serve_is_request(unsigned code);

/* Answer a request, one that serve_is_request accepts, as `version` has it. There is always an
 * answer, if need be an empty one: what is missing is left out or ends it, and so does an item for
 * which there is no room or no memory.
 * Thread: the owner of the source. Owns: the caller, serve_answer_free. */
void serve_make(struct serve_answer *a, const struct serve_source *from,
                const struct eth_msg *request, unsigned version);
void serve_answer_free(struct serve_answer *a);

#endif
