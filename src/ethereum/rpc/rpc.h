/* Ethereum's methods for operators' tools, with go-ethereum's names and shapes (its node/api.go and
 * p2p/peer.go), so that what was written for its console can be used. */
#ifndef ETHEREUM_RPC_RPC_H
#define ETHEREUM_RPC_RPC_H

#include "ethereum/discovery/discovery.h"
#include "ethereum/eth/eth.h"
#include "ethereum/p2p/p2p.h"
#include "rpc/rpc.h"
#include "server/server.h"

/* What the methods reach; borrowed. */
struct eth_rpc {
    struct p2p *p2p;
    struct eth *eth;
    struct server *server;
    struct eth_discovery *discovery;
    bool listening; /* connections are taken */
};

/* The context lives as long as the table is used. Thread: any; the handlers run on thread rpc. */
struct rpc_table eth_rpc_table(struct eth_rpc *context);

#endif
