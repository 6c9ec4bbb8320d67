/* The stream of events, to a client over a socket and to a file. */
#include <event2/event.h>
#include <event2/http.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/events.h"
#include "base/err.h"
#include "base/mem.h"
#include "harness.h"
#include "metrics/metrics.h"
#include "net/loop.h"
#include "net/sock.h"
#include "rpc/json.h"
#include "store/read_file.h"

enum { PATIENCE_MS = 20000, CAPACITY = 16 };

struct fixture {
    struct loop *loop;
    struct evhttp *http;
    struct events *events;
    struct journal *journal;
    struct net_addr at;
    const char *topics;
    int subscribed; /* what events_subscribe gave last */
    char text[65536];
    size_t len;
};

static void on_request(struct evhttp_request *req, void *arg)
{
    struct fixture *f = arg;

    f->subscribed = events_subscribe(f->events, req, f->topics);
    if (f->subscribed < 0)
        evhttp_send_reply(req, 503, NULL, NULL);
}

static void set_up(struct fixture *f, const char *log_path)
{
    int fd;

    *f = (struct fixture){.loop = loop_new(), .subscribed = 1};
    f->journal = journal_new(CAPACITY);
    ck_assert_ptr_nonnull(f->journal);
    ck_assert_int_eq(events_new(&f->events, loop_base(f->loop), f->journal, log_path), 0);
    net_addr_parse(&f->at, "127.0.0.1:0", 0);
    ck_assert_int_eq(sock_listen(&fd, &f->at), 0);
    ck_assert_int_eq(sock_local_addr(&f->at, fd), 0);
    f->http = evhttp_new(loop_base(f->loop));
    ck_assert_int_eq(evhttp_accept_socket(f->http, fd), 0);
    evhttp_set_gencb(f->http, on_request, f);
}

static void tear_down(struct fixture *f)
{
    events_free(f->events);
    evhttp_free(f->http);
    journal_free(f->journal);
    loop_free(f->loop);
    metrics_reset();
}

static void note(struct fixture *f, enum journal_event event, int number)
{
    char subject[16];
    const struct journal_note n = {
        .event = event, .kind = JOURNAL_PEER, .subject = subject, .network = "test"};

    snprintf(subject, sizeof subject, "%d", number);
    journal_add(f->journal, &n);
}

static int subscribe(struct fixture *f, const char *headers)
{
    struct pollfd pfd = {.events = POLLOUT};
    char request[256];
    int len = snprintf(request, sizeof request, "GET / HTTP/1.1\r\n%s\r\n", headers);

    f->subscribed = 1;
    ck_assert_int_eq(sock_connect_start(&pfd.fd, &f->at), 0);
    ck_assert_int_eq(poll(&pfd, 1, PATIENCE_MS), 1);
    ck_assert_int_eq(send(pfd.fd, request, (size_t)len, MSG_NOSIGNAL), len);
    for (int i = 0; i < PATIENCE_MS && f->subscribed == 1; i++) {
        event_base_loop(loop_base(f->loop), EVLOOP_NONBLOCK);
        poll(NULL, 0, 1);
    }
    return pfd.fd;
}

/* Turn the loop until the text has come. */
static void await(struct fixture *f, int fd, const char *part)
{
    for (int i = 0; i < PATIENCE_MS; i++) {
        ssize_t n;

        f->text[f->len] = '\0';
        if (strstr(f->text, part))
            return;
        event_base_loop(loop_base(f->loop), EVLOOP_NONBLOCK);
        n = recv(fd, f->text + f->len, sizeof f->text - 1 - f->len, MSG_DONTWAIT);
        if (n > 0)
            f->len += (size_t)n;
        else
            poll(NULL, 0, 1);
    }
    ck_abort_msg("no \"%s\" in: %s", part, f->text);
}

START_TEST(what_is_noted_reaches_the_client_with_its_number)
{
    static struct fixture f;
    int fd;

    set_up(&f, NULL);
    note(&f, JOURNAL_BANNED, 1); /* before the subscription: not for this client */
    fd = subscribe(&f, "");
    note(&f, JOURNAL_CONNECTED, 2);
    await(&f, fd, "Content-Type: text/event-stream");
    await(&f, fd, "id: 2\ndata: {\"time\":");
    await(&f, fd, "\"subject\":\"2\",\"network\":\"test\"");
    ck_assert_ptr_null(strstr(f.text, "banned"));
    close(fd);
    tear_down(&f);
}
END_TEST

START_TEST(a_client_that_comes_back_goes_on_behind_its_last_event)
{
    static struct fixture f;
    int fd;

    set_up(&f, NULL);
    for (int i = 1; i <= 3; i++)
        note(&f, JOURNAL_CONNECTED, i);
    fd = subscribe(&f, "Last-Event-ID: 1\r\n");
    await(&f, fd, "id: 3\n");
    ck_assert_ptr_nonnull(strstr(f.text, "id: 2\n"));
    ck_assert_ptr_null(strstr(f.text, "id: 1\n"));
    close(fd);
    tear_down(&f);
}
END_TEST

START_TEST(topics_choose_and_unknown_ones_are_refused)
{
    static struct fixture f;
    int fd;

    set_up(&f, NULL);
    f.topics = "banned,evicted";
    fd = subscribe(&f, "");
    note(&f, JOURNAL_CONNECTED, 1);
    note(&f, JOURNAL_EVICTED, 2);
    await(&f, fd, "\"event\":\"evicted\"");
    ck_assert_ptr_null(strstr(f.text, "connected"));
    close(fd);
    f.topics = "banned,weather";
    close(subscribe(&f, ""));
    ck_assert_int_eq(f.subscribed, PN_EINVAL);
    f.topics = "";
    close(subscribe(&f, ""));
    ck_assert_int_eq(f.subscribed, PN_EINVAL);
    tear_down(&f);
}
END_TEST

START_TEST(who_misses_events_is_told_how_many)
{
    static struct fixture f;
    int fd;

    set_up(&f, NULL);
    fd = subscribe(&f, "");
    for (int i = 1; i <= 3 * CAPACITY; i++) /* the loop does not turn meanwhile */
        note(&f, JOURNAL_CONNECTED, i);
    await(&f, fd, "id: 48\n");
    await(&f, fd, "event: lost\ndata: {\"count\":32}\n\n");
    close(fd);
    tear_down(&f);
}
END_TEST

START_TEST(clients_are_bounded_and_a_place_is_free_when_one_has_gone)
{
    static struct fixture f;
    int fds[EVENTS_CLIENTS_MAX], fd = -1;

    set_up(&f, NULL);
    for (int i = 0; i < EVENTS_CLIENTS_MAX; i++) {
        fds[i] = subscribe(&f, "");
        ck_assert_int_eq(f.subscribed, 0);
    }
    close(subscribe(&f, ""));
    ck_assert_int_eq(f.subscribed, PN_ELIMIT);
    close(fds[0]);
    /* It is noticed when something is written to it. */
    for (int i = 0; i < 1000 && f.subscribed != 0; i++) {
        note(&f, JOURNAL_CONNECTED, i);
        poll(NULL, 0, 10);
        fd = subscribe(&f, "");
        if (f.subscribed != 0)
            close(fd);
    }
    ck_assert_int_eq(f.subscribed, 0);
    tear_down(&f);
    for (int i = 1; i < EVENTS_CLIENTS_MAX; i++)
        close(fds[i]);
    close(fd);
}
END_TEST

static void expect_file(const char *path, size_t lines)
{
    uint8_t *text;
    size_t len, n = 0;

    ck_assert_int_eq(read_file(&text, &len, path, 1 << 20), 0);
    for (size_t i = 0; i < len; i++)
        n += text[i] == '\n';
    ck_assert_uint_eq(n, lines);
    ck_assert_mem_eq(text, "{\"time\":", 8);
    mem_free(text);
}

START_TEST(the_file_gets_a_line_each_and_may_be_moved_aside)
{
    static struct fixture f;
    char dir[] = "/tmp/events-XXXXXX", path[64], moved[64];

    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/log", dir);
    snprintf(moved, sizeof moved, "%s/log.1", dir);
    set_up(&f, path);
    note(&f, JOURNAL_CONNECTED, 1);
    note(&f, JOURNAL_CONNECTED, 2);
    for (int i = 0; i < PATIENCE_MS && access(path, F_OK) == 0; i++) {
        uint8_t *text;
        size_t len;

        event_base_loop(loop_base(f.loop), EVLOOP_NONBLOCK);
        ck_assert_int_eq(read_file(&text, &len, path, 1 << 20), 0);
        mem_free(text);
        if (len > 0)
            break;
        poll(NULL, 0, 1);
    }
    ck_assert_int_eq(rename(path, moved), 0);
    ck_assert_int_eq(events_reopen(f.events), 0);
    note(&f, JOURNAL_CONNECTED, 3);
    tear_down(&f); /* what is left is written */
    expect_file(moved, 2);
    expect_file(path, 1);
    unlink(moved);
    unlink(path);
    ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("api");
    TCase *t = tcase_create("events");

    json_init();
    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, what_is_noted_reaches_the_client_with_its_number);
    tcase_add_test(t, a_client_that_comes_back_goes_on_behind_its_last_event);
    tcase_add_test(t, topics_choose_and_unknown_ones_are_refused);
    tcase_add_test(t, who_misses_events_is_told_how_many);
    tcase_add_test(t, clients_are_bounded_and_a_place_is_free_when_one_has_gone);
    tcase_add_test(t, the_file_gets_a_line_each_and_may_be_moved_aside);
    return harness_run(s);
}
