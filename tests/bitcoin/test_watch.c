/* Chosen peers that stay behind the chain, and the one that is too many. */
#include <poll.h>

#include "base/clock.h"
#include "base/err.h"
#include "node_fixture.h"
#include "test_bitcoin.h"

enum { NOW_S = 1700000000, HEADERS = 5 };

static struct net_addr address(uint8_t group)
{
    return (struct net_addr){.kind = NET_IPV4, .bytes = {127, group, 0, 1}, .port = 18444};
}

static void join_as(struct remote *r, struct node_fixture *n, enum conn_kind kind, uint8_t group)
{
    const struct net_addr at = address(group);

    remote_open_as(r, n, kind, &at);
    remote_shake_hands(r);
}

/* So many minutes pass, in which the peer shows that it is there. Returns: how often it was asked
 * for headers; -1: the node has parted from it. */
static int stay(struct remote *r, int minutes)
{
    struct btc_msg ping = {.cmd = BTC_CMD_PING, .u.ping.nonce = 3};
    int asked = 0, cmd;

    for (int i = 0; i < minutes; i++) {
        clock_test_advance_ms(60000);
        poll(NULL, 0, 5); /* the manager notices the moved clock */
        remote_send(r, &ping);
        while ((cmd = remote_next(r)) != BTC_CMD_PONG) {
            if (cmd < 0)
                return -1;
            asked += cmd == BTC_CMD_GETHEADERS;
        }
    }
    return asked;
}

/* An inbound peer raises the tip. */
static void raise_tip(struct remote *r, struct node_fixture *n, size_t count)
{
    static struct btc_header headers[HEADERS];
    struct btc_msg m = {.cmd = BTC_CMD_HEADERS};
    uint8_t hash[BTC_HASH_BYTES];

    mine_headers(headers, hash, count, btc_params_find("regtest")->genesis_hash,
                 (uint32_t)NOW_S - 3600);
    m.u.headers = (struct btc_headers){.items = headers, .count = count};
    remote_send(r, &m);
    for (int i = 0; i < 20000 && bitcoin_height(n->bitcoin) < count; i++)
        poll(NULL, 0, 1);
    ck_assert_uint_eq(bitcoin_height(n->bitcoin), count);
}

START_TEST(a_chosen_peer_that_stays_behind_is_asked_once_more_and_then_parted_from)
{
    static struct node_fixture n;
    struct remote source, idle;
    int asked, minutes = 0;
    long before;

    clock_test_start(NOW_S);
    node_start(&n);
    before = disconnects("lagging");
    remote_join(&source, &n);
    join_as(&idle, &n, CONN_BLOCK_RELAY, 1);
    raise_tip(&source, &n, HEADERS);
    ck_assert_int_ge(stay(&idle, 2), 0); /* the watch begins */
    ck_assert_int_eq(stay(&idle, 16), 0);
    while ((asked = stay(&idle, 1)) == 0)
        minutes++;
    ck_assert_int_eq(asked, 1);
    ck_assert_int_ge(minutes, 1);
    ck_assert_int_le(minutes, 5);
    stay(&idle, 5);
    await_disconnect("lagging", before);
    remote_close(&idle);
    remote_close(&source);
    node_stop(&n);
    clock_test_stop();
}
END_TEST

START_TEST(one_that_shows_the_tip_when_it_is_asked_stays)
{
    static struct node_fixture n;
    struct remote source, slow;
    long before;

    clock_test_start(NOW_S);
    node_start(&n);
    before = disconnects("lagging");
    remote_join(&source, &n);
    join_as(&slow, &n, CONN_BLOCK_RELAY, 1);
    raise_tip(&source, &n, HEADERS);
    ck_assert_int_ge(stay(&slow, 21), 1);
    raise_tip(&slow, &n, HEADERS);
    ck_assert_int_ge(stay(&slow, 30), 0);
    ck_assert_int_eq(disconnects("lagging"), before);
    remote_close(&slow);
    remote_close(&source);
    node_stop(&n);
    clock_test_stop();
}
END_TEST

/* The fixture is to keep two full connections. */
START_TEST(of_three_full_connections_the_least_useful_goes)
{
    static struct node_fixture n;
    struct remote r[7];
    long before;

    clock_test_start(NOW_S);
    node_start(&n);
    before = disconnects("evicted");
    for (uint8_t i = 0; i < 7; i++) /* four of them are guarded: they are at the tip */
        join_as(&r[i], &n, CONN_FULL, (uint8_t)(i + 1));
    clock_test_advance_ms(60000);
    await_disconnect("evicted", before);
    for (int i = 0; i < 7; i++)
        remote_close(&r[i]);
    node_stop(&n);
    clock_test_stop();
}
END_TEST

void add_watch_tests(Suite *s)
{
    TCase *t = tcase_create("outbound watch");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_chosen_peer_that_stays_behind_is_asked_once_more_and_then_parted_from);
    tcase_add_test(t, one_that_shows_the_tip_when_it_is_asked_stays);
    tcase_add_test(t, of_three_full_connections_the_least_useful_goes);
}
