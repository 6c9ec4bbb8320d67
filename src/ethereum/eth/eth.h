/* The eth protocol of this node (eth/62 to eth/70): a subprotocol of ethereum/p2p, and the protocol
 * manager, a thread that owns the chain, the transaction pool and what it knows of each peer. */
#ifndef ETHEREUM_ETH_ETH_H
#define ETHEREUM_ETH_ETH_H

#include "download/board.h"
#include "ethereum/chain/chain.h"
#include "ethereum/p2p/protocol.h"

struct eth;

struct eth_config {
    const struct eth_params *params; /* borrowed for the network's life */
    struct eth_chain *chain;         /* borrowed; the manager's from eth_start to eth_stop */
    unsigned max_peers;
    bool legacy;           /* offer eth/62 and eth/63 too */
    bool receipts;         /* fetch receipts as well as bodies */
    bool verify_seals;     /* of headers with work, those of Ethash */
    bool has_trusted_head; /* follow this block beyond the merge */
    uint8_t trusted_head[ETH_HASH_BYTES];
};

/* Thread: the main thread, as for all but eth_look. Returns: 0, PN_ENOMEM or another pn_err. */
int eth_new(struct eth **out, const struct eth_config *config);

/* For p2p_add_protocol; and the number that it gave. */
const struct p2p_protocol *eth_protocol(struct eth *e);
void eth_set_number(struct eth *e, unsigned protocol);

/* Start the manager, before any peer exists. Returns: 0 or a pn_err. */
int eth_start(struct eth *e);

/* Ask the manager to leave, and wait: after server_join, for it must drain its inbox as long as
 * peers exist. Flushes the chain. */
void eth_stop(struct eth *e);

/* After eth_stop and server_free. Accepts NULL. */
void eth_free(struct eth *e);

struct eth_view {
    struct eth_head headers, blocks;
    unsigned peers, pooled;
    bool syncing;
    uint64_t synced_from; /* where the head of blocks stood when that began */
};

/* Call visit(arg, chain) on the manager's thread, and wait until that is done. It copies what it
 * wants. Thread: rpc; blocks while the manager is busy. Returns: 0, PN_ENOMEM, PN_ECLOSED. */
int eth_visit_chain(struct eth *e, void (*visit)(void *arg, struct eth_chain *chain), void *arg);

/* A transaction of the operator, in the form that is signed and broadcast (EIP-2718): to the pool
 * and to the peers. Thread: rpc. Returns: 0 and its hash; PN_EDUPLICATE; PN_ESEQUENCE; what
 * pool_tx_make gives; PN_ECLOSED. */
int eth_submit(struct eth *e, uint8_t hash[ETH_HASH_BYTES], struct bytes raw);

const struct eth_params *eth_network(const struct eth *e);

/* Thread: any. */
void eth_look(struct eth *e, struct eth_view *out);

/* The rating of peers by kinds of work (enum sync_kind), as it was a moment ago. Thread: any.
 * Owns: the caller frees *ratings (mem_free). Returns: how many, or PN_ENOMEM. */
int eth_look_ratings(struct eth *e, struct download_estimate *estimate,
                     struct download_rating **ratings);

#endif
