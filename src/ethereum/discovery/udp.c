#include "ethereum/discovery/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/sock.h"

enum { SLOT_BYTES = UDP_MAX_BYTES + 1, BUFFER_BYTES = 4 * 1024 * 1024 };

struct udp {
    int fd;
    struct net_addr addr;
    struct mmsghdr messages[UDP_BATCH];
    struct iovec slots[UDP_BATCH];
    struct sockaddr_storage senders[UDP_BATCH];
    uint8_t bytes[UDP_BATCH][SLOT_BYTES];
};

/* A flood fills the system's default in a millisecond; only root gets more than its limit. */
static void set_buffer(int fd)
{
    int bytes = BUFFER_BYTES;

    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

static int bind_socket(struct udp *u, const struct net_addr *at)
{
    struct sockaddr_storage sa;
    socklen_t len;
    int on = 1, rc = net_addr_to_sockaddr(&sa, &len, at);

    if (rc < 0)
        return rc;
    u->fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (u->fd < 0)
        return pn_err_from_errno(errno);
    if (sa.ss_family == AF_INET6)
        setsockopt(u->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    set_buffer(u->fd);
    if (bind(u->fd, (struct sockaddr *)&sa, len) < 0)
        return pn_err_from_errno(errno);
    return sock_local_addr(&u->addr, u->fd);
}

int udp_open(struct udp **out, const struct net_addr *at)
{
    struct udp *u = mem_zalloc(sizeof *u);
    int rc;

    if (!u)
        return PN_ENOMEM;
    u->fd = -1;
    rc = bind_socket(u, at);
    if (rc < 0) {
        udp_free(u);
        return rc;
    }
    for (unsigned i = 0; i < UDP_BATCH; i++) {
        u->slots[i] = (struct iovec){.iov_base = u->bytes[i], .iov_len = SLOT_BYTES};
        u->messages[i].msg_hdr.msg_iov = &u->slots[i];
        u->messages[i].msg_hdr.msg_iovlen = 1;
        u->messages[i].msg_hdr.msg_name = &u->senders[i];
    }
    *out = u;
    return 0;
}

void udp_free(struct udp *u)
{
    if (!u)
        return;
    if (u->fd >= 0)
        close(u->fd);
    mem_free(u);
}

int udp_fd(const struct udp *u)
{
    return u ? u->fd : -1;
}

const struct net_addr *udp_addr(const struct udp *u)
{
    return &u->addr;
}

int udp_receive(struct udp *u,
                void (*input)(void *arg, const struct net_addr *from, const void *data, size_t len),
                void *arg)
{
    int n;

    for (unsigned i = 0; i < UDP_BATCH; i++)
        u->messages[i].msg_hdr.msg_namelen = sizeof u->senders[i];
    n = recvmmsg(u->fd, u->messages, UDP_BATCH, MSG_DONTWAIT, NULL);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : pn_err_from_errno(errno);
    for (int i = 0; i < n; i++) {
        struct net_addr from;

        if (net_addr_from_sockaddr(&from, (struct sockaddr *)&u->senders[i]) == 0)
            input(arg, &from, u->bytes[i], u->messages[i].msg_len);
    }
    return n;
}

int udp_send(struct udp *u, const struct net_addr *to, const void *data, size_t len)
{
    struct sockaddr_storage sa;
    socklen_t sa_len;
    int rc = net_addr_to_sockaddr(&sa, &sa_len, to);

    if (rc < 0)
        return rc;
    if (sendto(u->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&sa, sa_len) < 0)
        return pn_err_from_errno(errno);
    return 0;
}
