/* Transactions of every type: legacy (with and without EIP-155), EIP-2930, EIP-1559, EIP-4844 with
 * or without its blobs, EIP-7702. Decoding keeps slices of the input; who signed is found out
 * apart, since it costs forty times as much. Pure; any thread. */
#ifndef ETHEREUM_TYPES_TX_H
#define ETHEREUM_TYPES_TX_H

#include "ethereum/types/header.h"

enum eth_tx_type {
    ETH_TX_LEGACY = 0,
    ETH_TX_ACCESS = 1,
    ETH_TX_FEE = 2,
    ETH_TX_BLOB = 3,
    ETH_TX_CODE = 4, /* sets code */
};

#define ETH_TX_BLOBS_MAX     128 /* the schedule of a network allows fewer in a block */
#define ETH_BLOB_BYTES       131072
#define ETH_COMMITMENT_BYTES 48
#define ETH_CELL_PROOFS      128 /* per blob, EIP-7594 */

struct eth_tx {
    uint8_t hash[ETH_HASH_BYTES];
    uint8_t sign_hash[ETH_HASH_BYTES]; /* what was signed */
    enum eth_tx_type type;
    bool is_protected; /* signed for one chain */
    uint64_t chain_id; /* 0 when not */
    uint64_t nonce, gas_limit;
    struct bytes tip_cap, fee_cap; /* numbers of at most 256 bits; the gas price is both */
    struct bytes value;
    bool creates; /* without a recipient */
    struct bytes data;
    unsigned n_addresses, n_keys; /* of the access list */
    unsigned n_blobs;
    struct bytes blob_hashes; /* the payload of the list: n_blobs × 33 bytes */
    unsigned n_authorisations;
    uint8_t signature[65]; /* r, s, recovery id */
    struct bytes fields;   /* one RLP list, with the signature, without type and blobs */
    struct bytes sidecar;  /* what follows it in a blob transaction as pools have it; or empty */
    size_t size;           /* bytes, as announced: all of the item, without a string's header */
};

/* One item of a list of transactions, as bodies and messages carry them: a list for a legacy one, a
 * string for a typed one. Borrowed. Returns: 0; PN_EFORMAT for an unknown type, PN_ETOOLARGE for a
 * number above 256 bits, PN_ESIGNATURE for values that no signature has; what codec/rlp.h gives. */
int eth_tx_decode(struct eth_tx *t, struct bytes item);

/* Who signed it. Returns: 0 or PN_ESIGNATURE. */
int eth_tx_sender(uint8_t address[ETH_ADDRESS_BYTES], const struct eth_tx *t);

/* Whether the sidecar's commitments are those of the transaction's blob hashes, and there are as
 * many blobs and proofs. The blobs themselves are not proven (that takes KZG).
 * Returns: 0 or PN_EBLOBS. */
int eth_tx_check_sidecar(const struct eth_tx *t);

/* The least gas limit that it needs (Yellow Paper 6.2 with EIP-2028, 2930, 3860, 7623, 7702). For
 * data the cheaper price since EIP-2028 is assumed, and the floor of EIP-7623 only from Prague. */
uint64_t eth_tx_intrinsic_gas(const struct eth_tx *t, bool prague);

/* Compare numbers as RLP has them. Returns: negative, 0, positive. */
int eth_number_compare(struct bytes a, struct bytes b);

#endif
