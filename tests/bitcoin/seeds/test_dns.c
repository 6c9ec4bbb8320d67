/* When DNS seeds are asked, which, and what becomes of their answers. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "test_seeds.h"

enum { DAY_S = 86400, MINUTE_S = 60 };

/* How often each name stands among the questions. */
static void count_names(unsigned out[7], unsigned from)
{
    memset(out, 0, 7 * sizeof out[0]);
    for (unsigned i = from; i < stage.n_asked; i++) {
        const struct asked *q = &stage.asked[i];
        char wanted[64];

        ck_assert_uint_lt(q->tag, 7);
        snprintf(wanted, sizeof wanted, "x9.%s", names[q->tag]);
        ck_assert_str_eq(q->host, wanted);
        ck_assert_uint_eq(q->port, PORT);
        out[q->tag]++;
    }
}

START_TEST(with_an_empty_book_every_seed_is_asked_at_once)
{
    unsigned count[7];

    stage_begin();
    ck_assert_uint_eq(stage.n_asked, 7);
    count_names(count, 0);
    for (unsigned i = 0; i < 7; i++)
        ck_assert_msg(count[i] == 1, "%s: expected once, got %u", names[i], count[i]);
}
END_TEST

START_TEST(the_order_is_random)
{
    bool first[7] = {false};
    unsigned seen = 0;

    for (int i = 0; i < 100; i++) {
        stage_begin();
        first[stage.asked[0].tag] = true;
        stage.n_asked = 0;
        stage.room = ASKED_MAX;
        seeds_free(stage.seeds);
        stage.seeds = NULL;
    }
    for (unsigned i = 0; i < 7; i++)
        seen += first[i];
    ck_assert_uint_eq(seen, 7);
}
END_TEST

START_TEST(a_small_book_has_11_seconds_before_each_three_seeds)
{
    unsigned count[7];

    stage_fill_book(999, NET_IPV4);
    stage_begin();
    ck_assert_uint_eq(stage.n_asked, 0);
    stage_pass_s(10);
    ck_assert_uint_eq(stage.n_asked, 0);
    stage_pass_s(1);
    ck_assert_uint_eq(stage.n_asked, 3);
    stage_pass_s(10);
    ck_assert_uint_eq(stage.n_asked, 3);
    stage_pass_s(1);
    ck_assert_uint_eq(stage.n_asked, 6);
    stage_pass_s(11);
    ck_assert_uint_eq(stage.n_asked, 7);
    count_names(count, 0);
    for (unsigned i = 0; i < 7; i++)
        ck_assert_uint_eq(count[i], 1);
}
END_TEST

START_TEST(a_large_book_has_five_minutes)
{
    stage_fill_book(1000, NET_IPV4);
    stage_begin();
    stage_pass_s(5 * MINUTE_S - 1);
    ck_assert_uint_eq(stage.n_asked, 0);
    stage_pass_s(12);
    ck_assert_uint_eq(stage.n_asked, 3);
}
END_TEST

START_TEST(two_outbound_peers_are_enough)
{
    stage_fill_book(10, NET_IPV4);
    stage.outbound = 1;
    stage_begin();
    stage_pass_s(11);
    ck_assert_uint_eq(stage.n_asked, 3);
    stage.outbound = 2;
    stage_pass_s(24 * 60 * MINUTE_S);
    ck_assert_uint_eq(stage.n_asked, 3);
}
END_TEST

START_TEST(peers_that_are_lost_and_not_replaced_in_time_are_reason_to_ask)
{
    stage_fill_book(10, NET_IPV4);
    stage.outbound = 8;
    stage_begin();
    stage_pass_s(1000);
    stage.outbound = 0;
    stage_pass_s(11); /* until this is noticed */
    ck_assert_uint_eq(stage.n_asked, 0);
    stage.outbound = 8;
    stage_pass_s(1000);
    ck_assert_uint_eq(stage.n_asked, 0);
    stage.outbound = 1;
    stage_pass_s(22);
    ck_assert_uint_eq(stage.n_asked, 3);
}
END_TEST

START_TEST(each_round_waits_longer_than_the_last)
{
    unsigned asked = 7;

    stage_begin();
    for (unsigned i = 0; i < asked; i++)
        stage_answer(&stage.asked[i], PN_ETIMEDOUT, NULL, 0);
    ck_assert_uint_eq(stage.n_asked, asked);
    stage_pass_s(299);
    ck_assert_uint_eq(stage.n_asked, asked);
    stage_pass_s(12); /* the book is still empty: all of them */
    ck_assert_uint_eq(stage.n_asked, 2 * asked);
    stage_pass_s(599);
    ck_assert_uint_eq(stage.n_asked, 2 * asked);
    stage_pass_s(12);
    ck_assert_uint_eq(stage.n_asked, 3 * asked);
    stage_pass_s(10 * 3600); /* 15, 20, ... minutes */
    asked = stage.n_asked;
    stage_pass_s(3600 - 1);
    ck_assert_uint_le(stage.n_asked, asked + 7);
    stage_pass_s(1 + 11);
    ck_assert_uint_ge(stage.n_asked, asked + 7);
}
END_TEST

START_TEST(without_room_for_a_lookup_the_seed_is_asked_later)
{
    unsigned count[7];

    stage.room = 4;
    stage_begin();
    ck_assert_uint_eq(stage.n_asked, 4);
    stage.room = 7;
    stage_pass_s(11);
    ck_assert_uint_eq(stage.n_asked, 7);
    count_names(count, 0);
    for (unsigned i = 0; i < 7; i++)
        ck_assert_uint_eq(count[i], 1);
}
END_TEST

START_TEST(what_a_seed_tells_is_dated_three_to_seven_days_ago)
{
    struct net_addr addrs[40];
    int64_t now_s = clock_wall_s(), oldest = now_s, newest = 0;

    for (unsigned i = 0; i < 40; i++)
        addrs[i] =
            (struct net_addr){.kind = NET_IPV4, .port = PORT, .bytes = {33, (uint8_t)i, 1, 1}};
    stage_begin();
    stage_answer(&stage.asked[0], 0, addrs, 40);
    ck_assert_uint_gt(addrbook_size(stage.book), 20);
    ck_assert_uint_eq(stage.found_dns, addrbook_size(stage.book));
    for (unsigned i = 0; i < 40; i++) {
        struct addrbook_record r;

        if (!addrbook_find(stage.book, &r, &addrs[i]))
            continue;
        ck_assert_uint_eq(r.services, SERVICES);
        ck_assert_int_gt(r.last_seen_s, now_s - 7 * DAY_S);
        ck_assert_int_le(r.last_seen_s, now_s - 3 * DAY_S);
        oldest = r.last_seen_s < oldest ? r.last_seen_s : oldest;
        newest = r.last_seen_s > newest ? r.last_seen_s : newest;
    }
    ck_assert_int_gt(newest - oldest, DAY_S);
}
END_TEST

START_TEST(what_is_not_routable_is_not_believed)
{
    const struct net_addr addrs[] = {{.kind = NET_IPV4, .port = PORT, .bytes = {127, 0, 0, 1}},
                                     {.kind = NET_IPV4, .port = PORT, .bytes = {10, 0, 0, 1}}};

    stage_begin();
    stage_answer(&stage.asked[0], 0, addrs, 2);
    ck_assert_uint_eq(addrbook_size(stage.book), 0);
    ck_assert_uint_eq(stage.found_dns, 0);
}
END_TEST

START_TEST(each_seed_is_a_source_in_a_group_of_its_own)
{
    struct net_addr a = seeds_made_up_source(names[0]);
    struct net_group groups[7];

    ck_assert(net_addr_equal(&a, &(struct net_addr[]){seeds_made_up_source(names[0])}[0]));
    for (unsigned i = 0; i < 7; i++) {
        struct net_addr source = seeds_made_up_source(names[i]);

        ck_assert(net_addr_is_routable(NULL, &source)); /* else all were one group */
        groups[i] = net_group_of(NULL, &source);
        for (unsigned j = 0; j < i; j++)
            ck_assert(!net_group_equal(&groups[i], &groups[j]));
    }
}
END_TEST

START_TEST(without_names_the_dns_is_not_asked)
{
    stage.config.n_names = 0;
    stage_begin();
    ck_assert_int_eq(stage.next_us, CLOCK_NEVER);
    ck_assert_uint_eq(stage.n_asked, 0);
}
END_TEST

void add_dns_tests(Suite *s)
{
    TCase *t = tcase_create("dns");

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, stage_set_up, stage_tear_down);
    tcase_add_test(t, with_an_empty_book_every_seed_is_asked_at_once);
    tcase_add_test(t, the_order_is_random);
    tcase_add_test(t, a_small_book_has_11_seconds_before_each_three_seeds);
    tcase_add_test(t, a_large_book_has_five_minutes);
    tcase_add_test(t, two_outbound_peers_are_enough);
    tcase_add_test(t, peers_that_are_lost_and_not_replaced_in_time_are_reason_to_ask);
    tcase_add_test(t, each_round_waits_longer_than_the_last);
    tcase_add_test(t, without_room_for_a_lookup_the_seed_is_asked_later);
    tcase_add_test(t, what_a_seed_tells_is_dated_three_to_seven_days_ago);
    tcase_add_test(t, what_is_not_routable_is_not_believed);
    tcase_add_test(t, each_seed_is_a_source_in_a_group_of_its_own);
    tcase_add_test(t, without_names_the_dns_is_not_asked);
}
