/* Announced transactions: whom to ask for which, and when (go-ethereum eth/fetcher/tx_fetcher.go).
 * An announced hash waits 500 ms, since it may come by itself; then it is asked for, at most 256
 * hashes and 128 KiB at once and one request a peer; what does not come within 5 s is asked of
 * another announcer. A state machine without I/O. Thread: one owner. Times are of clock_mono_us. */
#ifndef ETHEREUM_TXPOOL_FETCHER_H
#define ETHEREUM_TXPOOL_FETCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ethereum/types/header.h"

#define TXFETCH_MAX_HASHES    32768
#define TXFETCH_MAX_PER_PEER  4096
#define TXFETCH_REQUEST_MAX   256
#define TXFETCH_REQUEST_BYTES (128 << 10)
#define TXFETCH_ARRIVE_US     INT64_C(500000)
#define TXFETCH_GATHER_US     INT64_C(100000)
#define TXFETCH_TIMEOUT_US    INT64_C(5000000)
#define TXFETCH_SIZE_SLACK    8 /* bytes that an announced size may be off */

struct txfetch;

struct txfetch_ops {
    /* Ask a peer for these. Returns: whether it went out. */
    bool (*request)(void *arg, uint64_t peer, const uint8_t (*hashes)[ETH_HASH_BYTES], unsigned n);
    void *arg;
};

/* Returns: NULL without memory. */
struct txfetch *txfetch_new(const struct txfetch_ops *ops);
void txfetch_free(struct txfetch *f);

/* A peer has announced a transaction that is not in the pool; `sized`: with type and size. What
 * does not fit is forgotten. */
void txfetch_announced(struct txfetch *f, uint64_t peer, const uint8_t hash[ETH_HASH_BYTES],
                       bool sized, uint8_t type, uint64_t size);

/* A transaction has come from a peer, asked for or not. Returns: 0, or PN_EPROTO when this peer had
 * announced another type or size: then it is to be dropped, and others are asked. */
int txfetch_delivered(struct txfetch *f, uint64_t peer, const uint8_t hash[ETH_HASH_BYTES],
                      uint8_t type, uint64_t size);

/* The peer has answered; what it was asked for and has not sent, it does not have. */
void txfetch_answered(struct txfetch *f, uint64_t peer);

void txfetch_peer_gone(struct txfetch *f, uint64_t peer);

/* Send what is due. Returns: when to call again. */
int64_t txfetch_tick(struct txfetch *f, int64_t now_us);

#endif
