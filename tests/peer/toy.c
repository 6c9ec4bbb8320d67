#include "toy.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "harness.h"

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

/* --- the connection --- */

atomic_size_t toy_at_once_max;
static struct conn_ops limited_ops;
static const struct conn_ops *socket_ops;

static int limited_try_write(struct conn *c, size_t *n, const void *data, size_t len)
{
    size_t max = atomic_load(&toy_at_once_max);

    if (max == 0)
        return 0;
    return socket_ops->try_write(c, n, data, len < max ? len : max);
}

static struct conn *limited_conn(int fd)
{
    struct conn *c = conn_from_fd(fd);

    ck_assert_ptr_nonnull(c);
    socket_ops = c->ops;
    limited_ops = *c->ops;
    limited_ops.try_write = limited_try_write;
    c->ops = &limited_ops;
    atomic_store(&toy_at_once_max, SIZE_MAX);
    return c;
}

/* --- the test's side --- */

void toy_setup(struct toy *t, bool fake_clock)
{
    toy_setup_with(t, fake_clock, &toy_proto_ops, &toy_transport_ops);
}

void toy_setup_with(struct toy *t, bool fake_clock, const struct peer_proto_ops *proto,
                    const struct peer_transport_ops *transport)
{
    struct peer_setup setup;
    int fds[2];

    if (fake_clock)
        clock_test_start(1700000000);
    *t = (struct toy){.config = PEER_CONFIG_DEFAULT, .done = &t->done_chan};
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    ck_assert_int_eq(chan_class_register(&quit_class), 0);
    ck_assert_int_eq(chan_init(t->done, &quit_class), 0);
    t->remote = fds[1];
    t->metrics = peer_metrics_new(proto);
    setup = (struct peer_setup){
        .id = 7,
        .addr = {.kind = NET_IPV4, .port = 1, .bytes = {127, 0, 0, 1}},
        .config = &t->config,
        .proto = proto,
        .proto_data = toy_proto_data_new(&t->counts),
        .transport_ops = transport,
        .transport = toy_transport_new(),
        .metrics = t->metrics,
        .host = {.ready = host_ready, .done = host_done, .arg = t},
    };
    t->peer = peer_new(&setup, limited_conn(fds[0]));
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

void toy_start(struct toy *t, bool fake_clock)
{
    toy_setup(t, fake_clock);
    toy_connect(t);
}

void toy_quit(struct toy *t)
{
    peer_disconnect(t->peer, PN_EQUIT);
    ck_assert_int_eq(toy_finish(t), PN_EQUIT);
}

int toy_finish(struct toy *t)
{
    int reason;

    ck_assert_int_eq(chan_recv(t->done, NULL, CLOCK_NEVER), PN_ECLOSED);
    peer_join(t->peer);
    reason = peer_reason(t->peer);
    peer_unref(t->peer);
    ck_assert_int_eq(atomic_load(&t->counts.gone_calls), 1);
    ck_assert_int_eq(atomic_load(&t->done_calls), 1);
    ck_assert_int_eq(atomic_load(&t->counts.released), 1);
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
