/* RLPx: what a stranger sends before it is known, and what one may say who holds good keys. */
#include <string.h>

#include "base/random.h"
#include "ethereum/rlpx/compress.h"
#include "ethereum/rlpx/hello.h"
#include "ethereum/rlpx/stream.h"
#include "fuzz.h"

static const uint8_t secret[EC_SECRET_BYTES] = {[31] = 2};
static const struct rlpx_fresh fresh = {.secret = {[31] = 3}, .nonce = {4}};

/* Either packet, as it comes from the wire. */
static void take_packet(struct bytes packet)
{
    struct rlpx_handshake h;
    int rc;

    rlpx_handshake_init(&h, secret, &fresh);
    rc = rlpx_auth_take(&h, packet);
    FUZZ_REQUIRE(rc == 0 || rc == PN_EHANDSHAKE);
    rlpx_handshake_init(&h, secret, &fresh);
    rc = rlpx_ack_take(&h, packet);
    FUZZ_REQUIRE(rc == 0 || rc == PN_EHANDSHAKE);
}

void fuzz_rlpx_packet(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    (void)t;
    take_packet((struct bytes){.data = data, .len = len});
}

/* The content of a packet, which is sealed here: else hardly a changed one would be opened. */
void fuzz_rlpx_auth(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    uint8_t pubkey[EC_PUBKEY_BYTES], prefix[RLPX_PREFIX_BYTES];
    struct buf packet;

    (void)t;
    if (len > RLPX_PACKET_MAX)
        return;
    buf_init(&packet, 2 * RLPX_PACKET_MAX);
    store_be16(prefix, (uint16_t)(len + ECIES_OVERHEAD));
    buf_append(&packet, prefix, sizeof prefix);
    FUZZ_REQUIRE(ec_pubkey(pubkey, secret) == 0);
    FUZZ_REQUIRE(ecies_seal(&packet, pubkey, (struct bytes){.data = data, .len = len},
                            (struct bytes){.data = prefix, .len = sizeof prefix}) == 0);
    take_packet((struct bytes){.data = packet.data, .len = packet.len});
    buf_free(&packet);
}

/* A stream in chunks of the first byte's size, from the handshake on or, for an odd one, of frames
 * whose keys the sender does not have. */
void fuzz_rlpx_stream(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    const size_t chunk = len ? (size_t)data[0] + 1 : 1;
    struct rlpx_secrets secrets = {.aes = {1}};
    struct rlpx_stream s;
    struct rlpx_item item;
    int rc = 0;

    (void)t;
    rlpx_stream_init(&s, RLPX_FRAME_MAX);
    keccak256_init(&secrets.ingress);
    if (chunk & 1)
        rlpx_stream_encrypt(&s, &secrets);
    while (len > 0 && rc >= 0) {
        size_t room, n;
        uint8_t *at = rlpx_stream_space(&s, &room);

        FUZZ_REQUIRE(at && room > 0);
        n = room < chunk ? room : chunk;
        n = n < len ? n : len;
        memcpy(at, data, n);
        rlpx_stream_commit(&s, n);
        data += n;
        len -= n;
        while ((rc = rlpx_stream_next(&s, &item)) > 0)
            FUZZ_REQUIRE(item.payload.len <= item.wire_bytes);
    }
    rlpx_stream_free(&s);
}

/* Frame data whose payload is compressed. */
void fuzz_rlpx_data(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    struct bytes payload;
    struct buf plain, again;
    unsigned code;

    (void)t;
    if (rlpx_data_parse(&code, &payload, (struct bytes){.data = data, .len = len}) < 0)
        return;
    buf_init(&plain, 1 << 20);
    buf_init(&again, 2 << 20);
    if (rlpx_decompress(&plain, payload, 1 << 20) == 0) {
        FUZZ_REQUIRE(rlpx_compress(&again, (struct bytes){.data = plain.data, .len = plain.len}) ==
                     0);
    }
    buf_free(&plain);
    buf_free(&again);
}

void fuzz_rlpx_hello(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    struct rlpx_hello h, again;
    unsigned reason;
    struct buf b;

    (void)t;
    if (rlpx_disconnect_decode(&reason, (struct bytes){.data = data, .len = len}) == 0)
        FUZZ_REQUIRE(reason <= 0xff);
    if (rlpx_hello_decode(&h, (struct bytes){.data = data, .len = len}) < 0)
        return;
    for (const char *c = h.client; *c; c++)
        FUZZ_REQUIRE(*c >= 0x20 && *c < 0x7f);
    buf_init(&b, 65536);
    FUZZ_REQUIRE(rlpx_hello_encode(&b, &h) == 0);
    FUZZ_REQUIRE(rlpx_hello_decode(&again, (struct bytes){.data = b.data, .len = b.len}) == 0);
    FUZZ_REQUIRE(memcmp(&h, &again, sizeof h) == 0);
    buf_free(&b);
}
