/* The methods by subject. */
#ifndef ETHEREUM_RPC_INTERNAL_H
#define ETHEREUM_RPC_INTERNAL_H

#include "base/bytes.h"
#include "ethereum/rpc/rpc.h"
#include "ethereum/types/body.h"

struct eth_tx;

/* --- peers.c --- */
void rpc_admin_peers(struct rpc_call *c);
void rpc_admin_add_peer(struct rpc_call *c);
void rpc_admin_remove_peer(struct rpc_call *c);
void rpc_admin_add_trusted_peer(struct rpc_call *c);
void rpc_admin_remove_trusted_peer(struct rpc_call *c);

/* --- ratings.c --- */
void rpc_admin_peer_ratings(struct rpc_call *c);

/* --- node.c --- */
void rpc_admin_node_info(struct rpc_call *c);
void rpc_admin_discovery_table(struct rpc_call *c);
void rpc_net_peer_count(struct rpc_call *c);
void rpc_net_version(struct rpc_call *c);
void rpc_net_listening(struct rpc_call *c);
void rpc_web3_client_version(struct rpc_call *c);
void rpc_rpc_modules(struct rpc_call *c);

/* --- chain.c --- */
void rpc_eth_block_number(struct rpc_call *c);
void rpc_eth_chain_id(struct rpc_call *c);
void rpc_eth_syncing(struct rpc_call *c);
void rpc_eth_get_block_by_number(struct rpc_call *c);
void rpc_eth_get_block_by_hash(struct rpc_call *c);
void rpc_eth_count_by_number(struct rpc_call *c);
void rpc_eth_count_by_hash(struct rpc_call *c);
void rpc_eth_send_raw_transaction(struct rpc_call *c);

/* --- block.c --- */

/* A block and all that the header and the body point into. */
struct rpc_block_parts {
    struct eth_header header;
    struct bytes header_rlp;
    struct eth_body body;
    eth_u128 total_difficulty;
};

/* Its transactions by their hashes, or with `full` as objects. Owns: the caller's. */
cJSON *rpc_block(const struct rpc_block_parts *parts, bool full);
size_t rpc_count_transactions(const struct rpc_block_parts *parts);

/* --- transaction.c --- */

/* The transaction that stands at `index` in this block. Owns: the caller's. */
cJSON *rpc_transaction(const struct eth_tx *t, const struct eth_header *in, unsigned index);

/* --- hex.c --- */
cJSON *rpc_quantity(uint64_t value);
cJSON *rpc_quantity_u128(eth_u128 value);
cJSON *rpc_quantity_be(struct bytes number); /* at most 32 bytes, big-endian */
cJSON *rpc_data(const void *data, size_t len);

/* "0x" and pairs of digits. Owns: the caller frees *out (mem_free). Returns: 0, PN_EFORMAT,
 * PN_ENOMEM. */
int rpc_unhex_data(uint8_t **out, size_t *len, const char *text);

#endif
