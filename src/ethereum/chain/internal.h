/* What the files of the chain share; nobody else includes this. */
#ifndef ETHEREUM_CHAIN_INTERNAL_H
#define ETHEREUM_CHAIN_INTERNAL_H

#include "ethereum/chain/chain.h"
#include "store/db.h"

#define TD_BYTES  16
#define KEY_BYTES (8 + ETH_HASH_BYTES) /* number, hash: so that neighbours lie side by side */

/* Tables. Bodies and receipts have the keys of headers. */
enum chain_table {
    TABLE_META,      /* "genesis", "blocks": hashes; "headers" likewise */
    TABLE_HEADERS,   /* number, hash: total difficulty, header */
    TABLE_NUMBERS,   /* hash: number */
    TABLE_CANONICAL, /* number: hash, of the best branch */
    TABLE_BODIES,
    TABLE_RECEIPTS,
    TABLE_SCRATCH, /* number: header, without a parent here */
    TABLE_COUNT
};

struct eth_chain {
    const struct eth_params *params;
    struct db *db;
    unsigned tables[TABLE_COUNT];
    struct db_txn *batch;    /* NULL when nothing has changed */
    struct db_txn *snapshot; /* NULL while there is a batch */
    unsigned unflushed;
    struct eth_head headers, blocks;
    uint8_t *parent_rlp; /* the last header added, which is most often the next one's parent */
    struct eth_header parent;
    eth_u128 parent_td;
    bool has_parent;
};

/* --- rows.c --- */
void key_make(uint8_t key[KEY_BYTES], uint64_t number, const uint8_t hash[ETH_HASH_BYTES]);
int row_get(struct eth_chain *c, struct db_value *value, enum chain_table table, const void *key,
            size_t key_len);
int row_put(struct eth_chain *c, enum chain_table table, const void *key, size_t key_len,
            const void *value, size_t value_len);
int row_del(struct eth_chain *c, enum chain_table table, const void *key, size_t key_len);
int canonical_put(struct eth_chain *c, uint64_t number, const uint8_t hash[ETH_HASH_BYTES]);
int canonical_del(struct eth_chain *c, uint64_t number);
bool row_has(struct eth_chain *c, enum chain_table table, uint64_t number,
             const uint8_t hash[ETH_HASH_BYTES]);
int header_put(struct eth_chain *c, const struct eth_header *h, struct bytes rlp, eth_u128 td);

/* --- branch.c --- */
/* Make a stored header the head. Returns: 0 or an error; *left: headers that left the branch. */
int branch_switch(struct eth_chain *c, uint64_t *left, const struct eth_header *h, eth_u128 td);
/* Move the head of blocks as far as bodies are there. */
int branch_advance_blocks(struct eth_chain *c);
/* The heads as the file has them. */
int branch_load(struct eth_chain *c);

#endif
