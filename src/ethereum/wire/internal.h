/* The parts of messages, for msg.c alone. */
#ifndef ETHEREUM_WIRE_INTERNAL_H
#define ETHEREUM_WIRE_INTERNAL_H

#include "ethereum/wire/msg.h"

/* --- status.c --- */
void status_read(struct reader *r, struct eth_status *s, unsigned version);
void status_write(struct buf *b, const struct eth_status *s, unsigned version);
void range_read(struct reader *r, struct eth_range *range);
void range_write(struct buf *b, const struct eth_range *range);

/* --- items.c --- */
/* The next item, a list, whole and counted. */
struct eth_items items_read(struct reader *r, size_t max);
/* The items that are left in a list, counted. */
struct eth_items items_rest(struct reader *r, size_t max);
void items_write(struct buf *b, const struct eth_items *items);
/* Each must be a hash, or a block's hash and number. */
void items_check_hashes(struct reader *r, const struct eth_items *items);
void items_check_block_hashes(struct reader *r, const struct eth_items *items);
void announce_read(struct reader *r, struct eth_tx_announce *a, unsigned version, size_t max);
void announce_write(struct buf *b, const struct eth_tx_announce *a, unsigned version);

#endif
