/* Addresses: who may tell us how many, who is answered, and who hears of what. */
#include <poll.h>
#include <string.h>

#include "addrbook/addrbook.h"
#include "base/clock.h"
#include "base/err.h"
#include "bitcoin/internal.h"
#include "node_fixture.h"
#include "test_bitcoin.h"

enum { NOW_S = 1700000000 };

static struct net_addr address(uint8_t b, uint8_t c, uint8_t d)
{
    return (struct net_addr){.kind = NET_IPV4, .bytes = {127, b, c, d}, .port = 18444};
}

/* n addresses of as many groups, seen `age_s` ago. */
static void send_addrs(struct remote *r, size_t n, uint8_t series, uint32_t age_s)
{
    static uint8_t bytes[1000][4];
    static struct btc_addr items[1000];
    struct btc_msg m = {.cmd = BTC_CMD_ADDRV2, .u.addrv2 = {.items = items, .count = n}};

    for (size_t i = 0; i < n; i++) {
        bytes[i][0] = 127;
        bytes[i][1] = (uint8_t)(1 + i % 250);
        bytes[i][2] = (uint8_t)(i / 250);
        bytes[i][3] = series;
        items[i] = (struct btc_addr){.services = 1,
                                     .addr = {.data = bytes[i], .len = 4},
                                     .time = NOW_S - age_s,
                                     .port = 18444,
                                     .network = BTC_NET_IPV4};
    }
    remote_send(r, &m);
}

/* Everything sent before has been handled. */
static void settle(struct remote *r)
{
    struct btc_msg m = {.cmd = BTC_CMD_PING, .u.ping.nonce = 99};

    remote_send(r, &m);
    remote_await(r, &m, BTC_CMD_PONG);
}

static void set_up(struct node_fixture *n)
{
    clock_test_start(NOW_S);
    node_start(n);
}

static void tear_down(struct node_fixture *n)
{
    node_stop(n);
    clock_test_stop();
}

START_TEST(an_inbound_peer_is_heard_at_a_tenth_of_an_address_a_second)
{
    static struct node_fixture n;
    struct remote r;

    set_up(&n);
    remote_join(&r, &n);
    send_addrs(&r, 1000, 1, 3600);
    settle(&r);
    ck_assert_uint_eq(addrbook_size(n.book), 1);
    clock_test_advance_ms(60000); /* six more */
    send_addrs(&r, 1000, 2, 3600);
    settle(&r);
    ck_assert_uint_ge(addrbook_size(n.book), 6);
    ck_assert_uint_le(addrbook_size(n.book), 8);
    remote_close(&r);
    tear_down(&n);
}
END_TEST

START_TEST(the_answer_to_our_own_getaddr_is_heard_whole)
{
    const struct net_addr at = address(9, 9, 9);
    static struct node_fixture n;
    struct remote r;
    struct btc_msg m;

    set_up(&n);
    remote_open_as(&r, &n, CONN_FULL, &at);
    remote_send_version(&r, 70016, 1);
    remote_send_empty(&r, BTC_CMD_VERACK);
    remote_await(&r, &m, BTC_CMD_GETADDR);
    send_addrs(&r, 1000, 1, 3600);
    settle(&r);
    ck_assert_uint_ge(addrbook_size(n.book), 700); /* one source group reaches 64 buckets */
    remote_close(&r);
    tear_down(&n);
}
END_TEST

START_TEST(getaddr_is_answered_once_and_only_to_inbound_peers)
{
    const struct net_addr at = address(9, 9, 9);
    static struct node_fixture n;
    struct remote in, out;
    struct btc_msg m;
    int answers = 0, cmd;

    set_up(&n);
    for (int i = 1; i < 100; i++) {
        struct addrbook_seen seen = {
            .addr = address((uint8_t)i, 1, 1), .services = 1, .last_seen_s = NOW_S - 3600};

        addrbook_add(n.book, &seen, 1, NULL, 0);
    }
    remote_join(&in, &n);
    remote_send_empty(&in, BTC_CMD_GETADDR);
    remote_await(&in, &m, BTC_CMD_ADDRV2);
    ck_assert_uint_ge(m.u.addrv2.count, 1);
    ck_assert_uint_le(m.u.addrv2.count, 23); /* 23 % */
    remote_send_empty(&in, BTC_CMD_GETADDR);
    remote_open_as(&out, &n, CONN_MANUAL, &at);
    remote_shake_hands(&out);
    remote_send_empty(&out, BTC_CMD_GETADDR);
    m = (struct btc_msg){.cmd = BTC_CMD_PING, .u.ping.nonce = 5};
    remote_send(&in, &m);
    remote_send(&out, &m);
    while ((cmd = remote_next(&in)) != BTC_CMD_PONG)
        answers += cmd == BTC_CMD_ADDRV2;
    while ((cmd = remote_next(&out)) != BTC_CMD_PONG)
        answers += cmd == BTC_CMD_ADDRV2;
    ck_assert_int_eq(answers, 0);
    remote_close(&in);
    remote_close(&out);
    tear_down(&n);
}
END_TEST

/* How many addresses the node sends to this peer within `minutes`. */
static size_t hear(struct remote *r, int minutes)
{
    size_t heard = 0;

    for (int i = 0; i < minutes * 12; i++) {
        clock_test_advance_ms(5000);
        poll(NULL, 0, 3); /* the manager notices the moved clock within a millisecond */
    }
    for (;;) {
        struct btc_msg m = {.cmd = BTC_CMD_PING, .u.ping.nonce = 7};
        int cmd;

        remote_send(r, &m);
        while ((cmd = remote_next(r)) != BTC_CMD_PONG)
            if (cmd == BTC_CMD_ADDRV2) {
                ck_assert_int_eq(btc_msg_decode(&m, &r->arena, BTC_CMD_ADDRV2, r->last.payload.data,
                                                r->last.payload.len),
                                 0);
                heard += m.u.addrv2.count;
            }
        return heard;
    }
}

START_TEST(a_small_fresh_announcement_goes_to_two_peers_and_an_old_one_to_none)
{
    static struct node_fixture n;
    struct remote from, to[5];
    size_t heard = 0;

    set_up(&n);
    remote_join(&from, &n);
    for (int i = 0; i < 5; i++)
        remote_join(&to[i], &n);
    send_addrs(&from, 1, 1, 60);
    settle(&from);
    for (int i = 0; i < 5; i++) {
        size_t mine = hear(&to[i], i == 0 ? 4 : 0);

        ck_assert_uint_le(mine, 1);
        heard += mine;
    }
    ck_assert_uint_eq(heard, 2);
    clock_test_advance_ms(20000);
    send_addrs(&from, 1, 2, 7200); /* two hours old */
    settle(&from);
    for (int i = 0; i < 5; i++)
        ck_assert_uint_eq(hear(&to[i], i == 0 ? 4 : 0), 0);
    remote_close(&from);
    for (int i = 0; i < 5; i++)
        remote_close(&to[i]);
    tear_down(&n);
}
END_TEST

static size_t rejected(struct node_fixture *n, const char *reason)
{
    const struct journal_filter f = {.events = JOURNAL_BIT(JOURNAL_REJECTED)};
    static struct journal_record r[64];
    size_t all = journal_query(n->journal, r, 64, &f), found = 0;

    for (size_t i = 0; i < all; i++)
        found += strcmp(r[i].reason, reason) == 0;
    return found;
}

START_TEST(addresses_of_the_banned_are_neither_kept_nor_told)
{
    const struct subnet one = {.base = {.kind = NET_IPV4, .bytes = {127, 3}}, .prefix_bits = 16};
    const struct subnet all = {.base = {.kind = NET_IPV4, .bytes = {127}}, .prefix_bits = 8};
    const struct net_addr at = address(9, 9, 9), banned = address(3, 0, 1);
    static struct node_fixture n;
    struct addrbook_record known;
    struct addrbook_counts counts;
    struct remote out, in;

    set_up(&n);
    ck_assert_int_eq(banlist_add(n.gate->bans, &one, NOW_S + 86400, "score"), 0);
    remote_open_as(&out, &n, CONN_FULL, &at);
    remote_shake_hands(&out);
    send_addrs(&out, 40, 1, 3600);
    settle(&out);
    addrbook_counts(n.book, &counts); /* two may want one place, which the book's key decides */
    ck_assert_uint_eq(counts.events.added + counts.events.occupied, 39);
    ck_assert_uint_ge(counts.events.added, 30);
    ck_assert(!addrbook_find(n.book, &known, &banned));
    ck_assert_uint_eq(rejected(&n, "banned"), 1);
    ck_assert_uint_eq(journal_funnel(n.journal, "bitcoin").found, counts.events.added);
    ck_assert_int_eq(banlist_add(n.gate->bans, &all, NOW_S + 86400, "score"), 0);
    remote_join(&in, &n);
    remote_send_empty(&in, BTC_CMD_GETADDR);
    ck_assert_uint_eq(hear(&in, 0), 0);
    remote_close(&in);
    remote_close(&out);
    tear_down(&n);
}
END_TEST

START_TEST(what_we_could_not_reach_is_passed_on_and_not_kept)
{
    static struct node_fixture n;
    struct remote from, to[4];
    size_t heard = 0;

    clock_test_start(NOW_S);
    node_start_reaching(&n, ADDRBOOK_KIND_BIT(NET_TORV3));
    remote_join(&from, &n);
    for (int i = 0; i < 4; i++)
        remote_join(&to[i], &n);
    send_addrs(&from, 1, 1, 60);
    settle(&from);
    for (int i = 0; i < 4; i++)
        heard += hear(&to[i], i == 0 ? 4 : 0);
    ck_assert_uint_ge(heard, 1);
    ck_assert_uint_le(heard, 2);
    ck_assert_uint_eq(addrbook_size(n.book), 0);
    ck_assert_uint_eq(rejected(&n, "no_route"), 1);
    remote_close(&from);
    for (int i = 0; i < 4; i++)
        remote_close(&to[i]);
    tear_down(&n);
}
END_TEST

/* The next message that is one of the two. */
static int next_of(struct remote *r, enum btc_cmd one, enum btc_cmd other)
{
    int cmd;

    do
        cmd = remote_next(r);
    while (cmd != (int)one && cmd != (int)other);
    return cmd;
}

START_TEST(our_own_address_is_announced_to_a_new_peer)
{
    int cmd;
    const struct net_addr self = address(77, 1, 1);
    static struct node_fixture n;
    struct remote r;
    struct btc_msg m;

    set_up(&n);
    ck_assert_int_eq(addrbook_local_add(n.book, &self, ADDRBOOK_LOCAL_MANUAL), 0);
    remote_join(&r, &n);
    do { /* the manager looks once a second, by the clock that stands still */
        clock_test_advance_ms(1000);
        m = (struct btc_msg){.cmd = BTC_CMD_PING, .u.ping.nonce = 3};
        remote_send(&r, &m);
    } while ((cmd = next_of(&r, BTC_CMD_ADDRV2, BTC_CMD_PONG)) != BTC_CMD_ADDRV2);
    ck_assert_int_eq(
        btc_msg_decode(&m, &r.arena, BTC_CMD_ADDRV2, r.last.payload.data, r.last.payload.len), 0);
    ck_assert_uint_eq(m.u.addrv2.count, 1);
    ck_assert_mem_eq(m.u.addrv2.items[0].addr.data, self.bytes, 4);
    ck_assert_uint_eq(m.u.addrv2.items[0].port, self.port);
    remote_close(&r);
    tear_down(&n);
}
END_TEST

START_TEST(no_addresses_pass_over_a_block_relay_only_connection)
{
    const struct net_addr self = address(77, 1, 1), at = address(9, 9, 9);
    static struct node_fixture n;
    struct remote r;
    int cmd;
    struct btc_msg m = {.cmd = BTC_CMD_PING, .u.ping.nonce = 5};

    set_up(&n);
    addrbook_local_add(n.book, &self, ADDRBOOK_LOCAL_MANUAL);
    remote_open_as(&r, &n, CONN_BLOCK_RELAY, &at);
    remote_send_version(&r, 70016, 1);
    remote_send_empty(&r, BTC_CMD_VERACK);
    send_addrs(&r, 5, 1, 60);
    for (int i = 0; i < 60; i++) {
        clock_test_advance_ms(1000);
        poll(NULL, 0, 2);
    }
    remote_send(&r, &m);
    while ((cmd = remote_next(&r)) != BTC_CMD_PONG)
        ck_assert_msg(cmd != BTC_CMD_GETADDR && cmd != BTC_CMD_ADDR && cmd != BTC_CMD_ADDRV2,
                      "it sent %s", btc_cmd_info((enum btc_cmd)cmd)->name);
    ck_assert_uint_eq(addrbook_size(n.book), 0);
    remote_close(&r);
    tear_down(&n);
}
END_TEST

START_TEST(a_feeler_that_answers_moves_to_the_tried_table_and_ends)
{
    const struct net_addr at = address(9, 9, 9);
    struct addrbook_seen seen = {.addr = at, .services = 1, .last_seen_s = NOW_S - 3600};
    static struct node_fixture n;
    struct addrbook_record record;
    struct remote r;
    long before;

    set_up(&n);
    addrbook_add(n.book, &seen, 1, NULL, 0);
    before = disconnects("done");
    remote_open_as(&r, &n, CONN_FEELER, &at);
    remote_send_version(&r, 70016, 1);
    remote_send_empty(&r, BTC_CMD_VERACK);
    remote_await_end(&r);
    await_disconnect("done", before);
    ck_assert(addrbook_find(n.book, &record, &at));
    ck_assert(record.tried);
    remote_close(&r);
    tear_down(&n);
}
END_TEST

/* Addresses that have answered, each of its own group. */
static void know_tried(struct node_fixture *n, uint8_t count)
{
    for (uint8_t i = 1; i <= count; i++) {
        const struct addrbook_seen seen = {.addr = address(i, 1, 1), .last_seen_s = NOW_S};

        ck_assert_uint_eq(addrbook_add(n->book, &seen, 1, NULL, 0), 1);
        ck_assert_int_eq(addrbook_good(n->book, &seen.addr), ADDRBOOK_GOOD_MOVED);
    }
}

/* A round of the dialer in which so many places stay empty, and the next pause. */
static bool fetches(const struct dial_source *source, struct dial_candidate *c, unsigned places)
{
    bool any;

    source->wanting(source->arg, places);
    any = source->choose(source->arg, c, CONN_ADDR_FETCH) == 0;
    clock_test_advance_ms(3000);
    return any;
}

START_TEST(while_places_stay_empty_those_who_have_answered_are_asked_for_more_addresses)
{
    static struct node_fixture n;
    struct dial_source source;
    struct dial_candidate c;
    bool asked[4] = {false};

    set_up(&n);
    source = bitcoin_dial_source(n.bitcoin);
    know_tried(&n, 3);
    ck_assert(!fetches(&source, &c, 0));
    for (unsigned i = 0; i < 3; i++) { /* each once, whether it could be reached or not */
        ck_assert(fetches(&source, &c, 2));
        ck_assert_str_eq(c.why, "wanting");
        ck_assert(!asked[c.addr.bytes[1]]);
        asked[c.addr.bytes[1]] = true;
        source.tried(source.arg, &c.addr, CONN_ADDR_FETCH, i == 0 ? PN_EREFUSED : 0);
    }
    ck_assert(!fetches(&source, &c, 2));
    clock_test_advance_ms(600000);
    ck_assert(fetches(&source, &c, 1));
    ck_assert(!fetches(&source, &c, 0));
    tear_down(&n);
}
END_TEST

START_TEST(addresses_are_fetched_with_pauses)
{
    static struct node_fixture n;
    struct dial_source source;
    struct dial_candidate c;

    set_up(&n);
    source = bitcoin_dial_source(n.bitcoin);
    know_tried(&n, 3);
    source.wanting(source.arg, 1);
    ck_assert_int_eq(source.choose(source.arg, &c, CONN_ADDR_FETCH), 0);
    ck_assert_int_eq(source.choose(source.arg, &c, CONN_ADDR_FETCH), PN_ENOENT);
    clock_test_advance_ms(2999);
    ck_assert_int_eq(source.choose(source.arg, &c, CONN_ADDR_FETCH), PN_ENOENT);
    clock_test_advance_ms(1);
    ck_assert_int_eq(source.choose(source.arg, &c, CONN_ADDR_FETCH), 0);
    tear_down(&n);
}
END_TEST

START_TEST(a_seed_is_asked_until_it_has_answered_and_then_rests_for_a_minute)
{
    static struct node_fixture n;
    struct net_target seed = {.addr = address(9, 1, 1)};
    struct dial_source source;
    struct dial_candidate c;

    set_up(&n);
    n.bitcoin->config.seednodes = &seed;
    n.bitcoin->config.n_seednodes = 1;
    source = bitcoin_dial_source(n.bitcoin);
    for (int i = 0; i < 3; i++) { /* it is not up at first */
        ck_assert_int_eq(source.choose(source.arg, &c, CONN_ADDR_FETCH), 0);
        ck_assert_str_eq(c.why, "seed");
        ck_assert(c.seed);
        source.tried(source.arg, &c.addr, CONN_ADDR_FETCH, i < 2 ? PN_EREFUSED : 0);
        clock_test_advance_ms(10000);
    }
    ck_assert_int_eq(source.choose(source.arg, &c, CONN_ADDR_FETCH), PN_ENOENT);
    clock_test_advance_ms(50000);
    ck_assert_int_eq(source.choose(source.arg, &c, CONN_ADDR_FETCH), 0);
    tear_down(&n);
}
END_TEST

void add_gossip_tests(Suite *s)
{
    TCase *t = tcase_create("gossip");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, an_inbound_peer_is_heard_at_a_tenth_of_an_address_a_second);
    tcase_add_test(t, the_answer_to_our_own_getaddr_is_heard_whole);
    tcase_add_test(t, getaddr_is_answered_once_and_only_to_inbound_peers);
    tcase_add_test(t, while_places_stay_empty_those_who_have_answered_are_asked_for_more_addresses);
    tcase_add_test(t, addresses_are_fetched_with_pauses);
    tcase_add_test(t, a_seed_is_asked_until_it_has_answered_and_then_rests_for_a_minute);
    tcase_add_test(t, a_small_fresh_announcement_goes_to_two_peers_and_an_old_one_to_none);
    tcase_add_test(t, addresses_of_the_banned_are_neither_kept_nor_told);
    tcase_add_test(t, what_we_could_not_reach_is_passed_on_and_not_kept);
    tcase_add_test(t, our_own_address_is_announced_to_a_new_peer);
    tcase_add_test(t, no_addresses_pass_over_a_block_relay_only_connection);
    tcase_add_test(t, a_feeler_that_answers_moves_to_the_tried_table_and_ends);
}
