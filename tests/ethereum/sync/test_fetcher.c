/* The block fetcher: when whom it asks, what it takes, and its bounds. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "ethereum/sync/fetcher.h"
#include "harness.h"
#include "maker.h"

enum { BLOCKS = 50 };

static struct eth_params params;
static struct made_block blocks[BLOCKS];
static struct fetcher *f;

/* What the chain has, and what the fetcher has done. */
static struct {
    unsigned height;
    uint64_t header_of, body_of, blamed;
    unsigned headers, bodies, inserted, looked_up;
    bool refuse;
} world;

static uint64_t height(void *arg)
{
    (void)arg;
    return world.height;
}

static bool known(void *arg, const uint8_t hash[ETH_HASH_BYTES])
{
    (void)arg;
    world.looked_up++;
    if (memcmp(hash, params.genesis.hash, ETH_HASH_BYTES) == 0)
        return true;
    for (unsigned i = 0; i < world.height; i++)
        if (memcmp(hash, blocks[i].h.hash, ETH_HASH_BYTES) == 0)
            return true;
    return false;
}

static bool ask_header(void *arg, uint64_t peer, const uint8_t hash[ETH_HASH_BYTES])
{
    (void)arg, (void)hash;
    world.header_of = peer;
    world.headers++;
    return !world.refuse;
}

static bool ask_body(void *arg, uint64_t peer, const uint8_t hash[ETH_HASH_BYTES])
{
    (void)arg, (void)hash;
    world.body_of = peer;
    world.bodies++;
    return true;
}

static void insert(void *arg, uint64_t peer, const struct eth_block *block, bool pushed)
{
    struct eth_header h;

    (void)arg, (void)peer, (void)pushed;
    ck_assert_int_eq(eth_header_decode(&h, block->header), 0);
    ck_assert_uint_eq(h.number, world.height + 1);
    world.height++;
    world.inserted++;
}

static void misbehaved(void *arg, uint64_t peer, int reason)
{
    (void)arg, (void)reason;
    world.blamed = peer;
}

static void setup(void)
{
    static const struct fetcher_ops ops = {height, known,      ask_header, ask_body,
                                           insert, misbehaved, NULL};

    clock_test_start(1700000000);
    memset(&world, 0, sizeof world);
    make_params(&params, false);
    for (unsigned i = 0; i < BLOCKS; i++)
        make_block(&blocks[i], &params, i ? &blocks[i - 1].h : &params.genesis, 13, i, i % 2);
    f = fetcher_new(&ops);
    ck_assert_ptr_nonnull(f);
}

static void teardown(void)
{
    fetcher_free(f);
    for (unsigned i = 0; i < BLOCKS; i++)
        made_free(&blocks[i]);
    clock_test_stop();
}

static void tick_ms(int64_t ms)
{
    clock_test_advance_ms(ms);
    for (unsigned i = 0; i < 10; i++)
        (void)fetcher_tick(f, clock_mono_us());
}

static void announce(uint64_t peer, unsigned i)
{
    fetcher_announced(f, peer, blocks[i].h.hash, blocks[i].h.number);
}

static void push(uint64_t peer, unsigned i)
{
    const struct eth_block block = {made_rlp(&blocks[i]), made_body(&blocks[i])};

    fetcher_pushed(f, peer, &blocks[i].h, &block);
}

static struct bytes body_bytes(unsigned i)
{
    return (struct bytes){blocks[i].body.data, blocks[i].body.len};
}

START_TEST(an_announced_block_is_fetched_when_it_does_not_come)
{
    announce(1, 0); /* without transactions: the header says it all */
    tick_ms(399);
    ck_assert_uint_eq(world.headers, 0);
    tick_ms(1);
    ck_assert_uint_eq(world.header_of, 1);
    fetcher_header(f, 1, made_rlp(&blocks[0]));
    tick_ms(0);
    ck_assert_uint_eq(world.inserted, 1);
    ck_assert_uint_eq(world.bodies, 0);
    announce(2, 1);
    tick_ms(400);
    fetcher_header(f, 2, made_rlp(&blocks[1]));
    ck_assert_uint_eq(world.body_of, 2);
    fetcher_body(f, 2, body_bytes(1));
    tick_ms(0);
    ck_assert_uint_eq(world.inserted, 2);
    announce(1, 2);
    push(3, 2); /* it comes by itself */
    tick_ms(1000);
    ck_assert_uint_eq(world.inserted, 3);
    ck_assert_uint_eq(world.headers, 2);
}
END_TEST

START_TEST(who_answers_falsely_is_blamed_and_the_next_announcer_asked)
{
    announce(1, 0);
    announce(2, 0);
    tick_ms(400);
    ck_assert_uint_eq(world.header_of, 1);
    fetcher_header(f, 1, made_rlp(&blocks[3]));
    ck_assert_uint_eq(world.blamed, 1);
    tick_ms(0);
    ck_assert_uint_eq(world.header_of, 2);
    fetcher_header(f, 2, (struct bytes){0}); /* has it no more */
    ck_assert_uint_eq(world.blamed, 1);
    tick_ms(10000);
    ck_assert_uint_eq(world.headers, 2);
    push(5, 0);
    tick_ms(0);
    announce(3, 1);
    announce(4, 1);
    tick_ms(400);
    fetcher_header(f, 3, made_rlp(&blocks[1]));
    fetcher_body(f, 3, body_bytes(3));
    ck_assert_uint_eq(world.blamed, 3);
    tick_ms(0);
    ck_assert_uint_eq(world.header_of, 4);
    tick_ms(5000); /* silent */
    tick_ms(5000);
    ck_assert_uint_eq(world.inserted, 1);
}
END_TEST

START_TEST(blocks_wait_for_their_parents)
{
    for (unsigned i = 10; i-- > 1;)
        push(1, i);
    tick_ms(0);
    ck_assert_uint_eq(world.inserted, 0);
    push(2, 0);
    tick_ms(0);
    ck_assert_uint_eq(world.inserted, 10);
    push(2, 5); /* known by now */
    tick_ms(0);
    ck_assert_uint_eq(world.inserted, 10);
}
END_TEST

START_TEST(what_is_too_far_or_too_much_is_forgotten)
{
    world.height = 10;
    announce(1, 1);  /* number 2: eight below */
    announce(1, 42); /* number 43: 33 above */
    push(1, 43);
    tick_ms(1000);
    ck_assert_uint_eq(world.headers, 0);
    announce(1, 41); /* 32 above */
    tick_ms(400);
    ck_assert_uint_eq(world.headers, 1);
    world.looked_up = 0;
    for (unsigned i = 0; i < FETCHER_HASH_LIMIT + 10; i++) {
        uint8_t hash[ETH_HASH_BYTES] = {1, (uint8_t)i, (uint8_t)(i >> 8)};

        fetcher_announced(f, 9, hash, 12);
    }
    ck_assert_uint_le(world.looked_up, FETCHER_HASH_LIMIT); /* in a database */
    world.refuse = true;
    world.headers = 0;
    tick_ms(400);
    for (unsigned i = 0; i < 40; i++)
        tick_ms(100);
    ck_assert_uint_eq(world.headers, FETCHER_HASH_LIMIT);
}
END_TEST

/* With a body of 4 MiB; whoever calls fetcher_pushed has checked it. */
static void push_large(uint64_t peer, unsigned i)
{
    enum { BYTES = 4 << 20 };
    static uint8_t txs[BYTES] = {0xfa, (BYTES - 4) >> 16, (BYTES - 4) >> 8 & 0xff,
                                 (BYTES - 4) & 0xff};
    struct eth_block block = {made_rlp(&blocks[i]), made_body(&blocks[i])};

    block.body.txs = (struct bytes){txs, sizeof txs};
    fetcher_pushed(f, peer, &blocks[i].h, &block);
}

/* Their parent is not known, so nothing tells whether they are worth anything. */
START_TEST(blocks_that_wait_take_a_bounded_number_of_bytes)
{
    for (unsigned i = 1; i <= 30; i++)
        push_large(1, i);
    for (unsigned peer = 2; peer <= 8; peer++)
        for (unsigned i = 1; i <= 30; i++)
            push_large(peer, i);
    ck_assert_uint_gt(fetcher_queued_bytes(f), FETCHER_PEER_BYTES / 2);
    ck_assert_uint_le(fetcher_queued_bytes(f), FETCHER_QUEUE_BYTES);
    push(1, 0);
    tick_ms(0);
    ck_assert_uint_eq(world.inserted, FETCHER_QUEUE_BYTES / (4 << 20)); /* with the small one */
    ck_assert_uint_eq(fetcher_queued_bytes(f), 0);
    push_large(1, world.height);
    ck_assert_uint_gt(fetcher_queued_bytes(f), 0);
}
END_TEST

START_TEST(of_one_peer_fewer_bytes_wait)
{
    for (unsigned i = 1; i <= 30; i++)
        push_large(1, i);
    ck_assert_uint_le(fetcher_queued_bytes(f), FETCHER_PEER_BYTES);
    push_large(2, 30);
    ck_assert_uint_gt(fetcher_queued_bytes(f), FETCHER_PEER_BYTES - (4 << 20));
}
END_TEST

START_TEST(a_peer_that_leaves_takes_its_announcements_along)
{
    announce(1, 0);
    announce(2, 0);
    announce(1, 1);
    fetcher_peer_gone(f, 1);
    tick_ms(400);
    ck_assert_uint_eq(world.header_of, 2);
    ck_assert_uint_eq(world.headers, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("eth fetcher");
    TCase *tc = tcase_create("fetcher");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, an_announced_block_is_fetched_when_it_does_not_come);
    tcase_add_test(tc, who_answers_falsely_is_blamed_and_the_next_announcer_asked);
    tcase_add_test(tc, blocks_wait_for_their_parents);
    tcase_add_test(tc, what_is_too_far_or_too_much_is_forgotten);
    tcase_add_test(tc, blocks_that_wait_take_a_bounded_number_of_bytes);
    tcase_add_test(tc, of_one_peer_fewer_bytes_wait);
    tcase_add_test(tc, a_peer_that_leaves_takes_its_announcements_along);
    suite_add_tcase(suite, tc);
    return harness_run(suite);
}
