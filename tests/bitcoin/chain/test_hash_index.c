/* The table from hash to number: everything put in is found, and nothing else. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/chain/hash_index.h"
#include "crypto/sha256.h"
#include "lab.h"

typedef uint8_t hash32[32];

static void make_hash(hash32 out, uint32_t n)
{
    sha256(out, &n, sizeof n);
}

static const uint8_t *key_of(const void *ctx, uint32_t value)
{
    const hash32 *hashes = ctx;

    return hashes[value];
}

/* Whether `value` is among the candidates for the hash; *others counts those that are not it. */
static bool offers(const struct hash_index *index, const uint8_t *hash, uint32_t value,
                   uint32_t *others)
{
    struct hash_probe probe = hash_index_probe(index, hash);
    uint32_t found;
    bool is_in = false;

    while ((found = hash_index_next(index, &probe)) != HASH_INDEX_NONE) {
        if (found == value)
            is_in = true;
        else
            ++*others;
    }
    return is_in;
}

static void fill(struct hash_index *index, hash32 *hashes, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        make_hash(hashes[i], i);
        lab_require(hash_index_reserve(index, key_of, hashes) == 0, "value %u: no room", i);
        hash_index_put(index, hashes[i]);
    }
}

/* The most values, with which the tag is 31 down to 3 bits, all of them in use. */
static const uint32_t capacities[] = {1, 2, 47, 48, 49, 1000, 65536, 100000, HASH_INDEX_MAX_VALUES};

START_TEST(every_value_is_offered_for_its_hash)
{
    uint32_t n = capacities[_i] < 100000 ? capacities[_i] : 100000, others = 0;
    hash32 *hashes = calloc(n, sizeof *hashes);
    struct hash_index index;

    ck_assert_int_eq(hash_index_init(&index, capacities[_i]), 0);
    fill(&index, hashes, n);
    for (uint32_t i = 0; i < n; i++)
        lab_require(offers(&index, hashes[i], i, &others), "value %u of %u is lost", i, n);
    hash_index_free(&index);
    free(hashes);
}
END_TEST

START_TEST(tags_keep_wrong_candidates_rare)
{
    enum { N = 100000 };
    hash32 *hashes = calloc(N, sizeof *hashes), absent;
    struct hash_index index;
    uint32_t others = 0;

    ck_assert_int_eq(hash_index_init(&index, N), 0); /* 17 bits of value leave 15 of tag */
    fill(&index, hashes, N);
    for (uint32_t i = N; i < 2 * N; i++) {
        make_hash(absent, i);
        lab_require(!offers(&index, absent, i, &others), "value %u was never put in", i);
    }
    ck_assert_uint_lt(others, N / 1000);
    hash_index_free(&index);
    free(hashes);
}
END_TEST

START_TEST(equal_slots_and_tags_lead_to_all_candidates)
{
    enum { N = 40 }; /* hashes that differ only where the table does not look */
    hash32 hashes[N] = {{0}};
    struct hash_index index;
    uint32_t others = 0;

    ck_assert_int_eq(hash_index_init(&index, N), 0);
    for (uint32_t i = 0; i < N; i++) {
        hashes[i][31] = (uint8_t)i;
        ck_assert_int_eq(hash_index_reserve(&index, key_of, hashes), 0);
        hash_index_put(&index, hashes[i]);
    }
    for (uint32_t i = 0; i < N; i++)
        ck_assert(offers(&index, hashes[i], i, &others));
    ck_assert_uint_eq(others, N * (N - 1));
    hash_index_free(&index);
}
END_TEST

START_TEST(a_quarter_of_the_slots_stays_empty)
{
    enum { N = 10000 };
    hash32 *hashes = calloc(N, sizeof *hashes);
    struct hash_index index;

    ck_assert_int_eq(hash_index_init(&index, N), 0);
    for (uint32_t i = 0; i < N; i++) {
        make_hash(hashes[i], i);
        lab_require(hash_index_reserve(&index, key_of, hashes) == 0, "value %u: no room", i);
        hash_index_put(&index, hashes[i]);
        lab_require((i + 1) * 4 * sizeof(uint32_t) <= 3 * hash_index_bytes(&index),
                    "%u values in %zu bytes", i + 1, hash_index_bytes(&index));
    }
    hash_index_free(&index);
    free(hashes);
}
END_TEST

START_TEST(without_memory_to_grow_the_table_stays_as_it_was)
{
    enum { N = 48 }; /* three quarters of the first 64 slots */
    hash32 hashes[N + 1];
    struct hash_index index;
    uint32_t others = 0;

    mem_fail_at(1, 0);
    ck_assert_int_eq(hash_index_init(&index, N), PN_ENOMEM);
    ck_assert_int_eq(hash_index_init(&index, N + 1), 0);
    fill(&index, hashes, N);
    mem_fail_at(1, 0);
    ck_assert_int_eq(hash_index_reserve(&index, key_of, hashes), PN_ENOMEM);
    for (uint32_t i = 0; i < N; i++)
        ck_assert(offers(&index, hashes[i], i, &others));
    ck_assert_int_eq(hash_index_reserve(&index, key_of, hashes), 0);
    make_hash(hashes[N], N);
    hash_index_put(&index, hashes[N]);
    ck_assert(offers(&index, hashes[N], N, &others));
    hash_index_free(&index);
}
END_TEST

START_TEST(each_table_has_its_own_salt)
{
    struct hash_index a, b;

    ck_assert_int_eq(hash_index_init(&a, 1), 0);
    ck_assert_int_eq(hash_index_init(&b, 1), 0);
    ck_assert_mem_ne(a.salt, b.salt, sizeof a.salt);
    hash_index_free(&a);
    hash_index_free(&b);
}
END_TEST

TCase *tcase_hash_index(void)
{
    TCase *t = tcase_create("hash_index");

    tcase_add_loop_test(t, every_value_is_offered_for_its_hash, 0,
                        sizeof capacities / sizeof capacities[0]);
    tcase_add_test(t, tags_keep_wrong_candidates_rare);
    tcase_add_test(t, equal_slots_and_tags_lead_to_all_candidates);
    tcase_add_test(t, a_quarter_of_the_slots_stays_empty);
    tcase_add_test(t, without_memory_to_grow_the_table_stays_as_it_was);
    tcase_add_test(t, each_table_has_its_own_salt);
    return t;
}
