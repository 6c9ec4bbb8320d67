/* What one peer is still to be told of, until its next time: at most OUTBOX_MAX transactions, of
 * which the oldest gives way. Memory follows use. Thread: the relay's. */
#ifndef BITCOIN_TXRELAY_OUTBOX_H
#define BITCOIN_TXRELAY_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "peer/known.h"

enum {
    OUTBOX_MAX = 5000,
    OUTBOX_KNOWN_MAX = 25000, /* at least; Core remembers 50,000 of either side's */
    /* One batch (Core, net_processing.cpp): 70, and 5 more for each 1,000 that wait. */
    OUTBOX_BATCH_MIN = 70,
    OUTBOX_BATCH_MAX = OUTBOX_BATCH_MIN + OUTBOX_MAX / 1000 * 5,
};

struct outbox_item {
    uint8_t wtxid[32], txid[32];
};

struct outbox {
    struct known known;        /* by the hash that this peer's announcements carry */
    struct outbox_item *items; /* a ring */
    unsigned first, n, cap;
    bool by_wtxid; /* BIP339 */
};

void outbox_init(struct outbox *b, bool by_wtxid);
void outbox_free(struct outbox *b);

/* The peer has it. */
void outbox_know(struct outbox *b, const uint8_t hash[32]);

/* The hash by which this peer knows the transaction. */
const uint8_t *outbox_hash(const struct outbox *b, const struct outbox_item *item);

/* Returns: false when the peer knows it, or there is no memory. `*lost` counts what gave way. */
bool outbox_push(struct outbox *b, uint64_t *lost, const struct outbox_item *item);

/* The oldest, at most one batch; they count as known from now on. What has become known meanwhile
 * is left out. Returns: how many. */
unsigned outbox_take(struct outbox *b, struct outbox_item out[OUTBOX_BATCH_MAX]);

#endif
