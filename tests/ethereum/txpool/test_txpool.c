/* The pool's checks and bounds, and when and whom the transaction fetcher asks. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "codec/rlp.h"
#include "crypto/ec.h"
#include "crypto/keccak.h"
#include "ethereum/txpool/fetcher.h"
#include "ethereum/txpool/pool.h"
#include "harness.h"

static struct eth_params params;
static const uint8_t secret[EC_SECRET_BYTES] = {[31] = 7};

struct want {
    uint64_t nonce, gas, chain_id;
    size_t data;
    bool create;
};

/* A signed legacy transaction (EIP-155). */
static void write_tx(struct buf *out, const struct want *w)
{
    static const uint8_t zeros[200000], to[ETH_ADDRESS_BYTES] = {1};
    uint8_t hash[32], sig[EC_RECOVERABLE_BYTES];
    struct buf b;
    size_t mark;

    buf_init(&b, 300000);
    for (int pass = 0; pass < 2; pass++) {
        buf_reset(&b);
        mark = rlp_list_begin(&b);
        rlp_write_u64(&b, w->nonce);
        rlp_write_u64(&b, 1000000000);
        rlp_write_u64(&b, w->gas);
        rlp_write_bytes(&b, to, w->create ? 0 : sizeof to);
        rlp_write_u64(&b, 0);
        rlp_write_bytes(&b, zeros, w->data);
        rlp_write_u64(&b, pass ? 2 * w->chain_id + 35 + sig[64] : w->chain_id);
        rlp_write_uint(&b, pass ? sig : zeros, 32);
        rlp_write_uint(&b, pass ? sig + 32 : zeros, 32);
        rlp_list_end(&b, mark);
        ck_assert_int_eq(b.err, 0);
        keccak256(hash, b.data, b.len);
        if (pass == 0)
            ck_assert_int_eq(ec_sign(sig, secret, hash), 0);
    }
    buf_append(out, b.data, b.len);
    buf_free(&b);
}

static int make(struct pool_tx **t, struct want w)
{
    struct buf b;
    int rc;

    buf_init(&b, 300000);
    write_tx(&b, &w);
    rc = pool_tx_make(t, &params, (struct bytes){b.data, b.len});
    buf_free(&b);
    return rc;
}

static void init(void)
{
    eth_params_init(&params, "test");
    params.chain_id = 1337;
}

START_TEST(what_can_be_checked_without_accounts_is_checked)
{
    static const struct {
        struct want w;
        int rc;
    } rows[] = {
        {{0, 21000, 1337, 0, false}, 0},
        {{0, 20999, 1337, 0, false}, PN_EGAS},
        {{0, 21000, 1338, 0, false}, PN_ECHAINID},
        {{0, 21003, 1337, 1, false}, PN_EGAS},
        {{0, 21004, 1337, 1, false}, 0},
        {{0, 52999, 1337, 0, true}, PN_EGAS},
        {{0, 53000, 1337, 0, true}, 0},
        {{0, 1000000, 1337, 49153, true}, PN_ETOOLARGE},
        {{0, 1000000, 1337, 131072, false}, PN_ETOOLARGE},
        {{UINT64_MAX, 21000, 1337, 0, false}, PN_EFORMAT},
    };

    init();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pool_tx *t;
        int rc = make(&t, rows[i].w);

        ck_assert_msg(rc == rows[i].rc, "row %zu: expected %s, got %s", i, pn_errname(rows[i].rc),
                      pn_errname(rc));
        pool_tx_free(t);
    }
}
END_TEST

START_TEST(a_nonce_that_a_block_has_used_is_spent)
{
    struct pool p;
    struct pool_tx *t[3];

    init();
    pool_init(&p);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(make(&t[i], (struct want){i, 21000, 1337, 0, false}), 0);
    ck_assert_int_eq(pool_add(&p, t[0]), 0);
    ck_assert_int_eq(pool_add(&p, t[2]), 0);
    ck_assert_int_eq(pool_add(&p, t[2]), PN_EDUPLICATE);
    pool_note_mined(&p, t[1]->sender, 1);
    pool_sweep(&p);
    ck_assert_uint_eq(p.n, 1);
    ck_assert_ptr_eq(pool_find(&p, t[2]->hash), t[2]);
    ck_assert_int_eq(pool_add(&p, t[1]), PN_ESEQUENCE);
    pool_note_mined(&p, t[1]->sender, 0); /* an older block, told later */
    ck_assert_int_eq(pool_add(&p, t[1]), PN_ESEQUENCE);
    pool_tx_free(t[1]);
    pool_free(&p);
}
END_TEST

START_TEST(the_oldest_give_way_when_the_pool_is_full)
{
    struct pool_tx *first, *t;
    struct pool p;
    uint8_t hash[ETH_HASH_BYTES];

    init();
    pool_init(&p);
    ck_assert_int_eq(make(&first, (struct want){0, 21000, 1337, 0, false}), 0);
    memcpy(hash, first->hash, sizeof hash);
    ck_assert_int_eq(pool_add(&p, first), 0);
    for (unsigned i = 1; i < POOL_MAX_TXS; i++) { /* copies with other hashes will do */
        t = mem_dup(first, sizeof *first + first->len);
        ck_assert_ptr_nonnull(t);
        t->hash[0] = (uint8_t)i;
        t->hash[1] = (uint8_t)(i >> 8);
        t->hash[2] ^= 1;
        ck_assert_int_eq(pool_add(&p, t), 0);
    }
    ck_assert_uint_eq(p.n, POOL_MAX_TXS);
    ck_assert_ptr_nonnull(pool_find(&p, hash));
    ck_assert_int_eq(make(&t, (struct want){1, 21000, 1337, 0, false}), 0);
    ck_assert_int_eq(pool_add(&p, t), 0);
    ck_assert_uint_eq(p.n, POOL_MAX_TXS);
    ck_assert_ptr_null(pool_find(&p, hash));
    for (unsigned i = 0; i < POOL_MAX_SENDERS + 10; i++) {
        uint8_t sender[ETH_ADDRESS_BYTES] = {(uint8_t)i, (uint8_t)(i >> 8), (uint8_t)(i >> 16)};

        pool_note_mined(&p, sender, 5);
    }
    ck_assert_uint_eq(p.n_senders, POOL_MAX_SENDERS);
    pool_free(&p);
}
END_TEST

/* --- the fetcher --- */

static struct {
    uint64_t peer;
    unsigned n, calls;
    uint8_t first[ETH_HASH_BYTES];
    bool refuse;
} asked;

static bool on_request(void *arg, uint64_t peer, const uint8_t (*hashes)[ETH_HASH_BYTES],
                       unsigned n)
{
    (void)arg;
    asked.peer = peer;
    asked.n = n;
    asked.calls++;
    memcpy(asked.first, hashes[0], ETH_HASH_BYTES);
    return !asked.refuse;
}

static struct txfetch *fetch;

static void fetch_setup(void)
{
    static const struct txfetch_ops ops = {.request = on_request};

    clock_test_start(1700000000);
    memset(&asked, 0, sizeof asked);
    fetch = txfetch_new(&ops);
    ck_assert_ptr_nonnull(fetch);
}

static void fetch_teardown(void)
{
    txfetch_free(fetch);
    clock_test_stop();
}

static void announce(uint64_t peer, unsigned number)
{
    uint8_t hash[ETH_HASH_BYTES] = {(uint8_t)number, (uint8_t)(number >> 8)};

    txfetch_announced(fetch, peer, hash, true, 2, 200);
}

static int deliver(uint64_t peer, unsigned number, uint8_t type, uint64_t size)
{
    uint8_t hash[ETH_HASH_BYTES] = {(uint8_t)number, (uint8_t)(number >> 8)};

    return txfetch_delivered(fetch, peer, hash, type, size);
}

static void tick_ms(int64_t ms)
{
    clock_test_advance_ms(ms);
    while (txfetch_tick(fetch, clock_mono_us()) <= clock_mono_us())
        ;
}

START_TEST(an_announced_transaction_is_asked_for_when_it_does_not_come_by_itself)
{
    announce(1, 7);
    tick_ms(399);
    ck_assert_uint_eq(asked.calls, 0);
    announce(2, 8);
    ck_assert_int_eq(deliver(2, 8, 2, 200), 0); /* it came */
    tick_ms(101);
    ck_assert_uint_eq(asked.calls, 1);
    ck_assert_uint_eq(asked.peer, 1);
    ck_assert_uint_eq(asked.n, 1);
    ck_assert_uint_eq(asked.first[0], 7);
    tick_ms(4000);
    ck_assert_uint_eq(asked.calls, 1);
    ck_assert_int_eq(deliver(1, 7, 2, 204), 0);
    txfetch_answered(fetch, 1);
    tick_ms(10000);
    ck_assert_uint_eq(asked.calls, 1);
}
END_TEST

START_TEST(who_does_not_deliver_is_followed_by_the_next_announcer)
{
    announce(1, 7);
    announce(2, 7);
    tick_ms(500);
    ck_assert_uint_eq(asked.peer, 1);
    tick_ms(4999);
    ck_assert_uint_eq(asked.calls, 1);
    tick_ms(1);
    ck_assert_uint_eq(asked.calls, 2);
    ck_assert_uint_eq(asked.peer, 2);
    txfetch_answered(fetch, 2); /* with nothing */
    tick_ms(20000);
    ck_assert_uint_eq(asked.calls, 2);
    announce(3, 9);
    announce(4, 9);
    tick_ms(500);
    ck_assert_uint_eq(asked.peer, 3);
    txfetch_peer_gone(fetch, 3);
    tick_ms(0);
    ck_assert_uint_eq(asked.peer, 4);
}
END_TEST

START_TEST(requests_are_bounded_in_number_and_size)
{
    for (unsigned i = 0; i < 300; i++)
        announce(1, i);
    tick_ms(500);
    ck_assert_uint_eq(asked.calls, 1); /* one at a time */
    ck_assert_uint_eq(asked.n, TXFETCH_REQUEST_MAX);
    for (unsigned i = 0; i < 256; i++)
        ck_assert_int_eq(deliver(1, i, 2, 200), 0);
    txfetch_answered(fetch, 1);
    tick_ms(0);
    ck_assert_uint_eq(asked.calls, 2);
    ck_assert_uint_eq(asked.n, 44);
    txfetch_answered(fetch, 1);
    for (unsigned i = 1000; i < 1003; i++) {
        uint8_t hash[ETH_HASH_BYTES] = {(uint8_t)i, (uint8_t)(i >> 8)};

        txfetch_announced(fetch, 2, hash, true, 3, 100000);
    }
    tick_ms(500);
    ck_assert_uint_eq(asked.peer, 2);
    ck_assert_uint_eq(asked.n, 1); /* two of them are above 128 KiB */
    for (unsigned i = 0; i < TXFETCH_MAX_PER_PEER + 10; i++)
        announce(5, 2000 + i);
    tick_ms(500);
    for (unsigned calls = 0; asked.n > 0 && calls < 100; calls++) {
        asked.n = 0;
        txfetch_answered(fetch, 5);
        tick_ms(0);
    }
    ck_assert_uint_le(asked.calls, 3 + 1 + TXFETCH_MAX_PER_PEER / TXFETCH_REQUEST_MAX + 1);
}
END_TEST

START_TEST(who_announced_another_type_or_size_is_told_of)
{
    announce(1, 7);
    announce(2, 7);
    tick_ms(500);
    ck_assert_uint_eq(asked.peer, 1);
    ck_assert_int_eq(deliver(1, 7, 3, 200), PN_EPROTO);
    txfetch_answered(fetch, 1);
    tick_ms(0);
    ck_assert_uint_eq(asked.peer, 2); /* the other one may have the right one */
    ck_assert_int_eq(deliver(2, 7, 2, 209), PN_EPROTO);
    announce(3, 8);
    ck_assert_int_eq(deliver(3, 8, 2, 208), 0);
    ck_assert_int_eq(deliver(3, 99, 2, 1), 0); /* nobody announced it */
}
END_TEST

START_TEST(a_request_that_cannot_be_sent_does_no_harm)
{
    asked.refuse = true;
    announce(1, 7);
    announce(2, 7);
    tick_ms(500);
    ck_assert_uint_eq(asked.calls, 2);
    tick_ms(5000);
    ck_assert_uint_eq(asked.calls, 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("txpool");
    TCase *pool = tcase_create("pool"), *fetcher = tcase_create("fetcher");

    tcase_set_timeout(pool, 60);
    tcase_add_test(pool, what_can_be_checked_without_accounts_is_checked);
    tcase_add_test(pool, a_nonce_that_a_block_has_used_is_spent);
    tcase_add_test(pool, the_oldest_give_way_when_the_pool_is_full);
    suite_add_tcase(suite, pool);
    tcase_add_checked_fixture(fetcher, fetch_setup, fetch_teardown);
    tcase_add_test(fetcher, an_announced_transaction_is_asked_for_when_it_does_not_come_by_itself);
    tcase_add_test(fetcher, who_does_not_deliver_is_followed_by_the_next_announcer);
    tcase_add_test(fetcher, requests_are_bounded_in_number_and_size);
    tcase_add_test(fetcher, who_announced_another_type_or_size_is_told_of);
    tcase_add_test(fetcher, a_request_that_cannot_be_sent_does_no_harm);
    suite_add_tcase(suite, fetcher);
    return harness_run(suite);
}
