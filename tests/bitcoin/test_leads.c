/* Whose headers are followed: one peer of those that claim more, others beside it when that is slow
 * to prove itself, and never a silent one for long. */
#include <string.h>

#include "bitcoin/header_leads.h"
#include "test_bitcoin.h"

enum { MAX = 8 };

#define SECOND_US INT64_C(1000000)

static struct header_leads leads;
static struct header_lead peers[MAX];
static int64_t now;

static void start(void)
{
    ck_assert_int_eq(header_leads_init(&leads, MAX), 0);
    now = 1000 * SECOND_US;
}

static void add(unsigned i, bool inbound, int64_t claims)
{
    header_leads_add(&leads, &peers[i], inbound, claims);
}

static long choose(int64_t height)
{
    struct header_lead *p = header_leads_choose(&leads, height, now);

    return p ? p - peers : -1;
}

START_TEST(who_claims_more_is_followed_and_who_does_not_is_not)
{
    start();
    add(0, false, 50);
    add(1, false, 101);
    add(2, false, 100);
    ck_assert_int_eq(choose(100), 1);
    ck_assert(peers[1].following);
    ck_assert_int_eq(choose(100), -1);
    header_leads_end(&leads, &peers[1]);
    ck_assert_int_eq(choose(101), -1);
    header_leads_free(&leads);
}
END_TEST

START_TEST(one_that_we_dialled_is_followed_beside_one_that_came_to_us)
{
    start();
    add(0, true, 1000000);
    ck_assert_int_eq(choose(0), 0);
    add(1, true, 900);
    ck_assert_int_eq(choose(0), -1);
    add(2, false, 500);
    ck_assert_int_eq(choose(0), 2);
    add(3, false, 500);
    ck_assert_int_eq(choose(0), -1);
    ck_assert_uint_eq(leads.n_following, 2);
    header_leads_free(&leads);
}
END_TEST

START_TEST(more_are_followed_while_nobody_proves_anything_and_four_at_most)
{
    unsigned followed = 1;

    start();
    for (unsigned i = 0; i < MAX; i++)
        add(i, false, 100);
    ck_assert_int_ge(choose(0), 0);
    for (int minutes = 1; minutes <= 20; minutes++) {
        now += 60 * SECOND_US;
        while (choose(0) >= 0)
            followed++;
        ck_assert_int_eq((int)followed, minutes >= 6 ? 4 : 1 + minutes / 2);
    }
    header_leads_free(&leads);
}
END_TEST

START_TEST(while_headers_come_one_is_enough)
{
    start();
    add(0, false, 100);
    add(1, false, 100);
    ck_assert_int_ge(choose(0), 0);
    for (int i = 0; i < 100; i++) {
        now += 60 * SECOND_US;
        header_leads_proven(&leads, now);
        ck_assert_int_eq(choose(0), -1);
    }
    header_leads_free(&leads);
}
END_TEST

START_TEST(a_silent_peer_is_put_to_rest_and_the_next_is_chosen)
{
    long first, second;

    start();
    add(0, false, 100);
    add(1, false, 100);
    first = choose(0);
    ck_assert_int_ge(first, 0);
    now += HEADER_LEAD_SILENT_US - 1;
    ck_assert_ptr_null(header_leads_silent(&leads, now));
    header_leads_heard(&peers[first], now);
    now += HEADER_LEAD_SILENT_US - 1;
    ck_assert_ptr_null(header_leads_silent(&leads, now));
    now++;
    ck_assert_ptr_eq(header_leads_silent(&leads, now), &peers[first]);
    ck_assert_ptr_null(header_leads_silent(&leads, now));
    ck_assert(!header_lead_has_more(&peers[first], 0));
    second = choose(0);
    ck_assert_int_eq(second, 1 - first);
    header_leads_remove(&leads, &peers[second]);
    ck_assert_int_eq(choose(0), -1);
    now += HEADER_LEAD_REST_US;
    ck_assert_int_eq(choose(0), first); /* better than nobody */
    header_leads_free(&leads);
}
END_TEST

START_TEST(rest_grows_with_every_silence)
{
    int64_t rest = HEADER_LEAD_REST_US;

    start();
    add(0, false, 100);
    for (int i = 0; i < 9; i++) {
        ck_assert_int_eq(choose(0), 0);
        now += HEADER_LEAD_SILENT_US;
        ck_assert_ptr_eq(header_leads_silent(&leads, now), &peers[0]);
        now += rest - 1;
        ck_assert_int_eq(choose(0), -1);
        now++;
        rest *= i < 5 ? 2 : 1;
    }
    header_leads_free(&leads);
}
END_TEST

/* However the peers come, go, speak and keep silent: if somebody who is awake claims more, somebody
 * is followed. */
START_TEST(nobody_is_followed_only_when_there_is_nobody_to_follow)
{
    bool here[MAX] = {false};
    uint32_t seed = 1;

    start();
    for (int step = 0; step < 20000; step++) {
        unsigned i = (seed = seed * 1103515245 + 12345) >> 16 & (MAX - 1);
        bool somebody = false;

        if (!here[i])
            add(i, seed >> 30 & 1, seed >> 8 & 127);
        else if (seed >> 24 & 1)
            header_leads_heard(&peers[i], now);
        else
            header_leads_remove(&leads, &peers[i]);
        here[i] = !here[i] || seed >> 24 & 1;
        now += seed >> 4 & 0x3fffff;
        while (header_leads_silent(&leads, now))
            ;
        while (header_leads_choose(&leads, 60, now))
            ;
        for (unsigned j = 0; j < MAX; j++)
            somebody |= here[j] && peers[j].claims > 60 && now >= peers[j].rest_until_us;
        ck_assert_msg(!somebody || leads.n_following > 0, "step %d: nobody is followed", step);
        ck_assert_uint_le(leads.n_following, HEADER_LEADS_MAX + 1);
    }
    header_leads_free(&leads);
}
END_TEST

void add_leads_tests(Suite *s)
{
    TCase *t = tcase_create("leads");

    suite_add_tcase(s, t);
    tcase_add_test(t, who_claims_more_is_followed_and_who_does_not_is_not);
    tcase_add_test(t, one_that_we_dialled_is_followed_beside_one_that_came_to_us);
    tcase_add_test(t, more_are_followed_while_nobody_proves_anything_and_four_at_most);
    tcase_add_test(t, while_headers_come_one_is_enough);
    tcase_add_test(t, a_silent_peer_is_put_to_rest_and_the_next_is_chosen);
    tcase_add_test(t, rest_grows_with_every_silence);
    tcase_add_test(t, nobody_is_followed_only_when_there_is_nobody_to_follow);
}
