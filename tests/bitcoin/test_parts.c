/* The nonces of our own handshakes, and the store of our own blocks. */
#include <string.h>

#include "bitcoin/nonces.h"
#include "bitcoin/wants.h"
#include "test_bitcoin.h"

START_TEST(a_nonce_is_known_until_its_handshake_ends)
{
    const struct net_addr a = {.kind = NET_IPV4, .bytes = {127, 0, 0, 1}, .port = 1};
    const struct net_addr b = {.kind = NET_IPV4, .bytes = {127, 0, 0, 2}, .port = 2};
    struct net_addr to;
    struct nonces n;
    uint64_t first, second;

    nonces_init(&n);
    first = nonces_add(&n, &a);
    second = nonces_add(&n, &b);
    ck_assert(nonces_find(&n, &to, first) && net_addr_equal(&to, &a));
    ck_assert(nonces_find(&n, &to, second) && net_addr_equal(&to, &b));
    ck_assert(!nonces_find(&n, &to, first ^ second) && !nonces_find(&n, &to, 0));
    nonces_remove(&n, first);
    ck_assert(!nonces_find(&n, &to, first) && nonces_find(&n, &to, second));
    nonces_free(&n);
}
END_TEST

START_TEST(more_nonces_than_fit_push_out_the_oldest)
{
    const struct net_addr a = {.kind = NET_IPV4, .bytes = {127, 0, 0, 1}, .port = 1};
    struct net_addr to;
    struct nonces n;
    uint64_t first, last = 0;

    nonces_init(&n);
    first = nonces_add(&n, &a);
    for (int i = 0; i < NONCES_MAX; i++)
        last = nonces_add(&n, &a);
    ck_assert(!nonces_find(&n, &to, first));
    ck_assert(nonces_find(&n, &to, last));
    nonces_free(&n);
}
END_TEST

static void hash_of(uint8_t out[32], unsigned i)
{
    memset(out, 0, 32);
    memcpy(out, &i, sizeof i);
}

START_TEST(a_block_is_wanted_until_it_is_taken)
{
    static struct block_wants w;
    uint8_t hash[32];

    block_wants_init(&w);
    for (unsigned i = 0; i < BLOCK_WANTS_MAX + 1; i++) {
        hash_of(hash, i);
        block_wants_add(&w, hash);
        block_wants_add(&w, hash);
    }
    hash_of(hash, 0);
    ck_assert(!block_wants_has(&w, hash)); /* the oldest gave way */
    for (unsigned i = BLOCK_WANTS_MAX; i >= 1; i--) {
        hash_of(hash, i);
        ck_assert_msg(block_wants_has(&w, hash), "block %u", i);
        ck_assert(block_wants_take(&w, hash));
        ck_assert(!block_wants_take(&w, hash));
    }
    block_wants_destroy(&w);
}
END_TEST

void add_parts_tests(Suite *s)
{
    TCase *t = tcase_create("parts");

    suite_add_tcase(s, t);
    tcase_add_test(t, a_nonce_is_known_until_its_handshake_ends);
    tcase_add_test(t, more_nonces_than_fit_push_out_the_oldest);
    tcase_add_test(t, a_block_is_wanted_until_it_is_taken);
}
