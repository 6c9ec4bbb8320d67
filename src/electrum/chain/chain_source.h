/* What the Electrum side needs of a Bitcoin network, as a table of functions: the two folders do
 * not know each other, the program joins them. Hashes are in memory order, headers as on the wire.
 *
 * Thread: any, all of them, several at once. None but `txids` and `broadcast` may wait. */
#ifndef ELECTRUM_CHAIN_CHAIN_SOURCE_H
#define ELECTRUM_CHAIN_CHAIN_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELECTRUM_HEADER_BYTES 80
#define ELECTRUM_HASH_BYTES   32
#define ELECTRUM_WHY_BYTES    120
#define ELECTRUM_TX_MAX_BYTES 400000 /* of what is relayed: 400,000 weight units */
#define ELECTRUM_WAIT_MAX_MS  30000  /* for a block or a peer's interest */

struct chan;

struct electrum_tip {
    uint32_t height;
    uint8_t header[ELECTRUM_HEADER_BYTES];
};

struct electrum_chain_ops {
    /* The tip of the validated chain with the most work. */
    void (*tip)(void *arg, struct electrum_tip *out);

    /* Headers of the active chain from height `first` on. Returns: how many, at most n; fewer at
     * the tip, 0 above it. */
    uint32_t (*headers)(void *arg, uint8_t (*out)[ELECTRUM_HEADER_BYTES], uint32_t first,
                        uint32_t n);

    /* Their hashes, likewise. */
    uint32_t (*hashes)(void *arg, uint8_t (*out)[ELECTRUM_HASH_BYTES], uint32_t first, uint32_t n);

    /* The ids of all transactions of the block at a height of the active chain, from a kept block
     * or one that a peer sends, checked against the header. Waits at most until deadline_us or
     * until `quit` closes. Owns: the caller frees *out with mem_free.
     * Returns: 0; PN_ENOENT above the tip; PN_ETIMEDOUT when no peer sends it; PN_ELIMIT when too
     * many are asked for already; PN_EQUIT; PN_ENOMEM. May be NULL: blocks cannot be had. */
    int (*txids)(void *arg, uint8_t (**out)[ELECTRUM_HASH_BYTES], size_t *n, uint32_t height,
                 struct chan *quit, int64_t deadline_us);

    /* Offer a transaction to peers, and wait until one of them has asked for it.
     * Returns: 0 and its id; or, with a reason fit for strangers in `why`: PN_EFORMAT and the like
     * for one that is malformed or against the rules; PN_ETIMEDOUT when nobody asked; PN_EQUIT;
     * PN_ELIMIT. May be NULL: nothing can be sent. */
    int (*broadcast)(void *arg, uint8_t txid[ELECTRUM_HASH_BYTES], char why[ELECTRUM_WHY_BYTES],
                     const uint8_t *tx, size_t len, struct chan *quit, int64_t deadline_us);

    /* A transaction that is at hand: just sent, or in a kept block. Owns: the caller frees *out
     * with mem_free. Returns: 0, PN_ENOENT, PN_ENOMEM. May be NULL. */
    int (*transaction)(void *arg, uint8_t **out, size_t *len,
                       const uint8_t txid[ELECTRUM_HASH_BYTES]);

    /* What the peers relay at least, in satoshi per 1,000 virtual bytes (BIP133): the median of
     * their filters, or 1,000 until one is known. */
    int64_t (*relay_fee)(void *arg);

    /* Whether headers are in sync: servers are not judged before. */
    bool (*in_sync)(void *arg);
};

struct electrum_chain {
    const struct electrum_chain_ops *ops;
    void *arg;
};

#endif
