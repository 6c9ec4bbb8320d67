/* What the book learns, and where it puts it. */
#include "addrbook/book.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "book_fixture.h"
#include "harness.h"
#include "journal/journal.h"

static struct addrbook *book;

static void setup(void)
{
    fx_start();
    book = addrbook_new(NULL);
    ck_assert_ptr_nonnull(book);
}

static void teardown(void)
{
    fx_check(book);
    addrbook_free(book);
    fx_stop();
}

START_TEST(an_empty_book_gives_nothing)
{
    struct net_addr a = fx_addr("250.1.1.1:8333");
    struct addrbook_record r;
    struct addrbook_choice c;

    ck_assert_uint_eq(addrbook_size(book), 0);
    ck_assert(!addrbook_find(book, &r, &a));
    ck_assert(!addrbook_select(book, &c, ADDRBOOK_ANY, ADDRBOOK_ALL_KINDS));
    ck_assert(!addrbook_select_collision(book, &c));
    ck_assert_int_eq(addrbook_good(book, &a), ADDRBOOK_GOOD_UNKNOWN);
    addrbook_attempt(book, &a, true);
    addrbook_connected(book, &a);
    addrbook_set_services(book, &a, 1);
    ck_assert_uint_eq(addrbook_size(book), 0);
}
END_TEST

START_TEST(an_address_is_known_by_host_and_port)
{
    struct net_addr source = fx_addr("252.2.2.2"), a = fx_addr("250.1.1.1:8333");
    struct net_addr other_port = fx_addr("250.1.1.1:8334");
    struct addrbook_choice c;

    ck_assert(fx_add(book, &a, &source));
    ck_assert_uint_eq(addrbook_size(book), 1);
    ck_assert(addrbook_select(book, &c, ADDRBOOK_ANY, ADDRBOOK_ALL_KINDS));
    ck_assert(net_addr_equal(&c.addr, &a));
    ck_assert(!c.tried);
    ck_assert(!fx_add(book, &a, &source));
    ck_assert_uint_eq(addrbook_size(book), 1);
    ck_assert(fx_add(book, &other_port, &source));
    ck_assert_uint_eq(addrbook_size(book), 2);
}
END_TEST

START_TEST(what_nobody_could_reach_is_refused)
{
    static const char *const rows[] = {
        "127.0.0.1:8333",     "10.0.0.1:8333", "[::1]:8333",
        "[2001:db8::1]:8333", "250.1.1.1:0",   "0.0.0.0:8333",
    };
    struct net_addr source = fx_addr("252.2.2.2"), none = {0};
    struct addrbook_counts counts;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct net_addr a = fx_addr(rows[i]);

        ck_assert_msg(!fx_add(book, &a, &source), "%s was taken", rows[i]);
    }
    ck_assert(!fx_add(book, &none, &source));
    addrbook_counts(book, &counts);
    ck_assert_uint_eq(counts.events.unroutable, sizeof rows / sizeof rows[0] + 1);
    ck_assert_uint_eq(addrbook_size(book), 0);
}
END_TEST

/* The reason of the newest record about an address. */
static struct journal_record why(struct journal *journal, const char *subject,
                                 enum journal_event event)
{
    const struct journal_filter f = {.subject = subject, .events = JOURNAL_BIT(event)};
    struct journal_record r = {.seq = 0};

    ck_assert_msg(journal_query(journal, &r, 1, &f) == 1, "%s: no %s", subject,
                  journal_event_name(event));
    return r;
}

START_TEST(what_does_not_enter_the_book_or_leaves_it_is_noted_with_the_reason)
{
    struct net_addr source = fx_addr("252.2.2.2"), old = fx_addr("250.1.1.1:8333"), a;
    struct journal *journal = journal_new(2000);
    struct addrbook_seen seen = {.last_seen_s = FX_NOW_S};
    char text[NET_ADDR_TEXT_BYTES] = "";
    struct addrbook_counts counts;

    addrbook_set_journal(book, journal, "test");
    a = fx_addr("127.0.0.1:8333");
    ck_assert(!fx_add(book, &a, &source));
    ck_assert_str_eq(why(journal, "127.0.0.1:8333", JOURNAL_REJECTED).reason, "unroutable");
    ck_assert(fx_add(book, &old, &source));
    /* Addresses of one group and one source have one bucket: 64 places. */
    for (unsigned i = 0; i < 1000; i++) {
        seen.addr = fx_v4(250, 1, 2 + i / 250, 1 + i % 250);
        if (addrbook_add(book, &seen, 1, &source, 0) == 0)
            net_addr_format(text, &seen.addr);
    }
    ck_assert_str_eq(why(journal, text, JOURNAL_REJECTED).reason, "occupied");
    addrbook_counts(book, &counts);
    ck_assert_uint_eq(journal_stats(journal).events[JOURNAL_REJECTED].noted,
                      counts.events.occupied + counts.events.unroutable);
    /* A month later all of them are terrible, and others take their places. */
    clock_test_advance_ms(31LL * FX_DAY_S * 1000);
    for (unsigned i = 0; i < 1000; i++) {
        seen.addr = fx_v4(250, 1, 10 + i / 250, 1 + i % 250);
        seen.last_seen_s = clock_wall_s();
        addrbook_add(book, &seen, 1, &source, 0);
    }
    addrbook_counts(book, &counts);
    ck_assert_uint_ge(counts.events.expired, 30);
    ck_assert_uint_eq(journal_stats(journal).events[JOURNAL_FORGOTTEN].noted,
                      counts.events.expired);
    ck_assert_str_eq(why(journal, "250.1.1.1:8333", JOURNAL_FORGOTTEN).detail,
                     "not seen for 30 days");
    ck_assert_str_eq(why(journal, "250.1.1.1:8333", JOURNAL_FORGOTTEN).network, "test");
    addrbook_set_journal(book, NULL, NULL);
    journal_free(journal);
}
END_TEST

START_TEST(all_kinds_of_bip155_are_taken)
{
    static const enum net_kind kinds[] = {NET_IPV4, NET_IPV6, NET_TORV3, NET_I2P, NET_CJDNS};
    struct addrbook_counts counts;
    struct addrbook_record r;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct net_addr a = fx_of_kind(kinds[i], 7);

        ck_assert(fx_add(book, &a, NULL));
        r = fx_record(book, &a);
        ck_assert(net_addr_equal(&r.source, &a));
    }
    addrbook_counts(book, &counts);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        ck_assert_uint_eq(counts.n_new[kinds[i]], 1);
    ck_assert_uint_eq(counts.n_new[0], 5);
}
END_TEST

/* Seen `seen_s` relative to now with a penalty; known as seen `want_s` relative to now. */
static void check_time(unsigned n, int64_t seen_s, int64_t penalty_s, bool own, int64_t want_s)
{
    struct net_addr source = fx_v4(252, 2, 2, 2), a = fx_v4(250, n, 1, 1);
    struct addrbook_seen seen = {.addr = a, .last_seen_s = FX_NOW_S + seen_s};

    ck_assert_uint_eq(addrbook_add(book, &seen, 1, own ? &a : &source, penalty_s), 1);
    ck_assert_int_eq(fx_record(book, &a).last_seen_s, FX_NOW_S + want_s);
}

START_TEST(the_time_seen_is_made_plausible_and_hearsay_older)
{
    check_time(1, -100, 0, false, -100);
    check_time(2, -100, 7200, false, -7300);
    check_time(3, -100, 7200, true, -100); /* it announces itself */
    check_time(4, 10 * FX_MINUTE_S, 0, false, 10 * FX_MINUTE_S);
    check_time(5, 10 * FX_MINUTE_S + 1, 0, false, -5 * FX_DAY_S);
    check_time(6, -FX_NOW_S, 0, false, -5 * FX_DAY_S);
    check_time(7, 100000000 - FX_NOW_S, 0, false, -5 * FX_DAY_S);
    check_time(8, 100000001 - FX_NOW_S, 7200, false, 100000001 - 7200 - FX_NOW_S);
}
END_TEST

START_TEST(a_known_address_is_refreshed_hourly_when_online_and_daily_else)
{
    struct net_addr source = fx_addr("252.2.2.2"), a = fx_addr("250.1.1.1");
    struct addrbook_seen seen = {.addr = a, .services = 1, .last_seen_s = FX_NOW_S};

    addrbook_add(book, &seen, 1, &source, 0);
    seen.services = 8;
    seen.last_seen_s = FX_NOW_S + FX_HOUR_S;
    fx_advance_s(FX_HOUR_S);
    addrbook_add(book, &seen, 1, &source, 0);
    ck_assert_int_eq(fx_record(book, &a).last_seen_s, FX_NOW_S);
    ck_assert_uint_eq(fx_record(book, &a).services, 9);
    seen.last_seen_s++;
    addrbook_add(book, &seen, 1, &source, 0);
    ck_assert_int_eq(fx_record(book, &a).last_seen_s, FX_NOW_S + FX_HOUR_S + 1);

    fx_advance_s(10 * FX_DAY_S);
    seen.last_seen_s = FX_NOW_S + FX_HOUR_S + 1 + FX_DAY_S;
    addrbook_add(book, &seen, 1, &source, 0);
    ck_assert_int_eq(fx_record(book, &a).last_seen_s, FX_NOW_S + FX_HOUR_S + 1);
    seen.last_seen_s++;
    addrbook_add(book, &seen, 1, &source, 0);
    ck_assert_int_eq(fx_record(book, &a).last_seen_s, FX_NOW_S + FX_HOUR_S + 2 + FX_DAY_S);
}
END_TEST

START_TEST(an_address_comes_to_stand_in_eight_buckets_and_no_more)
{
    struct net_addr a = fx_addr("250.1.1.1");
    unsigned most = 0;

    for (unsigned i = 0; i < 20000; i++) {
        struct net_addr source = fx_nth(60, i << 16 | i);

        fx_advance_s(1);
        fx_add(book, &a, &source);
        most = fx_record(book, &a).n_refs;
    }
    ck_assert_uint_eq(most, ADDRBOOK_MAX_REFS);
    ck_assert_uint_eq(addrbook_size(book), 1);
}
END_TEST

START_TEST(old_news_give_no_further_bucket)
{
    struct net_addr a = fx_addr("250.1.1.1");
    struct addrbook_seen seen = {.addr = a, .last_seen_s = FX_NOW_S};

    for (unsigned i = 0; i < 5000; i++) {
        struct net_addr source = fx_nth(60, i << 16 | i);

        addrbook_add(book, &seen, 1, &source, 0);
    }
    ck_assert_uint_eq(fx_record(book, &a).n_refs, 1);
}
END_TEST

/* Two addresses of one source that have the same place in the new table. */
static void same_place(struct net_addr *first, struct net_addr *second)
{
    struct net_addr source = fx_addr("252.2.2.2");

    *first = fx_v4(250, 1, 0, 1);
    for (uint32_t n = 2;; n++) {
        bool same;

        *second = fx_v4(250, 1, n >> 8, n & 255);
        mutex_lock(&book->mu);
        same = book_new_slot(book, first, &source) == book_new_slot(book, second, &source);
        mutex_unlock(&book->mu);
        if (same)
            return;
    }
}

START_TEST(a_taken_place_is_kept_while_its_holder_is_worth_it)
{
    struct net_addr source = fx_addr("252.2.2.2"), first, second;
    struct addrbook_record r;

    same_place(&first, &second);
    ck_assert(fx_add(book, &first, &source));
    ck_assert(!fx_add(book, &second, &source));
    ck_assert(addrbook_find(book, &r, &first));
    ck_assert(!addrbook_find(book, &r, &second));

    fx_advance_s(31 * FX_DAY_S);
    ck_assert(fx_add(book, &second, &source));
    ck_assert(!addrbook_find(book, &r, &first));
    ck_assert(addrbook_find(book, &r, &second));
}
END_TEST

START_TEST(who_stands_elsewhere_too_gives_way_to_who_stands_nowhere)
{
    struct net_addr source = fx_addr("252.2.2.2"), first, second;

    same_place(&first, &second);
    fx_add(book, &first, &source);
    for (unsigned i = 0; fx_record(book, &first).n_refs < 2; i++) {
        struct net_addr other = fx_nth(60, i << 16);

        fx_advance_s(1);
        fx_add(book, &first, &other);
    }
    ck_assert(fx_add(book, &second, &source));
    ck_assert_uint_eq(fx_record(book, &first).n_refs, 1);
    ck_assert_uint_eq(fx_record(book, &second).n_refs, 1);
}
END_TEST

START_TEST(an_address_that_answered_moves_to_tried)
{
    struct net_addr source = fx_addr("252.2.2.2"), a = fx_addr("250.1.1.1");
    struct addrbook_counts counts;
    struct addrbook_record r;

    fx_add(book, &a, &source);
    addrbook_attempt(book, &a, true);
    fx_advance_s(100);
    ck_assert_int_eq(addrbook_good(book, &a), ADDRBOOK_GOOD_MOVED);
    ck_assert_int_eq(addrbook_good(book, &a), ADDRBOOK_GOOD_KNOWN);
    r = fx_record(book, &a);
    ck_assert(r.tried);
    ck_assert_int_eq(r.last_success_s, FX_NOW_S + 100);
    ck_assert_int_eq(r.last_try_s, FX_NOW_S + 100);
    ck_assert_int_eq(r.last_seen_s, FX_NOW_S); /* else others would see whom we talk to */
    ck_assert_uint_eq(r.attempts, 0);
    addrbook_counts(book, &counts);
    ck_assert_uint_eq(counts.n_new[0], 0);
    ck_assert_uint_eq(counts.n_tried[NET_IPV4], 1);
    ck_assert_uint_eq(counts.events.moved, 1);
    ck_assert(!fx_add(book, &a, &source)); /* and stays there */
    ck_assert(fx_record(book, &a).tried);
}
END_TEST

START_TEST(a_failure_counts_once_until_another_connection_succeeds)
{
    struct net_addr source = fx_addr("252.2.2.2");
    struct net_addr a = fx_addr("250.1.1.1"), other = fx_addr("251.1.1.1");

    fx_add(book, &a, &source);
    fx_add(book, &other, &source);
    addrbook_attempt(book, &a, false);
    ck_assert_uint_eq(fx_record(book, &a).attempts, 0);
    ck_assert_int_eq(fx_record(book, &a).last_try_s, FX_NOW_S);
    for (unsigned i = 0; i < 5; i++)
        addrbook_attempt(book, &a, true);
    ck_assert_uint_eq(fx_record(book, &a).attempts, 1);
    for (unsigned i = 2; i < 6; i++) {
        fx_advance_s(1);
        addrbook_good(book, &other);
        addrbook_attempt(book, &a, true);
        addrbook_attempt(book, &a, true);
        ck_assert_uint_eq(fx_record(book, &a).attempts, i);
    }
}
END_TEST

START_TEST(a_connection_refreshes_what_is_older_than_twenty_minutes)
{
    struct net_addr source = fx_addr("252.2.2.2"), a = fx_addr("250.1.1.1");

    fx_add(book, &a, &source);
    fx_advance_s(20 * FX_MINUTE_S);
    addrbook_connected(book, &a);
    ck_assert_int_eq(fx_record(book, &a).last_seen_s, FX_NOW_S);
    fx_advance_s(1);
    addrbook_connected(book, &a);
    ck_assert_int_eq(fx_record(book, &a).last_seen_s, FX_NOW_S + 20 * FX_MINUTE_S + 1);
}
END_TEST

START_TEST(its_own_word_on_services_replaces_hearsay)
{
    struct net_addr source = fx_addr("252.2.2.2"), a = fx_addr("250.1.1.1");

    fx_add(book, &a, &source);
    addrbook_set_services(book, &a, 0x400);
    ck_assert_uint_eq(fx_record(book, &a).services, 0x400);
}
END_TEST

/* --- placement --- */

enum { PLACES_MAX = ADDRBOOK_NEW_BUCKETS };

struct places {
    bool used[PLACES_MAX];
    unsigned n;
};

static void mark(struct places *p, unsigned slot)
{
    unsigned bucket = slot / ADDRBOOK_BUCKET_SIZE;

    p->n += !p->used[bucket];
    p->used[bucket] = true;
}

static unsigned tried_buckets(unsigned n, uint32_t step)
{
    struct places p = {0};

    mutex_lock(&book->mu);
    for (uint32_t i = 0; i < n; i++) {
        struct net_addr a = fx_nth(60, i * step);

        mark(&p, book_tried_slot(book, &a));
    }
    mutex_unlock(&book->mu);
    return p.n;
}

static unsigned new_buckets(unsigned n, uint32_t step, uint32_t source_step)
{
    struct places p = {0};

    mutex_lock(&book->mu);
    for (uint32_t i = 0; i < n; i++) {
        struct net_addr a = fx_nth(60, i * step), source = fx_nth(80, i * source_step);

        mark(&p, book_new_slot(book, &a, &source));
    }
    mutex_unlock(&book->mu);
    return p.n;
}

START_TEST(a_group_reaches_8_tried_buckets_and_many_groups_all)
{
    ck_assert_uint_le(tried_buckets(60000, 1), 8);
    ck_assert_uint_ge(tried_buckets(60000, 1), 6); /* two of eight may fall together */
    ck_assert_uint_eq(tried_buckets(10000, 1 << 16), ADDRBOOK_TRIED_BUCKETS);
}
END_TEST

START_TEST(a_source_group_reaches_64_new_buckets_and_many_groups_all)
{
    ck_assert_uint_le(new_buckets(60000, 1 << 12, 1), 64);
    ck_assert_uint_ge(new_buckets(60000, 1 << 12, 1), 50);
    ck_assert_uint_eq(new_buckets(60000, 1, 1), 1); /* one group of one source group */
    ck_assert_uint_eq(new_buckets(30000, 1 << 12, 1 << 16), ADDRBOOK_NEW_BUCKETS);
}
END_TEST

START_TEST(two_books_place_the_same_addresses_differently)
{
    struct addrbook *second = addrbook_new(NULL);
    struct net_addr source = fx_addr("252.2.2.2");
    unsigned same = 0;

    for (uint32_t i = 0; i < 1000; i++) {
        struct net_addr a = fx_nth(60, i << 16);
        uint16_t here, there;

        mutex_lock(&book->mu);
        here = book_new_slot(book, &a, &source);
        mutex_unlock(&book->mu);
        mutex_lock(&second->mu);
        there = book_new_slot(second, &a, &source);
        mutex_unlock(&second->mu);
        same += here == there;
    }
    ck_assert_uint_lt(same, 10); /* of 1000 × 1/4096 expected by chance */
    addrbook_free(second);
}
END_TEST

START_TEST(with_a_map_the_systems_take_the_place_of_prefixes)
{
    size_t len = 0;
    uint8_t *data = harness_data(&len, "bitcoin/vectors/core-asmap.raw");
    struct net_policy policy = {0};
    struct asmap *map;
    unsigned slots[2] = {0};

    if (!data)
        return;
    ck_assert_int_eq(asmap_from_bytes(&map, data, len), 0);
    free(data);
    policy.asmap = map;
    addrbook_free(book);
    book = addrbook_new(&policy);
    mutex_lock(&book->mu);
    for (unsigned i = 0; i < 2; i++) { /* 250.0.0.0/8 is AS1000, and so one group */
        struct net_addr a = fx_v4(60, 1, 1, 1), source = fx_v4(250, 1 + i, 1, 1);

        slots[i] = book_new_slot(book, &a, &source);
    }
    mutex_unlock(&book->mu);
    ck_assert_uint_eq(slots[0], slots[1]);
    addrbook_free(book);
    book = addrbook_new(NULL);
    asmap_free(map);
}
END_TEST

/* --- the whole --- */

static void random_step(uint32_t range)
{
    uint32_t n = (uint32_t)random_below(range);
    static const enum net_kind kinds[] = {NET_IPV4, NET_IPV6, NET_TORV3, NET_I2P, NET_CJDNS};
    struct net_addr a = fx_of_kind(kinds[n % 5], n);
    struct net_addr source = fx_nth(60, (uint32_t)random_below(40) << 16);
    struct addrbook_seen seen = {.addr = a, .last_seen_s = clock_wall_s()};

    switch (random_below(8)) {
    case 0:
        addrbook_good(book, &a);
        break;
    case 1:
        addrbook_attempt(book, &a, true);
        break;
    case 2:
        addrbook_resolve_collisions(book, NULL, NULL);
        break;
    case 3:
        fx_advance_s((int64_t)random_below(FX_HOUR_S));
        break;
    default:
        addrbook_add(book, &seen, 1, &source, ADDRBOOK_GOSSIP_PENALTY_S);
    }
}

START_TEST(the_accounts_agree_after_whatever_happens)
{
    struct addrbook_counts counts;

    for (unsigned i = 0; i < 200000; i++) {
        random_step(40000);
        if (i % 20000 == 0)
            fx_check(book);
    }
    addrbook_counts(book, &counts);
    ck_assert_uint_gt(counts.events.moved, 1000);
    ck_assert_uint_gt(counts.events.expired, 100);
    ck_assert_uint_gt(counts.events.displaced, 10);
    ck_assert_uint_gt(counts.events.replaced + counts.events.kept, 10);
    ck_assert_uint_gt(counts.events.crowded_out, 0);
}
END_TEST

START_TEST(without_memory_there_is_no_book_and_no_leak)
{
    for (unsigned long n = 1;; n++) {
        struct addrbook *b;

        mem_fail_at(n, 0);
        b = addrbook_new(NULL);
        if (!mem_fail_happened()) {
            mem_fail_at(0, 0);
            addrbook_free(b);
            ck_assert_uint_ge(n, 5);
            return;
        }
        mem_fail_at(0, 0);
        ck_assert_ptr_null(b);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("addrbook learn");
    TCase *t = tcase_create("learn");

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, an_empty_book_gives_nothing);
    tcase_add_test(t, an_address_is_known_by_host_and_port);
    tcase_add_test(t, what_nobody_could_reach_is_refused);
    tcase_add_test(t, what_does_not_enter_the_book_or_leaves_it_is_noted_with_the_reason);
    tcase_add_test(t, all_kinds_of_bip155_are_taken);
    tcase_add_test(t, the_time_seen_is_made_plausible_and_hearsay_older);
    tcase_add_test(t, a_known_address_is_refreshed_hourly_when_online_and_daily_else);
    tcase_add_test(t, an_address_comes_to_stand_in_eight_buckets_and_no_more);
    tcase_add_test(t, old_news_give_no_further_bucket);
    tcase_add_test(t, a_taken_place_is_kept_while_its_holder_is_worth_it);
    tcase_add_test(t, who_stands_elsewhere_too_gives_way_to_who_stands_nowhere);
    tcase_add_test(t, an_address_that_answered_moves_to_tried);
    tcase_add_test(t, a_failure_counts_once_until_another_connection_succeeds);
    tcase_add_test(t, a_connection_refreshes_what_is_older_than_twenty_minutes);
    tcase_add_test(t, its_own_word_on_services_replaces_hearsay);
    tcase_add_test(t, a_group_reaches_8_tried_buckets_and_many_groups_all);
    tcase_add_test(t, a_source_group_reaches_64_new_buckets_and_many_groups_all);
    tcase_add_test(t, two_books_place_the_same_addresses_differently);
    tcase_add_test(t, with_a_map_the_systems_take_the_place_of_prefixes);
    tcase_add_test(t, the_accounts_agree_after_whatever_happens);
    tcase_add_test(t, without_memory_there_is_no_book_and_no_leak);
    return harness_run(s);
}
