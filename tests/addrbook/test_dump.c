/* The address-dump thread and the anchors. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "addrbook/anchors.h"
#include "addrbook/dump.h"
#include "addrbook/peers_file.h"
#include "base/clock.h"
#include "base/err.h"
#include "book_fixture.h"
#include "harness.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "store/atomic_file.h"
#include "thread/thread.h"

static struct addrbook *book;
static struct addr_dump *dump;
static char root[64], peers[128], anchors[128];

static void setup(void)
{
    fx_start();
    log_set_level(LOG_LEVEL_ERROR);
    thread_set_role(ROLE_TEST);
    snprintf(root, sizeof root, "%s", "/tmp/p2pnode-dump-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    snprintf(peers, sizeof peers, "%s/peers.json", root);
    snprintf(anchors, sizeof anchors, "%s/anchors.json", root);
    book = addrbook_new(NULL);
    ck_assert_ptr_nonnull(book);
}

static void teardown(void)
{
    addrbook_free(book);
    unlink(peers);
    unlink(anchors);
    ck_assert_int_eq(rmdir(root), 0); /* nothing else was left */
    metrics_reset();
    fx_stop();
}

static void start(void)
{
    ck_assert_int_eq(addr_dump_start(&dump, book, peers, anchors, ADDR_DUMP_INTERVAL_MS), 0);
}

/* Real time, in which another thread works. */
static void pause_briefly(void)
{
    const struct timespec ms = {.tv_nsec = 1000000};

    nanosleep(&ms, NULL);
}

static struct addr_dump_status status(void)
{
    struct addr_dump_status st;

    addr_dump_status(dump, &st);
    return st;
}

static void await_written(uint64_t n)
{
    for (unsigned i = 0; i < 20000 && status().written < n; i++)
        pause_briefly();
    ck_assert_uint_eq(status().written, n);
}

static size_t saved_size(void)
{
    struct addrbook *again = addrbook_new(NULL);
    size_t n;

    ck_assert_int_eq(peers_file_load(again, peers), 0);
    n = addrbook_size(again);
    addrbook_free(again);
    return n;
}

START_TEST(the_book_is_written_every_ten_minutes)
{
    struct net_addr a = fx_addr("60.1.1.1"), b = fx_addr("61.1.1.1");

    start();
    fx_add(book, &a, NULL);
    clock_test_advance_ms(ADDR_DUMP_INTERVAL_MS - 1);
    for (unsigned i = 0; i < 20; i++)
        pause_briefly();
    ck_assert_uint_eq(status().written, 0);
    clock_test_advance_ms(1);
    await_written(1);
    ck_assert_uint_eq(saved_size(), 1);
    fx_add(book, &b, NULL);
    clock_test_advance_ms(ADDR_DUMP_INTERVAL_MS);
    await_written(2);
    ck_assert_uint_eq(saved_size(), 2);
    addr_dump_stop(dump);
}
END_TEST

START_TEST(the_book_is_written_when_asked_for)
{
    struct net_addr a = fx_addr("60.1.1.1");

    start();
    fx_add(book, &a, NULL);
    addr_dump_request(dump);
    await_written(1);
    ck_assert_uint_eq(saved_size(), 1);
    addr_dump_stop(dump);
}
END_TEST

START_TEST(any_number_of_requests_neither_blocks_nor_piles_up)
{
    struct addr_dump_status st;

    start();
    for (unsigned i = 0; i < 100000; i++)
        addr_dump_request(dump);
    while (status().written == 0)
        pause_briefly();
    st = status();
    ck_assert_uint_lt(st.written, 50000);
    addr_dump_stop(dump);
}
END_TEST

START_TEST(the_book_is_written_at_the_end)
{
    struct net_addr a = fx_addr("60.1.1.1"), b = fx_addr("60.2.1.1"), out[ANCHORS_MAX];

    start();
    fx_add(book, &a, NULL);
    addr_dump_set_anchors(dump, &b, 1);
    addr_dump_stop(dump);
    ck_assert_uint_eq(saved_size(), 1);
    ck_assert_uint_eq(anchors_take(out, anchors), 1);
    addr_dump_stop(NULL);
}
END_TEST

START_TEST(a_dump_that_fails_is_counted_and_tried_again)
{
    start();
    ck_assert_int_eq(rmdir(root), 0);
    addr_dump_request(dump);
    while (status().failed == 0)
        pause_briefly();
    ck_assert_int_eq(status().last_error, PN_ENOENT);
    ck_assert_int_eq(mkdir(root, 0700), 0);
    clock_test_advance_ms(ADDR_DUMP_INTERVAL_MS);
    await_written(1);
    ck_assert_int_eq(status().last_error, 0);
    addr_dump_stop(dump);
}
END_TEST

START_TEST(a_thread_that_cannot_start_is_an_error)
{
    thread_fail_at(1);
    ck_assert_int_eq(addr_dump_start(&dump, book, peers, anchors, 1000), PN_EAGAIN);
    thread_fail_at(0);
    ck_assert_ptr_null(dump);
}
END_TEST

/* --- anchors --- */

static void await_anchors(size_t want, const struct net_addr *first)
{
    struct net_addr out[ANCHORS_MAX];

    for (unsigned i = 0; i < 20000 && access(anchors, F_OK) != 0; i++)
        pause_briefly();
    ck_assert_uint_eq(anchors_take(out, anchors), want);
    ck_assert(net_addr_equal(&out[0], first));
}

START_TEST(anchors_are_written_when_they_change_and_not_forgotten_at_the_end)
{
    struct net_addr two[] = {fx_addr("60.1.1.1:8333"), fx_of_kind(NET_TORV3, 7)};

    start();
    addr_dump_set_anchors(dump, two, 2);
    await_anchors(2, &two[0]);
    addr_dump_set_anchors(dump, two + 1, 1);
    await_anchors(1, &two[1]);
    addr_dump_set_anchors(dump, NULL, 0); /* all connections are gone: the program ends */
    addr_dump_stop(dump);
    ck_assert_int_ne(access(anchors, F_OK), 0);
}
END_TEST

START_TEST(anchors_are_read_once)
{
    struct net_addr two[] = {fx_addr("60.1.1.1:8333"), fx_addr("[2a00::1]:1")}, out[ANCHORS_MAX];

    ck_assert_uint_eq(anchors_take(out, anchors), 0);
    ck_assert_int_eq(anchors_save(anchors, two, 2), 0);
    ck_assert_uint_eq(anchors_take(out, anchors), 2);
    ck_assert(net_addr_equal(&out[0], &two[0]));
    ck_assert(net_addr_equal(&out[1], &two[1]));
    ck_assert_int_ne(access(anchors, F_OK), 0);
    ck_assert_uint_eq(anchors_take(out, anchors), 0);
}
END_TEST

static const char *const garbage[] = {
    "",
    "garbage",
    "{\"Version\":1,\"Anchors\":[\"60.1.1.1:8333\"",
    "{\"Version\":2,\"Anchors\":[\"60.1.1.1:8333\"]}",
    "{\"Anchors\":[\"60.1.1.1:8333\"]}",
    "{\"Version\":1,\"Anchors\":[\"60.1.1.1:8333\",\"60.1.1.2:1\",\"60.1.1.3:1\"]}",
    "{\"Version\":1,\"Anchors\":[\"example.com:8333\"]}",
    "{\"Version\":1,\"Anchors\":[7]}",
};

START_TEST(garbage_gives_no_anchors_and_goes)
{
    struct net_addr out[ANCHORS_MAX];

    ck_assert_int_eq(atomic_file_replace(anchors, garbage[_i], strlen(garbage[_i])), 0);
    ck_assert_uint_eq(anchors_take(out, anchors), 0);
    ck_assert_int_ne(access(anchors, F_OK), 0);
}
END_TEST

/* --- metrics --- */

START_TEST(the_book_is_in_the_metrics)
{
    struct net_addr a = fx_addr("60.1.1.1");
    struct buf out;

    fx_add(book, &a, NULL);
    ck_assert_int_eq(addrbook_metrics_register(book), 0);
    buf_init(&out, 1 << 20);
    ck_assert_int_eq(metrics_render(&out, METRICS_TEXT_004), 0);
    ck_assert_ptr_nonnull(buf_cstr(&out));
    ck_assert_ptr_nonnull(strstr((char *)out.data, "p2pnode_addrbook_addresses{table=\"new\","
                                                   "network=\"ipv4\"} 1\n"));
    ck_assert_ptr_nonnull(
        strstr((char *)out.data, "p2pnode_addrbook_events_total{event=\"added\"} 1\n"));
    buf_free(&out);
    addrbook_metrics_unregister(book);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("address dump");
    TCase *t = tcase_create("dump");

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, the_book_is_written_every_ten_minutes);
    tcase_add_test(t, the_book_is_written_when_asked_for);
    tcase_add_test(t, any_number_of_requests_neither_blocks_nor_piles_up);
    tcase_add_test(t, the_book_is_written_at_the_end);
    tcase_add_test(t, a_dump_that_fails_is_counted_and_tried_again);
    tcase_add_test(t, a_thread_that_cannot_start_is_an_error);
    tcase_add_test(t, anchors_are_written_when_they_change_and_not_forgotten_at_the_end);
    tcase_add_test(t, anchors_are_read_once);
    tcase_add_loop_test(t, garbage_gives_no_anchors_and_goes, 0,
                        sizeof garbage / sizeof garbage[0]);
    tcase_add_test(t, the_book_is_in_the_metrics);
    return harness_run(s);
}
