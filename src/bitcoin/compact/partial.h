/* A compact block that is being put together again: from the transactions that it brings, those of
 * the pool, and those that are asked for (BIP152, version 2). What comes out is a block like any
 * other, to be checked like any other: two transactions may share a short id, and then it is not
 * the right one.
 *
 * Thread: one at a time. Memory: the message, and once more what is asked for. */
#ifndef BITCOIN_COMPACT_PARTIAL_H
#define BITCOIN_COMPACT_PARTIAL_H

#include "bitcoin/wire/msg.h"

struct compact_partial;
struct txpool;

/* Begin with a cmpctblock. `pool` may be NULL. Owns: the caller frees *out; the message is copied.
 * Returns: 0; PN_EFORMAT for a block without transactions; PN_EDUPLICATE when two of its short ids
 * are the same, so that only the whole block will do; PN_ENOMEM. */
int compact_partial_new(struct compact_partial **out, const struct btc_cmpctblock *m,
                        struct txpool *pool);
void compact_partial_free(struct compact_partial *c); /* accepts NULL */

const uint8_t *compact_partial_hash(const struct compact_partial *c);

/* Transactions that are not here, and where in the block they stand: rising, good until the next
 * call of compact_partial_fill. */
size_t compact_partial_missing(const struct compact_partial *c, const uint16_t **indexes);

/* Take the missing ones, in their order. Returns: 0; PN_ECOUNT when they are not as many;
 * PN_ENOMEM. */
int compact_partial_fill(struct compact_partial *c, const struct btc_blocktxn *m);

/* Append the block, when nothing is missing. Returns: the buffer's error. */
int compact_partial_encode(const struct compact_partial *c, struct buf *b);

#endif
