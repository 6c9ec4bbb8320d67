/* A chain source of any headers, in memory, that a test moves. */
#ifndef TESTS_ELECTRUM_CHAIN_DOUBLE_H
#define TESTS_ELECTRUM_CHAIN_DOUBLE_H

#include "base/mutex.h"
#include "electrum/chain/chain_source.h"

#define CHAIN_DOUBLE_MAX 6000

struct chain_double {
    struct mutex mu;
    uint8_t headers[CHAIN_DOUBLE_MAX][ELECTRUM_HEADER_BYTES] GUARDED_BY(mu);
    uint8_t hashes[CHAIN_DOUBLE_MAX][ELECTRUM_HASH_BYTES] GUARDED_BY(mu);
    uint32_t n GUARDED_BY(mu);
    int txids_rc, broadcast_rc; /* what these answer */
    size_t n_txids;
    bool in_sync;
};

/* n linked headers, the genesis included. */
struct chain_double *chain_double_new(uint32_t n);
void chain_double_free(struct chain_double *c);

/* Replace everything from `first` on by n headers that differ by `salt`. */
void chain_double_extend(struct chain_double *c, uint32_t first, uint32_t n, uint32_t salt);

extern const struct electrum_chain_ops chain_double_ops;

#endif
