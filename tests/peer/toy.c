#include "toy.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "harness.h"

/* --- transport --- */

struct toy_transport {
    uint8_t data[4096];
    size_t len, taken;
};

static uint8_t *toy_space(void *transport, size_t *len)
{
    struct toy_transport *t = transport;

    memmove(t->data, t->data + t->taken, t->len - t->taken);
    t->len -= t->taken;
    t->taken = 0;
    *len = sizeof t->data - t->len;
    return t->data + t->len;
}

static void toy_commit(void *transport, size_t len)
{
    struct toy_transport *t = transport;

    t->len += len;
}

static int toy_next(void *transport, struct peer_message *out)
{
    struct toy_transport *t = transport;
    const uint8_t *at = t->data + t->taken;
    size_t left = t->len - t->taken;

    if (left < 2 || left < 2u + at[1])
        return 0;
    if (at[0] >= TOY_CMDS)
        return PN_ECOMMAND;
    *out = (struct peer_message){
        .cmd = at[0], .payload = at + 2, .len = at[1], .wire_bytes = 2u + at[1]};
    t->taken += out->wire_bytes;
    return 1;
}

static const struct peer_transport_ops transport_ops = {
    .space = toy_space,
    .commit = toy_commit,
    .next = toy_next,
    .free = mem_free,
};

/* --- protocol --- */

struct frame *toy_frame(enum toy_cmd cmd, const void *payload, size_t len)
{
    uint8_t raw[2 + 255] = {(uint8_t)cmd, (uint8_t)len};

    if (len)
        memcpy(raw + 2, payload, len);
    return frame_new(cmd, raw, 2 + len);
}

static const char *toy_name(unsigned cmd)
{
    static const char *const names[TOY_CMDS] = {"hello",  "ping", "pong",   "echo",
                                                "ask",    "answer", "inv", "linger"};

    return names[cmd];
}

static int toy_negotiate(struct peer *p)
{
    struct peer_message m;
    int rc = peer_write_message(p, toy_frame(TOY_HELLO, NULL, 0));

    if (rc == 0)
        rc = peer_read_message(p, &m);
    if (rc == 0 && m.cmd != TOY_HELLO)
        rc = PN_EPROTO;
    return rc;
}

static struct toy *toy_of(struct peer *p)
{
    return *(struct toy **)peer_proto_data(p);
}

static int toy_ready(struct peer *p)
{
    atomic_fetch_add(&toy_of(p)->ready_calls, 1);
    return 0;
}

static int toy_handle(struct peer *p, const struct peer_message *m)
{
    uint64_t nonce;

    switch (m->cmd) {
    case TOY_ECHO:
        return peer_reply(p, toy_frame(TOY_ANSWER, m->payload, m->len), 0);
    case TOY_PONG:
        memcpy(&nonce, m->payload, sizeof nonce);
        peer_pong(p, nonce);
        return 0;
    case TOY_LINGER:
        clock_test_advance_ms(60000);
        return 0;
    default:
        return 0;
    }
}

static void toy_gone(struct peer *p)
{
    atomic_fetch_add(&toy_of(p)->gone_calls, 1);
}

static void toy_release(struct peer *p)
{
    atomic_fetch_add(&toy_of(p)->released, 1);
    mem_free(peer_proto_data(p));
}

static struct frame *toy_ping(struct peer *p, uint64_t nonce)
{
    (void)p;
    return toy_frame(TOY_PING, &nonce, sizeof nonce);
}

static struct frame *toy_inventory(struct peer *p, const struct peer_inventory *items, unsigned n)
{
    uint8_t first[255];

    (void)p;
    for (unsigned i = 0; i < n; i++)
        first[i] = items[i].hash[0];
    return toy_frame(TOY_INV, first, n);
}

static const struct peer_stall_rule rules[] = {
    {.sent_cmd = TOY_ASK, .answers = UINT64_C(1) << TOY_ANSWER, .factor = 2},
};

static const struct peer_proto_ops proto_ops = {
    .network = "toy",
    .cmd_count = TOY_CMDS,
    .cmd_name = toy_name,
    .negotiate = toy_negotiate,
    .ready = toy_ready,
    .handle = toy_handle,
    .gone = toy_gone,
    .release = toy_release,
    .ping = toy_ping,
    .ping_cmd = TOY_PING,
    .inventory = toy_inventory,
    .stall_rules = rules,
    .n_stall_rules = 1,
};

/* --- host --- */

static void host_ready(void *arg, struct peer *p)
{
    (void)arg;
    (void)p;
}

static void host_done(void *arg, struct peer *p)
{
    struct toy *t = arg;

    (void)p;
    atomic_fetch_add(&t->done_calls, 1);
    quit_request(t->done);
}

/* --- the test's side --- */

void toy_setup(struct toy *t, bool fake_clock)
{
    struct peer_setup setup;
    struct toy **back = mem_alloc(sizeof *back);
    int fds[2];

    if (fake_clock)
        clock_test_start(1700000000);
    *t = (struct toy){.config = PEER_CONFIG_DEFAULT, .done = &t->done_chan};
    *back = t;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    ck_assert_int_eq(chan_class_register(&quit_class), 0);
    ck_assert_int_eq(chan_init(t->done, &quit_class), 0);
    t->remote = fds[1];
    t->metrics = peer_metrics_new(&proto_ops);
    setup = (struct peer_setup){
        .id = 7,
        .addr = {.kind = NET_IPV4, .port = 1, .bytes = {127, 0, 0, 1}},
        .config = &t->config,
        .proto = &proto_ops,
        .proto_data = back,
        .transport_ops = &transport_ops,
        .transport = mem_zalloc(sizeof(struct toy_transport)),
        .metrics = t->metrics,
        .host = {.ready = host_ready, .done = host_done, .arg = t},
    };
    t->peer = peer_new(&setup, conn_from_fd(fds[0]));
    ck_assert_ptr_nonnull(t->peer);
}

void toy_connect(struct toy *t)
{
    uint8_t payload[255];
    size_t len;

    ck_assert_int_eq(peer_start(t->peer), 0);
    toy_remote_expect(t, TOY_HELLO, NULL, 0);
    toy_remote_send(t, TOY_HELLO, NULL, 0);
    ck_assert_int_eq(toy_remote_recv(t, payload, &len), TOY_PING); /* the first heartbeat */
}

int toy_finish(struct toy *t)
{
    int reason;

    ck_assert_int_eq(chan_recv(t->done, NULL, CLOCK_NEVER), PN_ECLOSED);
    peer_join(t->peer);
    reason = peer_reason(t->peer);
    peer_unref(t->peer);
    ck_assert_int_eq(atomic_load(&t->gone_calls), 1);
    ck_assert_int_eq(atomic_load(&t->done_calls), 1);
    ck_assert_int_eq(atomic_load(&t->released), 1);
    close(t->remote);
    peer_metrics_free(t->metrics);
    chan_destroy(t->done, NULL);
    clock_test_stop();
    return reason;
}

void toy_remote_send(struct toy *t, enum toy_cmd cmd, const void *payload, size_t len)
{
    struct frame *f = toy_frame(cmd, payload, len);

    ck_assert_int_eq(send(t->remote, f->data, f->len, MSG_NOSIGNAL), (int)f->len);
    frame_unref(f);
}

static bool read_exactly(int fd, uint8_t *out, size_t len)
{
    while (len > 0) {
        ssize_t n = recv(fd, out, len, 0);

        if (n <= 0)
            return false;
        out += n;
        len -= (size_t)n;
    }
    return true;
}

int toy_remote_recv(struct toy *t, uint8_t payload[255], size_t *len)
{
    uint8_t head[2];

    if (!read_exactly(t->remote, head, 2) || !read_exactly(t->remote, payload, head[1]))
        return -1;
    *len = head[1];
    return head[0];
}

void toy_remote_expect(struct toy *t, enum toy_cmd cmd, const void *payload, size_t len)
{
    uint8_t got[255];
    size_t got_len;

    ck_assert_int_eq(toy_remote_recv(t, got, &got_len), (int)cmd);
    ck_assert_uint_eq(got_len, len);
    if (len)
        ck_assert_mem_eq(got, payload, len);
}

bool toy_is_done(struct toy *t)
{
    return quit_requested(t->done);
}

int64_t toy_advance_until(bool (*holds)(struct toy *t), struct toy *t, int64_t ms)
{
    const int64_t step_ms = ms > 20000 ? ms / 200 : 100;

    for (int64_t moved = 0; moved <= ms; moved += step_ms) {
        /* Threads notice a moved test clock within a millisecond of real time. */
        for (int i = 0; i < 4; i++) {
            if (holds(t))
                return moved;
            poll(NULL, 0, 1);
        }
        clock_test_advance_ms(step_ms);
    }
    return -1;
}
