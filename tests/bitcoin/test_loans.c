/* Blocks that are fetched to answer a question: whom they are asked of, who gives way to whom, what
 * becomes of them, and how many may be asked for. The node keeps no blocks. */
#include <poll.h>
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/block/build.h"
#include "bitcoin/blockstore/strip.h"
#include "bitcoin/chain/pow.h"
#include "bitcoin/loans.h"
#include "node_fixture.h"
#include "test_bitcoin.h"

enum { BLOCKS = 300, NOW_S = 1700000000, PATIENCE_MS = 20000, PEERS_MAX = 5 };

#define WHOLE (BTC_NODE_NETWORK | BTC_NODE_WITNESS)
#define LAST  (BTC_NODE_NETWORK_LIMITED | BTC_NODE_WITNESS)

/* The block at height h is number h - 1. */
static struct {
    struct btc_header headers[BLOCKS];
    uint8_t hashes[BLOCKS][BTC_HASH_BYTES];
    struct buf raw[BLOCKS];
} blocks;

static void make_block(uint32_t i, const struct btc_params *params)
{
    struct btc_block_plan plan = {.version = BTC_BLOCK_VERSION,
                                  .time = NOW_S - 3600 + i,
                                  .bits = params->pow_limit_bits,
                                  .height = (int32_t)i + 1,
                                  .halving_interval = BTC_REGTEST_HALVING_INTERVAL};
    struct buf *raw = &blocks.raw[i];
    struct reader r;

    memcpy(plan.prev, i == 0 ? params->genesis_hash : blocks.hashes[i - 1], sizeof plan.prev);
    buf_init(raw, 1 << 10);
    ck_assert_int_eq(btc_block_build(raw, &plan), 0);
    for (;; store_le32(raw->data + 76, load_le32(raw->data + 76) + 1)) {
        r = reader_of(raw->data, raw->len);
        btc_header_decode(&r, &blocks.headers[i]);
        btc_header_hash(blocks.hashes[i], &blocks.headers[i]);
        if (pow_check_hash(blocks.hashes[i], plan.bits, params) == 0)
            return;
    }
}

static void make_blocks(void)
{
    for (uint32_t i = 0; i < BLOCKS; i++)
        make_block(i, btc_params_find("regtest"));
}

static void free_blocks(void)
{
    for (uint32_t i = 0; i < BLOCKS; i++)
        buf_free(&blocks.raw[i]);
}

/* A node that knows all headers, and peers that promise these blocks. */
struct scene {
    struct node_fixture n;
    struct remote peers[PEERS_MAX];
    unsigned n_peers;
};

static void await_count(unsigned (*count)(const struct bitcoin *b), const struct scene *s,
                        unsigned want)
{
    for (int i = 0; i < PATIENCE_MS && count(s->n.bitcoin) != want; i++)
        poll(NULL, 0, 1);
    ck_assert_uint_eq(count(s->n.bitcoin), want);
}

static void start(struct scene *s, const uint64_t *promises, unsigned n)
{
    struct btc_msg m = {.cmd = BTC_CMD_HEADERS};
    struct remote teller;

    clock_test_start(NOW_S);
    node_start(&s->n);
    remote_join(&teller, &s->n);
    for (size_t i = 0; i < BLOCKS; i += m.u.headers.count) { /* few enough to come unasked */
        m.u.headers = (struct btc_headers){.items = &blocks.headers[i], .count = 6};
        remote_send(&teller, &m);
    }
    await_count(bitcoin_height, s, BLOCKS);
    remote_close(&teller);
    await_count(bitcoin_peers, s, 0);
    for (s->n_peers = 0; s->n_peers < n; s->n_peers++) {
        remote_open(&s->peers[s->n_peers], &s->n, true);
        remote_shake_hands_promising(&s->peers[s->n_peers], promises[s->n_peers], BLOCKS);
    }
    await_count(bitcoin_peers, s, n); /* the manager knows whom it may ask */
}

static void end(struct scene *s)
{
    for (unsigned i = 0; i < s->n_peers; i++)
        remote_close(&s->peers[i]);
    node_stop(&s->n);
    clock_test_stop();
}

/* One who asks for the ids of a block's transactions or for the whole of it, on a thread of its
 * own. */
struct question {
    struct bitcoin *b;
    bool whole;
    uint32_t height;
    struct chan *quit;
    int64_t deadline_us;
    uint8_t (*ids)[BTC_HASH_BYTES];
    size_t n;
    struct frame *block;
    int rc;
    pthread_t thread;
};

static void *run_question(void *arg)
{
    struct question *q = arg;
    const uint8_t *hash = blocks.hashes[q->height - 1];

    q->rc =
        q->whole
            ? bitcoin_fetch_block(q->b, &q->block, hash, q->height, q->quit, q->deadline_us)
            : bitcoin_fetch_txids(q->b, &q->ids, &q->n, hash, q->height, q->quit, q->deadline_us);
    return NULL;
}

static void ask(struct question *q, struct scene *s, uint32_t height)
{
    *q = (struct question){.b = s->n.bitcoin,
                           .whole = q->whole,
                           .height = height,
                           .quit = q->quit,
                           .deadline_us = CLOCK_NEVER};
    ck_assert_int_eq(pthread_create(&q->thread, NULL, run_question, q), 0);
}

/* The one transaction of a made block is all that its merkle root is of. */
static void expect_answer(struct question *q)
{
    ck_assert_int_eq(pthread_join(q->thread, NULL), 0);
    ck_assert_int_eq(q->rc, 0);
    ck_assert_uint_eq(q->n, 1);
    ck_assert_mem_eq(q->ids[0], blocks.headers[q->height - 1].merkle_root, BTC_HASH_BYTES);
    mem_free(q->ids);
}

static void expect_block(struct question *q)
{
    const struct buf *raw = &blocks.raw[q->height - 1];
    struct bytes got;

    ck_assert_int_eq(pthread_join(q->thread, NULL), 0);
    ck_assert_int_eq(q->rc, 0);
    got = block_frame_payload(q->block);
    ck_assert_uint_eq(got.len, raw->len);
    ck_assert_mem_eq(got.data, raw->data, raw->len);
    frame_unref(q->block);
}

static void expect_failure(struct question *q, int rc)
{
    ck_assert_int_eq(pthread_join(q->thread, NULL), 0);
    ck_assert_int_eq(q->rc, rc);
}

/* Which of the peers is asked. */
static struct remote *find_asked(struct scene *s, uint32_t height)
{
    struct btc_msg m;
    struct remote *asked = remote_await_any(s->peers, s->n_peers, &m, BTC_CMD_GETDATA);

    ck_assert_uint_eq(m.u.getdata.count, 1);
    ck_assert_uint_eq(m.u.getdata.items[0].type, BTC_INV_BLOCK | BTC_INV_WITNESS);
    ck_assert_mem_eq(m.u.getdata.items[0].hash, blocks.hashes[height - 1], BTC_HASH_BYTES);
    return asked;
}

static void send_block(struct remote *r, uint32_t height)
{
    remote_send_raw(r, "block", blocks.raw[height - 1].data, blocks.raw[height - 1].len);
}

static void send_notfound(struct remote *r, uint32_t height)
{
    struct btc_inv_item item = {.type = BTC_INV_BLOCK | BTC_INV_WITNESS};
    const struct btc_msg m = {.cmd = BTC_CMD_NOTFOUND, .u.notfound = {.items = &item, .count = 1}};

    memcpy(item.hash, blocks.hashes[height - 1], sizeof item.hash);
    remote_send(r, &m);
}

START_TEST(a_block_is_asked_for_once_and_its_ids_stay)
{
    struct scene s;
    struct question first = {0}, second = {0};

    start(&s, (const uint64_t[]){WHOLE}, 1);
    ask(&first, &s, 7);
    find_asked(&s, 7);
    ask(&second, &s, 7);
    send_block(&s.peers[0], 7);
    expect_answer(&first);
    expect_answer(&second);
    ask(&first, &s, 7); /* nobody answers any more, and nobody needs to */
    expect_answer(&first);
    end(&s);
}
END_TEST

/* The ids of a block stay, the block itself does not: it is large. */
START_TEST(a_whole_block_is_handed_over_and_leaves_its_ids)
{
    struct scene s;
    struct question ids = {0}, block = {.whole = true};

    start(&s, (const uint64_t[]){WHOLE}, 1);
    for (int i = 0; i < 2; i++) {
        ask(&block, &s, 15);
        find_asked(&s, 15);
        send_block(&s.peers[0], 15);
        expect_block(&block);
        ask(&ids, &s, 15);
        expect_answer(&ids);
    }
    end(&s);
}
END_TEST

START_TEST(who_lacks_it_and_who_leaves_give_way_to_the_next)
{
    struct scene s;
    struct question q = {0};
    struct remote *gone;

    start(&s, (const uint64_t[]){WHOLE, WHOLE, WHOLE}, 3);
    ask(&q, &s, 9);
    send_notfound(find_asked(&s, 9), 9);
    gone = find_asked(&s, 9);
    remote_close(gone);
    *gone = s.peers[--s.n_peers];
    send_block(find_asked(&s, 9), 9);
    expect_answer(&q);
    end(&s);
}
END_TEST

START_TEST(who_is_silent_for_ten_seconds_gives_way_to_the_next)
{
    struct scene s;
    struct question q = {0};
    struct remote *late, *next;

    start(&s, (const uint64_t[]){WHOLE, WHOLE}, 2);
    ask(&q, &s, 2);
    late = find_asked(&s, 2);
    clock_test_advance_ms(LOAN_PEER_MS);
    next = find_asked(&s, 2);
    ck_assert_ptr_ne(late, next);
    send_block(late, 2); /* better late than never */
    expect_answer(&q);
    end(&s);
}
END_TEST

START_TEST(who_sends_another_block_loses_its_connection)
{
    const char *reason = pn_errname(PN_EMERKLE);
    long before = disconnects(reason);
    struct scene s;
    struct question q = {0};
    struct remote *liar;
    struct buf *raw = &blocks.raw[4];

    start(&s, (const uint64_t[]){WHOLE, WHOLE}, 2);
    ask(&q, &s, 5);
    liar = find_asked(&s, 5);
    raw->data[BTC_HEADER_BYTES + 1] ^= 1; /* the coinbase's version */
    send_block(liar, 5);
    raw->data[BTC_HEADER_BYTES + 1] ^= 1;
    remote_await_end(liar);
    await_disconnect(reason, before);
    remote_close(liar);
    *liar = s.peers[--s.n_peers];
    send_block(find_asked(&s, 5), 5);
    expect_answer(&q);
    end(&s);
}
END_TEST

START_TEST(four_peers_are_tried_and_no_more)
{
    struct scene s;
    struct question q = {0};

    start(&s, (const uint64_t[]){WHOLE, WHOLE, WHOLE, WHOLE, WHOLE}, 5);
    ask(&q, &s, 3);
    for (int i = 0; i < LOAN_TRIES; i++)
        send_notfound(find_asked(&s, 3), 3);
    expect_failure(&q, PN_ETIMEDOUT);
    end(&s);
}
END_TEST

START_TEST(only_those_that_promise_a_block_are_asked)
{
    struct scene s;
    struct question q = {0};

    start(&s, (const uint64_t[]){LAST, 0}, 2);
    ask(&q, &s, 1); /* pruned by the one, and the other has none */
    expect_failure(&q, PN_ENOENT);
    ask(&q, &s, BLOCKS);
    ck_assert_ptr_eq(find_asked(&s, BLOCKS), &s.peers[0]);
    send_block(&s.peers[0], BLOCKS);
    expect_answer(&q);
    end(&s);
}
END_TEST

START_TEST(who_asks_may_leave_or_run_out_of_time)
{
    struct scene s;
    struct question leaves = {0}, late = {0};
    struct chan quit;

    start(&s, (const uint64_t[]){WHOLE}, 1);
    ck_assert_int_eq(chan_init(&quit, &quit_class), 0);
    leaves.quit = &quit;
    ask(&leaves, &s, 11);
    find_asked(&s, 11);
    chan_close(&quit);
    expect_failure(&leaves, PN_EQUIT);
    late = (struct question){.b = s.n.bitcoin, .height = 12};
    run_question(&late); /* its deadline has passed */
    ck_assert_int_eq(late.rc, PN_ETIMEDOUT);
    chan_destroy(&quit, NULL);
    end(&s);
}
END_TEST

START_TEST(the_places_and_the_questions_in_a_row_are_bounded)
{
    struct scene s;
    struct question held[BLOCK_LOANS_MAX] = {0}, q = {0};

    start(&s, (const uint64_t[]){WHOLE}, 1);
    for (unsigned i = 0; i < BLOCK_LOANS_MAX; i++) {
        ask(&held[i], &s, i + 1);
        find_asked(&s, i + 1);
    }
    ask(&q, &s, 20);
    expect_failure(&q, PN_ELIMIT);
    for (unsigned i = 0; i < BLOCK_LOANS_MAX; i++) {
        send_block(&s.peers[0], i + 1);
        expect_answer(&held[i]);
    }
    for (unsigned i = BLOCK_LOANS_MAX; i < LOANS_BURST; i++) {
        ask(&q, &s, 20 + i);
        find_asked(&s, 20 + i);
        send_block(&s.peers[0], 20 + i);
        expect_answer(&q);
    }
    ask(&q, &s, 200);
    expect_failure(&q, PN_ELIMIT);
    clock_test_advance_ms(LOAN_PACE_MS);
    ask(&q, &s, 200);
    find_asked(&s, 200);
    send_block(&s.peers[0], 200);
    expect_answer(&q);
    end(&s);
}
END_TEST

START_TEST(the_genesis_block_is_known_without_asking)
{
    struct scene s;
    const struct btc_params *params = btc_params_find("regtest");
    uint8_t(*ids)[BTC_HASH_BYTES];
    size_t n;

    start(&s, NULL, 0);
    ck_assert_int_eq(
        bitcoin_fetch_txids(s.n.bitcoin, &ids, &n, params->genesis_hash, 0, NULL, CLOCK_NEVER), 0);
    ck_assert_uint_eq(n, 1);
    ck_assert_mem_eq(ids[0], params->genesis.merkle_root, BTC_HASH_BYTES);
    mem_free(ids);
    end(&s);
}
END_TEST

void add_loan_tests(Suite *s)
{
    TCase *t = tcase_create("loans");

    tcase_set_timeout(t, 120);
    tcase_add_unchecked_fixture(t, make_blocks, free_blocks);
    tcase_add_test(t, a_block_is_asked_for_once_and_its_ids_stay);
    tcase_add_test(t, a_whole_block_is_handed_over_and_leaves_its_ids);
    tcase_add_test(t, who_lacks_it_and_who_leaves_give_way_to_the_next);
    tcase_add_test(t, who_is_silent_for_ten_seconds_gives_way_to_the_next);
    tcase_add_test(t, who_sends_another_block_loses_its_connection);
    tcase_add_test(t, four_peers_are_tried_and_no_more);
    tcase_add_test(t, only_those_that_promise_a_block_are_asked);
    tcase_add_test(t, who_asks_may_leave_or_run_out_of_time);
    tcase_add_test(t, the_places_and_the_questions_in_a_row_are_bounded);
    tcase_add_test(t, the_genesis_block_is_known_without_asking);
    suite_add_tcase(s, t);
}
