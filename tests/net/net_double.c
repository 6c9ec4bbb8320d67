#include "net_double.h"

#include <check.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/sock.h"

enum { CONNECTIONS_MAX = 64 };

static struct {
    int far[CONNECTIONS_MAX];
    struct net_addr to[CONNECTIONS_MAX];
    unsigned n;
    int start_rc, result_rc;
} state;

static int double_connect_start(int *fd, const struct net_addr *to)
{
    int pair[2];

    *fd = -1;
    if (state.start_rc < 0)
        return state.start_rc;
    ck_assert_uint_lt(state.n, CONNECTIONS_MAX);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    *fd = pair[0];
    state.far[state.n] = pair[1];
    state.to[state.n++] = *to;
    return 0;
}

static int double_connect_result(int fd)
{
    (void)fd;
    return state.result_rc;
}

static const struct sock_ops double_ops = {
    .connect_start = double_connect_start,
    .connect_result = double_connect_result,
};

void net_double_start(void)
{
    state.n = 0;
    net_double_fail(0, 0);
    sock_set_ops(&double_ops);
}

void net_double_stop(void)
{
    for (unsigned i = 0; i < state.n; i++)
        net_double_close(i);
    sock_set_ops(NULL);
}

void net_double_fail(int start_rc, int result_rc)
{
    state.start_rc = start_rc;
    state.result_rc = result_rc;
}

unsigned net_double_count(void)
{
    return state.n;
}

int net_double_far(unsigned i)
{
    ck_assert_uint_lt(i, state.n);
    return state.far[i];
}

const char *net_double_to(unsigned i)
{
    static char text[NET_ADDR_TEXT_BYTES];

    ck_assert_uint_lt(i, state.n);
    return net_addr_format(text, &state.to[i]);
}

void net_double_say(unsigned i, const void *data, size_t len)
{
    ck_assert_int_eq(send(net_double_far(i), data, len, MSG_NOSIGNAL), (ssize_t)len);
}

void net_double_close(unsigned i)
{
    if (state.far[i] >= 0)
        close(state.far[i]);
    state.far[i] = -1;
}

const char *net_double_heard(unsigned i)
{
    static char text[8192];
    ssize_t got = recv(net_double_far(i), text, sizeof text - 1, MSG_DONTWAIT);

    text[got > 0 ? got : 0] = '\0';
    return text;
}
