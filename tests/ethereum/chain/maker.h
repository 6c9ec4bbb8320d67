/* Small chains for tests and fuzz targets: valid headers on a parent, without transactions or with
 * made-up ones. What goes wrong here ends the process. */
#ifndef TESTS_ETHEREUM_CHAIN_MAKER_H
#define TESTS_ETHEREUM_CHAIN_MAKER_H

#include "ethereum/chain/chain.h"

struct made_block {
    struct eth_header h;
    struct buf rlp;      /* of the header */
    struct buf body;     /* [txs, uncles] */
    struct buf receipts; /* one for each transaction, a list in the form of consensus */
};

/* A private network with every fork up to Byzantium (and, with `london`, up to London) from its
 * genesis on. */
void make_params(struct eth_params *p, bool london);

/* The block after parent, `seconds` later. `tag` goes into the extra data, so that branches differ;
 * n_txs made-up transactions. Owns: made_free. */
void make_block(struct made_block *out, const struct eth_params *p, const struct eth_header *parent,
                unsigned seconds, unsigned tag, unsigned n_txs);
void made_free(struct made_block *b);

struct bytes made_rlp(const struct made_block *b);
struct eth_body made_body(const struct made_block *b);

/* A chain in a file of its own, with the params of make_params. */
struct made_chain {
    struct eth_params params;
    struct eth_chain *chain;
    char folder[32], path[48];
};

void made_chain_open(struct made_chain *m, bool london);

/* The file goes too. */
void made_chain_close(struct made_chain *m);

/* A block with its body and its receipts. */
void made_chain_add(struct made_chain *m, const struct made_block *b);

#endif
