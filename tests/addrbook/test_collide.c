/* Test before evict; and our own addresses. */
#include "base/err.h"
#include "book_fixture.h"
#include "harness.h"
#include "journal/journal.h"

static struct addrbook *book;
static struct net_addr older, newer; /* the second wants the place that the first has */

static void setup(void)
{
    fx_start();
    book = addrbook_new(NULL);
    ck_assert_ptr_nonnull(book);
}

static void setup_collision(void)
{
    setup();
    fx_collide(book, &older, &newer);
    ck_assert(fx_record(book, &older).tried);
    ck_assert(!fx_record(book, &newer).tried);
}

static void teardown(void)
{
    fx_check(book);
    addrbook_free(book);
    fx_stop();
}

static void expect(const struct addrbook_resolved *r, unsigned kept, unsigned replaced,
                   unsigned gone, unsigned waiting)
{
    ck_assert_uint_eq(r->kept, kept);
    ck_assert_uint_eq(r->replaced, replaced);
    ck_assert_uint_eq(r->gone, gone);
    ck_assert_uint_eq(r->waiting, waiting);
}

static unsigned collisions(void)
{
    struct addrbook_counts counts;

    addrbook_counts(book, &counts);
    return counts.collisions;
}

START_TEST(the_older_address_is_the_one_to_test)
{
    struct addrbook_choice c;

    ck_assert(addrbook_select_collision(book, &c));
    ck_assert(net_addr_equal(&c.addr, &older));
    ck_assert(c.tried);
}
END_TEST

START_TEST(one_that_answered_within_four_hours_stays)
{
    struct addrbook_resolved r;

    fx_advance_s(4 * FX_HOUR_S - 1);
    r = addrbook_resolve_collisions(book, NULL, NULL);
    expect(&r, 1, 0, 0, 0);
    ck_assert(fx_record(book, &older).tried);
    ck_assert(!fx_record(book, &newer).tried);
    ck_assert_uint_eq(collisions(), 0);
}
END_TEST

START_TEST(one_that_failed_its_test_goes_back_to_new)
{
    struct addrbook_resolved r;

    fx_advance_s(5 * FX_HOUR_S);
    addrbook_good(book, &newer);
    addrbook_attempt(book, &older, true);
    fx_advance_s(60);
    r = addrbook_resolve_collisions(book, NULL, NULL);
    expect(&r, 0, 0, 0, 1); /* a minute to answer */
    fx_advance_s(1);
    r = addrbook_resolve_collisions(book, NULL, NULL);
    expect(&r, 0, 1, 0, 0);
    ck_assert(!fx_record(book, &older).tried);
    ck_assert(fx_record(book, &newer).tried);
    ck_assert_uint_eq(collisions(), 0);
}
END_TEST

START_TEST(who_loses_a_place_in_tried_and_who_does_not_get_it_is_noted)
{
    struct journal *journal = journal_new(8);
    char text[NET_ADDR_TEXT_BYTES];
    struct journal_record why;

    addrbook_set_journal(book, journal, "test");
    addrbook_resolve_collisions(book, NULL, NULL); /* the older one has answered just now */
    ck_assert_uint_eq(journal_query(journal, &why, 1, &(struct journal_filter){0}), 1);
    ck_assert_int_eq(why.event, JOURNAL_REJECTED);
    ck_assert_str_eq(why.reason, "kept");
    ck_assert_str_eq(why.subject, net_addr_format(text, &newer));
    fx_advance_s(5 * FX_HOUR_S);
    addrbook_good(book, &newer);
    addrbook_attempt(book, &older, true);
    fx_advance_s(61);
    addrbook_resolve_collisions(book, NULL, NULL);
    ck_assert_uint_eq(
        journal_query(journal, &why, 1,
                      &(struct journal_filter){.events = JOURNAL_BIT(JOURNAL_DEMOTED)}),
        1);
    ck_assert_str_eq(why.reason, "replaced");
    ck_assert_str_eq(why.subject, net_addr_format(text, &older));
    addrbook_set_journal(book, NULL, NULL);
    journal_free(journal);
}
END_TEST

START_TEST(one_that_passed_its_test_stays)
{
    struct addrbook_resolved r;

    fx_advance_s(5 * FX_HOUR_S);
    addrbook_good(book, &newer);
    addrbook_attempt(book, &older, true);
    addrbook_good(book, &older);
    fx_advance_s(61);
    r = addrbook_resolve_collisions(book, NULL, NULL);
    expect(&r, 1, 0, 0, 0);
    ck_assert(fx_record(book, &older).tried);
}
END_TEST

START_TEST(one_that_cannot_be_tested_gives_way_after_40_minutes)
{
    struct addrbook_resolved r;

    fx_advance_s(5 * FX_HOUR_S);
    addrbook_good(book, &newer); /* answers again */
    fx_advance_s(40 * FX_MINUTE_S);
    r = addrbook_resolve_collisions(book, NULL, NULL);
    expect(&r, 0, 0, 0, 1);
    fx_advance_s(1);
    r = addrbook_resolve_collisions(book, NULL, NULL);
    expect(&r, 0, 1, 0, 0);
    ck_assert(fx_record(book, &newer).tried);
}
END_TEST

static bool is_older(void *arg, const struct net_addr *addr)
{
    ++*(unsigned *)arg;
    return net_addr_equal(addr, &older);
}

START_TEST(one_that_is_connected_stays_however_long_ago_it_was_dialled)
{
    struct addrbook_resolved r;
    unsigned asked = 0;

    fx_advance_s(10 * FX_HOUR_S);
    r = addrbook_resolve_collisions(book, is_older, &asked);
    expect(&r, 1, 0, 0, 0);
    ck_assert_uint_eq(asked, 1);
    ck_assert(fx_record(book, &older).tried);
}
END_TEST

START_TEST(a_flood_of_collisions_is_remembered_up_to_ten)
{
    struct addrbook_counts counts;

    for (uint32_t n = 1; n < 2000; n++) {
        struct net_addr a = fx_nth(60, 10000 + n), source = fx_nth(70, n << 16);

        if (fx_add(book, &a, &source))
            addrbook_good(book, &a);
    }
    addrbook_counts(book, &counts);
    ck_assert_uint_eq(counts.collisions, ADDRBOOK_COLLISIONS_MAX);
    ck_assert_uint_gt(counts.events.collision_dropped, 0);
    ck_assert(fx_record(book, &older).tried);
}
END_TEST

START_TEST(the_same_address_collides_once)
{
    addrbook_good(book, &newer);
    addrbook_good(book, &newer);
    ck_assert_uint_eq(collisions(), 1);
}
END_TEST

START_TEST(there_is_nothing_to_resolve_without_collisions)
{
    struct addrbook_resolved r = addrbook_resolve_collisions(book, NULL, NULL);

    expect(&r, 0, 0, 0, 0);
}
END_TEST

/* --- our own addresses --- */

START_TEST(each_peer_is_told_the_address_it_can_reach_best)
{
    struct net_addr v4 = fx_addr("61.1.1.1"), v6 = fx_addr("[2a00::1]:8333");
    struct net_addr tor = fx_of_kind(NET_TORV3, 1), out;
    struct net_addr peer4 = fx_addr("62.1.1.1"), peer6 = fx_addr("[2b00::1]:8333");
    struct net_addr peer_tor = fx_of_kind(NET_TORV3, 2), peer_i2p = fx_of_kind(NET_I2P, 2);

    ck_assert(!addrbook_local_best(book, &out, &peer4));
    ck_assert_int_eq(addrbook_local_add(book, &tor, ADDRBOOK_LOCAL_MANUAL), 0);
    ck_assert(!addrbook_local_best(book, &out, &peer4)); /* would tie the two together */
    ck_assert_int_eq(addrbook_local_add(book, &v4, ADDRBOOK_LOCAL_INTERFACE), 0);
    ck_assert(addrbook_local_best(book, &out, &peer6) && net_addr_equal(&out, &v4));
    ck_assert_int_eq(addrbook_local_add(book, &v6, ADDRBOOK_LOCAL_INTERFACE), 0);
    ck_assert(addrbook_local_best(book, &out, &peer4) && net_addr_equal(&out, &v4));
    ck_assert(addrbook_local_best(book, &out, &peer6) && net_addr_equal(&out, &v6));
    ck_assert(addrbook_local_best(book, &out, &peer_tor) && net_addr_equal(&out, &tor));
    ck_assert(!addrbook_local_best(book, &out, &peer_i2p));
}
END_TEST

START_TEST(of_equals_the_higher_score_is_told)
{
    struct net_addr a = fx_addr("61.1.1.1"), b = fx_addr("61.2.1.1"), out;
    struct net_addr peer = fx_addr("62.1.1.1");

    addrbook_local_add(book, &a, ADDRBOOK_LOCAL_BOUND);
    addrbook_local_add(book, &b, ADDRBOOK_LOCAL_INTERFACE);
    ck_assert(addrbook_local_best(book, &out, &peer) && net_addr_equal(&out, &a));
    ck_assert(addrbook_local_seen(book, &b)); /* peers see us there */
    ck_assert(addrbook_local_seen(book, &b));
    ck_assert(addrbook_local_best(book, &out, &peer) && net_addr_equal(&out, &b));
    ck_assert(!addrbook_local_seen(book, &peer));
    addrbook_local_remove(book, &b);
    ck_assert(!addrbook_is_local(book, &b));
    ck_assert(addrbook_is_local(book, &a));
    ck_assert(addrbook_local_best(book, &out, &peer) && net_addr_equal(&out, &a));
}
END_TEST

START_TEST(our_addresses_are_routable_few_and_listed_once)
{
    struct net_addr private = fx_addr("10.1.1.1");
    struct addrbook_local list[ADDRBOOK_LOCAL_MAX];

    ck_assert_int_eq(addrbook_local_add(book, &private, ADDRBOOK_LOCAL_MANUAL), PN_EFILTERED);
    for (unsigned i = 0; i < ADDRBOOK_LOCAL_MAX; i++) {
        struct net_addr a = fx_v4(61, i, 1, 1);

        ck_assert_int_eq(addrbook_local_add(book, &a, ADDRBOOK_LOCAL_BOUND), 0);
        ck_assert_int_eq(addrbook_local_add(book, &a, ADDRBOOK_LOCAL_BOUND), 0);
    }
    private = fx_v4(62, 1, 1, 1);
    ck_assert_int_eq(addrbook_local_add(book, &private, ADDRBOOK_LOCAL_BOUND), PN_ELIMIT);
    ck_assert_uint_eq(addrbook_local_list(book, list), ADDRBOOK_LOCAL_MAX);
    ck_assert_int_eq(list[0].score, ADDRBOOK_LOCAL_BOUND + 1);
}
END_TEST

START_TEST(an_address_that_leads_back_is_no_address_of_ours_to_tell)
{
    struct net_addr a = fx_addr("250.1.1.1:8333"), remote = fx_addr("251.1.1.1:8333"), out;
    struct net_addr other;

    addrbook_self_add(book, &a);
    addrbook_self_add(book, &a);
    ck_assert(addrbook_is_self(book, &a));
    ck_assert(!addrbook_is_local(book, &a));
    ck_assert(!addrbook_local_best(book, &out, &remote));
    ck_assert_int_eq(addrbook_local_add(book, &a, ADDRBOOK_LOCAL_MAPPED), 0);
    ck_assert(addrbook_local_best(book, &out, &remote));
    for (unsigned i = 0; i < ADDRBOOK_SELVES_MAX; i++) {
        other = fx_v4(252, i, 1, 1);
        addrbook_self_add(book, &other);
    }
    addrbook_local_remove(book, &a);
    ck_assert(!addrbook_is_self(book, &a)); /* the oldest gave way */
    ck_assert(addrbook_is_self(book, &other));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("addrbook collide");
    TCase *t = tcase_create("collide");
    TCase *l = tcase_create("local");

    suite_add_tcase(s, t);
    suite_add_tcase(s, l);
    tcase_add_checked_fixture(t, setup_collision, teardown);
    tcase_add_test(t, the_older_address_is_the_one_to_test);
    tcase_add_test(t, one_that_answered_within_four_hours_stays);
    tcase_add_test(t, one_that_failed_its_test_goes_back_to_new);
    tcase_add_test(t, one_that_passed_its_test_stays);
    tcase_add_test(t, who_loses_a_place_in_tried_and_who_does_not_get_it_is_noted);
    tcase_add_test(t, one_that_cannot_be_tested_gives_way_after_40_minutes);
    tcase_add_test(t, one_that_is_connected_stays_however_long_ago_it_was_dialled);
    tcase_add_test(t, a_flood_of_collisions_is_remembered_up_to_ten);
    tcase_add_test(t, the_same_address_collides_once);
    tcase_add_checked_fixture(l, setup, teardown);
    tcase_add_test(l, there_is_nothing_to_resolve_without_collisions);
    tcase_add_test(l, each_peer_is_told_the_address_it_can_reach_best);
    tcase_add_test(l, of_equals_the_higher_score_is_told);
    tcase_add_test(l, our_addresses_are_routable_few_and_listed_once);
    tcase_add_test(l, an_address_that_leads_back_is_no_address_of_ours_to_tell);
    return harness_run(s);
}
