/* Blocks that peers announce or push while the chain is in sync (go-ethereum eth/fetcher): an
 * announced block may come by itself within 500 ms, else its header is asked for, then its body; at
 * most 7 blocks below our height and 32 above it. Blocks that arrive before their parent wait for
 * it. A state machine without I/O. Thread: one owner. Times are of clock_mono_us. */
#ifndef ETHEREUM_SYNC_FETCHER_H
#define ETHEREUM_SYNC_FETCHER_H

#include "ethereum/types/body.h"

#define FETCHER_ARRIVE_US    INT64_C(500000)
#define FETCHER_GATHER_US    INT64_C(100000)
#define FETCHER_FETCH_US     INT64_C(5000000)
#define FETCHER_UNCLE_DIST   7
#define FETCHER_QUEUE_DIST   32
#define FETCHER_HASH_LIMIT   256 /* announced by one peer */
#define FETCHER_BLOCK_LIMIT  64  /* queued from one peer */
#define FETCHER_QUEUE_MAX    1024
#define FETCHER_PEER_BYTES   (16 << 20) /* queued from one peer */
#define FETCHER_QUEUE_BYTES  (64 << 20)
#define FETCHER_ANNOUNCE_MAX 4096

struct fetcher;

struct fetcher_ops {
    uint64_t (*height)(void *arg);
    bool (*known)(void *arg, const uint8_t hash[ETH_HASH_BYTES]);
    /* Returns: whether the request went out. */
    bool (*ask_header)(void *arg, uint64_t peer, const uint8_t hash[ETH_HASH_BYTES]);
    bool (*ask_body)(void *arg, uint64_t peer, const uint8_t hash[ETH_HASH_BYTES]);
    /* A whole block whose parent is known. `pushed`: it came whole, by NewBlock. */
    void (*insert)(void *arg, uint64_t peer, const struct eth_block *block, bool pushed);
    void (*misbehaved)(void *arg, uint64_t peer, int reason);
    void *arg;
};

/* Returns: NULL without memory. */
struct fetcher *fetcher_new(const struct fetcher_ops *ops);
void fetcher_free(struct fetcher *f);

/* A peer has a block that is not known here. What is too far away or too much is forgotten. */
void fetcher_announced(struct fetcher *f, uint64_t peer, const uint8_t hash[ETH_HASH_BYTES],
                       uint64_t number);

/* The answer to ask_header or ask_body: the item that came, or an empty slice for none. */
void fetcher_header(struct fetcher *f, uint64_t peer, struct bytes item);
void fetcher_body(struct fetcher *f, uint64_t peer, struct bytes item);

/* A whole block has been pushed; h is its header. */
void fetcher_pushed(struct fetcher *f, uint64_t peer, const struct eth_header *h,
                    const struct eth_block *block);

void fetcher_peer_gone(struct fetcher *f, uint64_t peer);

/* Do what is due. Returns: when to call again. */
int64_t fetcher_tick(struct fetcher *f, int64_t now_us);

/* Of the blocks that wait for their parents. */
size_t fetcher_queued_bytes(const struct fetcher *f);

#endif
