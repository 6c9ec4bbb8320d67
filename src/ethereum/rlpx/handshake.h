/* The encryption handshake of RLPx in the form of EIP-8: who the two sides are, and secrets that
 * only they know. No I/O: packets in, packets out.
 *
 *     initiator                                     responder
 *     rlpx_auth_make            --- auth --->       rlpx_auth_take
 *     rlpx_ack_take             <--- ack ----       rlpx_ack_make
 *     rlpx_secrets_derive                           rlpx_secrets_derive
 *
 * A packet is two bytes of length and an ECIES text, in which a list stands before random padding.
 * Later versions and further elements of the list are accepted and passed over (EIP-8). The form
 * from before EIP-8 is not spoken: go-ethereum dropped it too (p2p/rlpx/rlpx.go).
 *
 * Whatever is wrong with a packet, the error is PN_EHANDSHAKE. Source: devp2p rlpx.md. */
#ifndef ETHEREUM_RLPX_HANDSHAKE_H
#define ETHEREUM_RLPX_HANDSHAKE_H

#include "base/buf.h"
#include "base/bytes.h"
#include "crypto/ec.h"
#include "crypto/keccak.h"
#include "ethereum/rlpx/ecies.h"

#define RLPX_NONCE_BYTES  32
#define RLPX_SECRET_BYTES 32
#define RLPX_PREFIX_BYTES 2
/* The length that a packet may announce (go-ethereum: 2048), and what it must at least be. */
#define RLPX_PACKET_MAX 2048
#define RLPX_PACKET_MIN (ECIES_OVERHEAD + 1)

/* What one side draws for one handshake. */
struct rlpx_fresh {
    uint8_t secret[EC_SECRET_BYTES]; /* ephemeral key */
    uint8_t nonce[RLPX_NONCE_BYTES];
};

struct rlpx_handshake {
    const uint8_t *secret; /* the node key, borrowed */
    struct rlpx_fresh own;
    bool initiator;
    uint8_t remote_pubkey[EC_PUBKEY_BYTES]; /* the remote node */
    uint8_t remote_ephemeral[EC_PUBKEY_BYTES];
    uint8_t remote_nonce[RLPX_NONCE_BYTES];
};

/* What both sides know now; egress and ingress as the side sees it that derived them. */
struct rlpx_secrets {
    uint8_t aes[RLPX_SECRET_BYTES];
    uint8_t mac[RLPX_SECRET_BYTES];
    struct keccak256 egress, ingress;
};

/* `fresh` is drawn when it is NULL. Thread: the owner's, as for all that follow.
 * Owns: the caller wipes with rlpx_handshake_wipe. */
void rlpx_handshake_init(struct rlpx_handshake *h, const uint8_t secret[EC_SECRET_BYTES],
                         const struct rlpx_fresh *fresh);
void rlpx_handshake_wipe(struct rlpx_handshake *h);

/* Append the packet to the empty buffer, with its prefix. Returns: 0; PN_EFORMAT when the remote
 * key is no point of the curve; PN_EINVAL for a bad node key; the buffer's error. */
int rlpx_auth_make(struct buf *packet, struct rlpx_handshake *h,
                   const uint8_t remote_pubkey[EC_PUBKEY_BYTES]);
int rlpx_ack_make(struct buf *packet, struct rlpx_handshake *h);

/* Take a packet, its prefix included. Returns: 0 or PN_EHANDSHAKE. */
int rlpx_auth_take(struct rlpx_handshake *h, struct bytes packet);
int rlpx_ack_take(struct rlpx_handshake *h, struct bytes packet);

/* Both packets as they went over the wire, with their prefixes. Owns: the caller wipes *out.
 * Returns: 0 or PN_EHANDSHAKE. */
int rlpx_secrets_derive(struct rlpx_secrets *out, const struct rlpx_handshake *h, struct bytes auth,
                        struct bytes ack);

#endif
