#include "ethereum/rlpx/handshake.h"

#include "base/err.h"
#include "base/random.h"
#include "codec/rlp.h"

enum {
    HANDSHAKE_VERSION = 4,
    PAD_MIN = 100, /* EIP-8: 100 to 300 bytes, so that the packet differs from older forms */
    PAD_MAX = 300,
    PLAIN_MAX = 1024 /* more than a list of ours and its padding have */
};

void rlpx_handshake_init(struct rlpx_handshake *h, const uint8_t secret[EC_SECRET_BYTES],
                         const struct rlpx_fresh *fresh)
{
    *h = (struct rlpx_handshake){.secret = secret};
    if (fresh) {
        h->own = *fresh;
        return;
    }
    ec_secret_generate(h->own.secret);
    random_bytes(h->own.nonce, sizeof h->own.nonce);
}

void rlpx_handshake_wipe(struct rlpx_handshake *h)
{
    explicit_bzero(h, sizeof *h);
}

static void xor32(uint8_t out[32], const uint8_t a[32], const uint8_t b[32])
{
    for (int i = 0; i < 32; i++)
        out[i] = a[i] ^ b[i];
}

/* --- packets --- */

/* Pad and seal the list that `plain` holds. */
static int make_packet(struct buf *packet, struct buf *plain, const uint8_t pubkey[EC_PUBKEY_BYTES])
{
    size_t pad = PAD_MIN + (size_t)random_below(PAD_MAX - PAD_MIN + 1);
    uint8_t *at = buf_extend(plain, pad);
    uint8_t prefix[RLPX_PREFIX_BYTES];

    if (!at)
        return plain->err;
    random_bytes(at, pad);
    store_be16(prefix, (uint16_t)(plain->len + ECIES_OVERHEAD));
    buf_append(packet, prefix, sizeof prefix);
    return ecies_seal(packet, pubkey, (struct bytes){.data = plain->data, .len = plain->len},
                      (struct bytes){.data = prefix, .len = sizeof prefix});
}

/* The content of a packet in `plain`, of which *r reads. */
static int open_packet(struct reader *r, uint8_t plain[RLPX_PACKET_MAX],
                       const uint8_t secret[EC_SECRET_BYTES], struct bytes packet)
{
    struct bytes prefix = {.data = packet.data, .len = RLPX_PREFIX_BYTES};
    struct bytes sealed = {.data = packet.data + RLPX_PREFIX_BYTES,
                           .len = packet.len - RLPX_PREFIX_BYTES};
    int rc;

    if (packet.len < RLPX_PREFIX_BYTES + RLPX_PACKET_MIN ||
        packet.len > RLPX_PREFIX_BYTES + RLPX_PACKET_MAX || load_be16(packet.data) != sealed.len)
        return PN_EHANDSHAKE;
    rc = ecies_open(plain, secret, sealed, prefix);
    if (rc == 0)
        *r = reader_of(plain, sealed.len - ECIES_OVERHEAD);
    return rc;
}

/* --- auth --- */

/* What the initiator signs with its ephemeral key, which the signature thereby tells. */
static int auth_token(uint8_t out[EC_HASH_BYTES], const struct rlpx_handshake *h,
                      const uint8_t nonce[RLPX_NONCE_BYTES])
{
    uint8_t shared[EC_HASH_BYTES];
    int rc = ec_ecdh_x(shared, h->remote_pubkey, h->secret);

    if (rc == 0)
        xor32(out, shared, nonce);
    explicit_bzero(shared, sizeof shared);
    return rc;
}

static void write_auth(struct buf *plain, const struct rlpx_handshake *h,
                       const uint8_t sig[EC_RECOVERABLE_BYTES],
                       const uint8_t pubkey[EC_PUBKEY_BYTES])
{
    size_t list = rlp_list_begin(plain);

    rlp_write_bytes(plain, sig, EC_RECOVERABLE_BYTES);
    rlp_write_bytes(plain, pubkey, EC_PUBKEY_BYTES);
    rlp_write_bytes(plain, h->own.nonce, RLPX_NONCE_BYTES);
    rlp_write_u64(plain, HANDSHAKE_VERSION);
    rlp_list_end(plain, list);
}

int rlpx_auth_make(struct buf *packet, struct rlpx_handshake *h,
                   const uint8_t remote_pubkey[EC_PUBKEY_BYTES])
{
    uint8_t token[EC_HASH_BYTES], sig[EC_RECOVERABLE_BYTES], pubkey[EC_PUBKEY_BYTES];
    struct buf plain;
    int rc;

    h->initiator = true;
    memcpy(h->remote_pubkey, remote_pubkey, EC_PUBKEY_BYTES);
    rc = auth_token(token, h, h->own.nonce);
    if (rc == 0)
        rc = ec_sign(sig, h->own.secret, token);
    if (rc == 0)
        rc = ec_pubkey(pubkey, h->secret);
    if (rc < 0)
        return rc;
    buf_init(&plain, PLAIN_MAX);
    write_auth(&plain, h, sig, pubkey);
    rc = make_packet(packet, &plain, remote_pubkey);
    buf_free(&plain);
    return rc;
}

int rlpx_auth_take(struct rlpx_handshake *h, struct bytes packet)
{
    uint8_t plain[RLPX_PACKET_MAX], sig[EC_RECOVERABLE_BYTES], token[EC_HASH_BYTES];
    struct reader r, list;
    int rc = open_packet(&r, plain, h->secret, packet);

    if (rc < 0)
        return rc;
    list = rlp_read_list(&r);
    rlp_read_fixed(&list, sig, sizeof sig);
    rlp_read_fixed(&list, h->remote_pubkey, sizeof h->remote_pubkey);
    rlp_read_fixed(&list, h->remote_nonce, sizeof h->remote_nonce);
    rlp_read_u64(&list); /* the version says nothing about the rest */
    rlp_leave_open(&r, &list);
    if (r.err || auth_token(token, h, h->remote_nonce) < 0 ||
        ec_recover(h->remote_ephemeral, sig, token) < 0)
        return PN_EHANDSHAKE;
    return 0;
}

/* --- ack --- */

int rlpx_ack_make(struct buf *packet, struct rlpx_handshake *h)
{
    uint8_t ephemeral[EC_PUBKEY_BYTES];
    struct buf plain;
    size_t list;
    int rc = ec_pubkey(ephemeral, h->own.secret);

    if (rc < 0)
        return rc;
    buf_init(&plain, PLAIN_MAX);
    list = rlp_list_begin(&plain);
    rlp_write_bytes(&plain, ephemeral, sizeof ephemeral);
    rlp_write_bytes(&plain, h->own.nonce, sizeof h->own.nonce);
    rlp_write_u64(&plain, HANDSHAKE_VERSION);
    rlp_list_end(&plain, list);
    rc = make_packet(packet, &plain, h->remote_pubkey);
    buf_free(&plain);
    return rc;
}

int rlpx_ack_take(struct rlpx_handshake *h, struct bytes packet)
{
    uint8_t plain[RLPX_PACKET_MAX];
    struct reader r, list;
    int rc = open_packet(&r, plain, h->secret, packet);

    if (rc < 0)
        return rc;
    list = rlp_read_list(&r);
    rlp_read_fixed(&list, h->remote_ephemeral, sizeof h->remote_ephemeral);
    rlp_read_fixed(&list, h->remote_nonce, sizeof h->remote_nonce);
    rlp_read_u64(&list);
    rlp_leave_open(&r, &list);
    return r.err || ec_pubkey_check(h->remote_ephemeral) < 0 ? PN_EHANDSHAKE : 0;
}

/* --- secrets --- */

static void hash_two(uint8_t out[KECCAK256_BYTES], const uint8_t a[32], const uint8_t b[32])
{
    struct keccak256 k;

    keccak256_init(&k);
    keccak256_update(&k, a, 32);
    keccak256_update(&k, b, 32);
    keccak256_final(&k, out);
}

/* A running MAC begins with the nonce of the side that reads it and the packet that opened it. */
static void begin_mac(struct keccak256 *k, const uint8_t mac[RLPX_SECRET_BYTES],
                      const uint8_t nonce[RLPX_NONCE_BYTES], struct bytes packet)
{
    uint8_t seed[RLPX_SECRET_BYTES];

    xor32(seed, mac, nonce);
    keccak256_init(k);
    keccak256_update(k, seed, sizeof seed);
    keccak256_update(k, packet.data, packet.len);
}

int rlpx_secrets_derive(struct rlpx_secrets *out, const struct rlpx_handshake *h, struct bytes auth,
                        struct bytes ack)
{
    const uint8_t *initiator = h->initiator ? h->own.nonce : h->remote_nonce;
    const uint8_t *responder = h->initiator ? h->remote_nonce : h->own.nonce;
    uint8_t ephemeral[EC_HASH_BYTES], shared[KECCAK256_BYTES];

    if (ec_ecdh_x(ephemeral, h->remote_ephemeral, h->own.secret) < 0)
        return PN_EHANDSHAKE;
    hash_two(shared, responder, initiator);
    hash_two(shared, ephemeral, shared);
    hash_two(out->aes, ephemeral, shared);
    hash_two(out->mac, ephemeral, out->aes);
    begin_mac(&out->egress, out->mac, h->remote_nonce, h->initiator ? auth : ack);
    begin_mac(&out->ingress, out->mac, h->own.nonce, h->initiator ? ack : auth);
    explicit_bzero(ephemeral, sizeof ephemeral);
    explicit_bzero(shared, sizeof shared);
    return 0;
}
