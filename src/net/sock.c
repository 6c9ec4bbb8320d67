#include "net/sock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/err.h"

enum { LISTEN_BACKLOG = 128 };

static void set_nodelay(int fd)
{
    int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static int kernel_connect_start(int *fd, const struct net_addr *to)
{
    struct sockaddr_storage sa;
    socklen_t len;
    int rc = net_addr_to_sockaddr(&sa, &len, to);

    if (rc < 0)
        return rc;
    *fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return pn_err_from_errno(errno);
    set_nodelay(*fd);
    if (connect(*fd, (struct sockaddr *)&sa, len) == 0 || errno == EINPROGRESS)
        return 0;
    rc = pn_err_from_errno(errno);
    close(*fd);
    *fd = -1;
    return rc;
}

static int kernel_connect_result(int fd)
{
    int err = 0;
    socklen_t len = sizeof err;

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
        err = errno;
    return err ? pn_err_from_errno(err) : 0;
}

static int kernel_listen(int *fd, const struct net_addr *at)
{
    struct sockaddr_storage sa;
    socklen_t len;
    int on = 1, rc = net_addr_to_sockaddr(&sa, &len, at);

    if (rc < 0)
        return rc;
    *fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return pn_err_from_errno(errno);
    setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (sa.ss_family == AF_INET6) /* so that 0.0.0.0 and [::] can both be listened on */
        setsockopt(*fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(*fd, (struct sockaddr *)&sa, len) == 0 && listen(*fd, LISTEN_BACKLOG) == 0)
        return 0;
    rc = pn_err_from_errno(errno);
    close(*fd);
    *fd = -1;
    return rc;
}

static int kernel_accept(int *fd, struct net_addr *from, int listen_fd)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof sa;

    do
        *fd = accept4(listen_fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    while (*fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (*fd < 0)
        return pn_err_from_errno(errno);
    set_nodelay(*fd);
    if (net_addr_from_sockaddr(from, (struct sockaddr *)&sa) == 0)
        return 0;
    close(*fd);
    *fd = -1;
    return PN_EUNREACH;
}

int sock_local_addr(struct net_addr *out, int fd)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof sa;

    if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
        return pn_err_from_errno(errno);
    return net_addr_from_sockaddr(out, (struct sockaddr *)&sa);
}

static const struct sock_ops kernel_ops = {
    .connect_start = kernel_connect_start,
    .connect_result = kernel_connect_result,
    .listen = kernel_listen,
    .accept = kernel_accept,
};

static const struct sock_ops *_Atomic ops_in_use = &kernel_ops;

void sock_set_ops(const struct sock_ops *ops)
{
    atomic_store(&ops_in_use, ops ? ops : &kernel_ops);
}

int sock_connect_start(int *fd, const struct net_addr *to)
{
    return atomic_load(&ops_in_use)->connect_start(fd, to);
}

int sock_connect_result(int fd)
{
    return atomic_load(&ops_in_use)->connect_result(fd);
}

int sock_listen(int *fd, const struct net_addr *at)
{
    return atomic_load(&ops_in_use)->listen(fd, at);
}

int sock_accept(int *fd, struct net_addr *from, int listen_fd)
{
    return atomic_load(&ops_in_use)->accept(fd, from, listen_fd);
}
