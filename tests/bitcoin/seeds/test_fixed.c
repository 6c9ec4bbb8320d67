/* The compiled lists, and when they are used. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/seeds/fixed.h"
#include "test_seeds.h"

enum { DAY_S = 86400 };

static const char *const networks[] = {"mainnet", "testnet3", "testnet4", "signet"};

/* The next address of a list in contrib/seeds, read by the parser of the daemon. */
static bool next_of_list(FILE *list, struct net_addr *out)
{
    char line[256];

    while (fgets(line, sizeof line, list)) {
        line[strcspn(line, "#\n")] = '\0';
        if (!line[0])
            continue;
        ck_assert_msg(net_addr_parse(out, line, 0) == 0, "%s", line);
        return true;
    }
    return false;
}

START_TEST(the_compiled_list_is_that_of_contrib)
{
    const char *network = networks[_i], *top = getenv("srcdir");
    struct net_addr *found, wanted;
    char path[1024], a[NET_ADDR_TEXT_BYTES], b[NET_ADDR_TEXT_BYTES];
    size_t n, i = 0;
    FILE *list;

    snprintf(path, sizeof path, "%s/contrib/seeds/%s.txt", top ? top : ".", network);
    list = fopen(path, "r");
    ck_assert_msg(list, "cannot open %s", path);
    ck_assert_int_eq(fixed_seeds_load(&found, &n, network), 0);
    ck_assert_uint_gt(n, 50);
    for (; next_of_list(list, &wanted); i++) {
        ck_assert_uint_lt(i, n);
        ck_assert_str_eq(net_addr_format(a, &found[i]), net_addr_format(b, &wanted));
        ck_assert_msg(net_addr_is_routable(NULL, &found[i]), "%s", a);
    }
    ck_assert_uint_eq(i, n);
    fclose(list);
    mem_free(found);
}
END_TEST

START_TEST(a_network_without_a_list_has_no_fixed_seeds)
{
    struct net_addr *found;
    size_t n;

    ck_assert_int_eq(fixed_seeds_load(&found, &n, "regtest"), 0);
    ck_assert_ptr_null(found);
    ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(loading_survives_every_failed_allocation)
{
    struct net_addr *found;
    size_t n;
    int rc;

    for (unsigned long i = 1;; i++) {
        mem_fail_at(i, 0);
        rc = fixed_seeds_load(&found, &n, "signet");
        mem_fail_at(0, 0);
        if (rc == 0)
            break;
        ck_assert_int_eq(rc, PN_ENOMEM);
        ck_assert_ptr_null(found);
        ck_assert_uint_lt(i, 10);
    }
    mem_free(found);
}
END_TEST

static uint32_t known(enum net_kind kind)
{
    struct addrbook_counts counts;

    addrbook_counts(stage.book, &counts);
    return counts.n_new[kind];
}

START_TEST(fixed_seeds_come_after_a_minute_without_an_answer)
{
    stage.config.fixed = "mainnet";
    stage_begin();
    stage_pass_s(59);
    ck_assert_uint_eq(addrbook_size(stage.book), 0);
    stage_pass_s(1);
    ck_assert_uint_gt(known(NET_IPV4), 400);
    ck_assert_uint_gt(known(NET_IPV6), 100);
    ck_assert_uint_gt(known(NET_TORV3), 80);
    ck_assert_uint_gt(known(NET_I2P), 20);
    ck_assert_uint_eq(stage.found_fixed, addrbook_size(stage.book));
}
END_TEST

START_TEST(only_kinds_that_can_be_reached_and_are_wanting_are_entered)
{
    stage.config.fixed = "mainnet";
    stage.config.reachable_kinds = ADDRBOOK_KIND_BIT(NET_IPV4) | ADDRBOOK_KIND_BIT(NET_TORV3);
    stage_fill_book(1, NET_IPV4);
    stage_begin();
    stage_pass_s(60);
    ck_assert_uint_eq(known(NET_IPV4), 1);
    ck_assert_uint_gt(known(NET_TORV3), 80);
    ck_assert_uint_eq(known(NET_IPV6), 0);
    ck_assert_uint_eq(known(NET_I2P), 0);
}
END_TEST

START_TEST(a_book_with_all_kinds_needs_no_fixed_seeds)
{
    stage.config.fixed = "mainnet";
    stage.config.reachable_kinds = ADDRBOOK_KIND_BIT(NET_IPV4);
    stage_fill_book(1, NET_IPV4);
    stage_begin();
    stage_pass_s(1000);
    ck_assert_uint_eq(addrbook_size(stage.book), 1);
}
END_TEST

START_TEST(fixed_seeds_are_entered_once)
{
    stage.config.fixed = "signet";
    stage.config.n_names = 0;
    stage.config.reachable_kinds = ADDRBOOK_KIND_BIT(NET_IPV4);
    stage_begin();
    ck_assert_uint_gt(stage.found_fixed, 20);
    ck_assert_int_eq(stage.next_us, CLOCK_NEVER);
}
END_TEST

START_TEST(without_dns_they_wait_only_for_peers_that_the_operator_named)
{
    stage.config.fixed = "signet";
    stage.config.n_names = 0;
    stage.config.others_named = true;
    stage_begin();
    stage_pass_s(59);
    ck_assert_uint_eq(stage.found_fixed, 0);
    stage_pass_s(1);
    ck_assert_uint_gt(stage.found_fixed, 50);
}
END_TEST

START_TEST(fixed_seeds_are_dated_one_to_two_weeks_ago)
{
    int64_t now_s = clock_wall_s();
    struct addrbook_record *records;
    size_t n;

    stage.config.fixed = "testnet4";
    stage.config.n_names = 0;
    stage_begin();
    ck_assert_int_eq(addrbook_snapshot(stage.book, &records, &n), 0);
    ck_assert_uint_gt(n, 100);
    for (size_t i = 0; i < n; i++) {
        ck_assert_int_gt(records[i].last_seen_s, now_s - 14 * DAY_S);
        ck_assert_int_le(records[i].last_seen_s, now_s - 7 * DAY_S);
        ck_assert_uint_eq(records[i].services, SERVICES);
    }
    mem_free(records);
}
END_TEST

void add_fixed_tests(Suite *s)
{
    TCase *lists = tcase_create("lists"), *use = tcase_create("use");

    suite_add_tcase(s, lists);
    tcase_add_loop_test(lists, the_compiled_list_is_that_of_contrib, 0,
                        sizeof networks / sizeof networks[0]);
    tcase_add_test(lists, a_network_without_a_list_has_no_fixed_seeds);
    tcase_add_test(lists, loading_survives_every_failed_allocation);
    suite_add_tcase(s, use);
    tcase_add_checked_fixture(use, stage_set_up, stage_tear_down);
    tcase_add_test(use, fixed_seeds_come_after_a_minute_without_an_answer);
    tcase_add_test(use, only_kinds_that_can_be_reached_and_are_wanting_are_entered);
    tcase_add_test(use, a_book_with_all_kinds_needs_no_fixed_seeds);
    tcase_add_test(use, fixed_seeds_are_entered_once);
    tcase_add_test(use, without_dns_they_wait_only_for_peers_that_the_operator_named);
    tcase_add_test(use, fixed_seeds_are_dated_one_to_two_weeks_ago);
}
