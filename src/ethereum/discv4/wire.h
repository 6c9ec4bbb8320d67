/* The packets of Node Discovery v4 (devp2p discv4.md; EIP-8 for what may follow the known fields,
 * EIP-868 for node records): hash 32 || signature 65 || type 1 || RLP list, at most 1,280 bytes.
 *
 * Decoding checks the size, the hash and the form, and does nothing on the curve: who sent a packet
 * is a question of its own (discv4_signer), asked only when everything cheaper has been. */
#ifndef ETHEREUM_DISCV4_WIRE_H
#define ETHEREUM_DISCV4_WIRE_H

#include "base/buf.h"
#include "base/bytes.h"
#include "ethereum/enr/record.h"

#define DISCV4_VERSION          4
#define DISCV4_MAX_PACKET_BYTES 1280
#define DISCV4_HEAD_BYTES       98 /* hash, signature, type */
#define DISCV4_EXPIRY_S         20
#define DISCV4_NEIGHBORS_MAX    12 /* entries that fit one packet, whatever their addresses */
#define DISCV4_NODES_IN_MAX     20 /* more do not fit 1,280 bytes */

/* X(identifier, number on the wire, "metric label") */
#define DISCV4_TYPE_LIST(X)                 \
    X(DISCV4_PING, 1, "ping")               \
    X(DISCV4_PONG, 2, "pong")               \
    X(DISCV4_FINDNODE, 3, "findnode")       \
    X(DISCV4_NEIGHBORS, 4, "neighbors")     \
    X(DISCV4_ENR_REQUEST, 5, "enr_request") \
    X(DISCV4_ENR_RESPONSE, 6, "enr_response")

enum discv4_type {
#define DISCV4_TYPE_ENUM_(id, number, name) id = (number),
    DISCV4_TYPE_LIST(DISCV4_TYPE_ENUM_)
#undef DISCV4_TYPE_ENUM_
        DISCV4_TYPE_COUNT
};

struct discv4_neighbor {
    uint8_t pubkey[EC_PUBKEY_BYTES];
    struct eth_endpoint at;
};

struct discv4_packet {
    enum discv4_type type;
    uint8_t hash[KECCAK256_BYTES];
    /* Seconds since 1970; signed, so that numbers beyond any date are in the past. Only
     * DISCV4_ENR_RESPONSE has none. */
    int64_t expiration;
    union {
        struct {
            struct eth_endpoint from, to;
            bool has_seq;
            uint64_t seq;
        } ping;
        struct {
            struct eth_endpoint to;
            uint8_t ping_hash[KECCAK256_BYTES];
            bool has_seq;
            uint64_t seq;
        } pong;
        struct {
            uint8_t target[EC_PUBKEY_BYTES];
        } findnode;
        struct {
            unsigned count;
            struct discv4_neighbor nodes[DISCV4_NODES_IN_MAX];
        } neighbors;
        struct {
            uint8_t request_hash[KECCAK256_BYTES];
            struct bytes record; /* borrowed, not yet decoded */
        } enr_response;
    } u;
};

/* Label of a type; NULL for an unknown number. Thread: any. */
const char *discv4_type_name(unsigned type);

/* Thread: any. Returns: 0; PN_ETRUNCATED or PN_ETOOLARGE (size); PN_ECHECKSUM (hash); PN_ECOMMAND
 * (type); PN_ECOUNT; an error of codec/rlp.h. */
int discv4_decode(struct discv4_packet *out, const void *data, size_t len);

/* Whose key signed a packet that decodes: the one costly step. Returns: 0 or PN_ESIGNATURE. */
int discv4_signer(uint8_t pubkey[EC_PUBKEY_BYTES], const void *data, size_t len);

/* Sign and encode into `out`, which is emptied first; p->hash becomes the packet's hash.
 * Returns: 0; PN_ENOMEM; PN_ETOOLARGE beyond 1,280 bytes; PN_EINVAL for a bad secret. */
int discv4_encode(struct buf *out, struct discv4_packet *p, const uint8_t secret[EC_SECRET_BYTES]);

#endif
