/* The nonces of our own handshakes, and the store of our own blocks. */
#include <string.h>

#include "bitcoin/block_store.h"
#include "bitcoin/nonces.h"
#include "test_bitcoin.h"

START_TEST(a_nonce_is_known_until_its_handshake_ends)
{
    struct nonces n;
    uint64_t first, second;

    nonces_init(&n);
    first = nonces_add(&n);
    second = nonces_add(&n);
    ck_assert(nonces_has(&n, first) && nonces_has(&n, second));
    ck_assert(!nonces_has(&n, first ^ second) && !nonces_has(&n, 0));
    nonces_remove(&n, first);
    ck_assert(!nonces_has(&n, first) && nonces_has(&n, second));
    nonces_free(&n);
}
END_TEST

START_TEST(more_nonces_than_fit_push_out_the_oldest)
{
    struct nonces n;
    uint64_t first, last = 0;

    nonces_init(&n);
    first = nonces_add(&n);
    for (int i = 0; i < NONCES_MAX; i++)
        last = nonces_add(&n);
    ck_assert(!nonces_has(&n, first));
    ck_assert(nonces_has(&n, last));
    nonces_free(&n);
}
END_TEST

static void hash_of(uint8_t out[32], unsigned i)
{
    memset(out, 0, 32);
    memcpy(out, &i, sizeof i);
}

START_TEST(the_last_288_blocks_are_kept_in_both_encodings)
{
    static struct block_store s;
    uint8_t hash[32];

    block_store_init(&s);
    for (unsigned i = 0; i < BLOCK_STORE_MAX + 5; i++) {
        hash_of(hash, i);
        block_store_add(&s, hash, frame_new(1, "full", 4), frame_new(1, "bare", 4));
    }
    for (unsigned i = 0; i < BLOCK_STORE_MAX + 5; i++) {
        struct frame *full, *bare;

        hash_of(hash, i);
        full = block_store_get(&s, hash, true);
        bare = block_store_get(&s, hash, false);
        if (i < 5) {
            ck_assert_ptr_null(full);
            ck_assert_ptr_null(bare);
        } else {
            ck_assert_mem_eq(full->data, "full", 4);
            ck_assert_mem_eq(bare->data, "bare", 4);
        }
        frame_unref(full);
        frame_unref(bare);
    }
    block_store_free(&s);
}
END_TEST

void add_parts_tests(Suite *s)
{
    TCase *t = tcase_create("parts");

    suite_add_tcase(s, t);
    tcase_add_test(t, a_nonce_is_known_until_its_handshake_ends);
    tcase_add_test(t, more_nonces_than_fit_push_out_the_oldest);
    tcase_add_test(t, the_last_288_blocks_are_kept_in_both_encodings);
}
