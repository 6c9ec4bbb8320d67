/* RLPx on one thread: handshakes, both sides counted together; and messages through compression,
 * encryption, and back. */
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "bench.h"
#include "ethereum/rlpx/compress.h"
#include "ethereum/rlpx/stream.h"

enum { RUNS = 5, HANDSHAKES = 500, SMALL = 1024, LARGE = 65536, VOLUME = 64 * 1024 * 1024 };

static void need(bool cond)
{
    if (!cond)
        abort();
}

struct ends {
    struct rlpx_secrets dialler, listener;
};

static struct bytes bytes_of(const struct buf *b)
{
    return (struct bytes){.data = b->data, .len = b->len};
}

/* Whole handshakes: what the dialling and the accepting side do. */
static void shake_hands(struct ends *e)
{
    uint8_t a[EC_SECRET_BYTES], b[EC_SECRET_BYTES], pubkey[EC_PUBKEY_BYTES];
    struct rlpx_handshake dialler, listener;
    struct buf auth, ack;

    buf_init(&auth, 4096);
    buf_init(&ack, 4096);
    ec_secret_generate(a);
    ec_secret_generate(b);
    need(ec_pubkey(pubkey, b) == 0);
    rlpx_handshake_init(&dialler, a, NULL);
    rlpx_handshake_init(&listener, b, NULL);
    need(rlpx_auth_make(&auth, &dialler, pubkey) == 0);
    need(rlpx_auth_take(&listener, bytes_of(&auth)) == 0);
    need(rlpx_ack_make(&ack, &listener) == 0);
    need(rlpx_ack_take(&dialler, bytes_of(&ack)) == 0);
    need(rlpx_secrets_derive(&e->dialler, &dialler, bytes_of(&auth), bytes_of(&ack)) == 0);
    need(rlpx_secrets_derive(&e->listener, &listener, bytes_of(&auth), bytes_of(&ack)) == 0);
    buf_free(&auth);
    buf_free(&ack);
}

/* The accepting side alone, again and again with one packet. */
static double measure_accept(void *arg)
{
    uint8_t a[EC_SECRET_BYTES], b[EC_SECRET_BYTES], pubkey[EC_PUBKEY_BYTES];
    struct rlpx_handshake dialler;
    struct buf auth, ack;
    double start;

    (void)arg;
    buf_init(&auth, 4096);
    buf_init(&ack, 4096);
    ec_secret_generate(a);
    ec_secret_generate(b);
    need(ec_pubkey(pubkey, b) == 0);
    rlpx_handshake_init(&dialler, a, NULL);
    need(rlpx_auth_make(&auth, &dialler, pubkey) == 0);
    start = bench_now();
    for (int i = 0; i < HANDSHAKES; i++) {
        struct rlpx_handshake listener;
        struct rlpx_secrets secrets;

        rlpx_handshake_init(&listener, b, NULL);
        buf_reset(&ack);
        need(rlpx_auth_take(&listener, bytes_of(&auth)) == 0);
        need(rlpx_ack_make(&ack, &listener) == 0);
        need(rlpx_secrets_derive(&secrets, &listener, bytes_of(&auth), bytes_of(&ack)) == 0);
    }
    buf_free(&auth);
    buf_free(&ack);
    return HANDSHAKES / (bench_now() - start);
}

static double measure_handshakes(void *arg)
{
    double start = bench_now();
    struct ends e;

    (void)arg;
    for (int i = 0; i < HANDSHAKES; i++)
        shake_hands(&e);
    return 2 * HANDSHAKES / (bench_now() - start);
}

/* Content such as headers and transactions have: half of it cannot be compressed. */
static void fill(uint8_t *payload, size_t len)
{
    for (size_t at = 0; at < len; at += 64) {
        size_t n = len - at < 64 ? len - at : 64;

        memset(payload + at, 0, n);
        random_bytes(payload + at, n / 2);
    }
}

struct transfer {
    size_t len;
    bool write, read; /* which half is timed */
};

static void give(struct rlpx_stream *s, struct buf *wire)
{
    size_t room, n;
    uint8_t *to = rlpx_stream_space(s, &room);

    need(to != NULL);
    n = room < wire->len ? room : wire->len;
    memcpy(to, wire->data, n);
    rlpx_stream_commit(s, n);
    buf_consume(wire, n);
}

/* Bytes of payload a second, in millions. */
static double measure_transfer(void *arg)
{
    const struct transfer *t = arg;
    static uint8_t payload[LARGE];
    struct rlpx_stream stream;
    struct rlpx_half egress;
    struct rlpx_item item;
    struct buf wire, plain;
    struct ends e;
    double spent = 0;

    shake_hands(&e);
    fill(payload, t->len);
    rlpx_egress_init(&egress, &e.dialler);
    rlpx_stream_init(&stream, RLPX_FRAME_MAX);
    rlpx_stream_encrypt(&stream, &e.listener);
    buf_init(&wire, 1 << 20);
    buf_init(&plain, 1 << 20);
    for (size_t done = 0; done < VOLUME; done += t->len) {
        double start = bench_now(), between;

        buf_reset(&wire);
        need(rlpx_frame_seal(&egress, &wire, 16, (struct bytes){payload, t->len}, true) == 0);
        between = bench_now();
        while (rlpx_stream_next(&stream, &item) == 0)
            give(&stream, &wire);
        buf_reset(&plain);
        need(rlpx_decompress(&plain, item.payload, LARGE) == 0 && plain.len == t->len);
        spent += (t->write ? between - start : 0) + (t->read ? bench_now() - between : 0);
    }
    rlpx_stream_free(&stream);
    buf_free(&wire);
    buf_free(&plain);
    return VOLUME / 1e6 / spent;
}

void bench_rlpx(void)
{
    static struct transfer cases[] = {
        {SMALL, true, false}, {SMALL, false, true}, {LARGE, true, false}, {LARGE, false, true}};
    static const char *const names[] = {"rlpx_write_1k", "rlpx_read_1k", "rlpx_write_64k",
                                        "rlpx_read_64k"};

    bench_rate("rlpx_handshakes", bench_median(RUNS, measure_handshakes, NULL), "handshakes");
    bench_rate("rlpx_accept", bench_median(RUNS, measure_accept, NULL), "handshakes");
    for (unsigned i = 0; i < 4; i++)
        bench_rate(names[i], bench_median(RUNS, measure_transfer, &cases[i]), "MB");
}
