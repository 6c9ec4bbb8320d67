/* Calls over HTTP: who may make them, and what becomes of them while others wait. */
#include <dirent.h>
#include <event2/event.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/api.h"
#include "api/guard.h"
#include "api/worker.h"
#include "base/err.h"
#include "base/mem.h"
#include "harness.h"
#include "http_client.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "store/read_file.h"
#include "thread/chan.h"
#include "thread/thread.h"

enum { MAX_CONNECTIONS = 64 };

/* "user:pass word" by RFC 7617. */
#define PASSWORD_HEADER "Authorization: Basic dXNlcjpwYXNzIHdvcmQ=\r\n"

struct fixture {
    struct loop *loop;
    struct api *api;
    struct net_addr at;
    struct rpc_table table;
    char dir[32], cookie_path[64];
    char answer[65536];
    struct chan gate; /* what the method "wait" waits for */
    atomic_uint waiting;
};

static void run_where(struct rpc_call *c)
{
    c->result = json_new_text(thread_role_name(thread_role()));
}

static void run_wait(struct rpc_call *c)
{
    struct fixture *f = c->arg;

    atomic_fetch_add(&f->waiting, 1);
    chan_recv(&f->gate, NULL, CLOCK_NEVER);
    c->result = json_new_text("at last");
}

static void run_patient(struct rpc_call *c)
{
    struct fixture *f = c->arg;
    struct chan_case cases[] = {{.chan = &f->gate, .op = CHAN_RECV}, {.op = CHAN_RECV}};

    if (rpc_put_off(c))
        return;
    cases[1].chan = c->wait->quit;
    atomic_fetch_add(&f->waiting, 1);
    c->result = json_new_text(chan_select(cases, 2, c->wait->deadline_us) ? "quit" : "patience");
}

static const struct rpc_method methods[] = {
    {"where", "", "The thread's role.", run_where},
    {"wait", "", "Waits.", run_wait},
    {"patient", "", "Waits where others do not stand behind it.", run_patient},
};

static void set_up(struct fixture *f, const char *allowed)
{
    struct api_config config = {.user = "user", .password = "pass word"};

    *f = (struct fixture){.loop = loop_new(), .dir = "/tmp/api-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(f->dir));
    snprintf(f->cookie_path, sizeof f->cookie_path, "%s/.cookie", f->dir);
    ck_assert_int_eq(chan_class_register(&quit_class), 0);
    ck_assert_int_eq(chan_init(&f->gate, &quit_class), 0);
    f->table = (struct rpc_table){"test", methods, 3, f};
    config.methods = (struct rpc_set){.tables = {&f->table}, .n = 1};
    config.cookie_path = f->cookie_path;
    if (allowed)
        ck_assert_int_eq(subnet_list_add(&config.allowed, allowed), 0);
    http_free_port(&f->at);
    config.addr = f->at;
    ck_assert_int_eq(api_new(&f->api, loop_base(f->loop), &config), 0);
}

static void tear_down(struct fixture *f)
{
    quit_request(&f->gate);
    api_free(f->api);
    ck_assert_int_ne(access(f->cookie_path, F_OK), 0);
    ck_assert_int_eq(rmdir(f->dir), 0);
    chan_destroy(&f->gate, NULL);
    loop_free(f->loop);
    metrics_reset();
}

static int connect_to(const struct fixture *f)
{
    return http_connect(&f->at);
}

static void say(int fd, const char *headers, const char *body)
{
    http_say(fd, "POST /", headers, body);
}

static const char *hear(struct fixture *f, int fd)
{
    return http_hear(f->answer, sizeof f->answer, f->loop, fd);
}

static const char *post(struct fixture *f, const char *headers, const char *body)
{
    int fd = connect_to(f);

    say(fd, headers, body);
    return hear(f, fd);
}

#define WHERE "{\"method\":\"where\",\"id\":1}"
#define WAIT  "{\"method\":\"wait\",\"id\":1}"

#define PATIENT "{\"method\":\"patient\",\"id\":1}"

START_TEST(the_password_lets_in_and_calls_run_on_a_thread_of_their_own)
{
    static struct fixture f;
    const char *answer;

    set_up(&f, NULL);
    answer = post(&f, PASSWORD_HEADER, WHERE);
    http_expect(answer, "HTTP/1.1 200");
    http_expect(answer, "Content-Type: application/json");
    http_expect(answer, "{\"result\":\"rpc\",\"error\":null,\"id\":1}\n");
    tear_down(&f);
}
END_TEST

/* base64 by a second hand, for the cookie. */
static void basic_header(char *out, size_t out_size, const uint8_t *text, size_t len)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t at = (size_t)snprintf(out, out_size, "Authorization: Basic ");

    for (size_t i = 0; i < len; i += 3) {
        uint32_t v = (uint32_t)text[i] << 16;

        v |= i + 1 < len ? (uint32_t)text[i + 1] << 8 : 0;
        v |= i + 2 < len ? text[i + 2] : 0;
        at += (size_t)snprintf(out + at, out_size - at, "%c%c%c%c", alphabet[v >> 18],
                               alphabet[v >> 12 & 63], i + 1 < len ? alphabet[v >> 6 & 63] : '=',
                               i + 2 < len ? alphabet[v & 63] : '=');
    }
    snprintf(out + at, out_size - at, "\r\n");
}

START_TEST(the_cookie_lets_in_and_is_for_its_owner_alone)
{
    static struct fixture f;
    char header[512];
    uint8_t *cookie;
    size_t len;

    set_up(&f, NULL);
    ck_assert_int_eq(read_file(&cookie, &len, f.cookie_path, 1000), 0);
    ck_assert_uint_eq(len, strlen("__cookie__:") + 64);
    ck_assert_mem_eq(cookie, "__cookie__:", 11);
    basic_header(header, sizeof header, cookie, len);
    http_expect(post(&f, header, WHERE), "HTTP/1.1 200");
    header[40] ^= 1;
    http_expect(post(&f, header, WHERE), "HTTP/1.1 401");
    mem_free(cookie);
    tear_down(&f);
}
END_TEST

START_TEST(without_the_right_credential_no_call_is_made)
{
    static struct fixture f;

    set_up(&f, NULL);
    http_expect(post(&f, "", WAIT), "HTTP/1.1 401");
    http_expect(post(&f, "", WAIT), "WWW-Authenticate: Basic realm=\"jsonrpc\"");
    http_expect(post(&f, "Authorization: Basic \r\n", WAIT), "HTTP/1.1 401");
    http_expect(post(&f, "Authorization: Basic dXNlcjpwYXNzIHdvcmQ\r\n", WAIT), "HTTP/1.1 401");
    http_expect(post(&f, "Authorization: Bearer dXNlcjpwYXNzIHdvcmQ=\r\n", WAIT), "HTTP/1.1 401");
    ck_assert_uint_eq(atomic_load(&f.waiting), 0);
    tear_down(&f);
}
END_TEST

START_TEST(pages_of_other_sites_are_refused_even_with_the_credential)
{
    static struct fixture f;

    set_up(&f, NULL);
    http_expect(post(&f, PASSWORD_HEADER "Host: rebound.example:9338\r\n", WAIT), "HTTP/1.1 403");
    http_expect(post(&f, PASSWORD_HEADER "Host: localhost.example\r\n", WAIT), "HTTP/1.1 403");
    http_expect(
        post(&f, PASSWORD_HEADER "Host: 127.0.0.1:9338\r\nOrigin: http://other.example\r\n", WAIT),
        "HTTP/1.1 403");
    http_expect(post(&f, PASSWORD_HEADER "Host: 127.0.0.1:9338\r\nOrigin: null\r\n", WAIT),
                "HTTP/1.1 403");
    ck_assert_uint_eq(atomic_load(&f.waiting), 0);
    http_expect(post(&f,
                     PASSWORD_HEADER "Host: 127.0.0.1:9338\r\nOrigin: http://127.0.0.1:9338\r\n",
                     WHERE),
                "HTTP/1.1 200");
    http_expect(post(&f, PASSWORD_HEADER "Host: LocalHost:9338\r\n", WHERE), "HTTP/1.1 200");
    http_expect(post(&f, PASSWORD_HEADER "Host: [::1]:9338\r\n", WHERE), "HTTP/1.1 200");
    tear_down(&f);
}
END_TEST

START_TEST(calls_are_taken_from_permitted_addresses_alone)
{
    static struct fixture f;
    struct subnet_list list = {.n = 0};

    set_up(&f, "10.0.0.0/8");
    http_expect(post(&f, PASSWORD_HEADER, WHERE), "HTTP/1.1 403");
    tear_down(&f);
    ck_assert(guard_remote_ok(&list, "127.0.0.1"));
    ck_assert(guard_remote_ok(&list, "::1"));
    ck_assert(!guard_remote_ok(&list, "192.168.0.1"));
    ck_assert(!guard_remote_ok(&list, "nonsense"));
}
END_TEST

START_TEST(errors_keep_their_status)
{
    static struct fixture f;

    set_up(&f, NULL);
    http_expect(post(&f, PASSWORD_HEADER, "{\"method\":\"none\",\"id\":1}"), "HTTP/1.1 404");
    http_expect(post(&f, PASSWORD_HEADER, "nonsense"), "HTTP/1.1 500");
    http_expect(post(&f, PASSWORD_HEADER, "{\"jsonrpc\":\"2.0\",\"method\":\"where\"}"),
                "HTTP/1.1 204");
    tear_down(&f);
}
END_TEST

static void await_waiting(struct fixture *f, unsigned n)
{
    for (int i = 0; i < HTTP_PATIENCE_MS && atomic_load(&f->waiting) < n; i++)
        http_turn(f->loop);
    ck_assert_uint_eq(atomic_load(&f->waiting), n);
}

/* One call runs, a client gives up, and what it asked for harms nobody. */
START_TEST(a_client_may_go_while_its_call_runs)
{
    static struct fixture f;
    int gone, stays;

    set_up(&f, NULL);
    gone = connect_to(&f);
    say(gone, PASSWORD_HEADER, WAIT);
    await_waiting(&f, 1);
    close(gone);
    stays = connect_to(&f);
    say(stays, PASSWORD_HEADER, WHERE);
    quit_request(&f.gate);
    http_expect(hear(&f, stays), "\"rpc\"");
    tear_down(&f);
}
END_TEST

START_TEST(nobody_stands_behind_a_call_that_waits_for_others)
{
    static struct fixture f;
    int patient = -1;

    set_up(&f, NULL);
    patient = connect_to(&f);
    say(patient, PASSWORD_HEADER, PATIENT);
    await_waiting(&f, 1);
    http_expect(post(&f, PASSWORD_HEADER, WHERE), "\"rpc\"");
    quit_request(&f.gate);
    http_expect(hear(&f, patient), "\"patience\"");
    tear_down(&f);
}
END_TEST

/* Four run and others stand in line; none of them is waited for. */
START_TEST(stopping_ends_calls_that_wait_for_others)
{
    static struct fixture f;
    int fds[6];

    set_up(&f, NULL);
    for (int i = 0; i < 6; i++) {
        fds[i] = connect_to(&f);
        say(fds[i], PASSWORD_HEADER, PATIENT);
    }
    await_waiting(&f, 4);
    api_free(f.api);
    f.api = NULL;
    tear_down(&f);
    for (int i = 0; i < 6; i++)
        close(fds[i]);
}
END_TEST

START_TEST(stopping_waits_for_the_call_under_way)
{
    static struct fixture f;
    int fds[3];

    set_up(&f, NULL);
    for (int i = 0; i < 3; i++) {
        fds[i] = connect_to(&f);
        say(fds[i], PASSWORD_HEADER, WAIT);
    }
    await_waiting(&f, 1);
    tear_down(&f);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
}
END_TEST

static unsigned count_descriptors(void)
{
    unsigned n = 0;
    DIR *dir = opendir("/proc/self/fd");

    ck_assert_ptr_nonnull(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

/* Of 74 connections, 64 are accepted; the others wait in the kernel until places are free,
 * and nobody who waits is lost. */
START_TEST(connections_are_bounded_and_the_rest_wait_their_turn)
{
    static struct fixture f;
    int fds[MAX_CONNECTIONS + 10];
    unsigned answered = 0, before;
    const char *answer;

    set_up(&f, NULL);
    before = count_descriptors();
    for (int i = 0; i < MAX_CONNECTIONS + 10; i++)
        fds[i] = connect_to(&f);
    for (int i = 0; i < 200; i++)
        event_base_loop(loop_base(f.loop), EVLOOP_NONBLOCK);
    ck_assert_uint_eq(count_descriptors() - before, 2 * MAX_CONNECTIONS + 10); /* both ends */
    for (int i = 0; i < MAX_CONNECTIONS + 10; i++) {
        say(fds[i], PASSWORD_HEADER, WHERE);
        answer = hear(&f, fds[i]);
        answered += strstr(answer, "\"rpc\"") != NULL;
    }
    ck_assert_uint_eq(answered, MAX_CONNECTIONS + 10);
    tear_down(&f);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("api");
    TCase *t = tcase_create("calls");

    json_init();
    log_set_level(LOG_LEVEL_ERROR);
    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, the_password_lets_in_and_calls_run_on_a_thread_of_their_own);
    tcase_add_test(t, the_cookie_lets_in_and_is_for_its_owner_alone);
    tcase_add_test(t, without_the_right_credential_no_call_is_made);
    tcase_add_test(t, pages_of_other_sites_are_refused_even_with_the_credential);
    tcase_add_test(t, calls_are_taken_from_permitted_addresses_alone);
    tcase_add_test(t, errors_keep_their_status);
    tcase_add_test(t, a_client_may_go_while_its_call_runs);
    tcase_add_test(t, nobody_stands_behind_a_call_that_waits_for_others);
    tcase_add_test(t, stopping_ends_calls_that_wait_for_others);
    tcase_add_test(t, stopping_waits_for_the_call_under_way);
    tcase_add_test(t, connections_are_bounded_and_the_rest_wait_their_turn);
    return harness_run(s);
}
