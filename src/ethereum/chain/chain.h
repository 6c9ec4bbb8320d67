/* The chain of an Ethereum network as a node without an EVM can know it: headers checked by their
 * rules, bodies and receipts by the roots of their header, the branch with the most difficulty, all
 * of it in one LMDB file.
 *
 * There are two heads. The head of headers is the end of the best branch; the head of blocks is as
 * far along it as the bodies are there too, and it is what peers are told. Before the merge the
 * branch with the higher total difficulty wins; beyond it headers are taken only from who is
 * trusted, and the longer branch wins.
 *
 * Changes collect in one batch, which eth_chain_flush writes to disk. Thread: one owner, for all
 * calls. Slices that are handed out live until the next call that changes something. */
#ifndef ETHEREUM_CHAIN_CHAIN_H
#define ETHEREUM_CHAIN_CHAIN_H

#include "ethereum/params/params.h"
#include "ethereum/types/body.h"
#include "ethereum/types/receipts.h"

struct eth_chain;

struct eth_head {
    uint64_t number, time;
    uint8_t hash[ETH_HASH_BYTES];
    eth_u128 total_difficulty;
};

/* Open or create. The params are borrowed for the life of the chain.
 * Returns: 0; PN_EGENESIS when the file is another chain's; what store/db.h gives. */
int eth_chain_open(struct eth_chain **out, const char *path, const struct eth_params *params);

/* Flushes. Accepts NULL. */
void eth_chain_close(struct eth_chain *c);

const struct eth_params *eth_chain_params(const struct eth_chain *c);
const struct eth_head *eth_chain_head_of_headers(const struct eth_chain *c);
const struct eth_head *eth_chain_head_of_blocks(const struct eth_chain *c);

/* Whether an error of the calls below tells of this machine, its memory or its disk, and not of
 * what was to be added. */
bool eth_chain_failed_itself(int rc);

/* Write what has changed to disk. Returns: 0; after an error what was not written is forgotten. */
int eth_chain_flush(struct eth_chain *c);

/* How many headers, bodies and receipts wait for that. */
unsigned eth_chain_unflushed(const struct eth_chain *c);

struct eth_added {
    bool known;      /* was there already */
    bool head_moved; /* of headers */
    uint64_t reorg;  /* headers that left the best branch */
};

/* One header, decoded from `rlp`. `trusted`: it descends to a head that the operator has named, or
 * comes from the operator's file. Returns: 0; PN_EORPHAN when the parent is not there; PN_EPROTO
 * for one beyond the merge that is not trusted; what eth_header_check gives; PN_ETOOLARGE for a
 * total difficulty above 128 bits; what store/db.h gives. */
int eth_chain_add_header(struct eth_chain *c, struct eth_added *added, const struct eth_header *h,
                         struct bytes rlp, bool trusted);

/* A body of a header that is there. Returns: 0, also when it was there; PN_ENOENT without header;
 * what eth_body_check gives; what store/db.h gives. */
int eth_chain_add_body(struct eth_chain *c, const uint8_t hash[ETH_HASH_BYTES],
                       const struct eth_body *body);

/* Likewise receipts, one list in this form. */
int eth_chain_add_receipts(struct eth_chain *c, const uint8_t hash[ETH_HASH_BYTES],
                           struct bytes list, enum eth_receipt_form form);

/* Headers that are known to be right but whose parents are not here yet, by number: how a chain is
 * fetched backwards from a trusted head. They are changes like others. Returns: 0, PN_ENOENT, what
 * store/db.h gives. */
int eth_chain_scratch_put(struct eth_chain *c, uint64_t number, struct bytes rlp);
int eth_chain_scratch_get(struct eth_chain *c, struct bytes *rlp, uint64_t number);
int eth_chain_scratch_del(struct eth_chain *c, uint64_t number);

/* --- reading --- */

/* Of a block by hash. Returns: 0 or PN_ENOENT; what store/db.h gives. */
int eth_chain_number_of(struct eth_chain *c, uint64_t *number, const uint8_t hash[ETH_HASH_BYTES]);
int eth_chain_header(struct eth_chain *c, struct bytes *rlp, eth_u128 *total_difficulty,
                     const uint8_t hash[ETH_HASH_BYTES]);
int eth_chain_body(struct eth_chain *c, struct eth_body *body, const uint8_t hash[ETH_HASH_BYTES]);
int eth_chain_receipts(struct eth_chain *c, struct bytes *flat, const uint8_t hash[ETH_HASH_BYTES]);

/* On the best branch by number; PN_ENOENT above its head. */
int eth_chain_hash_at(struct eth_chain *c, uint8_t hash[ETH_HASH_BYTES], uint64_t number);

#endif
