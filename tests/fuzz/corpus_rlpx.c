/* Seeds for the targets of RLPx. */
#include <string.h>

#include "codec/rlp.h"
#include "ethereum/rlpx/compress.h"
#include "ethereum/rlpx/hello.h"
#include "ethereum/rlpx/stream.h"
#include "fuzz.h"

static const uint8_t secret[EC_SECRET_BYTES] = {[31] = 2};

static bool put(const char *dir, const char *target, const struct buf *b, unsigned n)
{
    return b->err == 0 && fuzz_corpus_put(dir, target, b->data, b->len, n);
}

/* A packet for our key, as it is and in a stream; and the content of one. */
static bool make_packets(const char *dir)
{
    static const uint8_t sender[EC_SECRET_BYTES] = {[31] = 5};
    uint8_t pubkey[EC_PUBKEY_BYTES], sig[EC_RECOVERABLE_BYTES] = {1};
    struct rlpx_handshake h;
    struct buf b;
    size_t list;
    bool done;

    buf_init(&b, 4096);
    rlpx_handshake_init(&h, sender, NULL);
    done = ec_pubkey(pubkey, secret) == 0 && rlpx_auth_make(&b, &h, pubkey) == 0;
    done = done && put(dir, "rlpx_packet", &b, 0) && put(dir, "rlpx_stream", &b, 0);
    buf_reset(&b);
    list = rlp_list_begin(&b);
    rlp_write_bytes(&b, sig, sizeof sig);
    rlp_write_bytes(&b, pubkey, sizeof pubkey);
    rlp_write_bytes(&b, h.own.nonce, sizeof h.own.nonce);
    rlp_write_u64(&b, 4);
    rlp_list_end(&b, list);
    done = done && put(dir, "rlpx_auth", &b, 0);
    buf_free(&b);
    return done;
}

static bool make_messages(const char *dir)
{
    struct rlpx_hello hello = {.version = 5,
                               .client = "Geth/v1.12.2",
                               .caps = {{"eth", 68}, {"snap", 1}},
                               .n_caps = 2,
                               .port = 30303};
    struct buf b, data;
    bool done;

    buf_init(&b, 4096);
    buf_init(&data, 4096);
    done = rlpx_hello_encode(&b, &hello) == 0 && put(dir, "rlpx_hello", &b, 0);
    rlp_write_u64(&data, 0x10);
    rlpx_compress(&data, (struct bytes){.data = b.data, .len = b.len});
    done = done && put(dir, "rlpx_data", &data, 0);
    buf_reset(&b);
    rlpx_disconnect_encode(&b, RLPX_DISC_TOO_MANY);
    done = done && put(dir, "rlpx_hello", &b, 1);
    buf_free(&b);
    buf_free(&data);
    return done;
}

bool fuzz_corpus_make_rlpx(const char *dir)
{
    return make_packets(dir) && make_messages(dir);
}
