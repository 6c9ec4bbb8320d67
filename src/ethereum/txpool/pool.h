/* Transactions that are not in a block yet, as a node without accounts can hold them: signed for
 * this chain, within the static bounds, not older than what blocks have shown of their sender. The
 * pool is bounded in number and bytes; the oldest gives way. Thread: one owner, except for
 * pool_tx_make. */
#ifndef ETHEREUM_TXPOOL_POOL_H
#define ETHEREUM_TXPOOL_POOL_H

#include "ethereum/params/params.h"
#include "ethereum/types/hash_table.h"
#include "ethereum/types/tx.h"

#define POOL_MAX_TXS     16384
#define POOL_MAX_BYTES   (64 << 20)
#define POOL_MAX_SENDERS 32768 /* whose nonces are remembered */

/* go-ethereum core/txpool: txMaxSize, and that of blob transactions with their blobs */
#define POOL_TX_MAX_BYTES   (128 << 10)
#define POOL_BLOB_MAX_BYTES (2 << 20)

/* A transaction that has passed all checks; immutable. */
struct pool_tx {
    uint8_t hash[ETH_HASH_BYTES];
    uint8_t sender[ETH_ADDRESS_BYTES];
    uint64_t nonce;
    enum eth_tx_type type;
    size_t size; /* as announced */
    size_t len;  /* of the item */
    UT_hash_handle hh;
    struct pool_tx *prev, *next; /* oldest first */
    uint8_t item[];              /* as lists of transactions carry it */
};

/* Check one item of a list and recover its sender. Thread: any. Owns: the caller, pool_tx_free.
 * Returns: 0; PN_ECHAINID; PN_EGAS below the intrinsic gas or a tip above the fee; PN_ETOOLARGE;
 * PN_EBLOBS; PN_ENOMEM; what eth_tx_decode and eth_tx_sender give. */
int pool_tx_make(struct pool_tx **out, const struct eth_params *p, struct bytes item);
void pool_tx_free(struct pool_tx *t);

struct pool_sender;

struct pool {
    struct pool_tx *by_hash, *list;
    unsigned n;
    size_t bytes;
    struct pool_sender *senders; /* the least recently shown first */
    unsigned n_senders;
};

void pool_init(struct pool *p);
void pool_free(struct pool *p);

/* Owns: takes t when it returns 0. Returns: 0; PN_EDUPLICATE; PN_ESEQUENCE for a nonce that a block
 * has used already. */
int pool_add(struct pool *p, struct pool_tx *t);

/* NULL when it is not there. */
const struct pool_tx *pool_find(const struct pool *p, const uint8_t hash[ETH_HASH_BYTES]);

/* A block's transaction: its sender's lower nonces are spent, and leave the pool.
 * Without memory nothing is remembered. */
void pool_note_mined(struct pool *p, const uint8_t sender[ETH_ADDRESS_BYTES], uint64_t nonce);

/* Drop what pool_note_mined has made stale; once a block. */
void pool_sweep(struct pool *p);

#endif
