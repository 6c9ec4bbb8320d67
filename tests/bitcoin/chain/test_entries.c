/* The tree itself: ancestors, memory, and reading a header back. */
#include <string.h>

#include "base/random.h"
#include "bitcoin/chain/chain_internal.h"
#include "crypto/sha256.h"
#include "lab.h"

enum { SPACING_S = 600, SEED = 5 };

static struct btc_params params;
static struct chain chain;

static void start(uint32_t capacity)
{
    lab_params(&params, "regtest", LAB_EASY_BITS);
    ck_assert_int_eq(chain_init(&chain, &params, capacity), 0);
}

/* Add an entry without work or rules, which the tree does not ask for. */
static uint32_t append_fake(uint32_t parent)
{
    struct btc_header h = {.bits = LAB_EASY_BITS};
    uint8_t hash[BTC_HASH_BYTES];
    uint32_t n = chain_count(&chain);

    sha256(hash, &n, sizeof n);
    lab_require(chain_reserve(&chain) == 0, "entry %u: no room", n);
    return chain_append(&chain, &h, hash, parent);
}

START_TEST(the_ancestor_at_every_height_is_the_one_that_parents_lead_to)
{
    start(20000);
    random_test_start(SEED);
    while (chain_count(&chain) < 3000) { /* a tree with long and short branches */
        uint32_t parent = (uint32_t)random_below(chain_count(&chain));

        for (uint64_t n = random_below(400); n > 0; n--)
            parent = append_fake(parent);
    }
    for (uint32_t i = 0; i < chain_count(&chain); i += 13) {
        uint32_t at = i, height = chain_entry(&chain, i)->height;

        ck_assert_uint_eq(chain_ancestor(&chain, i, height + 1), CHAIN_NONE);
        for (;; height--, at = chain_entry(&chain, at)->parent) {
            lab_require(chain_ancestor(&chain, i, height) == at, "entry %u at height %u", i,
                        height);
            if (height == 0)
                break;
        }
    }
    random_test_stop();
    chain_free(&chain);
}
END_TEST

/* Each header's skips form a path to the genesis that grows with the logarithm of the height. */
START_TEST(a_way_down_by_skips_is_short)
{
    enum { N = 100000, LOG2 = 17 };
    uint32_t tip = 0;

    start(N + 1);
    for (uint32_t i = 0; i < N; i++)
        tip = append_fake(tip);
    for (uint32_t i = 1; i < N; i += 997) {
        unsigned steps = 0;

        for (uint32_t at = tip; chain_entry(&chain, at)->height > i; steps++) {
            const struct chain_entry *e = chain_entry(&chain, at);

            at = chain_entry(&chain, e->skip)->height >= i ? e->skip : e->parent;
        }
        ck_assert_uint_le(steps, 3 * LOG2);
    }
    chain_free(&chain);
}
END_TEST

START_TEST(a_header_costs_at_most_128_bytes_in_chains_of_400000_to_a_million)
{
    enum { FROM = 400000, N = 1000000 };
    uint32_t tip = 0;

    start(N);
    while (chain_count(&chain) < N) {
        tip = append_fake(tip);
        lab_require(chain_count(&chain) < FROM ||
                        chain_bytes(&chain) <= (size_t)128 * chain_count(&chain),
                    "%zu bytes for %u headers", chain_bytes(&chain), chain_count(&chain));
    }
    chain_free(&chain);
}
END_TEST

START_TEST(a_small_chain_is_small)
{
    start(10);
    ck_assert_uint_le(chain_bytes(&chain), 120 * 1024);
    chain_free(&chain);
}
END_TEST

START_TEST(a_header_is_read_back_as_it_came)
{
    struct btc_header h, back;
    struct chain_result result;

    start(10);
    h = lab_child(&chain, 0, LAB_START + 7);
    h.version = 0x20000004;
    memset(h.merkle_root, 0x5a, sizeof h.merkle_root);
    ck_assert_int_eq(lab_offer(&chain, &result, h), 0);
    chain_header(&chain, &back, result.index);
    h.nonce = back.nonce; /* found by mining a copy */
    ck_assert_mem_eq(&back, &h, sizeof h);
    chain_header(&chain, &back, 0);
    ck_assert_mem_eq(&back, &params.genesis, sizeof back);
    chain_free(&chain);
}
END_TEST

START_TEST(an_unknown_hash_finds_nothing)
{
    uint8_t hash[BTC_HASH_BYTES];

    start(10);
    memcpy(hash, params.genesis_hash, sizeof hash);
    hash[31] ^= 1; /* same slot, same tag */
    ck_assert_uint_eq(chain_find(&chain, hash), CHAIN_NONE);
    hash[31] ^= 1;
    ck_assert_uint_eq(chain_find(&chain, hash), 0);
    chain_free(&chain);
}
END_TEST

START_TEST(freeing_twice_or_a_zeroed_chain_is_harmless)
{
    struct chain none = {0};

    chain_free(&none);
    start(10);
    chain_free(&chain);
    chain_free(&chain);
}
END_TEST

TCase *tcase_entries(void)
{
    TCase *t = tcase_create("entries");

    tcase_set_timeout(t, 120);
    tcase_add_test(t, the_ancestor_at_every_height_is_the_one_that_parents_lead_to);
    tcase_add_test(t, a_way_down_by_skips_is_short);
    tcase_add_test(t, a_header_costs_at_most_128_bytes_in_chains_of_400000_to_a_million);
    tcase_add_test(t, a_small_chain_is_small);
    tcase_add_test(t, a_header_is_read_back_as_it_came);
    tcase_add_test(t, an_unknown_hash_finds_nothing);
    tcase_add_test(t, freeing_twice_or_a_zeroed_chain_is_harmless);
    return t;
}
