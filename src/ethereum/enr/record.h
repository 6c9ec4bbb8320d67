/* Node records, EIP-778: a signed list of keys and values by which a node describes itself, at most
 * 300 bytes, with a sequence number that grows with every change. Identity scheme "v4" only. */
#ifndef ETHEREUM_ENR_RECORD_H
#define ETHEREUM_ENR_RECORD_H

#include <stdbool.h>

#include "ethereum/enr/node.h"

#define ENR_MAX_BYTES 300
/* "enr:" + base 64 + terminator, rounded up. */
#define ENR_TEXT_BYTES 408

/* The fork identifier of EIP-2124, as the entry "eth" carries it (devp2p enr-entries/eth.md). */
struct eth_fork_id {
    uint8_t hash[4];
    uint64_t next; /* the next fork's block number or time; 0: none is known */
};

struct enr {
    uint64_t seq;
    struct eth_node node; /* at IPv4 if it has both; udp.kind is NET_NONE without an address */
    struct eth_endpoint endpoints[ETH_FAMILIES];
    bool has_fork_id;
    struct eth_fork_id fork_id;
    uint16_t len;
    uint8_t raw[ENR_MAX_BYTES]; /* as it was signed */
};

/* Decode and check a record, its signature included. Bytes behind it are an error.
 * Thread: any. Returns: 0; PN_ETOOLARGE; PN_ESIGNATURE; PN_EFORMAT (another scheme, keys unsorted
 * or repeated, a value of the wrong size); an error of codec/rlp.h. */
int enr_decode(struct enr *out, const void *data, size_t len);

/* The same from "enr:" and base 64 without padding. */
int enr_parse(struct enr *out, const char *text);

/* Returns: out. */
const char *enr_format(char out[ENR_TEXT_BYTES], const struct enr *r);

/* Sign a record with the given sequence number, endpoints (ports of 0 are left out, as are
 * addresses of NET_NONE, of IPv6 with their ports) and fork identifier (may be NULL). Thread: any.
 * Returns: 0; PN_ENOMEM; PN_EINVAL for a bad secret. */
int enr_sign(struct enr *out, const uint8_t secret[EC_SECRET_BYTES], uint64_t seq,
             const struct eth_endpoint at[ETH_FAMILIES], const struct eth_fork_id *fork_id);

#endif
