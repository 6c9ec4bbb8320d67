/* Block bodies: transactions, uncles and, since Shanghai, withdrawals, and whether they are those
 * of a header. Nothing is copied: a body is slices of what came from the network. Pure; any thread.
 */
#ifndef ETHEREUM_TYPES_BODY_H
#define ETHEREUM_TYPES_BODY_H

#include "ethereum/types/header.h"

/* Each slice is one RLP list with its header. */
struct eth_body {
    struct bytes txs, uncles, withdrawals;
    bool has_withdrawals;
};

struct eth_block {
    struct bytes header; /* one RLP list */
    struct eth_body body;
};

/* [txs, uncles] or [txs, uncles, withdrawals], borrowed; the insides are not looked at.
 * Returns: 0 or what codec/rlp.h gives. */
int eth_body_decode(struct eth_body *out, struct bytes rlp);
void eth_body_encode(struct buf *b, const struct eth_body *body);

/* [header, txs, uncles] or [header, txs, uncles, withdrawals]. */
int eth_block_decode(struct eth_block *out, struct bytes rlp);
void eth_block_encode(struct buf *b, const struct eth_block *block);

/* Whether a body is a header's. Returns: 0; PN_EMERKLE, PN_EUNCLES, PN_EWITHDRAWALS; PN_ECOUNT for
 * more transactions than the gas can have paid for; PN_ENOMEM; what codec/rlp.h gives. */
int eth_body_check(const struct eth_body *body, const struct eth_header *h);

/* Whether a header says that its block has no body to ask for. */
bool eth_header_is_empty(const struct eth_header *h);

/* The body that such a header has. */
struct eth_body eth_body_empty(const struct eth_header *h);

/* How many transactions, and so receipts, the gas used can have paid for at most. */
size_t eth_header_max_txs(const struct eth_header *h);

#endif
