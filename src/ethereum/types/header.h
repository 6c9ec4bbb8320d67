/* Block headers (Yellow Paper 4.3) with the fields that forks have appended: EIP-1559 base fee,
 * EIP-4895 withdrawals, EIP-4844 blob gas, EIP-4788 beacon root, EIP-7685 requests. Pure; any
 * thread. */
#ifndef ETHEREUM_TYPES_HEADER_H
#define ETHEREUM_TYPES_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "ethereum/types/u128.h"

#define ETH_HASH_BYTES    32
#define ETH_ADDRESS_BYTES 20
#define ETH_BLOOM_BYTES   256
#define ETH_NONCE_BYTES   8

/* go-ethereum core/types/block.go, SanityCheck */
#define ETH_EXTRA_MAX (100 * 1024)

/* How many fields a header has, by the last fork that it knows. */
enum eth_header_fields {
    ETH_FIELDS_FRONTIER = 15,
    ETH_FIELDS_LONDON = 16,
    ETH_FIELDS_SHANGHAI = 17,
    ETH_FIELDS_CANCUN = 20,
    ETH_FIELDS_PRAGUE = 21,
};

struct eth_header {
    uint8_t hash[ETH_HASH_BYTES]; /* Keccak-256 of the encoding */
    uint8_t parent[ETH_HASH_BYTES];
    uint8_t uncles_hash[ETH_HASH_BYTES];
    uint8_t coinbase[ETH_ADDRESS_BYTES];
    uint8_t state_root[ETH_HASH_BYTES];
    uint8_t tx_root[ETH_HASH_BYTES];
    uint8_t receipts_root[ETH_HASH_BYTES];
    uint8_t bloom[ETH_BLOOM_BYTES];
    uint8_t mix[ETH_HASH_BYTES];
    uint8_t nonce[ETH_NONCE_BYTES];
    eth_u128 difficulty;
    uint64_t number, gas_limit, gas_used, time;
    struct bytes extra; /* borrowed from what was decoded */
    unsigned n_fields;  /* the fields below count when it reaches theirs */
    uint64_t base_fee;  /* a larger one than 64 bits hold is refused */
    uint8_t withdrawals_root[ETH_HASH_BYTES];
    uint64_t blob_gas_used, excess_blob_gas;
    uint8_t beacon_root[ETH_HASH_BYTES];
    uint8_t requests_hash[ETH_HASH_BYTES];
};

/* Keccak-256 of the RLP of an empty list: of no uncles. */
extern const uint8_t eth_empty_list_hash[ETH_HASH_BYTES];

/* SHA-256 of nothing: of no requests (EIP-7685). */
extern const uint8_t eth_empty_requests_hash[ETH_HASH_BYTES];

/* One header and its hash from exactly one RLP item, of which `extra` borrows.
 * Returns: 0; PN_ECOUNT for a number of fields that no fork has; what codec/rlp.h gives. */
int eth_header_decode(struct eth_header *h, struct bytes rlp);

/* The reverse; the hash is not looked at. */
void eth_header_encode(struct buf *b, const struct eth_header *h);

/* Likewise without mix and nonce: the hash of this is what miners work on. */
void eth_header_encode_unsealed(struct buf *b, const struct eth_header *h);

/* Fill in h->hash. Returns: 0 or PN_ENOMEM. */
int eth_header_rehash(struct eth_header *h);

#endif
