/* Paths that a network answers itself: what it is told of a request, and what becomes of one that
 * is put off, refused, left alone, or under way when the node ends. */
#include <event2/event.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/api.h"
#include "harness.h"
#include "http_client.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "net/group.h"
#include "thread/chan.h"
#include "thread/thread.h"

/* "user:pass word" by RFC 7617. */
#define PASSWORD_HEADER "Authorization: Basic dXNlcjpwYXNzIHdvcmQ=\r\n"

struct fixture {
    struct loop *loop;
    struct api *api;
    struct net_addr at;
    struct route route;
    struct rpc_table table;
    char dir[32], cookie_path[64];
    char answer[65536];

    /* Of the toy network: what it says to a turn, and what it has seen. */
    enum route_turn first, later;
    int64_t wait_ms;
    unsigned turns, leaves;
    bool asked_again;
    bool until_quit; /* run waits until the node ends */
    atomic_uint running;
    atomic_bool saw_quit;
};

static enum route_turn turn(void *arg, int64_t *wait_ms, const struct net_addr *from, bool again)
{
    struct fixture *f = arg;

    ck_assert(net_addr_is_local(from));
    f->asked_again = again;
    *wait_ms = f->wait_ms;
    return f->turns++ == 0 ? f->first : f->later;
}

static void leave(void *arg, const struct net_addr *from)
{
    struct fixture *f = arg;

    (void)from;
    f->leaves++;
}

static int run(void *arg, struct buf *out, const struct route_request *r)
{
    struct fixture *f = arg;
    char text[512];

    atomic_fetch_add(&f->running, 1);
    if (f->until_quit) {
        chan_recv(r->quit, NULL, CLOCK_NEVER);
        atomic_store(&f->saw_quit, true);
    }
    snprintf(text, sizeof text, "{%s %s [%s] %zu %s}", r->post ? "post" : "get", r->path, r->text,
             r->len, r->has_credential ? "known" : "stranger");
    buf_puts(out, text);
    return 200;
}

static void refuse(void *arg, struct buf *out, int status, const char *why)
{
    char text[256];

    (void)arg;
    snprintf(text, sizeof text, "{toy %d: %s}", status, why);
    buf_puts(out, text);
}

static void run_nothing(struct rpc_call *c)
{
    (void)c;
}

static const struct rpc_method methods[] = {{"nothing", "", "Gives null.", run_nothing}};

static void set_up(struct fixture *f)
{
    struct api_config config = {.user = "user", .password = "pass word"};

    *f = (struct fixture){.loop = loop_new(), .dir = "/tmp/routes-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(f->dir));
    snprintf(f->cookie_path, sizeof f->cookie_path, "%s/.cookie", f->dir);
    f->table = (struct rpc_table){"test", methods, 1, f};
    f->route = (struct route){.prefix = "/toy/",
                              .label = "toy",
                              .arg = f,
                              .turn = turn,
                              .leave = leave,
                              .run = run,
                              .fail = refuse};
    config.methods = (struct rpc_set){.tables = {&f->table}, .n = 1};
    config.cookie_path = f->cookie_path;
    config.routes[config.n_routes++] = &f->route;
    http_free_port(&f->at);
    config.addr = f->at;
    ck_assert_int_eq(api_new(&f->api, loop_base(f->loop), &config), 0);
}

static void tear_down(struct fixture *f)
{
    api_free(f->api);
    ck_assert_int_eq(rmdir(f->dir), 0);
    loop_free(f->loop);
    metrics_reset();
}

static const char *ask(struct fixture *f, const char *line, const char *headers, const char *body)
{
    int fd = http_connect(&f->at);

    http_say(fd, line, headers, body);
    return http_hear(f->answer, sizeof f->answer, f->loop, fd);
}

START_TEST(a_request_is_taken_apart_for_its_network)
{
    static struct fixture f;
    const char *answer;

    set_up(&f);
    answer = ask(&f, "GET /toy/a/b?other=1&params=%5B1,%20%222%22%5D", "", "");
    http_expect(answer, "HTTP/1.1 200");
    http_expect(answer, "Content-Type: application/json");
    http_expect(answer, "{get a/b [[1, \"2\"]] 8 stranger}");
    http_expect(ask(&f, "GET /toy/", "", ""), "{get  [] 0 stranger}");
    http_expect(ask(&f, "POST /toy/x", PASSWORD_HEADER, "hello"), "{post x [hello] 5 known}");
    tear_down(&f);
}
END_TEST

START_TEST(other_paths_are_not_its_own)
{
    static struct fixture f;

    set_up(&f);
    http_expect(ask(&f, "GET /toys/", "", ""), "HTTP/1.1 404");
    http_expect(ask(&f, "GET /toy", "", ""), "HTTP/1.1 404");
    ck_assert_uint_eq(f.turns, 0);
    tear_down(&f);
}
END_TEST

START_TEST(what_cannot_be_run_is_refused_in_the_networks_form)
{
    static struct fixture f;
    char long_path[700];

    set_up(&f);
    http_expect(ask(&f, "GET /toy/a?params=1&params", "", ""), "{toy 400: malformed");
    snprintf(long_path, sizeof long_path, "GET /toy/%0600d", 0);
    http_expect(ask(&f, long_path, "", ""), "{toy 400: malformed");
    http_expect(ask(&f, "GET /toy/a", "Host: rebound.example\r\n", ""), "HTTP/1.1 403");
    http_expect(ask(&f, "GET /toy/a", "Host: rebound.example\r\n", ""), "{toy 403: ");
    http_expect(ask(&f, "HEAD /toy/a", "", ""), "HTTP/1.1 405");
    ck_assert_uint_eq(f.turns, 0);
    tear_down(&f);
}
END_TEST

START_TEST(a_request_whose_turn_comes_later_is_asked_about_again)
{
    static struct fixture f;

    set_up(&f);
    f.first = ROUTE_LATER;
    f.wait_ms = 5;
    f.later = ROUTE_NOW;
    http_expect(ask(&f, "GET /toy/late", "", ""), "{get late [] 0 stranger}");
    ck_assert_uint_eq(f.turns, 2);
    ck_assert(f.asked_again);
    ck_assert_uint_eq(f.leaves, 0);
    tear_down(&f);
}
END_TEST

START_TEST(who_gets_no_turn_hears_when_to_come_back)
{
    static struct fixture f;
    const char *answer;

    set_up(&f);
    f.first = ROUTE_NEVER;
    f.wait_ms = 1001;
    answer = ask(&f, "POST /toy/a", "", "x");
    http_expect(answer, "HTTP/1.1 429");
    http_expect(answer, "Retry-After: 2\r\n");
    http_expect(answer, "{toy 429: too many requests, retry in 2 s}");
    ck_assert_uint_eq(atomic_load(&f.running), 0);
    tear_down(&f);
}
END_TEST

static void turn_until(struct fixture *f, const unsigned *value, unsigned expected)
{
    for (int i = 0; i < HTTP_PATIENCE_MS && *value < expected; i++)
        http_turn(f->loop);
    ck_assert_uint_eq(*value, expected);
}

/* evhttp does not look at a connection while its request is dealt with, so the turn comes. */
START_TEST(who_leaves_while_put_off_harms_nobody)
{
    static struct fixture f;
    int fd;

    set_up(&f);
    f.first = ROUTE_LATER;
    f.wait_ms = 20;
    fd = http_connect(&f.at);
    http_say(fd, "GET /toy/a", "", "");
    turn_until(&f, &f.turns, 1);
    close(fd);
    http_expect(ask(&f, "GET /toy/b", "", ""), "{get b [] 0 stranger}");
    for (int i = 0; i < HTTP_PATIENCE_MS && f.leaves + atomic_load(&f.running) < 2; i++)
        http_turn(f.loop);
    ck_assert_uint_eq(f.leaves + atomic_load(&f.running), 2);
    http_expect(ask(&f, "GET /toy/c", "", ""), "{get c [] 0 stranger}");
    tear_down(&f);
}
END_TEST

START_TEST(stopping_ends_what_waits_and_what_runs)
{
    static struct fixture f;
    int runs, waits;

    set_up(&f);
    f.until_quit = true;
    f.later = ROUTE_LATER;
    f.wait_ms = 3600000;
    runs = http_connect(&f.at);
    http_say(runs, "GET /toy/a", "", "");
    turn_until(&f, &f.turns, 1);
    waits = http_connect(&f.at);
    http_say(waits, "GET /toy/b", "", "");
    turn_until(&f, &f.turns, 2);
    for (int i = 0; i < HTTP_PATIENCE_MS && atomic_load(&f.running) == 0; i++)
        http_turn(f.loop);
    tear_down(&f);
    ck_assert(atomic_load(&f.saw_quit));
    ck_assert_uint_eq(f.leaves, 1);
    ck_assert_uint_eq(atomic_load(&f.running), 1);
    close(runs);
    close(waits);
}
END_TEST

START_TEST(its_requests_are_counted_and_timed_under_its_label)
{
    static struct fixture f;
    const char *answer;

    set_up(&f);
    ask(&f, "GET /toy/a", "", "");
    f.first = f.later = ROUTE_NEVER;
    ask(&f, "GET /toy/a", "", "");
    answer = ask(&f, "GET /metrics", "", "");
    http_expect(answer, "p2pnode_http_requests_total{handler=\"toy\",code=\"200\"} 1\n");
    http_expect(answer, "p2pnode_http_requests_total{handler=\"toy\",code=\"429\"} 1\n");
    http_expect(answer, "p2pnode_http_request_duration_seconds_count{handler=\"toy\"} 2\n");
    http_expect(answer,
                "p2pnode_http_request_duration_seconds_bucket{handler=\"toy\",le=\"30\"} 2\n");
    tear_down(&f);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("routes");
    TCase *t = tcase_create("routes");

    json_init();
    log_set_level(LOG_LEVEL_ERROR);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, a_request_is_taken_apart_for_its_network);
    tcase_add_test(t, other_paths_are_not_its_own);
    tcase_add_test(t, what_cannot_be_run_is_refused_in_the_networks_form);
    tcase_add_test(t, a_request_whose_turn_comes_later_is_asked_about_again);
    tcase_add_test(t, who_gets_no_turn_hears_when_to_come_back);
    tcase_add_test(t, who_leaves_while_put_off_harms_nobody);
    tcase_add_test(t, stopping_ends_what_waits_and_what_runs);
    tcase_add_test(t, its_requests_are_counted_and_timed_under_its_label);
    suite_add_tcase(s, t);
    return harness_run(s);
}
