/* Golomb-coded sets from any bytes: one that is well-formed is walked to its end, and matching says
 * of it what checking does; and what is built of the bytes' pieces is well-formed and holds them.
 */
#include "bitcoin/filter/gcs.h"
#include "fuzz.h"

enum { PIECE_BYTES = 3, PIECES_MAX = 128 };

static const struct siphash_key key = {.k0 = 3, .k1 = 5};

static size_t cut(struct bytes *pieces, const uint8_t *data, size_t len)
{
    size_t n = 0;

    for (size_t at = 0; at < len && n < PIECES_MAX; at += pieces[n++].len)
        pieces[n] = (struct bytes){data + at, len - at < PIECE_BYTES ? len - at : PIECE_BYTES};
    return n;
}

void fuzz_gcs(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    const struct bytes set = {.data = data, .len = len};
    struct bytes pieces[PIECES_MAX];
    size_t n = cut(pieces, data, len), count, matched;
    struct buf built;

    (void)t;
    FUZZ_REQUIRE(gcs_match(&matched, &key, set, pieces, n) == gcs_check(&count, set));
    FUZZ_REQUIRE(count <= len * 8 && matched <= n);
    buf_init(&built, 1 << 16);
    FUZZ_REQUIRE(gcs_build(&built, &key, pieces, n) == 0);
    FUZZ_REQUIRE(gcs_match(&matched, &key, (struct bytes){built.data, built.len}, pieces, n) == 0);
    FUZZ_REQUIRE(matched == n);
    buf_free(&built);
}

/* A set of twenty numbers. */
bool fuzz_corpus_make_filter(const char *dir)
{
    static uint8_t numbers[20];
    struct bytes items[sizeof numbers];
    struct buf set;
    bool done;

    for (size_t i = 0; i < sizeof numbers; i++) {
        numbers[i] = (uint8_t)i;
        items[i] = (struct bytes){&numbers[i], 1};
    }
    buf_init(&set, 1 << 10);
    done = gcs_build(&set, &key, items, sizeof numbers) == 0 &&
           fuzz_corpus_put(dir, "gcs", set.data, set.len, 0);
    buf_free(&set);
    return done;
}
