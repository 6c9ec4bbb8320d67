/* What becomes of servers over hours and days, under a clock that the test moves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "electrum/peers/blacklist.h"
#include "electrum/peers/builtin.h"
#include "electrum/peers/store.h"
#include "electrum/peers/table.h"
#include "test_electrum.h"

enum { HOUR_MS = 3600 * 1000 };

static struct peers_table *t;

static void set_up(void)
{
    const struct peers_config config = {0};

    clock_test_start(1700000000);
    t = peers_table_new(&config);
    ck_assert_ptr_nonnull(t);
}

static void tear_down(void)
{
    peers_table_free(t);
    clock_test_stop();
}

static void note(const char *host)
{
    ck_assert_msg(peers_note(t, host, 50001, 50002, "test") == 0, "%s", host);
}

/* The server that is due; it must be this one. */
static uint64_t take(const char *host)
{
    struct peers_entry e;
    int64_t due_us;

    ck_assert_int_eq(peers_take_due(t, &e, &due_us), 0);
    ck_assert_str_eq(e.host, host);
    return e.id;
}

static int64_t ms_until_due(void)
{
    struct peers_entry e;
    int64_t due_us;

    ck_assert_int_eq(peers_take_due(t, &e, &due_us), PN_ENOENT);
    return due_us == CLOCK_NEVER ? -1 : (due_us - clock_mono_us()) / 1000;
}

static bool conclude(uint64_t id, int kind, const char *reason)
{
    struct peers_verdict v = {.kind = (typeof(v.kind))kind,
                              .addr = {.kind = NET_IPV4, .bytes = {8, 8, 8, (uint8_t)id}}};

    snprintf(v.reason, sizeof v.reason, "%s", reason);
    return peers_conclude(t, id, &v);
}

static enum peers_status status(const char *host)
{
    struct peers_entry e;

    ck_assert_msg(peers_get(t, &e, host), "%s is not there", host);
    return peers_status_of(&e);
}

START_TEST(a_good_server_is_seen_again_before_three_hours_and_stale_after)
{
    note("one.test.net");
    ck_assert_int_eq(status("one.test.net"), PEERS_NEVER);
    ck_assert(!conclude(take("one.test.net"), VERDICT_GOOD, ""));
    ck_assert_int_eq(status("one.test.net"), PEERS_GOOD);
    ck_assert_int_eq(ms_until_due(), PEERS_RECHECK_S * 1000);
    clock_test_advance_ms(3 * HOUR_MS - 1000);
    ck_assert_int_eq(status("one.test.net"), PEERS_GOOD);
    clock_test_advance_ms(1000);
    ck_assert_int_eq(status("one.test.net"), PEERS_STALE);
}
END_TEST

START_TEST(a_server_that_never_answers_is_forgotten_after_three_tries)
{
    note("one.test.net");
    ck_assert(!conclude(take("one.test.net"), VERDICT_FAILED, "refused"));
    ck_assert_int_eq(ms_until_due(), 600 * 1000);
    clock_test_advance_ms(600 * 1000);
    ck_assert(!conclude(take("one.test.net"), VERDICT_FAILED, "refused"));
    ck_assert_int_eq(ms_until_due(), 1200 * 1000);
    clock_test_advance_ms(1200 * 1000);
    ck_assert(conclude(take("one.test.net"), VERDICT_FAILED, "refused"));
    ck_assert_int_eq(ms_until_due(), -1);
}
END_TEST

START_TEST(a_server_that_was_good_has_ten_tries_over_days)
{
    int64_t waited_ms = 0;

    note("one.test.net");
    conclude(take("one.test.net"), VERDICT_GOOD, "");
    clock_test_advance_ms(PEERS_RECHECK_S * 1000);
    for (int i = 1; i < PEERS_TRIES_GOOD; i++) {
        int64_t pause_ms;

        ck_assert(!conclude(take("one.test.net"), VERDICT_FAILED, "timeout"));
        pause_ms = ms_until_due();
        ck_assert_int_eq(pause_ms, (INT64_C(300) << i) * 1000);
        clock_test_advance_ms(pause_ms);
        waited_ms += pause_ms;
    }
    ck_assert_int_ge(waited_ms, 3LL * 24 * HOUR_MS);
    ck_assert_int_le(waited_ms, 10LL * 24 * HOUR_MS);
    ck_assert(conclude(take("one.test.net"), VERDICT_FAILED, "timeout"));
}
END_TEST

START_TEST(a_bad_server_is_forgiven_when_it_verifies)
{
    note("one.test.net");
    ck_assert(!conclude(take("one.test.net"), VERDICT_BAD, "another genesis"));
    ck_assert_int_eq(status("one.test.net"), PEERS_BAD);
    clock_test_advance_ms(600 * 1000);
    ck_assert(!conclude(take("one.test.net"), VERDICT_GOOD, ""));
    ck_assert_int_eq(status("one.test.net"), PEERS_GOOD);
    clock_test_advance_ms(10LL * 24 * HOUR_MS);
    ck_assert_int_eq(status("one.test.net"), PEERS_STALE);
}
END_TEST

START_TEST(a_bad_server_has_three_tries_even_if_it_was_good)
{
    note("one.test.net");
    conclude(take("one.test.net"), VERDICT_GOOD, "");
    for (int i = 0; i < 3; i++) {
        clock_test_advance_ms(10LL * 24 * HOUR_MS);
        ck_assert(conclude(take("one.test.net"), VERDICT_BAD, "another header") == (i == 2));
    }
}
END_TEST

START_TEST(wall_clock_steps_change_no_status)
{
    note("one.test.net");
    conclude(take("one.test.net"), VERDICT_GOOD, "");
    clock_test_set_wall(1700000000 + 365 * 86400);
    ck_assert_int_eq(status("one.test.net"), PEERS_GOOD);
    clock_test_set_wall(1);
    ck_assert_int_eq(status("one.test.net"), PEERS_GOOD);
}
END_TEST

START_TEST(hosts_that_cannot_be_servers_are_refused)
{
    static const char *const rows[] = {"",          "localhost",   "10.0.0.1",   "127.0.0.1",
                                       "::1",       "a b.net",     "x..net",     "onlyname",
                                       "224.0.0.1", "a.net:50001", "short.onion"};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(peers_note(t, rows[i], 1, 0, "test") < 0, "%s", rows[i]);
    ck_assert_int_eq(peers_note(t, "good.test.net", 0, 0, "test"), PN_EFORMAT);
    note("Good.Test.NET");
    ck_assert_int_eq(status("good.test.net"), PEERS_NEVER);
    ck_assert_int_eq(peers_note(t, "good.test.net", 50001, 50002, "test"), PN_EEXIST);
}
END_TEST

START_TEST(one_server_a_bucket)
{
    const struct net_addr a = {.kind = NET_IPV4, .bytes = {8, 8, 8, 1}};
    const struct net_addr six_a = {.kind = NET_IPV6, .bytes = {0x20, 1, 4, 5, 6, 7, 8, 9, 1}};
    const struct net_addr six_b = {.kind = NET_IPV6, .bytes = {0x20, 1, 4, 5, 6, 7, 8, 9, 2}};
    uint64_t one, two;

    note("one.test.net");
    one = take("one.test.net");
    peers_set_addr(t, one, &a);
    ck_assert(!peers_bucket_taken(t, &a, one));
    ck_assert(peers_bucket_taken(t, &a, one + 1)); /* while it is being looked at */
    conclude(one, VERDICT_FAILED, "refused");
    ck_assert(!peers_bucket_taken(t, &a, one + 1));
    note("two.test.net");
    two = take("two.test.net");
    peers_set_addr(t, two, &six_a);
    ck_assert(peers_bucket_taken(t, &six_b, one));
}
END_TEST

START_TEST(the_list_has_two_of_a_group_and_only_good_ones)
{
    struct buf b;

    for (int i = 0; i < 4; i++) {
        char host[32];

        snprintf(host, sizeof host, "s%d.test.net", i);
        note(host);
        conclude(take(host), i == 0 ? VERDICT_FAILED : VERDICT_GOOD, ""); /* all in 8.8/16 */
        clock_test_advance_ms(1000);
    }
    buf_init(&b, 10000);
    peers_put_list(&b, t);
    ck_assert_str_eq(buf_cstr(&b),
                     "[[\"8.8.8.4\", \"s3.test.net\", [\"v1.4\", \"s50002\", \"t50001\"]], "
                     "[\"8.8.8.3\", \"s2.test.net\", [\"v1.4\", \"s50002\", \"t50001\"]]]");
    buf_free(&b);
}
END_TEST

START_TEST(servers_add_themselves_with_pauses_for_domain_and_caller)
{
    const struct net_addr from = {.kind = NET_IPV4, .bytes = {9, 9, 9, 9}};
    const struct net_addr other = {.kind = NET_IPV4, .bytes = {9, 9, 9, 8}};
    const struct net_addr third = {.kind = NET_IPV4, .bytes = {9, 9, 9, 7}};

    ck_assert_int_eq(peers_add(t, "9.9.9.9", 1, 0, &other), PN_EUNPROVEN);
    ck_assert_int_eq(peers_add(t, "a.first.net", 1, 0, &from), 0);
    ck_assert_int_eq(peers_add(t, "b.first.net", 1, 0, &other), PN_EAGAIN); /* its domain */
    ck_assert_int_eq(peers_add(t, "a.second.net", 1, 0, &from), PN_EAGAIN); /* its address */
    ck_assert_int_eq(peers_add(t, "9.9.9.8", 1, 0, &other), 0);
    ck_assert_int_eq(peers_add(t, "9.9.9.7", 1, 0, &third), 0); /* addresses share nothing */
    clock_test_advance_ms(PEERS_ADD_PAUSE_S * 1000 - 1);
    ck_assert_int_eq(peers_add(t, "a.second.net", 1, 0, &from), PN_EAGAIN);
    clock_test_advance_ms(1); /* refusals have not moved the time */
    ck_assert_int_eq(peers_add(t, "a.second.net", 1, 0, &from), 0);
}
END_TEST

START_TEST(a_changed_certificate_is_counted)
{
    struct peers_verdict v = {.kind = VERDICT_GOOD, .has_pin = true, .pin = {1}};
    struct peers_entry e;

    note("one.test.net");
    peers_conclude(t, take("one.test.net"), &v);
    clock_test_advance_ms(3 * HOUR_MS);
    peers_conclude(t, take("one.test.net"), &v);
    ck_assert(peers_get(t, &e, "one.test.net"));
    ck_assert_uint_eq(e.pin_changes, 0);
    v.pin[0] = 2;
    clock_test_advance_ms(3 * HOUR_MS);
    peers_conclude(t, take("one.test.net"), &v);
    ck_assert(peers_get(t, &e, "one.test.net"));
    ck_assert_uint_eq(e.pin_changes, 1);
    ck_assert_uint_eq(e.pin[0], 2);
}
END_TEST

START_TEST(the_table_survives_on_disk)
{
    const struct peers_config config = {0};
    char path[] = "/tmp/p2pnode-peers-XXXXXX", lock[64];
    struct peers_table *fresh;
    struct peers_store *store;
    struct peers_entry e;
    int64_t due_us;

    close(mkstemp(path));
    unlink(path);
    ck_assert_int_eq(peers_store_open(&store, t, path), 0);
    note("gone.test.net");
    note("good.test.net");
    conclude(take("gone.test.net"), VERDICT_BAD, "x");
    conclude(take("good.test.net"), VERDICT_GOOD, "");
    ck_assert_int_eq(peers_store_save(store, t), 0);
    for (int i = 0; i < 2; i++) { /* and is forgotten there too */
        clock_test_advance_ms(1200 * 1000);
        conclude(take("gone.test.net"), VERDICT_BAD, "x");
    }
    ck_assert_int_eq(peers_store_save(store, t), 0);
    peers_store_close(store);
    fresh = peers_table_new(&config);
    ck_assert_int_eq(peers_store_open(&store, fresh, path), 0);
    ck_assert(!peers_get(fresh, &e, "gone.test.net"));
    ck_assert(peers_get(fresh, &e, "good.test.net"));
    ck_assert_int_eq(e.last_good_s, 1700000000);
    ck_assert_int_eq(peers_status_of(&e), PEERS_GOOD);
    ck_assert_int_eq(peers_take_due(fresh, &e, &due_us), 0); /* seen again at once */
    peers_store_close(store);
    peers_table_free(fresh);
    unlink(path);
    snprintf(lock, sizeof lock, "%s-lock", path);
    unlink(lock);
}
END_TEST

START_TEST(rows_of_the_store_are_read_as_written_and_junk_is_not)
{
    static const char *const junk[] = {"", "{}", "[]", "{\"host\": 7}", "{\"host\": \"\"}"};
    struct peers_entry e = {.host = "a.test.net",
                            .ssl_port = 7,
                            .bad = true,
                            .tries = 2,
                            .reason = "because \"of\" it",
                            .has_pin = true,
                            .pin = {9}};
    struct peers_entry back;
    struct buf b;

    buf_init(&b, 4096);
    peers_put_entry(&b, &e);
    ck_assert_int_eq(peers_read_entry(&back, (const char *)b.data, b.len), 0);
    ck_assert_str_eq(back.host, e.host);
    ck_assert_str_eq(back.reason, e.reason);
    ck_assert_uint_eq(back.ssl_port, 7);
    ck_assert(back.bad && back.has_pin && back.pin[0] == 9 && back.tries == 2);
    for (size_t i = 0; i < sizeof junk / sizeof junk[0]; i++)
        ck_assert_int_lt(peers_read_entry(&back, junk[i], strlen(junk[i])), 0);
    buf_free(&b);
}
END_TEST

START_TEST(the_blacklist_names_hosts_domains_and_addresses)
{
    static const char list[] = "[\"Bad.Test.net\", \"*.evil.org\", \"9.9.9.9\"]";
    struct blacklist b = {0};

    ck_assert_int_eq(blacklist_load(&b, list, sizeof list - 1), 0);
    ck_assert(blacklist_has(&b, "bad.test.net", NULL));
    ck_assert(blacklist_has(&b, "x.y.evil.org", NULL));
    ck_assert(blacklist_has(&b, "fine.net", "9.9.9.9"));
    ck_assert(!blacklist_has(&b, "fine.net", "9.9.9.8"));
    ck_assert(!blacklist_has(&b, "test.net", NULL));
    ck_assert_int_lt(blacklist_load(&b, "{}", 2), 0);
    ck_assert(blacklist_has(&b, "bad.test.net", NULL)); /* the old list stays */
    ck_assert_int_eq(blacklist_load(&b, "[]", 2), 0);
    ck_assert(!blacklist_has(&b, "bad.test.net", NULL));
    blacklist_free(&b);
}
END_TEST

START_TEST(built_in_servers_are_all_possible)
{
    static const char *const networks[] = {"mainnet", "testnet3", "testnet4"};

    for (size_t i = 0; i < 3; i++) {
        size_t n;
        const struct builtin_server *s = builtin_servers(&n, networks[i]);

        ck_assert_uint_gt(n, 0);
        for (size_t j = 0; j < n; j++) {
            int rc = peers_note(t, s[j].host, s[j].tcp_port, s[j].ssl_port, "built-in");

            ck_assert_msg(rc == 0 || rc == PN_EEXIST, "%s: %d", s[j].host, rc);
        }
    }
}
END_TEST

TCase *tcase_peers_table(void)
{
    TCase *c = tcase_create("peers_table");

    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, a_good_server_is_seen_again_before_three_hours_and_stale_after);
    tcase_add_test(c, a_server_that_never_answers_is_forgotten_after_three_tries);
    tcase_add_test(c, a_server_that_was_good_has_ten_tries_over_days);
    tcase_add_test(c, a_bad_server_is_forgiven_when_it_verifies);
    tcase_add_test(c, a_bad_server_has_three_tries_even_if_it_was_good);
    tcase_add_test(c, wall_clock_steps_change_no_status);
    tcase_add_test(c, hosts_that_cannot_be_servers_are_refused);
    tcase_add_test(c, one_server_a_bucket);
    tcase_add_test(c, the_list_has_two_of_a_group_and_only_good_ones);
    tcase_add_test(c, servers_add_themselves_with_pauses_for_domain_and_caller);
    tcase_add_test(c, a_changed_certificate_is_counted);
    tcase_add_test(c, the_table_survives_on_disk);
    tcase_add_test(c, rows_of_the_store_are_read_as_written_and_junk_is_not);
    tcase_add_test(c, the_blacklist_names_hosts_domains_and_addresses);
    tcase_add_test(c, built_in_servers_are_all_possible);
    return c;
}
