/* The HTTP face answers what it should, and refuses the rest. */
#include <event2/event.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/api.h"
#include "base/err.h"
#include "harness.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "net/loop.h"
#include "net/sock.h"

enum { PATIENCE_MS = 10000 };

struct fixture {
    struct loop *loop;
    struct api *api;
    struct net_addr at;
    bool healthy;
    char answer[65536];
};

static bool check(void *arg, char detail[API_DETAIL_BYTES])
{
    struct fixture *f = arg;

    snprintf(detail, API_DETAIL_BYTES, "looked at it");
    return f->healthy;
}

static void set_up(struct fixture *f)
{
    struct api_config config = {.live = {{"pulse", check, f}},
                                .n_live = 1,
                                .ready = {{"first", check, f}, {"second", check, f}},
                                .n_ready = 2};
    int fd;

    *f = (struct fixture){.loop = loop_new()};
    ck_assert_ptr_nonnull(f->loop);
    net_addr_parse(&f->at, "127.0.0.1:0", 0);
    ck_assert_int_eq(sock_listen(&fd, &f->at), 0);
    ck_assert_int_eq(sock_local_addr(&f->at, fd), 0);
    close(fd);
    config.addr = f->at;
    ck_assert_int_eq(api_new(&f->api, loop_base(f->loop), &config), 0);
}

static void tear_down(struct fixture *f)
{
    api_free(f->api);
    loop_free(f->loop);
    metrics_reset();
}

/* Send a request and turn the loop until the server closes. Returns: the whole answer. */
static const char *ask(struct fixture *f, const char *request)
{
    struct pollfd pfd = {.events = POLLOUT};
    size_t len = 0;

    ck_assert_int_eq(sock_connect_start(&pfd.fd, &f->at), 0);
    ck_assert_int_eq(poll(&pfd, 1, PATIENCE_MS), 1);
    ck_assert_int_eq(send(pfd.fd, request, strlen(request), MSG_NOSIGNAL),
                     (ssize_t)strlen(request));
    for (int i = 0; i < PATIENCE_MS; i++) {
        ssize_t n;

        event_base_loop(loop_base(f->loop), EVLOOP_NONBLOCK);
        n = recv(pfd.fd, f->answer + len, sizeof f->answer - 1 - len, MSG_DONTWAIT);
        if (n == 0) {
            close(pfd.fd);
            f->answer[len] = '\0';
            return f->answer;
        }
        if (n > 0)
            len += (size_t)n;
        else
            poll(NULL, 0, 1);
    }
    ck_abort_msg("no answer to %s", request);
    return NULL;
}

static const char *get(struct fixture *f, const char *path, const char *header)
{
    char request[512];

    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n",
             path, header);
    return ask(f, request);
}

START_TEST(health_is_told_check_by_check)
{
    static struct fixture f;
    const char *body;

    set_up(&f);
    body = get(&f, "/readyz", "");
    ck_assert_ptr_nonnull(strstr(body, "HTTP/1.1 503"));
    ck_assert_ptr_nonnull(
        strstr(body, "{\"checks\":[{\"name\":\"first\",\"ok\":false,\"detail\":\"looked at it\"},"
                     "{\"name\":\"second\",\"ok\":false,\"detail\":\"looked at it\"}],"
                     "\"ok\":false}"));
    f.healthy = true;
    body = get(&f, "/livez", "");
    ck_assert_ptr_nonnull(strstr(body, "HTTP/1.1 200"));
    ck_assert_ptr_nonnull(strstr(body, "\"ok\":true}"));
    tear_down(&f);
}
END_TEST

START_TEST(metrics_come_in_the_form_that_is_asked_for)
{
    static struct fixture f;
    const char *body;

    set_up(&f);
    body = get(&f, "/metrics", "");
    ck_assert_ptr_nonnull(strstr(body, "Content-Type: text/plain; version=0.0.4; charset=utf-8"));
    ck_assert_ptr_null(strstr(body, "# EOF"));
    /* It counts itself, one request late. */
    body = get(&f, "/metrics", "Accept: application/openmetrics-text; version=1.0.0\r\n");
    ck_assert_ptr_nonnull(strstr(body, "Content-Type: application/openmetrics-text"));
    ck_assert_ptr_nonnull(
        strstr(body, "p2pnode_http_requests_total{handler=\"metrics\",code=\"200\"} 1"));
    ck_assert_ptr_nonnull(strstr(body, "# EOF\n"));
    tear_down(&f);
}
END_TEST

START_TEST(other_paths_methods_and_oversizes_are_refused)
{
    static char big[16384];
    static struct fixture f;

    set_up(&f);
    ck_assert_ptr_nonnull(strstr(get(&f, "/etc/passwd", ""), "HTTP/1.1 404"));
    ck_assert_ptr_nonnull(
        strstr(ask(&f, "DELETE /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
               "HTTP/1.1 501"));
    snprintf(big, sizeof big, "GET /metrics HTTP/1.1\r\nX-Long: %0*d\r\nConnection: close\r\n\r\n",
             12000, 0);
    ck_assert_ptr_null(strstr(ask(&f, big), " 200 "));
    tear_down(&f);
}
END_TEST

START_TEST(a_taken_address_is_told)
{
    struct api_config config = {0};
    struct api *second = NULL;
    static struct fixture f;

    set_up(&f);
    config.addr = f.at;
    ck_assert_int_eq(api_new(&second, loop_base(f.loop), &config), PN_EBUSY);
    tear_down(&f);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("api");
    TCase *t = tcase_create("http");

    log_set_level(LOG_LEVEL_WARN);
    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, health_is_told_check_by_check);
    tcase_add_test(t, metrics_come_in_the_form_that_is_asked_for);
    tcase_add_test(t, other_paths_methods_and_oversizes_are_refused);
    tcase_add_test(t, a_taken_address_is_told);
    return harness_run(s);
}
