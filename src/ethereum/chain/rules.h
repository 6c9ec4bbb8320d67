/* The rules that a header must keep with its parent (Yellow Paper 4.3.4 and the EIPs of each fork;
 * go-ethereum consensus/ethash, consensus/beacon, consensus/misc). Seals are verified
 * by ethereum/ethash, for who wants that; the difficulty is here.
 * Pure; any thread. */
#ifndef ETHEREUM_CHAIN_RULES_H
#define ETHEREUM_CHAIN_RULES_H

#include "ethereum/params/params.h"

/* How far ahead of our clock a header may be (go-ethereum consensus/ethash,
 * allowedFutureBlockTimeSeconds). */
#define ETH_FUTURE_S 15

/* The difficulty of the block after `parent` at this time. */
eth_u128 eth_difficulty(const struct eth_params *p, const struct eth_header *parent, uint64_t time);

/* The base fee of the block after `parent` (EIP-1559). */
uint64_t eth_base_fee(const struct eth_params *p, const struct eth_header *parent);

/* The excess blob gas of the block after `parent` at this time (EIP-4844, EIP-7918). */
uint64_t eth_excess_blob_gas(const struct eth_params *p, const struct eth_header *parent,
                             uint64_t time);

/* Whether the block after one with this total difficulty is beyond the merge (EIP-3675). */
bool eth_is_merged(const struct eth_params *p, eth_u128 parent_total_difficulty);

/* Whether h may follow parent. Returns: 0; PN_EORPHAN for another parent or number; PN_ETIMEOLD,
 * PN_ETIMENEW; PN_EFORMAT for overlong extra data; PN_EFIELDS; PN_EGAS; PN_EDIFFICULTY;
 * PN_EUNCLES; PN_EBASEFEE; PN_EBLOBGAS; PN_ECHECKPOINT. */
int eth_header_check(const struct eth_params *p, const struct eth_header *parent,
                     eth_u128 parent_total_difficulty, const struct eth_header *h, uint64_t now_s);

#endif
