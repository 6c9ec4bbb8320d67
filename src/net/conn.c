/* Connections over sockets: non-blocking calls, and poll(2) with the caller's deadline where they
 * would block. SIGPIPE is never raised. */
#include "net/conn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

struct sock_conn {
    struct conn conn;
    int fd;
};

static struct sock_conn *sock_of(struct conn *c)
{
    return (struct sock_conn *)(void *)c;
}

static int wait_ready(int fd, short events, int64_t deadline_us)
{
    for (;;) {
        struct pollfd pfd = {.fd = fd, .events = events};
        int timeout_ms = clock_poll_ms(deadline_us);
        int n = poll(&pfd, 1, timeout_ms);

        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return pn_err_from_errno(errno);
        if (n == 0 && deadline_us != CLOCK_NEVER && clock_mono_us() >= deadline_us)
            return PN_ETIMEDOUT;
    }
}

static int sock_read(struct conn *c, size_t *n, void *data, size_t len, int64_t deadline_us)
{
    int fd = sock_of(c)->fd;

    for (;;) {
        ssize_t got = recv(fd, data, len, 0);
        int rc;

        if (got > 0) {
            *n = (size_t)got;
            return 0;
        }
        if (got == 0)
            return PN_EEOF;
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return pn_err_from_errno(errno);
        rc = wait_ready(fd, POLLIN, deadline_us);
        if (rc < 0)
            return rc;
    }
}

static int sock_writev(struct conn *c, struct iovec *iov, int n, int64_t deadline_us)
{
    int fd = sock_of(c)->fd;
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = (size_t)n};

    while (msg.msg_iovlen > 0) {
        ssize_t put = sendmsg(fd, &msg, MSG_NOSIGNAL);
        int rc;

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && errno != EAGAIN)
            return pn_err_from_errno(errno);
        if (put < 0) {
            rc = wait_ready(fd, POLLOUT, deadline_us);
            if (rc < 0)
                return rc;
            continue;
        }
        for (; msg.msg_iovlen > 0 && (size_t)put >= msg.msg_iov->iov_len; msg.msg_iovlen--)
            put -= (ssize_t)msg.msg_iov++->iov_len;
        if (msg.msg_iovlen > 0) {
            msg.msg_iov->iov_base = (uint8_t *)msg.msg_iov->iov_base + put;
            msg.msg_iov->iov_len -= (size_t)put;
        }
    }
    return 0;
}

static int sock_try_write(struct conn *c, size_t *n, const void *data, size_t len)
{
    ssize_t put = send(sock_of(c)->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (put < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : pn_err_from_errno(errno);
    *n = (size_t)put;
    return 0;
}

static void sock_shutdown(struct conn *c)
{
    shutdown(sock_of(c)->fd, SHUT_RDWR);
}

static void sock_shutdown_read(struct conn *c)
{
    shutdown(sock_of(c)->fd, SHUT_RD);
}

static void sock_close(struct conn *c)
{
    close(sock_of(c)->fd);
    mem_free(c);
}

static const struct conn_ops sock_ops = {
    .read = sock_read,
    .writev = sock_writev,
    .try_write = sock_try_write,
    .shutdown = sock_shutdown,
    .shutdown_read = sock_shutdown_read,
    .close = sock_close,
};

struct conn *conn_from_fd(int fd)
{
    struct sock_conn *s = mem_zalloc(sizeof *s);

    if (!s)
        return NULL;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    s->conn.ops = &sock_ops;
    s->fd = fd;
    return &s->conn;
}
