/* RLPx frames: a message code and its payload, encrypted and authenticated.
 *
 *     header (16) || header MAC (16) || frame data padded to 16 || frame MAC (16)
 *
 * Each direction has a key stream and a running Keccak-256 of its own, so a frame can be opened
 * once, in its place in the stream, or never. Source: devp2p rlpx.md, "Framing". */
#ifndef ETHEREUM_RLPX_FRAME_H
#define ETHEREUM_RLPX_FRAME_H

#include "base/buf.h"
#include "crypto/aes.h"
#include "crypto/keccak.h"
#include "ethereum/rlpx/handshake.h"

#define RLPX_MAC_BYTES    16
#define RLPX_HEADER_BYTES (AES_BLOCK_BYTES + RLPX_MAC_BYTES)
#define RLPX_FRAME_MAX    0xffffff /* what 24 bits can announce */

/* One direction. Thread: its owner's. */
struct rlpx_half {
    struct aes256_ctr cipher;
    struct aes256_block mac_cipher;
    struct keccak256 mac;
};

void rlpx_egress_init(struct rlpx_half *h, const struct rlpx_secrets *s);
void rlpx_ingress_init(struct rlpx_half *h, const struct rlpx_secrets *s);

/* Append one frame; the payload is compressed on the way when `compress`. Returns: 0; PN_ETOOLARGE
 * when it does not fit into a frame, with nothing written; the buffer's error. */
int rlpx_frame_seal(struct rlpx_half *h, struct buf *out, unsigned code, struct bytes payload,
                    bool compress);

/* The bytes on the wire behind the header of a frame with `size` bytes of data. */
size_t rlpx_body_bytes(uint32_t size);

/* Open a header, whose size is believed only when its MAC is right. Returns: 0 or PN_EMAC, after
 * which the stream is dead. */
int rlpx_header_open(struct rlpx_half *h, uint32_t *size, const uint8_t raw[RLPX_HEADER_BYTES]);

/* Open the rlpx_body_bytes(size) bytes that follow, in place: the first `size` of them are the
 * frame data. Returns: as above. */
int rlpx_body_open(struct rlpx_half *h, uint8_t *body, uint32_t size);

/* The code and the payload in opened frame data; the payload is borrowed. Thread: any.
 * Returns: 0 or PN_EFORMAT. */
int rlpx_data_parse(unsigned *code, struct bytes *payload, struct bytes data);

#endif
