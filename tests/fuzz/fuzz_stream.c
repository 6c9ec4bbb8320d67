/* Any bytes as a peer's stream, in any chunking: the incremental parser gives the frames that
 * reading the whole from front to back gives, and its memory follows what arrived.
 *
 * The first byte says how the rest is cut; the rest is the stream. */
#include "bitcoin/wire/frame.h"
#include "fuzz.h"

/* One step of the parse of the whole: what btc_stream_next should give there. */
static int whole_next(const uint8_t *data, size_t len, size_t *at, struct btc_frame *out)
{
    int rc;

    if (len - *at < BTC_FRAME_HEADER_BYTES)
        return 0;
    rc = btc_frame_header_decode(&out->header, data + *at, fuzz_magic);
    if (rc < 0)
        return rc;
    if (len - *at - BTC_FRAME_HEADER_BYTES < out->header.len)
        return 0;
    out->payload.data = data + *at + BTC_FRAME_HEADER_BYTES;
    out->payload.len = out->header.len;
    *at += BTC_FRAME_HEADER_BYTES + out->payload.len;
    rc = btc_frame_check(&out->header, out->payload.data, out->payload.len);
    return rc < 0 ? rc : 1;
}

static void check_same(const struct btc_frame *a, const struct btc_frame *b)
{
    FUZZ_REQUIRE(a->header.cmd == b->header.cmd);
    FUZZ_REQUIRE(strcmp(a->header.command, b->header.command) == 0);
    FUZZ_REQUIRE(a->payload.len == b->payload.len);
    FUZZ_REQUIRE(a->payload.len == 0 ||
                 memcmp(a->payload.data, b->payload.data, a->payload.len) == 0);
}

/* Take what is complete, and compare with the whole. Returns: 0 to go on, or the final error. */
static int take_all(struct btc_stream *s, const uint8_t *data, size_t len, size_t *at)
{
    struct btc_frame got, want;

    for (;;) {
        int rc = btc_stream_next(s, &got);

        if (rc == 0)
            return 0;
        FUZZ_REQUIRE(whole_next(data, len, at, &want) == rc);
        if (rc != 1 && rc != PN_ECHECKSUM)
            return rc;
        check_same(&got, &want);
    }
}

static size_t next_chunk(uint8_t *seed)
{
    static const size_t sizes[] = {1, 2, 3, 23, 24, 25, 100, 4096};

    *seed = (uint8_t)(*seed * 5 + 3); /* visits every value */
    return sizes[*seed % (sizeof sizes / sizeof sizes[0])];
}

void fuzz_stream(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    struct btc_stream s;
    struct btc_frame rest;
    uint8_t seed;
    size_t at = 0;
    int rc = 0;

    (void)t;
    if (len == 0)
        return;
    seed = *data++;
    len--;
    btc_stream_init(&s, fuzz_magic);
    for (size_t fed = 0; fed < len && rc == 0;) {
        size_t chunk = next_chunk(&seed);
        ssize_t took = btc_stream_feed(&s, data + fed, chunk < len - fed ? chunk : len - fed);

        FUZZ_REQUIRE(took > 0);
        fed += (size_t)took;
        rc = take_all(&s, data, len, &at);
        FUZZ_REQUIRE(s.cap <= 2 * btc_stream_pending(&s) + BTC_STREAM_FIRST_BYTES);
    }
    if (rc == 0) {
        FUZZ_REQUIRE(btc_stream_pending(&s) == len - at);
        FUZZ_REQUIRE(whole_next(data, len, &at, &rest) == 0);
    }
    btc_stream_free(&s);
}
