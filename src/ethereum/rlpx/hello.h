/* The messages of the base protocol that have content: Hello and Disconnect.
 * Source: devp2p rlpx.md, "p2p Capability". */
#ifndef ETHEREUM_RLPX_HELLO_H
#define ETHEREUM_RLPX_HELLO_H

#include "base/buf.h"
#include "base/bytes.h"
#include "crypto/ec.h"

#define RLPX_BASE_VERSION     5    /* the first with compression (EIP-706) */
#define RLPX_BASE_MESSAGE_MAX 2048 /* bytes of any message of the base protocol (go-ethereum) */
#define RLPX_CAPS_MAX         64   /* of a Hello; what is beyond is passed over */
#define RLPX_CAP_NAME_MAX     8
#define RLPX_CLIENT_BYTES     128

struct rlpx_cap {
    char name[RLPX_CAP_NAME_MAX + 1];
    uint32_t version;
};

struct rlpx_hello {
    uint64_t version;
    char client[RLPX_CLIENT_BYTES]; /* printable ASCII; what is not became '?' */
    struct rlpx_cap caps[RLPX_CAPS_MAX];
    unsigned n_caps;
    uint16_t port;
    uint8_t pubkey[EC_PUBKEY_BYTES];
};

/* Append. Thread: any. Returns: 0 or the buffer's error. */
int rlpx_hello_encode(struct buf *out, const struct rlpx_hello *h);

/* Further elements are passed over; capabilities whose name is too long are left out, since nobody
 * has a protocol of that name. Thread: any. Returns: 0 or an error of codec/rlp.h. */
int rlpx_hello_decode(struct rlpx_hello *out, struct bytes payload);

/* Reasons of a Disconnect. X(identifier, number, "label"). */
#define RLPX_DISCONNECT_LIST(X)                                   \
    X(RLPX_DISC_REQUESTED, 0x00, "requested")                     \
    X(RLPX_DISC_NETWORK, 0x01, "network_error")                   \
    X(RLPX_DISC_BREACH, 0x02, "protocol_breach")                  \
    X(RLPX_DISC_USELESS, 0x03, "useless_peer")                    \
    X(RLPX_DISC_TOO_MANY, 0x04, "too_many_peers")                 \
    X(RLPX_DISC_CONNECTED, 0x05, "already_connected")             \
    X(RLPX_DISC_INCOMPATIBLE, 0x06, "incompatible_version")       \
    X(RLPX_DISC_INVALID_IDENTITY, 0x07, "invalid_identity")       \
    X(RLPX_DISC_QUITTING, 0x08, "quitting")                       \
    X(RLPX_DISC_UNEXPECTED_IDENTITY, 0x09, "unexpected_identity") \
    X(RLPX_DISC_SELF, 0x0a, "self")                               \
    X(RLPX_DISC_TIMEOUT, 0x0b, "read_timeout")                    \
    X(RLPX_DISC_SUBPROTOCOL, 0x10, "subprotocol_error")

enum rlpx_disconnect {
#define RLPX_DISC_ENUM_(id, number, label) id = number,
    RLPX_DISCONNECT_LIST(RLPX_DISC_ENUM_)
#undef RLPX_DISC_ENUM_
};

/* Append the list form. */
int rlpx_disconnect_encode(struct buf *out, enum rlpx_disconnect reason);

/* The list [reason] and the bare number. Returns: 0; PN_EFORMAT when it is neither. */
int rlpx_disconnect_decode(unsigned *reason, struct bytes payload);

#endif
