/* The MAC of RLPx is peculiar: what goes into the running hash is not only ciphertext but also the
 * hash's own digest, encrypted and mixed with a seed. A digest is taken of a copy, so that the hash
 * runs on. */
#include "ethereum/rlpx/frame.h"

#include "base/err.h"
#include "codec/rlp.h"
#include "ethereum/rlpx/compress.h"

enum { CODE_MAX = 0xffff }; /* far beyond what capabilities can add up to */

static void half_init(struct rlpx_half *h, const struct rlpx_secrets *s,
                      const struct keccak256 *mac)
{
    aes256_ctr_init(&h->cipher, s->aes);
    aes256_block_init(&h->mac_cipher, s->mac);
    h->mac = *mac;
}

void rlpx_egress_init(struct rlpx_half *h, const struct rlpx_secrets *s)
{
    half_init(h, s, &s->egress);
}

void rlpx_ingress_init(struct rlpx_half *h, const struct rlpx_secrets *s)
{
    half_init(h, s, &s->ingress);
}

/* --- MACs --- */

static void digest(uint8_t out[KECCAK256_BYTES], const struct keccak256 *running)
{
    struct keccak256 copy = *running;

    keccak256_final(&copy, out);
}

/* Mix a seed in. The first half of the digest is then the MAC. */
static void mix(struct rlpx_half *h, uint8_t mac[KECCAK256_BYTES],
                const uint8_t seed[RLPX_MAC_BYTES])
{
    uint8_t before[KECCAK256_BYTES], mixed[AES_BLOCK_BYTES];

    digest(before, &h->mac);
    aes256_block_encrypt(&h->mac_cipher, mixed, before);
    for (int i = 0; i < RLPX_MAC_BYTES; i++)
        mixed[i] ^= seed[i];
    keccak256_update(&h->mac, mixed, sizeof mixed);
    digest(mac, &h->mac);
}

static void header_mac(struct rlpx_half *h, uint8_t mac[KECCAK256_BYTES],
                       const uint8_t header[AES_BLOCK_BYTES])
{
    mix(h, mac, header);
}

static void body_mac(struct rlpx_half *h, uint8_t mac[KECCAK256_BYTES], const uint8_t *body,
                     size_t len)
{
    uint8_t seed[KECCAK256_BYTES];

    keccak256_update(&h->mac, body, len);
    digest(seed, &h->mac);
    mix(h, mac, seed);
}

/* --- writing --- */

static size_t padded(size_t size)
{
    return (size + AES_BLOCK_BYTES - 1) / AES_BLOCK_BYTES * AES_BLOCK_BYTES;
}

size_t rlpx_body_bytes(uint32_t size)
{
    return padded(size) + RLPX_MAC_BYTES;
}

/* Frame data behind room for the header. Returns: where the header goes, or NULL. */
static uint8_t *write_data(struct buf *out, size_t *size, unsigned code, struct bytes payload,
                           bool compress)
{
    size_t start = out->len;

    buf_extend(out, RLPX_HEADER_BYTES);
    rlp_write_u64(out, code);
    if (compress)
        rlpx_compress(out, payload);
    else
        buf_append(out, payload.data, payload.len);
    if (out->err)
        return NULL;
    *size = out->len - start - RLPX_HEADER_BYTES;
    if (*size > RLPX_FRAME_MAX) {
        out->len = start;
        return NULL;
    }
    if (padded(*size) > *size) {
        uint8_t *pad = buf_extend(out, padded(*size) - *size);

        if (pad)
            memset(pad, 0, padded(*size) - *size);
    }
    buf_extend(out, RLPX_MAC_BYTES);
    return out->err ? NULL : out->data + start;
}

int rlpx_frame_seal(struct rlpx_half *h, struct buf *out, unsigned code, struct bytes payload,
                    bool compress)
{
    static const uint8_t header_data[] = {0xc2, 0x80, 0x80}; /* the list [0, 0] */
    uint8_t mac[KECCAK256_BYTES];
    uint8_t *header, *body;
    size_t size = 0;

    header = write_data(out, &size, code, payload, compress);
    if (!header)
        return out->err ? out->err : PN_ETOOLARGE;
    memset(header, 0, AES_BLOCK_BYTES);
    header[0] = (uint8_t)(size >> 16);
    header[1] = (uint8_t)(size >> 8);
    header[2] = (uint8_t)size;
    memcpy(header + 3, header_data, sizeof header_data);
    aes256_ctr_crypt(&h->cipher, header, header, AES_BLOCK_BYTES);
    header_mac(h, mac, header);
    memcpy(header + AES_BLOCK_BYTES, mac, RLPX_MAC_BYTES);

    body = header + RLPX_HEADER_BYTES;
    aes256_ctr_crypt(&h->cipher, body, body, padded(size));
    body_mac(h, mac, body, padded(size));
    memcpy(body + padded(size), mac, RLPX_MAC_BYTES);
    return 0;
}

/* --- reading --- */

int rlpx_header_open(struct rlpx_half *h, uint32_t *size, const uint8_t raw[RLPX_HEADER_BYTES])
{
    uint8_t mac[KECCAK256_BYTES], header[AES_BLOCK_BYTES];

    header_mac(h, mac, raw);
    if (!bytes_equal_ct(mac, raw + AES_BLOCK_BYTES, RLPX_MAC_BYTES))
        return PN_EMAC;
    aes256_ctr_crypt(&h->cipher, header, raw, sizeof header);
    *size = (uint32_t)header[0] << 16 | (uint32_t)header[1] << 8 | header[2];
    return 0;
}

int rlpx_body_open(struct rlpx_half *h, uint8_t *body, uint32_t size)
{
    uint8_t mac[KECCAK256_BYTES];

    body_mac(h, mac, body, padded(size));
    if (!bytes_equal_ct(mac, body + padded(size), RLPX_MAC_BYTES))
        return PN_EMAC;
    aes256_ctr_crypt(&h->cipher, body, body, padded(size));
    return 0;
}

int rlpx_data_parse(unsigned *code, struct bytes *payload, struct bytes data)
{
    struct reader r = reader_of(data.data, data.len);
    uint64_t number = rlp_read_u64(&r);

    if (r.err || number > CODE_MAX)
        return PN_EFORMAT;
    *code = (unsigned)number;
    *payload = (struct bytes){.data = r.pos, .len = reader_left(&r)};
    return 0;
}
