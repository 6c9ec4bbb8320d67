/* Transactions made for tests: of any shape, told apart by a number. */
#ifndef TESTS_BITCOIN_MEMPOOL_TXS_H
#define TESTS_BITCOIN_MEMPOOL_TXS_H

#include "bitcoin/mempool/tx_body.h"

enum { TXS_MAX_PARTS = 16 };

/* A transaction in the making; change what you like before txs_body. */
struct made_tx {
    struct btc_tx tx;
    struct btc_txin in[TXS_MAX_PARTS];
    struct btc_txout out[TXS_MAX_PARTS];
};

/* One input that spends output 0 of a transaction that nobody knows, named by `n`; one output of
 * 10,000 sat to a witness key hash. It passes tx_check. */
void txs_init(struct made_tx *m, unsigned n);

/* Let input i spend this output. */
void txs_spend(struct made_tx *m, unsigned i, const struct tx_body *parent, uint32_t index);

/* Give input 0 a witness of one item, this byte. */
void txs_witness(struct made_tx *m, const uint8_t *item);

/* The whole as the pool takes it. Fails the test when there is no memory. */
struct tx_body *txs_body(const struct made_tx *m);

/* txs_init and txs_body in one. */
struct tx_body *txs_simple(unsigned n);

/* A child of output `index` of `parent` with `outs` outputs. */
struct tx_body *txs_child(const struct tx_body *parent, uint32_t index, unsigned outs);

extern const uint8_t txs_magic[4];

#endif
