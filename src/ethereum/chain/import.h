/* A chain from a file as geth's `export` writes it: blocks in RLP, one after the other. */
#ifndef ETHEREUM_CHAIN_IMPORT_H
#define ETHEREUM_CHAIN_IMPORT_H

#include "ethereum/chain/chain.h"

struct eth_import {
    uint64_t blocks; /* read and accepted, those known already included */
    uint64_t bytes;
};

/* Read blocks up to the file's end, which are the operator's and so trusted beyond the merge. What
 * came before the first fault stays. Thread: the chain's owner; reads as long as it takes.
 * Returns: 0; PN_ETRUNCATED when the file ends within a block; what adding a block gives. */
int eth_chain_import(struct eth_chain *c, struct eth_import *done, const char *path);

#endif
