/* Blocks: which are kept, fetched, announced and served. blocks.c is the manager's part,
 * blocks_result.c what it is told of blocks and blocks_announce.c what it tells peers; blocks_in.c
 * is what a peer's thread does with a block that comes, blocks_compact.c with compact blocks,
 * blocks_serve.c with a request for a block. What all of them need to know of one is in
 * blocks_place.c. */
#ifndef BITCOIN_BLOCKS_H
#define BITCOIN_BLOCKS_H

#include <stdatomic.h>

#include "bitcoin/block/place.h"
#include "bitcoin/block_ratings.h"
#include "bitcoin/blockstore/block_store.h"
#include "bitcoin/compact/announcers.h"
#include "bitcoin/fetch/fetch.h"
#include "bitcoin/manager.h"
#include "bitcoin/wire/msg.h"

struct btc_params;
struct btc_peer;

#define BLOCKS_NO_HEIGHT UINT32_MAX

/* How a peer wants blocks announced (sendcmpct, BIP152). */
enum compact_mode {
    COMPACT_NONE, /* it does not know version 2 */
    COMPACT_LOW,  /* by headers or inv; it may ask for a compact block then */
    COMPACT_HIGH, /* by a compact block, unasked */
};

struct blocks_metrics {
    struct metric *kept, *in_flight, *received, *taken_back, *relay;
};

/* A member of struct bitcoin. */
struct blocks {
    struct block_store *store; /* any thread; NULL: no blocks are kept */
    /* We have all that NODE_NETWORK_LIMITED promises: written by the manager. */
    atomic_bool complete;
    atomic_uint lost_from; /* the lowest block that could not be written, or BLOCKS_NO_HEIGHT */
    struct block_ratings ratings;

    /* thread manager */
    struct fetch *fetch;
    bool begun;             /* headers were in sync once, so blocks are fetched */
    uint8_t range_tip[32];  /* what the fetched range ends with */
    uint32_t fork;          /* the lowest since that range was set, or BLOCKS_NO_HEIGHT */
    uint32_t announce_from; /* the lowest block that nobody has been told of, or
                               BLOCKS_NO_HEIGHT */
    int64_t news_us;        /* when the chain reached announce_from */
    int64_t fetch_tick_us;
    uint64_t seen_taken_back;
    struct announcers announcers; /* who announces by compact blocks */
    struct blocks_metrics metrics;
};

/* MANAGER_BLOCK: what became of a block that was asked of a peer. */
struct manager_block {
    struct manager_payload head;
    uint8_t hash[BTC_HASH_BYTES];
    int rc; /* 0: it is held; else as btc_block_check_at, PN_ENOENT when the peer does not have it,
               or why it could not be kept */
};

/* --- blocks.c --- */

/* Open the store that the configuration asks for. Thread: the main thread. Returns: 0 or a pn_err.
 */
int blocks_open(struct bitcoin *b);
int blocks_start(struct bitcoin *b);
void blocks_stop(struct bitcoin *b);
void blocks_close(struct bitcoin *b);

extern const struct manager_part blocks_part;

/* The ids of its transactions. Thread: any. Owns: the caller frees *txids with mem_free.
 * Returns: 0 or PN_ENOMEM. (block_txids.c) */
int blocks_collect_txids(uint8_t (**txids)[BTC_HASH_BYTES], size_t *n,
                         const struct btc_block *block);

/* The service bits to announce now. Thread: any. */
uint64_t blocks_services(const struct bitcoin *b);

/* A block of the active chain is on its way from this peer. */
void blocks_claim(struct bitcoin *b, struct manager_peer *s, const uint8_t hash[BTC_HASH_BYTES],
                  uint32_t height);

/* --- blocks_place.c --- */

/* Where a block with this header stands, as far as the chain knows its parent.
 * Thread: any. Returns: false when it does not. */
bool blocks_place(struct bitcoin *b, struct btc_block_place *out, const struct btc_header *header);

/* Whether a verdict is the fault of the peer that sent the block. Thread: any. */
bool blocks_is_fault(int verdict);

/* A block that came from this peer, as it will be sent. Thread: in. Owns: returns a reference, or
 * NULL when there is no memory. */
struct frame *blocks_frame_of(const struct btc_peer *bp, struct bytes raw);

/* Which blocks a peer promises to deliver. Thread: manager. */
enum fetch_promise blocks_promise_of(const struct bitcoin *b, const struct btc_peer *bp);

/* --- blocks_result.c: thread manager --- */
void blocks_on_result(struct bitcoin *b, struct manager_peer *s, struct manager_payload *payload);
void blocks_on_compact(struct bitcoin *b, struct manager_peer *s, struct manager_payload *payload);

/* --- blocks_announce.c: thread manager --- */

/* Tell peers of the blocks that they have not been told of, once all are held. */
void blocks_announce_held(struct bitcoin *b);

/* A peer has delivered a block; when it is the tip, it may become one of those that announce. */
void blocks_first_with(struct bitcoin *b, struct manager_peer *s, const uint8_t hash[32]);

/* --- blocks_in.c: thread in --- */
int blocks_on_block(struct peer *p, struct btc_peer *bp, const struct btc_msg *m);
int blocks_on_notfound(struct peer *p, struct btc_peer *bp, const struct btc_msg *m);

/* Check a block and keep it. *verdict becomes 0 or why not, as struct manager_block has it.
 * `scratch` has room for 64 bytes a transaction. Returns: 0 or PN_EQUIT. */
int blocks_judge(struct peer *p, const struct btc_block *block, const uint8_t hash[BTC_HASH_BYTES],
                 struct bytes raw, struct arena *scratch, int *verdict);

/* Tell the manager of a verdict. Returns: 0, PN_EQUIT, PN_ENOMEM. */
int blocks_tell(struct peer *p, const uint8_t hash[BTC_HASH_BYTES], int verdict);

/* --- blocks_compact.c: thread in --- */
int blocks_on_sendcmpct(struct peer *p, struct btc_peer *bp, const struct btc_msg *m);
int blocks_on_cmpctblock(struct peer *p, struct btc_peer *bp, const struct btc_msg *m);
int blocks_on_blocktxn(struct peer *p, struct btc_peer *bp, const struct btc_msg *m);
int blocks_on_getblocktxn(struct peer *p, struct btc_peer *bp, const struct btc_msg *m);

/* --- blocks_serve.c: thread in --- */

/* Whether a kept block of that height is for peers as well. */
bool blocks_may_serve(const struct bitcoin *net, uint32_t height);

/* Send what an item of getdata asks for. Returns: 0; PN_ENOENT when it is not to be had here;
 * another pn_err that ends the connection. */
int blocks_serve(struct peer *p, struct btc_peer *bp, const struct btc_inv_item *item);

#endif
