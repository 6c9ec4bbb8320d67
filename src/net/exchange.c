#include "net/exchange.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/err.h"
#include "net/sam.h"
#include "net/sock.h"
#include "net/socks5.h"

enum { READ_BYTES = 1024 };

static const uint8_t *socks5_ops_output(const void *m, size_t *len)
{
    return socks5_output(m, len);
}

static void socks5_ops_sent(void *m, size_t len)
{
    socks5_sent(m, len);
}

static size_t socks5_ops_need(const void *m)
{
    return socks5_need(m);
}

static int socks5_ops_input(void *m, size_t *used, const uint8_t *data, size_t len)
{
    return socks5_input(m, used, data, len);
}

static const uint8_t *sam_ops_output(const void *m, size_t *len)
{
    return sam_output(m, len);
}

static void sam_ops_sent(void *m, size_t len)
{
    sam_sent(m, len);
}

static size_t sam_ops_need(const void *m)
{
    return sam_need(m);
}

static int sam_ops_input(void *m, size_t *used, const uint8_t *data, size_t len)
{
    return sam_input(m, used, data, len);
}

const struct exchange_ops exchange_socks5 = {
    .output = socks5_ops_output,
    .sent = socks5_ops_sent,
    .need = socks5_ops_need,
    .input = socks5_ops_input,
};

const struct exchange_ops exchange_sam = {
    .output = sam_ops_output,
    .sent = sam_ops_sent,
    .need = sam_ops_need,
    .input = sam_ops_input,
};

/* Why there is no connection to the proxy. Our own want of memory or descriptors is not its fault.
 */
static int connect_error(int rc)
{
    return rc == PN_ENOMEM || rc == PN_ELIMIT ? rc : PN_EPROXY_DOWN;
}

int exchange_start(struct exchange *x, const struct exchange_ops *ops, void *machine,
                   const struct net_addr *to)
{
    int rc;

    *x = (struct exchange){.ops = ops, .machine = machine, .fd = -1, .connecting = true};
    rc = sock_connect_start(&x->fd, to);
    return rc < 0 ? connect_error(rc) : 0;
}

static size_t output_left(const struct exchange *x)
{
    size_t len;

    x->ops->output(x->machine, &len);
    return len;
}

short exchange_events(const struct exchange *x)
{
    return x->connecting || output_left(x) > 0 ? POLLOUT : POLLIN;
}

/* Returns: 1 when everything is written, 0 when the socket takes no more now, or an error. */
static int write_all(struct exchange *x)
{
    size_t len;
    const uint8_t *data;

    while (data = x->ops->output(x->machine, &len), len > 0) {
        ssize_t put = send(x->fd, data, len, MSG_NOSIGNAL);

        if (put >= 0)
            x->ops->sent(x->machine, (size_t)put);
        else if (errno == EAGAIN)
            return 0;
        else if (errno != EINTR)
            return PN_EPROXY_CLOSED;
    }
    return 1;
}

/* One read of no more than the machine needs. Returns: PN_EAGAIN when nothing is there; else the
 * machine's verdict. */
static int read_once(struct exchange *x)
{
    uint8_t data[READ_BYTES];
    size_t need = x->ops->need(x->machine), used;
    ssize_t got;
    int rc;

    do
        got = recv(x->fd, data, need < sizeof data ? need : sizeof data, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN)
        return PN_EAGAIN;
    if (got <= 0)
        return PN_EPROXY_CLOSED;
    rc = x->ops->input(x->machine, &used, data, (size_t)got);
    return rc >= 0 && used < (size_t)got ? PN_EPROXY_PROTO : rc;
}

int exchange_step(struct exchange *x, short revents)
{
    int rc;

    if (x->connecting) {
        if (!revents)
            return 0;
        rc = sock_connect_result(x->fd);
        if (rc < 0)
            return connect_error(rc);
        x->connecting = false;
    }
    do {
        rc = write_all(x);
        if (rc <= 0)
            return rc;
        rc = read_once(x);
    } while (rc == 0);
    return rc == PN_EAGAIN ? 0 : rc;
}
