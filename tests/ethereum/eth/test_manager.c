/* The protocol manager with one peer, whose other end is scripted: what it answers, what it does
 * not, and that its threads keep out of each other's way (under ThreadSanitizer). */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "codec/rlp.h"
#include "ethereum/eth/internal.h"
#include "harness.h"
#include "maker.h"
#include "metrics/metrics.h"
#include "p2p_rig.h"

enum { VERSION = 68, BLOCKS = 1100, SOFT_LIMIT = 2 << 20, NEVER_ASKED = 4711 };

struct world {
    struct rig rig;
    struct made_chain made;
    struct eth *net;
    uint8_t hashes[BLOCKS][ETH_HASH_BYTES]; /* of the chain, from its first block on */
};

static struct world w;

/* Blocks on top of each other, each with so many made-up transactions. */
static void grow_chain(unsigned blocks, unsigned txs)
{
    const struct eth_header *parent = &w.made.params.genesis;
    struct made_block *all = calloc(blocks, sizeof *all);

    ck_assert_ptr_nonnull(all);
    for (unsigned i = 0; i < blocks; i++) {
        make_block(&all[i], &w.made.params, parent, 13, i % 200, txs);
        parent = &all[i].h;
        memcpy(w.hashes[i], parent->hash, ETH_HASH_BYTES);
        made_chain_add(&w.made, &all[i]);
    }
    ck_assert_int_eq(eth_chain_flush(w.made.chain), 0); /* a batch belongs to its thread */
    for (unsigned i = 0; i < blocks; i++)
        made_free(&all[i]);
    free(all);
}

/* The other end says back whatever Status it hears. */
static void shake_hands(void)
{
    struct buf status;

    rig_connect_inbound(&w.rig);
    remote_dial(&w.rig);
    remote_send_hello(&w.rig, "eth/68");
    remote_expect_hello(&w.rig);
    ck_assert_int_eq(remote_recv(&w.rig), P2P_BASE_CODES + ETH_STATUS);
    buf_init(&status, 4096);
    buf_append(&status, w.rig.plain.data, w.rig.plain.len);
    remote_send(&w.rig, P2P_BASE_CODES + ETH_STATUS, status.data, status.len);
    buf_free(&status);
}

static void begin(unsigned blocks, unsigned txs)
{
    struct eth_config config = {.params = &w.made.params, .max_peers = 10};

    memset(&w, 0, sizeof w);
    made_chain_open(&w.made, false);
    grow_chain(blocks, txs);
    config.chain = w.made.chain;
    ck_assert_int_eq(chan_class_register(&quit_class), 0);
    ck_assert_int_eq(eth_new(&w.net, &config), 0);
    eth_set_number(w.net, rig_setup_with(&w.rig, 10, eth_protocol(w.net)));
    ck_assert_int_eq(eth_start(w.net), 0);
    shake_hands();
}

/* Returns: why the peer has gone. */
static int end(void)
{
    int reason = rig_finish(&w.rig);

    eth_stop(w.net);
    eth_free(w.net);
    made_chain_close(&w.made);
    rig_teardown(&w.rig);
    return reason;
}

static void part(void)
{
    peer_disconnect(w.rig.peer, PN_EQUIT);
    remote_expect_disconnect(&w.rig, RLPX_DISC_QUITTING);
    ck_assert_int_eq(end(), PN_EQUIT);
}

static void say(const struct eth_msg *m)
{
    struct buf b;

    buf_init(&b, ETH_MESSAGE_MAX_BYTES);
    ck_assert_int_eq(eth_msg_encode(&b, m, VERSION), 0);
    remote_send(&w.rig, P2P_BASE_CODES + m->code, b.data, b.len);
    buf_free(&b);
}

/* The next message of this code; others may come before. */
static void receive(struct eth_msg *m, unsigned code)
{
    int got;

    do
        got = remote_recv(&w.rig);
    while (got >= 0 && got != (int)(P2P_BASE_CODES + code));
    ck_assert_int_ge(got, 0);
    ck_assert_int_eq(eth_msg_decode(m, VERSION, code, w.rig.plain.data, w.rig.plain.len), 0);
}

START_TEST(without_memory_there_is_no_manager)
{
    struct eth_config config = {.params = &w.made.params, .max_peers = 10, .verify_seals = true};
    int failed = 1;

    memset(&w, 0, sizeof w);
    made_chain_open(&w.made, false);
    config.chain = w.made.chain;
    ck_assert_int_eq(chan_class_register(&quit_class), 0);
    for (unsigned long n = 1; failed; n++) {
        int rc;

        mem_fail_at(n, 0);
        rc = eth_new(&w.net, &config);
        failed = mem_fail_happened();
        mem_fail_at(0, 0);
        ck_assert_msg(rc == 0 || (failed && rc == PN_ENOMEM), "%lu: %s", n, pn_strerror(rc));
        ck_assert((rc == 0) == (w.net != NULL));
        eth_free(w.net);
    }
    made_chain_close(&w.made);
}
END_TEST

/* --- headers --- */

#define FAR UINT64_MAX

/* What comes of a query by number: how many headers, the number of the first, of the last. */
static const struct {
    struct eth_header_query q;
    unsigned n, first, last;
} queries[] = {
    {{.number = 0, .amount = 0}, 0, 0, 0},
    {{.number = 5, .amount = 3}, 3, 5, 7},
    {{.number = 0, .amount = FAR}, 1024, 0, 1023},
    {{.number = 1000, .amount = FAR}, 101, 1000, 1100},
    {{.number = FAR, .amount = FAR}, 0, 0, 0},
    {{.number = FAR, .amount = 1, .reverse = true}, 0, 0, 0},
    {{.number = 1, .amount = 10, .skip = FAR}, 1, 1, 1},
    {{.number = 1, .amount = 10, .skip = FAR - 1}, 1, 1, 1},
    {{.number = 2, .amount = 10, .skip = FAR - 2}, 1, 2, 2},
    {{.number = 1, .amount = FAR, .skip = FAR, .reverse = true}, 1, 1, 1},
    {{.number = 0, .amount = 10, .reverse = true}, 1, 0, 0},
    {{.number = 9, .amount = FAR, .reverse = true}, 10, 9, 0},
    {{.number = 10, .amount = 4, .skip = 2, .reverse = true}, 4, 10, 1},
    {{.number = 10, .amount = 9, .skip = 4, .reverse = true}, 3, 10, 0},
    {{.number = 10, .amount = 9, .skip = 10, .reverse = true}, 1, 10, 10},
    {{.by_hash = true, .hash = {1}, .amount = FAR}, 0, 0, 0},
};

static uint64_t number_of(struct bytes rlp)
{
    struct eth_header h;

    ck_assert_int_eq(eth_header_decode(&h, rlp), 0);
    return h.number;
}

START_TEST(queries_that_overflow_get_what_there_is)
{
    begin(BLOCKS, 0);
    for (unsigned i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        struct eth_msg ask = {
            .code = ETH_GET_BLOCK_HEADERS, .request_id = FAR - i, .query = queries[i].q};
        struct bytes item = {0};
        struct eth_msg m;

        say(&ask);
        receive(&m, ETH_BLOCK_HEADERS);
        ck_assert_uint_eq(m.request_id, FAR - i);
        ck_assert_msg(m.items.n == queries[i].n, "query %u: %zu headers", i, m.items.n);
        for (unsigned k = 0; eth_items_next(&m.items, &item); k++)
            if (k == 0)
                ck_assert_uint_eq(number_of(item), queries[i].first);
        if (queries[i].n > 0)
            ck_assert_uint_eq(number_of(item), queries[i].last);
    }
    part();
}
END_TEST

/* go-ethereum's softResponseLimit: nothing more is begun behind 2 MiB. */
START_TEST(an_answer_ends_behind_two_mebibytes)
{
    enum { LARGE = 600, TXS = 380 };
    struct eth_msg ask = {.code = ETH_GET_BLOCK_BODIES, .request_id = 1}, m;
    struct bytes item;
    struct buf hashes;
    size_t last = 0;

    begin(LARGE, TXS);
    buf_init(&hashes, 64 * LARGE);
    for (unsigned i = 0; i < LARGE; i++)
        rlp_write_bytes(&hashes, w.hashes[i], ETH_HASH_BYTES);
    ask.items = (struct eth_items){{hashes.data, hashes.len}, LARGE};
    say(&ask);
    receive(&m, ETH_BLOCK_BODIES);
    ck_assert_uint_lt(m.items.n, LARGE);
    ck_assert_uint_ge(m.items.payload.len, SOFT_LIMIT);
    for (struct eth_items all = m.items; eth_items_next(&all, &item);)
        last = item.len;
    ck_assert_uint_lt(m.items.payload.len - last, SOFT_LIMIT);
    buf_free(&hashes);
    part();
}
END_TEST

/* --- answers that nobody waits for --- */

static void answer_unasked(unsigned code)
{
    struct eth_msg m = {.code = code, .request_id = NEVER_ASKED};

    say(&m);
}

START_TEST(answers_to_nothing_are_counted_and_too_many_are_the_end)
{
    struct eth_msg ask = {.code = ETH_GET_BLOCK_HEADERS, .query = {.amount = 1}}, m;
    int64_t before;

    begin(3, 0);
    before = metric_value(w.net->metrics.unsolicited);
    answer_unasked(ETH_BLOCK_HEADERS);
    answer_unasked(ETH_BLOCK_BODIES);
    answer_unasked(ETH_RECEIPTS);
    for (unsigned i = 3; i < PM_UNSOLICITED_MAX; i++)
        answer_unasked(ETH_BLOCK_HEADERS);
    say(&ask);
    receive(&m, ETH_BLOCK_HEADERS); /* it goes on, and all of them have been looked at */
    ck_assert_int_eq(metric_value(w.net->metrics.unsolicited) - before, PM_UNSOLICITED_MAX);
    answer_unasked(ETH_BLOCK_BODIES);
    remote_expect_disconnect(&w.rig, RLPX_DISC_BREACH);
    ck_assert_int_eq(end(), PN_EUNSOLICITED);
}
END_TEST

/* --- threads --- */

static void *look(void *arg)
{
    atomic_bool *stop = arg;

    while (!atomic_load(stop)) {
        struct download_estimate estimate;
        struct download_rating *ratings;
        struct eth_view view;

        eth_look(w.net, &view);
        ck_assert_uint_eq(view.blocks.number, 50);
        ck_assert_int_ge(eth_look_ratings(w.net, &estimate, &ratings), 0);
        mem_free(ratings);
    }
    return NULL;
}

/* Others look while the manager answers; a second peer's coming and going is another turn. */
START_TEST(others_may_look_while_the_manager_answers)
{
    enum { ROUNDS = 3, REQUESTS = 200 };
    atomic_bool stop = false;
    pthread_t looker;

    begin(50, 1);
    ck_assert_int_eq(pthread_create(&looker, NULL, look, &stop), 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < REQUESTS; i++) {
            struct eth_msg ask = {.code = ETH_GET_BLOCK_HEADERS,
                                  .request_id = i,
                                  .query = {.number = i % 50, .amount = 20}};
            struct eth_msg m;

            say(&ask);
            receive(&m, ETH_BLOCK_HEADERS);
            ck_assert_uint_eq(m.request_id, i);
        }
        if (round + 1 < ROUNDS) {
            peer_disconnect(w.rig.peer, PN_EQUIT);
            remote_expect_disconnect(&w.rig, RLPX_DISC_QUITTING);
            ck_assert_int_eq(rig_finish(&w.rig), PN_EQUIT);
            shake_hands();
        }
    }
    atomic_store(&stop, true);
    pthread_join(looker, NULL);
    part();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("eth manager");
    TCase *tc = tcase_create("manager");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, without_memory_there_is_no_manager);
    tcase_add_test(tc, queries_that_overflow_get_what_there_is);
    tcase_add_test(tc, an_answer_ends_behind_two_mebibytes);
    tcase_add_test(tc, answers_to_nothing_are_counted_and_too_many_are_the_end);
    tcase_add_test(tc, others_may_look_while_the_manager_answers);
    suite_add_tcase(suite, tc);
    return harness_run(suite);
}
