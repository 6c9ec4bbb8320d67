/* The blocks that were asked of one peer and have not come: what it may deliver. The manager adds
 * one before it asks, thread in takes it out when the block is there; so nothing that one peer
 * sends can touch what another was asked for. */
#ifndef BITCOIN_WANTS_H
#define BITCOIN_WANTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mutex.h"

#define BLOCK_WANTS_MAX 40 /* more than fetch lets a peer owe */

struct block_wants {
    struct mutex mu;
    uint8_t hashes[BLOCK_WANTS_MAX][32] GUARDED_BY(mu);
    unsigned n GUARDED_BY(mu);
};

void block_wants_init(struct block_wants *w);
void block_wants_destroy(struct block_wants *w);

/* Remember; the oldest is forgotten when there are BLOCK_WANTS_MAX. Thread: any. */
void block_wants_add(struct block_wants *w, const uint8_t hash[32]);

/* Thread: any. Returns: whether it was wanted; it is no longer. */
bool block_wants_take(struct block_wants *w, const uint8_t hash[32]);

bool block_wants_has(struct block_wants *w, const uint8_t hash[32]);

/* Copy the hashes, the oldest first. Thread: any. Returns: how many. */
unsigned block_wants_list(struct block_wants *w, uint8_t out[BLOCK_WANTS_MAX][32]);

#endif
