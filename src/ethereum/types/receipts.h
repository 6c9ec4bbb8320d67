/* Receipts in their two forms on the wire, and whether they are those of a header. Up to eth/68
 * they are sent as consensus has them, with a bloom filter of 256 bytes each; since eth/69
 * (EIP-7642) flat and without it, which is also how they are kept. Pure; any thread. */
#ifndef ETHEREUM_TYPES_RECEIPTS_H
#define ETHEREUM_TYPES_RECEIPTS_H

#include "ethereum/types/header.h"

enum eth_receipt_form {
    ETH_RECEIPTS_CONSENSUS, /* [status, gas, bloom, logs], behind the type in a string if it has one
                             */
    ETH_RECEIPTS_FLAT,      /* [type, status, gas, logs] */
};

/* Check one block's receipts, one RLP list, against its header: root and bloom filter, both
 * computed anew from the logs. What is left in `flat` is the list in its flat form.
 * Returns: 0; PN_ERECEIPTS; PN_ECOUNT for more than the gas can have paid for; PN_EFORMAT and its
 * like; PN_ENOMEM. */
int eth_receipts_check(struct buf *flat, struct bytes list, enum eth_receipt_form form,
                       const struct eth_header *h);

/* Write a checked flat list in a form. Returns: 0, or an error for what is no flat list. */
int eth_receipts_write(struct buf *b, struct bytes flat, enum eth_receipt_form form);

#endif
