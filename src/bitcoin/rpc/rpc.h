/* Bitcoin's methods for operators' tools, with bitcoind's names and shapes (its rpc/net.cpp and
 * rpc/blockchain.cpp), so that bitcoin-cli and what was written for it can be used. */
#ifndef BITCOIN_RPC_RPC_H
#define BITCOIN_RPC_RPC_H

#include "addrbook/addrbook.h"
#include "bitcoin/bitcoin.h"
#include "dial/gate.h"
#include "rpc/rpc.h"
#include "server/server.h"

/* The release of Bitcoin Core whose shapes are followed. Its clients look at this number and refuse
 * servers that they take for too old. */
#define BTC_RPC_VERSION 310000

/* What the methods reach; borrowed. */
struct btc_rpc {
    struct bitcoin *bitcoin;
    struct server *server;
    struct gate *gate;
    struct addrbook *book;
    const char *proxy, *onion; /* addresses of the proxies in use, or NULL */
    uint32_t reachable_kinds;  /* as in struct bitcoin_config */
};

/* The table; `context` is handed to its methods. Thread: any; the methods run on thread rpc. */
struct rpc_table btc_rpc_table(struct btc_rpc *context);

#endif
