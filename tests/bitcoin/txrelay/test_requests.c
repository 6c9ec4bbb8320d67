/* Whom to ask for what, and when. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "bitcoin/txrelay/tx_requests.h"
#include "test_txrelay.h"

enum { PEERS = 8, ALL = 100 };

static struct tx_requests *t;

static const uint8_t *nth(unsigned n)
{
    static uint8_t hashes[4][32];
    static unsigned next;
    uint8_t *hash = hashes[next++ % 4];

    memset(hash, 0, 32);
    memcpy(hash, &n, sizeof n);
    return hash;
}

static void begin(void)
{
    clock_test_start(1700000000);
    ck_assert_int_eq(tx_requests_new(&t, PEERS), 0);
}

static void end(void)
{
    tx_requests_free(t);
    clock_test_stop();
}

/* Who is asked for transaction n now: the only request there is; -1 for none. */
static int asked_now(unsigned n)
{
    struct tx_request out[ALL];
    size_t got = tx_requests_take(t, out, ALL);

    ck_assert_uint_le(got, 1);
    if (got == 0)
        return -1;
    ck_assert_mem_eq(out[0].hash, nth(n), 32);
    return (int)out[0].peer;
}

static void announced(unsigned peer, unsigned n)
{
    ck_assert_int_eq(tx_requests_announced(t, peer, nth(n)), 0);
}

START_TEST(a_preferred_peer_is_asked_at_once_and_only_once)
{
    begin();
    tx_requests_peer_ready(t, 0, true, true);
    announced(0, 1);
    ck_assert_int_eq(tx_requests_announced(t, 0, nth(1)), PN_EEXIST);
    ck_assert_int_le(tx_requests_next_us(t), clock_mono_us());
    ck_assert_int_eq(asked_now(1), 0);
    ck_assert_int_eq(asked_now(1), -1);
    ck_assert_int_eq(tx_requests_next_us(t), clock_deadline_ms(TX_REQUESTS_EXPIRY_MS));
    end();
}
END_TEST

/* What delays a request, and by how much together. */
static const struct {
    bool preferred, wtxid, wtxid_peers, busy;
    int64_t delay_ms;
} delays[] = {
    {true, true, true, false, 0},      {false, true, true, false, 2000},
    {true, false, true, false, 2000},  {true, false, false, false, 0},
    {false, false, true, false, 4000}, {true, true, true, true, 2000},
    {false, false, true, true, 6000},
};

START_TEST(each_reason_delays_a_request_by_two_seconds)
{
    begin();
    if (delays[_i].wtxid_peers)
        tx_requests_peer_ready(t, 1, true, true);
    tx_requests_peer_ready(t, 0, delays[_i].preferred, delays[_i].wtxid);
    if (delays[_i].busy) {
        static struct tx_request out[TX_REQUESTS_IN_FLIGHT + 1];

        for (unsigned n = 0; n < TX_REQUESTS_IN_FLIGHT; n++)
            announced(0, 1000 + n);
        clock_test_advance_ms(10000);
        ck_assert_uint_eq(tx_requests_take(t, out, TX_REQUESTS_IN_FLIGHT + 1),
                          TX_REQUESTS_IN_FLIGHT);
    }
    announced(0, 1);
    if (delays[_i].delay_ms > 0) {
        clock_test_advance_ms(delays[_i].delay_ms - 1);
        ck_assert_int_eq(asked_now(1), -1);
        clock_test_advance_ms(1);
    }
    ck_assert_int_eq(asked_now(1), 0);
    end();
}
END_TEST

START_TEST(who_does_not_answer_within_a_minute_is_followed_by_the_next)
{
    struct tx_requests_counts c;

    begin();
    tx_requests_peer_ready(t, 0, true, true);
    tx_requests_peer_ready(t, 1, false, true);
    announced(1, 1);
    announced(0, 1);
    ck_assert_int_eq(asked_now(1), 0);
    clock_test_advance_ms(TX_REQUESTS_EXPIRY_MS - 1);
    ck_assert_int_eq(asked_now(1), -1);
    clock_test_advance_ms(1);
    ck_assert_int_eq(asked_now(1), 1);
    ck_assert_int_eq(tx_requests_announced(t, 0, nth(1)), PN_EEXIST);
    ck_assert(!tx_requests_pending(t, 0, nth(1)) && tx_requests_pending(t, 1, nth(1)));
    clock_test_advance_ms(TX_REQUESTS_EXPIRY_MS);
    ck_assert_int_eq(asked_now(1), -1);
    tx_requests_counts(t, &c);
    ck_assert_uint_eq(c.expired, 2);
    ck_assert_uint_eq(c.transactions, 0);
    ck_assert_uint_eq(c.announced, 0);
    announced(0, 1); /* forgotten: it may be announced anew */
    ck_assert_int_eq(asked_now(1), 0);
    end();
}
END_TEST

START_TEST(who_says_notfound_is_followed_at_once)
{
    begin();
    for (unsigned i = 0; i < 3; i++) {
        tx_requests_peer_ready(t, i, true, true);
        announced(i, 1);
    }
    for (int i = 0; i < 3; i++) {
        int peer = asked_now(1);

        ck_assert_int_ge(peer, 0);
        ck_assert_int_eq(asked_now(1), -1);
        tx_requests_answered(t, (unsigned)peer, nth(1));
        ck_assert(!tx_requests_pending(t, (unsigned)peer, nth(1)));
    }
    ck_assert_int_eq(asked_now(1), -1);
    end();
}
END_TEST

START_TEST(an_answer_of_another_peer_does_not_end_a_request)
{
    begin();
    tx_requests_peer_ready(t, 0, true, true);
    tx_requests_peer_ready(t, 1, true, true);
    announced(0, 1);
    ck_assert_int_eq(asked_now(1), 0);
    tx_requests_answered(t, 1, nth(1));
    ck_assert(tx_requests_pending(t, 0, nth(1)));
    ck_assert_int_eq(asked_now(1), -1);
    end();
}
END_TEST

START_TEST(who_leaves_is_followed_at_once)
{
    begin();
    tx_requests_peer_ready(t, 0, true, true);
    tx_requests_peer_ready(t, 1, false, true);
    announced(0, 1);
    announced(1, 1);
    ck_assert_int_eq(asked_now(1), 0);
    clock_test_advance_ms(5000);
    ck_assert_int_eq(asked_now(1), -1);
    tx_requests_peer_gone(t, 0);
    ck_assert_int_eq(asked_now(1), 1);
    tx_requests_peer_gone(t, 1);
    ck_assert_int_eq(tx_requests_next_us(t), CLOCK_NEVER);
    end();
}
END_TEST

START_TEST(a_preferred_peer_goes_before_others_that_are_ready)
{
    begin();
    for (unsigned i = 0; i < PEERS; i++)
        tx_requests_peer_ready(t, i, i == 5, true);
    for (unsigned n = 0; n < 20; n++) {
        for (unsigned i = 0; i < PEERS; i++)
            if (i != 5)
                announced(i, n);
        clock_test_advance_ms(TX_REQUESTS_DELAY_MS);
        announced(5, n);
        ck_assert_int_eq(asked_now(n), 5);
        tx_requests_forget(t, nth(n));
    }
    end();
}
END_TEST

START_TEST(among_equals_chance_decides)
{
    unsigned asked[2] = {0, 0};

    begin();
    random_test_start(7);
    tx_requests_free(t);
    ck_assert_int_eq(tx_requests_new(&t, PEERS), 0);
    tx_requests_peer_ready(t, 0, true, true);
    tx_requests_peer_ready(t, 1, true, true);
    for (unsigned n = 0; n < 200; n++) {
        announced(0, n);
        announced(1, n);
        asked[asked_now(n)]++;
        tx_requests_forget(t, nth(n));
    }
    ck_assert_uint_gt(asked[0], 60);
    ck_assert_uint_gt(asked[1], 60);
    random_test_stop();
    end();
}
END_TEST

START_TEST(a_peer_has_at_most_5000_announcements)
{
    struct tx_requests_counts c;

    begin();
    tx_requests_peer_ready(t, 0, false, true);
    tx_requests_peer_ready(t, 1, false, true);
    for (unsigned n = 0; n < TX_REQUESTS_ANNOUNCED; n++)
        announced(0, n);
    ck_assert_int_eq(tx_requests_announced(t, 0, nth(TX_REQUESTS_ANNOUNCED)), PN_ELIMIT);
    announced(1, TX_REQUESTS_ANNOUNCED);
    tx_requests_forget(t, nth(0));
    announced(0, TX_REQUESTS_ANNOUNCED);
    tx_requests_counts(t, &c);
    ck_assert_uint_eq(c.announced, TX_REQUESTS_ANNOUNCED + 1);
    tx_requests_peer_gone(t, 0);
    tx_requests_counts(t, &c);
    ck_assert_uint_eq(c.announced, 1);
    end();
}
END_TEST

START_TEST(more_requests_than_are_taken_wait_for_the_next_call)
{
    struct tx_request out[3];

    begin();
    tx_requests_peer_ready(t, 0, true, true);
    for (unsigned n = 0; n < 5; n++)
        announced(0, n);
    ck_assert_uint_eq(tx_requests_take(t, out, 3), 3);
    ck_assert_mem_eq(out[0].hash, nth(0), 32); /* in their order */
    ck_assert_int_le(tx_requests_next_us(t), clock_mono_us());
    ck_assert_uint_eq(tx_requests_take(t, out, 3), 2);
    ck_assert_mem_eq(out[1].hash, nth(4), 32);
    end();
}
END_TEST

START_TEST(without_memory_an_announcement_is_lost_and_nothing_else)
{
    begin();
    tx_requests_peer_ready(t, 0, true, true);
    for (int i = 0; i < 3; i++) {
        /* the heap's, which then stays; the announcement's; the transaction's */
        static const unsigned long fails[] = {1, 2, 2};

        mem_fail_at(fails[i], 0);
        ck_assert_int_eq(tx_requests_announced(t, 0, nth(1)), PN_ENOMEM);
        mem_fail_at(0, 0);
        ck_assert(!tx_requests_pending(t, 0, nth(1)));
    }
    announced(0, 1);
    ck_assert_int_eq(asked_now(1), 0);
    end();
}
END_TEST

/* Any history: at most one request a transaction, none before its time, and all is given back. */
START_TEST(a_random_history_keeps_the_promises)
{
    enum { TXS = 50, STEPS = 20000 };
    int asked_of[TXS];
    struct tx_requests_counts c;

    random_test_start((uint64_t)_i + 1);
    begin();
    memset(asked_of, -1, sizeof asked_of);
    for (unsigned i = 0; i < PEERS; i++)
        tx_requests_peer_ready(t, i, i % 2, i % 3);
    for (int step = 0; step < STEPS; step++) {
        unsigned peer = (unsigned)random_below(PEERS), n = (unsigned)random_below(TXS);
        struct tx_request out[ALL];
        size_t got;

        switch (random_below(8)) {
        case 0:
            tx_requests_answered(t, peer, nth(n));
            break;
        case 1:
            tx_requests_forget(t, nth(n));
            break;
        case 2:
            if (random_below(10))
                break;
            tx_requests_peer_gone(t, peer);
            tx_requests_peer_ready(t, peer, peer % 2, peer % 3);
            break;
        case 3:
            clock_test_advance_ms((int64_t)random_below(3000));
            break;
        default:
            tx_requests_announced(t, peer, nth(n));
        }
        for (unsigned i = 0; i < TXS; i++)
            if (asked_of[i] >= 0 && !tx_requests_pending(t, (unsigned)asked_of[i], nth(i)))
                asked_of[i] = -1;
        got = tx_requests_take(t, out, ALL);
        ck_assert_int_gt(tx_requests_next_us(t), clock_mono_us());
        for (size_t i = 0; i < got; i++) {
            unsigned which;

            memcpy(&which, out[i].hash, sizeof which);
            asked_of[which] = (int)out[i].peer;
            ck_assert(tx_requests_pending(t, out[i].peer, out[i].hash));
        }
    }
    for (unsigned i = 0; i < PEERS; i++)
        tx_requests_peer_gone(t, i);
    tx_requests_counts(t, &c);
    ck_assert_uint_eq(c.announced + c.asked + c.transactions, 0);
    ck_assert_int_eq(tx_requests_next_us(t), CLOCK_NEVER);
    end();
    random_test_stop();
}
END_TEST

void add_request_tests(Suite *s)
{
    TCase *tc = tcase_create("requests");

    suite_add_tcase(s, tc);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_preferred_peer_is_asked_at_once_and_only_once);
    tcase_add_loop_test(tc, each_reason_delays_a_request_by_two_seconds, 0,
                        sizeof delays / sizeof delays[0]);
    tcase_add_test(tc, who_does_not_answer_within_a_minute_is_followed_by_the_next);
    tcase_add_test(tc, who_says_notfound_is_followed_at_once);
    tcase_add_test(tc, an_answer_of_another_peer_does_not_end_a_request);
    tcase_add_test(tc, who_leaves_is_followed_at_once);
    tcase_add_test(tc, a_preferred_peer_goes_before_others_that_are_ready);
    tcase_add_test(tc, among_equals_chance_decides);
    tcase_add_test(tc, a_peer_has_at_most_5000_announcements);
    tcase_add_test(tc, more_requests_than_are_taken_wait_for_the_next_call);
    tcase_add_test(tc, without_memory_an_announcement_is_lost_and_nothing_else);
    tcase_add_loop_test(tc, a_random_history_keeps_the_promises, 0, 4);
}
