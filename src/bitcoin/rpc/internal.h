/* The methods by subject, and what several of them say. */
#ifndef BITCOIN_RPC_INTERNAL_H
#define BITCOIN_RPC_INTERNAL_H

#include "bitcoin/chain/view.h"
#include "bitcoin/rpc/rpc.h"

struct peer;

/* --- peers.c --- */
void rpc_getpeerinfo(struct rpc_call *c);
void rpc_getconnectioncount(struct rpc_call *c);
void rpc_getnettotals(struct rpc_call *c);
void rpc_ping(struct rpc_call *c);
void rpc_disconnectnode(struct rpc_call *c);

/* Whether a peer speaks Bitcoin and its handshake is done, so that its btc_peer may be read. */
bool rpc_peer_is_ready(const struct peer *p);

/* --- bans.c --- */
void rpc_setban(struct rpc_call *c);
void rpc_listbanned(struct rpc_call *c);
void rpc_clearbanned(struct rpc_call *c);

/* --- addresses.c --- */
void rpc_getnodeaddresses(struct rpc_call *c);
void rpc_getaddrmaninfo(struct rpc_call *c);
void rpc_addpeeraddress(struct rpc_call *c);

/* --- chain.c --- */
void rpc_getblockchaininfo(struct rpc_call *c);
void rpc_getblockcount(struct rpc_call *c);
void rpc_getbestblockhash(struct rpc_call *c);
void rpc_getblockhash(struct rpc_call *c);
void rpc_getblockheader(struct rpc_call *c);
void rpc_getdifficulty(struct rpc_call *c);
void rpc_getchaintips(struct rpc_call *c);

/* The block that parameter 0 names by its hash. Returns: false when the call has failed. */
bool rpc_find_block(struct rpc_call *c, struct chain_point *point, struct btc_header *header);

/* A header as getblockheader shows it. */
cJSON *rpc_header_object(struct rpc_call *c, const struct chain_point *point,
                         const struct btc_header *h);

/* --- block.c --- */
void rpc_getblock(struct rpc_call *c);

/* --- filters.c --- */
void rpc_getblockfilter(struct rpc_call *c);
void rpc_getblockfilterheader(struct rpc_call *c);
void rpc_getindexinfo(struct rpc_call *c);

/* --- transactions.c --- */
void rpc_getmempoolentry(struct rpc_call *c);
void rpc_getmempoolinfo(struct rpc_call *c);
void rpc_getrawmempool(struct rpc_call *c);
void rpc_sendrawtransaction(struct rpc_call *c);
void rpc_testmempoolaccept(struct rpc_call *c);

/* --- network.c --- */
void rpc_getnetworkinfo(struct rpc_call *c);
void rpc_setnetworkactive(struct rpc_call *c);

/* --- ratings.c --- */
void rpc_getpeerratings(struct rpc_call *c);

/* --- regtest.c --- */
void rpc_generate(struct rpc_call *c);
void rpc_generatetoaddress(struct rpc_call *c);
void rpc_generatetodescriptor(struct rpc_call *c);

/* --- shapes.c --- */

/* bitcoind's name of a network: "ipv4", "ipv6", "onion", "i2p", "cjdns", "not_publicly_routable".
 * Static text. */
const char *rpc_network_name(const struct net_addr *addr);

/* Returns: NET_NONE for any other name. */
enum net_kind rpc_network_of_name(const char *name);

/* As Bitcoin shows hashes: the last byte first. */
cJSON *rpc_hash(const uint8_t hash[BTC_HASH_BYTES]);

/* Satoshi as bitcoind shows them: with eight decimals, exactly. */
cJSON *rpc_amount(int64_t sat);

/* "0000000000000409", and ["NETWORK", "WITNESS", ...]. */
cJSON *rpc_services(uint64_t services);
cJSON *rpc_service_names(uint64_t services);

/* The address without its port. */
cJSON *rpc_host(const struct net_addr *addr);

/* Monotonic microseconds as seconds since 1970; 0 stays 0. */
int64_t rpc_wall_s(int64_t mono_us);

#endif
