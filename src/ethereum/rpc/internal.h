/* The methods by subject. */
#ifndef ETHEREUM_RPC_INTERNAL_H
#define ETHEREUM_RPC_INTERNAL_H

#include "ethereum/rpc/rpc.h"

/* --- peers.c --- */
void rpc_admin_peers(struct rpc_call *c);
void rpc_admin_add_peer(struct rpc_call *c);
void rpc_admin_remove_peer(struct rpc_call *c);

/* --- ratings.c --- */
void rpc_admin_peer_ratings(struct rpc_call *c);

/* --- node.c --- */
void rpc_admin_node_info(struct rpc_call *c);
void rpc_net_peer_count(struct rpc_call *c);

#endif
