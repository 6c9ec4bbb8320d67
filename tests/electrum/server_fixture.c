#include "server_fixture.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "net/conn.h"
#include "rpc/json.h"

enum { PLACES = 32 };

static void on_stopped(void *arg)
{
    struct server_fixture *f = arg;

    quit_request(&f->stopped);
}

void fixture_init(struct server_fixture *f, uint32_t headers)
{
    *f = (struct server_fixture){.chain = chain_double_new(headers)};
    f->config = (struct electrum_config){
        .chain = {&chain_double_ops, f->chain},
        .software = "p2pnode test",
        .banner = "welcome",
        .peer = PEER_CONFIG_DEFAULT,
        .max_sessions = PLACES,
        .cost_soft = 1000,
        .cost_hard = 10000,
    };
    memcpy(f->config.genesis_hash, f->chain->hashes[0], 32);
}

void fixture_start(struct server_fixture *f)
{
    slots_init(&f->slots, PLACES, 0);
    ck_assert_int_eq(chan_class_register(&quit_class), 0);
    ck_assert_int_eq(chan_init(&f->stopped, &quit_class), 0);
    f->server = server_new(PLACES);
    ck_assert_ptr_nonnull(f->server);
    ck_assert_int_eq(electrum_new(&f->electrum, &f->config), 0);
    ck_assert_int_eq(electrum_attach(f->electrum, f->server, &f->slots), 0);
    ck_assert_int_eq(electrum_start(f->electrum), 0);
    ck_assert_int_eq(server_start(f->server, on_stopped, f), 0);
}

void fixture_stop(struct server_fixture *f)
{
    server_stop(f->server);
    ck_assert_int_eq(chan_recv(&f->stopped, NULL, CLOCK_NEVER), PN_ECLOSED);
    electrum_stop(f->electrum);
    server_join(f->server);
    ck_assert_uint_eq(atomic_load(&f->slots.inbound), 0);
    server_free(f->server);
    electrum_free(f->electrum);
    chan_destroy(&f->stopped, NULL);
    chain_double_free(f->chain);
}

void client_connect(struct client *c, struct server_fixture *f)
{
    const struct net_addr from = {.kind = NET_IPV4, .bytes = {127, 0, 0, 1}, .port = 9};
    struct conn *conn;
    int fds[2], rc;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    conn = conn_from_fd(fds[0]);
    ck_assert(slots_take_inbound(&f->slots));
    do /* the server's inbox may be full for a moment */
        rc = electrum_accepted(f->electrum, conn, &from, true, false);
    while (rc == PN_EAGAIN);
    ck_assert_int_eq(rc, 0);
    *c = (struct client){.fd = fds[1]};
}

void client_close(struct client *c)
{
    close(c->fd);
    free(c->data);
}

void client_send_bytes(struct client *c, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(c->fd, data, len, MSG_NOSIGNAL);

        if (n <= 0)
            return; /* the test will see that the other side has gone */
        data += n;
        len -= (size_t)n;
    }
}

void client_send(struct client *c, const char *text)
{
    client_send_bytes(c, text, strlen(text));
    client_send_bytes(c, "\n", 1);
}

char *client_line(struct client *c)
{
    char *lf, *line;
    size_t len;

    while (!(lf = c->len ? memchr(c->data, '\n', c->len) : NULL)) {
        ssize_t n;

        if (c->cap - c->len < 65536) {
            c->cap += 65536 + c->cap;
            c->data = realloc(c->data, c->cap);
        }
        n = recv(c->fd, c->data + c->len, c->cap - c->len, 0);
        if (n <= 0)
            return NULL;
        c->len += (size_t)n;
    }
    len = (size_t)(lf - c->data);
    line = strndup(c->data, len);
    c->len -= len + 1;
    memmove(c->data, lf + 1, c->len);
    return line;
}

void client_expect(struct client *c, const char *request, const char *answer)
{
    char *line;

    client_send(c, request);
    line = client_line(c);
    ck_assert_msg(line && strcmp(line, answer) == 0, "asked %s\nexpected %s\ngot      %s", request,
                  answer, line ? line : "the end");
    free(line);
}

cJSON *client_json(struct client *c)
{
    char *line = client_line(c);
    cJSON *tree = line ? cJSON_Parse(line) : NULL;

    ck_assert_msg(tree != NULL, "expected JSON, got %s", line ? line : "the end");
    free(line);
    return tree;
}

void client_join(struct client *c, struct server_fixture *f, const char *version)
{
    char request[200], answer[200];

    client_connect(c, f);
    snprintf(request, sizeof request,
             "{\"jsonrpc\":\"2.0\",\"method\":\"server.version\",\"params\":[\"t\",\"%s\"],"
             "\"id\":0}",
             version);
    snprintf(answer, sizeof answer,
             "{\"jsonrpc\": \"2.0\", \"result\": [\"p2pnode test\", \"%s\"], \"id\": 0}", version);
    client_expect(c, request, answer);
}

void client_expect_end(struct client *c)
{
    char *line = client_line(c);

    ck_assert_msg(line == NULL, "expected the end, got %s", line);
}
