/* Compact sizes and hexadecimal text: what reads, writes itself again. */
#include "codec/compact.h"
#include "codec/hex.h"
#include "fuzz.h"

/* A row of compact sizes, to the end or the first error. */
void fuzz_compact(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    struct reader r = reader_of(data, len);

    (void)t;
    while (!r.err && reader_left(&r) > 0) {
        const uint8_t *start = r.pos;
        struct reader as_len = r, as_count = r;
        uint64_t v = read_compact_u64(&r);
        struct buf b;

        if (r.err)
            break;
        buf_init(&b, 9);
        write_compact(&b, v);
        FUZZ_REQUIRE(b.err == 0 && b.len == compact_size(v));
        FUZZ_REQUIRE(b.len == (size_t)(r.pos - start) && memcmp(b.data, start, b.len) == 0);
        buf_free(&b);
        read_compact_len(&as_len, 1000);
        FUZZ_REQUIRE((as_len.err == 0) == (v <= 1000 && v <= reader_left(&r)));
        read_compact_count(&as_count, 1000, 3);
        FUZZ_REQUIRE((as_count.err == 0) == (v <= 1000 && 3 * v <= reader_left(&r)));
    }
}

void fuzz_hex(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    char *text = malloc(len + 1), *again = malloc(len + 2);
    uint8_t *bytes = malloc(len / 2 + 1), hash[32];

    (void)t;
    FUZZ_REQUIRE(text && again && bytes);
    memcpy(text, data, len);
    text[len] = '\0';
    if (hex_decode(bytes, len / 2, text) == 0) {
        hex_encode(again, bytes, len / 2);
        FUZZ_REQUIRE(strcasecmp(text, again) == 0);
    }
    if (hash_from_hex(hash, text) == 0) {
        hash_to_hex(again, hash);
        FUZZ_REQUIRE(strcasecmp(text, again) == 0);
    }
    free(text);
    free(again);
    free(bytes);
}
