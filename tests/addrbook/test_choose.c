/* Whom the book names: to be dialled, to be told to others; and how it judges. */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "book_fixture.h"
#include "harness.h"

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

/* --- judging --- */

START_TEST(an_address_is_terrible_for_four_reasons)
{
    const int64_t now = FX_NOW_S;
    const struct addrbook_record fine = {.last_seen_s = now};
    static const struct {
        int64_t seen, tried, success; /* before now; 0: never, for the latter two */
        uint16_t attempts;
        bool terrible;
    } rows[] = {
        {0, 0, 0, 0, false},
        {-10 * FX_MINUTE_S, 0, 0, 0, false},
        {-10 * FX_MINUTE_S - 1, 0, 0, 0, true},
        {30 * FX_DAY_S, 0, 0, 0, false},
        {30 * FX_DAY_S + 1, 0, 0, 0, true},
        {30 * FX_DAY_S + 1, 60, 0, 0, false}, /* tried within a minute: wait */
        {30 * FX_DAY_S + 1, 61, 0, 0, true},
        {0, 100, 0, 2, false},
        {0, 100, 0, 3, true},
        {0, 100, FX_DAY_S, 3, false},
        {0, 100, 7 * FX_DAY_S, 10, false},
        {0, 100, 7 * FX_DAY_S + 1, 9, false},
        {0, 100, 7 * FX_DAY_S + 1, 10, true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct addrbook_record r = fine;

        r.last_seen_s = now - rows[i].seen;
        r.last_try_s = rows[i].tried ? now - rows[i].tried : 0;
        r.last_success_s = rows[i].success ? now - rows[i].success : 0;
        r.attempts = rows[i].attempts;
        ck_assert_msg((addrbook_terrible(&r, now) != NULL) == rows[i].terrible,
                      "row %zu: expected terrible=%d", i, rows[i].terrible);
    }
}
END_TEST

START_TEST(the_chance_falls_with_failures_and_right_after_a_try)
{
    struct addrbook_record r = {.last_seen_s = FX_NOW_S};

    ck_assert_double_eq(addrbook_chance(&r, FX_NOW_S), 1);
    r.attempts = 1;
    ck_assert_double_eq_tol(addrbook_chance(&r, FX_NOW_S), 0.66, 1e-9);
    r.attempts = 3;
    ck_assert_double_eq_tol(addrbook_chance(&r, FX_NOW_S), 0.287496, 1e-9);
    r.attempts = 8;
    ck_assert_double_eq_tol(addrbook_chance(&r, FX_NOW_S), 0.036004, 1e-6);
    r.attempts = 60000;
    ck_assert_double_eq_tol(addrbook_chance(&r, FX_NOW_S), 0.036004, 1e-6);
    r.attempts = 0;
    r.last_try_s = FX_NOW_S - 10 * FX_MINUTE_S;
    ck_assert_double_eq(addrbook_chance(&r, FX_NOW_S), 1);
    r.last_try_s++;
    ck_assert_double_eq_tol(addrbook_chance(&r, FX_NOW_S), 0.01, 1e-9);
}
END_TEST

/* --- drawing one --- */

static void add_many(enum net_kind kind, uint32_t first, uint32_t n, bool good)
{
    for (uint32_t i = first; i < first + n; i++) {
        struct net_addr a = fx_of_kind(kind, i * 7919), source = fx_nth(60, i << 16);

        fx_add(book, &a, &source);
        if (good)
            addrbook_good(book, &a);
    }
}

START_TEST(new_and_tried_are_drawn_with_even_odds)
{
    unsigned tried = 0;
    struct addrbook_choice c;

    add_many(NET_IPV4, 0, 3000, false);
    add_many(NET_IPV4, 10000, 10, true);
    fx_advance_s(FX_HOUR_S);
    for (unsigned i = 0; i < 10000; i++) {
        ck_assert(addrbook_select(book, &c, ADDRBOOK_ANY, ADDRBOOK_ALL_KINDS));
        tried += c.tried;
    }
    ck_assert_uint_ge(tried, 4700);
    ck_assert_uint_le(tried, 5300);
}
END_TEST

START_TEST(a_table_is_drawn_from_alone_when_asked_for)
{
    struct addrbook_choice c;

    add_many(NET_IPV4, 0, 1, true);
    ck_assert(!addrbook_select(book, &c, ADDRBOOK_NEW, ADDRBOOK_ALL_KINDS));
    ck_assert(addrbook_select(book, &c, ADDRBOOK_TRIED, ADDRBOOK_ALL_KINDS));
    ck_assert(addrbook_select(book, &c, ADDRBOOK_ANY, ADDRBOOK_ALL_KINDS));
    add_many(NET_IPV4, 10, 20, false);
    for (unsigned i = 0; i < 100; i++) {
        ck_assert(addrbook_select(book, &c, ADDRBOOK_NEW, ADDRBOOK_ALL_KINDS));
        ck_assert(!c.tried);
        ck_assert(addrbook_select(book, &c, ADDRBOOK_TRIED, ADDRBOOK_ALL_KINDS));
        ck_assert(c.tried);
    }
}
END_TEST

START_TEST(kinds_are_drawn_alone_or_together_when_asked_for)
{
    uint32_t both = ADDRBOOK_KIND_BIT(NET_TORV3) | ADDRBOOK_KIND_BIT(NET_I2P);
    struct addrbook_choice c;
    unsigned tor = 0;

    add_many(NET_IPV4, 0, 2000, false);
    add_many(NET_TORV3, 0, 40, false);
    add_many(NET_I2P, 0, 40, false);
    add_many(NET_CJDNS, 0, 1, true);
    for (unsigned i = 0; i < 1000; i++) {
        ck_assert(addrbook_select(book, &c, ADDRBOOK_ANY, ADDRBOOK_KIND_BIT(NET_TORV3)));
        ck_assert_int_eq(c.addr.kind, NET_TORV3);
        ck_assert(addrbook_select(book, &c, ADDRBOOK_ANY, both));
        ck_assert(c.addr.kind == NET_TORV3 || c.addr.kind == NET_I2P);
        tor += c.addr.kind == NET_TORV3;
        ck_assert(addrbook_select(book, &c, ADDRBOOK_ANY, ADDRBOOK_KIND_BIT(NET_CJDNS)));
        ck_assert(c.tried);
    }
    ck_assert_uint_ge(tor, 300);
    ck_assert_uint_le(tor, 700);
    ck_assert(!addrbook_select(book, &c, ADDRBOOK_ANY, ADDRBOOK_KIND_BIT(NET_IPV6)));
    ck_assert(!addrbook_select(book, &c, ADDRBOOK_NEW, ADDRBOOK_KIND_BIT(NET_CJDNS)));
}
END_TEST

START_TEST(every_address_is_drawn_sooner_or_later)
{
    bool drawn[50] = {false};
    unsigned n = 0;

    for (uint32_t i = 0; i < 50; i++) {
        struct net_addr a = fx_v4(61, i, 1, 1);

        fx_add(book, &a, NULL);
        if (i % 2)
            addrbook_good(book, &a);
    }
    for (unsigned i = 0; i < 5000; i++) {
        struct addrbook_choice c;

        ck_assert(addrbook_select(book, &c, ADDRBOOK_ANY, ADDRBOOK_ALL_KINDS));
        n += !drawn[c.addr.bytes[1]];
        drawn[c.addr.bytes[1]] = true;
    }
    ck_assert_uint_eq(n, 50);
}
END_TEST

START_TEST(who_failed_or_was_just_tried_is_drawn_rarely)
{
    struct net_addr tried_now = fx_v4(61, 0, 1, 1);
    unsigned n = 0;

    for (uint32_t i = 0; i < 20; i++) {
        struct net_addr a = fx_v4(61, i, 1, 1);

        fx_add(book, &a, NULL);
    }
    addrbook_attempt(book, &tried_now, false);
    for (unsigned i = 0; i < 10000; i++) {
        struct addrbook_choice c;

        ck_assert(addrbook_select(book, &c, ADDRBOOK_NEW, ADDRBOOK_ALL_KINDS));
        n += net_addr_equal(&c.addr, &tried_now);
    }
    ck_assert_uint_lt(n, 50); /* 500 if it were like the others */
}
END_TEST

START_TEST(a_book_of_failures_still_gives_one)
{
    struct net_addr a = fx_v4(61, 0, 1, 1), other = fx_v4(62, 0, 1, 1);
    struct addrbook_choice c;

    fx_add(book, &a, NULL);
    for (unsigned i = 0; i < 20; i++) {
        fx_add(book, &other, NULL);
        fx_advance_s(1);
        addrbook_good(book, &other);
        addrbook_attempt(book, &a, true);
    }
    ck_assert_uint_ge(fx_record(book, &a).attempts, 8);
    for (unsigned i = 0; i < 1000; i++)
        ck_assert(addrbook_select(book, &c, ADDRBOOK_NEW, ADDRBOOK_ALL_KINDS));
}
END_TEST

/* --- telling others --- */

static bool has_twins(const struct addrbook_seen *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            if (net_addr_equal(&list[i].addr, &list[j].addr))
                return true;
    return false;
}

START_TEST(a_sample_is_a_part_of_the_book_without_the_terrible)
{
    static struct addrbook_seen list[ADDRBOOK_GETADDR_MAX];
    size_t n, share;

    ck_assert_uint_eq(addrbook_sample(book, list, ADDRBOOK_GETADDR_MAX, ADDRBOOK_ALL_KINDS), 0);
    add_many(NET_IPV4, 0, 5, false);
    ck_assert_uint_eq(addrbook_size(book), 5);
    n = addrbook_sample(book, list, ADDRBOOK_GETADDR_MAX, ADDRBOOK_ALL_KINDS);
    ck_assert_uint_eq(n, 1); /* 23 % of 5, cut */

    add_many(NET_IPV4, 100, 2000, false);
    add_many(NET_TORV3, 0, 500, true);
    share = addrbook_size(book) * 23 / 100;
    n = addrbook_sample(book, list, ADDRBOOK_GETADDR_MAX, ADDRBOOK_ALL_KINDS);
    ck_assert_uint_eq(n, share);
    ck_assert(!has_twins(list, n));
    n = addrbook_sample(book, list, 7, ADDRBOOK_ALL_KINDS);
    ck_assert_uint_eq(n, 7);
    n = addrbook_sample(book, list, 100, ADDRBOOK_KIND_BIT(NET_TORV3));
    ck_assert_uint_eq(n, 100);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(list[i].addr.kind, NET_TORV3);
    fx_advance_s(40 * FX_DAY_S);
    ck_assert_uint_eq(addrbook_sample(book, list, 100, ADDRBOOK_ALL_KINDS), 0);
}
END_TEST

START_TEST(a_sample_has_at_most_a_thousand)
{
    static struct addrbook_seen list[ADDRBOOK_GETADDR_MAX];
    struct net_addr local = fx_v4(63, 1, 1, 1);

    add_many(NET_IPV4, 0, 12000, false);
    ck_assert_uint_gt(addrbook_size(book), 5000);
    ck_assert_int_eq(addrbook_getaddr(book, list, NET_IPV4, &local, NULL, NULL),
                     ADDRBOOK_GETADDR_MAX);
    ck_assert(!has_twins(list, ADDRBOOK_GETADDR_MAX));
}
END_TEST

static struct addrbook_seen answers[4][ADDRBOOK_GETADDR_MAX];

static int ask(unsigned into, enum net_kind requester, const struct net_addr *local)
{
    int n = addrbook_getaddr(book, answers[into], requester, local, NULL, NULL);

    ck_assert_int_gt(n, 0);
    return n;
}

static bool same_answers(unsigned i, unsigned j, int n)
{
    return memcmp(answers[i], answers[j], (size_t)n * sizeof answers[0][0]) == 0;
}

START_TEST(the_answer_to_getaddr_stays_for_a_day)
{
    struct net_addr local = fx_v4(63, 1, 1, 1);
    int n;

    add_many(NET_IPV4, 0, 2000, false);
    n = ask(0, NET_IPV4, &local);
    add_many(NET_IPV4, 5000, 500, false);
    fx_advance_s(21 * FX_HOUR_S - 1);
    ck_assert_int_eq(ask(1, NET_IPV4, &local), n);
    ck_assert(same_answers(0, 1, n));
    fx_advance_s(6 * FX_HOUR_S + 1);
    ck_assert_int_ne(ask(2, NET_IPV4, &local), n);
}
END_TEST

START_TEST(each_network_and_address_of_ours_has_its_own_answer)
{
    struct net_addr local = fx_v4(63, 1, 1, 1), second = fx_v4(64, 1, 1, 1);
    int n;

    add_many(NET_IPV4, 0, 2000, false);
    n = ask(0, NET_IPV4, &local);
    ask(1, NET_TORV3, &local);
    ask(2, NET_IPV4, &second);
    ck_assert(!same_answers(0, 1, n));
    ck_assert(!same_answers(0, 2, n));
    ck_assert_int_eq(ask(3, NET_IPV4, &local), n);
    ck_assert(same_answers(0, 3, n));
}
END_TEST

START_TEST(sixteen_answers_are_held_and_no_more)
{
    struct addrbook_counts counts;

    add_many(NET_IPV4, 0, 2000, false);
    for (unsigned i = 0; i < 100; i++) {
        struct net_addr local = fx_v4(63, i, 1, 1);

        ask(0, NET_IPV4, &local);
    }
    addrbook_counts(book, &counts);
    ck_assert_uint_eq(counts.samples, 16);
}
END_TEST

static bool not_even(void *arg, const struct net_addr *addr)
{
    ++*(unsigned *)arg;
    return addr->bytes[3] % 2 == 1;
}

START_TEST(whom_we_ban_is_not_told)
{
    struct net_addr local = fx_v4(63, 1, 1, 1);
    unsigned asked = 0;
    int n;

    add_many(NET_IPV4, 0, 2000, false);
    n = addrbook_getaddr(book, answers[0], NET_IPV4, &local, not_even, &asked);
    ck_assert_int_gt(n, 0);
    ck_assert_uint_gt(asked, (unsigned)n);
    for (int i = 0; i < n; i++)
        ck_assert_uint_eq(answers[0][i].addr.bytes[3] % 2, 1);
}
END_TEST

START_TEST(without_memory_getaddr_says_so)
{
    struct net_addr local = fx_v4(63, 1, 1, 1);

    add_many(NET_IPV4, 0, 100, false);
    mem_fail_at(1, 1);
    ck_assert_int_eq(addrbook_getaddr(book, answers[0], NET_IPV4, &local, NULL, NULL), PN_ENOMEM);
    mem_fail_at(0, 0);
    ask(0, NET_IPV4, &local);
}
END_TEST

/* --- looking at it --- */

START_TEST(a_snapshot_has_every_record)
{
    struct addrbook_record *records;
    size_t n;

    add_many(NET_IPV4, 0, 3000, false);
    add_many(NET_IPV6, 0, 100, true);
    ck_assert_int_eq(addrbook_snapshot(book, &records, &n), 0);
    ck_assert_uint_eq(n, addrbook_size(book));
    for (size_t i = 0; i < n; i++) {
        struct addrbook_record r = fx_record(book, &records[i].addr);

        ck_assert_mem_eq(&r, &records[i], sizeof r);
    }
    mem_free(records);
}
END_TEST

START_TEST(the_largest_groups_are_counted)
{
    struct addrbook_group_count top[2];
    char text[NET_GROUP_TEXT_BYTES];
    size_t n_groups;

    for (uint32_t i = 0; i < 60; i++) {
        struct net_addr a = fx_v4(61, i < 30 ? 1 : i, 1, i), source = fx_v4(70, i, 1, 1);

        ck_assert(fx_add(book, &a, &source));
        if (i < 10)
            addrbook_good(book, &a);
    }
    ck_assert_int_eq(addrbook_groups(book, top, &n_groups, 2), 2);
    ck_assert_uint_eq(n_groups, 31);
    ck_assert_str_eq(net_group_format(text, &top[0].group), "61.1.0.0/16");
    ck_assert_uint_eq(top[0].n_new + top[0].n_tried, 30);
    ck_assert_uint_ge(top[0].n_tried, 9);
    ck_assert_uint_eq(top[1].n_new + top[1].n_tried, 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("addrbook choose");
    TCase *t = tcase_create("choose");

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, an_address_is_terrible_for_four_reasons);
    tcase_add_test(t, the_chance_falls_with_failures_and_right_after_a_try);
    tcase_add_test(t, new_and_tried_are_drawn_with_even_odds);
    tcase_add_test(t, a_table_is_drawn_from_alone_when_asked_for);
    tcase_add_test(t, kinds_are_drawn_alone_or_together_when_asked_for);
    tcase_add_test(t, every_address_is_drawn_sooner_or_later);
    tcase_add_test(t, who_failed_or_was_just_tried_is_drawn_rarely);
    tcase_add_test(t, a_book_of_failures_still_gives_one);
    tcase_add_test(t, a_sample_is_a_part_of_the_book_without_the_terrible);
    tcase_add_test(t, a_sample_has_at_most_a_thousand);
    tcase_add_test(t, the_answer_to_getaddr_stays_for_a_day);
    tcase_add_test(t, each_network_and_address_of_ours_has_its_own_answer);
    tcase_add_test(t, sixteen_answers_are_held_and_no_more);
    tcase_add_test(t, whom_we_ban_is_not_told);
    tcase_add_test(t, without_memory_getaddr_says_so);
    tcase_add_test(t, a_snapshot_has_every_record);
    tcase_add_test(t, the_largest_groups_are_counted);
    return harness_run(s);
}
