/* The gate notes what it does, and why: bans and their ends, discouragement. */
#include <stdio.h>

#include "base/clock.h"
#include "base/err.h"
#include "dial/gate.h"
#include "test_policy.h"

enum { NOW_S = 1700000000, BAN_S = 3600, RECORDS = 64 };

static const struct subnet_list anything;
static struct subnet_list exempt;
static struct gate gate;
static struct journal *journal;
static struct journal_record found[RECORDS];

static void setup(void)
{
    clock_test_start(NOW_S);
    journal = journal_new(RECORDS);
    exempt = (struct subnet_list){0};
    ck_assert_int_eq(subnet_list_add(&exempt, "192.0.2.0/24"), 0);
    ck_assert_int_eq(gate_init(&gate, &anything, &exempt, NULL, journal, BAN_S), 0);
}

static void teardown(void)
{
    gate_free(&gate);
    journal_free(journal);
    clock_test_stop();
}

static void punish(const char *text, bool banned)
{
    struct net_addr addr = addr_of(text);

    gate_punish(&gate, &addr, "test", PN_EPOW, banned);
}

static size_t noted(enum journal_event event)
{
    return journal_query(journal, found, RECORDS,
                         &(struct journal_filter){.events = JOURNAL_BIT(event)});
}

START_TEST(exemptions_and_the_length_of_bans_change_while_it_runs)
{
    const struct subnet_list nobody = {0};
    struct net_addr was_exempt = addr_of("192.0.2.9:8333"), other = addr_of("10.0.0.1:8333");
    struct ban ban;

    ck_assert(gate_is_exempt(&gate, &was_exempt));
    gate_set_exempt(&gate, &nobody);
    gate_set_ban_s(&gate, 5);
    ck_assert(!gate_is_exempt(&gate, &was_exempt));
    punish("192.0.2.9:8333", true);
    ck_assert_int_eq(gate_admit(&gate, &was_exempt, false), PN_EBANNED);
    ck_assert(banlist_find(gate.bans, &ban, &was_exempt));
    ck_assert_int_eq(ban.until_s - ban.created_s, 5);
    gate_set_exempt(&gate, &exempt);
    ck_assert_int_eq(gate_admit(&gate, &was_exempt, false), 0);
    ck_assert_int_eq(gate_admit(&gate, &other, false), 0);
}
END_TEST

START_TEST(a_ban_and_its_end_are_noted_with_their_reasons)
{
    struct net_addr addr = addr_of("10.0.0.1:8333");

    punish("10.0.0.1:8333", true);
    ck_assert_uint_eq(noted(JOURNAL_BANNED), 1);
    ck_assert_str_eq(found[0].subject, "10.0.0.1:8333");
    ck_assert_str_eq(found[0].network, "test");
    ck_assert_str_eq(found[0].reason, "bad_pow");
    ck_assert_int_eq(gate_admit(&gate, &addr, false), PN_EBANNED);
    gate_sweep(&gate);
    ck_assert_uint_eq(noted(JOURNAL_UNBANNED), 0);
    clock_test_advance_ms(BAN_S * 1000);
    gate_sweep(&gate);
    ck_assert_uint_eq(noted(JOURNAL_UNBANNED), 1);
    ck_assert_str_eq(found[0].subject, "10.0.0.1/32");
    ck_assert_str_eq(found[0].reason, "expired");
    ck_assert_str_eq(found[0].detail, "was banned at 1700000000: bad_pow");
    ck_assert_int_eq(gate_admit(&gate, &addr, false), 0);
}
END_TEST

START_TEST(a_paused_gate_lets_nobody_through_whoever_is_exempt)
{
    struct net_addr addr = addr_of("10.0.0.1:8333"), spared = addr_of("192.0.2.1:8333");

    ck_assert_int_eq(gate_admit(&gate, &spared, false), 0);
    gate_pause(&gate, true);
    ck_assert(gate_is_paused(&gate));
    ck_assert_int_eq(gate_admit(&gate, &addr, false), PN_EPAUSED);
    ck_assert_int_eq(gate_admit(&gate, &spared, false), PN_EPAUSED);
    ck_assert_int_eq(gate_permit_dial(&gate, &addr), PN_EPAUSED);
    ck_assert_int_eq(gate_permit_gossip(&gate, &addr), 0); /* others may still hear of it */
    gate_pause(&gate, false);
    ck_assert_int_eq(gate_admit(&gate, &addr, false), 0);
    ck_assert_int_eq(gate_permit_dial(&gate, &addr), 0);
}
END_TEST

START_TEST(all_bans_that_ended_together_are_noted)
{
    char text[32];

    for (int i = 0; i < 40; i++) {
        snprintf(text, sizeof text, "10.0.0.%d", i);
        punish(text, true);
    }
    clock_test_advance_ms(BAN_S * 1000);
    gate_sweep(&gate);
    ck_assert_uint_eq(noted(JOURNAL_UNBANNED), 40);
    ck_assert_uint_eq(banlist_count(gate.bans), 0);
}
END_TEST

START_TEST(a_ban_that_gives_way_to_a_newer_one_is_noted)
{
    char text[32];

    for (int i = 0; i <= BANLIST_CAPACITY; i++) {
        snprintf(text, sizeof text, "10.%d.%d.1", i / 256, i % 256);
        punish(text, true);
        clock_test_advance_ms(10);
    }
    ck_assert_uint_eq(noted(JOURNAL_UNBANNED), 1);
    ck_assert_str_eq(found[0].reason, "limit");
    ck_assert_uint_eq(journal_stats(journal).events[JOURNAL_BANNED].noted, BANLIST_CAPACITY + 1);
}
END_TEST

START_TEST(discouragement_is_noted_once_and_the_exempt_are_spared)
{
    punish("10.0.0.1:1", false);
    punish("10.0.0.1:2", false);
    punish("192.0.2.1:1", true);
    punish("127.0.0.1:1", true); /* whoever comes through a proxy of ours */
    ck_assert_uint_eq(noted(JOURNAL_DISCOURAGED), 1);
    ck_assert_str_eq(found[0].subject, "10.0.0.1:1");
    ck_assert_uint_eq(noted(JOURNAL_BANNED), 0);
}
END_TEST

void add_gate_tests(Suite *s)
{
    TCase *t = tcase_create("gate");

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, exemptions_and_the_length_of_bans_change_while_it_runs);
    tcase_add_test(t, a_ban_and_its_end_are_noted_with_their_reasons);
    tcase_add_test(t, a_paused_gate_lets_nobody_through_whoever_is_exempt);
    tcase_add_test(t, all_bans_that_ended_together_are_noted);
    tcase_add_test(t, a_ban_that_gives_way_to_a_newer_one_is_noted);
    tcase_add_test(t, discouragement_is_noted_once_and_the_exempt_are_spared);
}
