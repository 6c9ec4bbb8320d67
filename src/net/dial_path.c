/* A path is in one of four states. CONNECT: a plain connect is under way. SESSION: it waits for the
 * I2P session, whose descriptor is then the one to poll. EXCHANGE: it talks to a proxy or router on
 * its own descriptor. DONE: the stream is there, or the answer.
 *
 * It stands in memory of its own, since a SOCKS5 or SAM conversation takes some kilobytes and few
 * requests are being dialled at a time. */
#include "net/dial_path.h"

#include <assert.h>
#include <poll.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/sam_session.h"
#include "net/sock.h"

enum path_state { PATH_CONNECT, PATH_SESSION, PATH_EXCHANGE, PATH_DONE };

struct dial_paths {
    struct proxy_config config;
    struct sam_session session;
};

struct dial_path {
    struct dial_paths *all;
    enum path_state state;
    struct proxy_route route;
    struct net_target to;
    uint64_t session_attempt;
    struct exchange x; /* x.fd is this path's own descriptor in every state */
    union {
        struct socks5 socks5;
        struct sam sam;
    } machine;
};

struct dial_paths *dial_paths_new(const struct proxy_config *config, const char *sam_options)
{
    struct dial_paths *all = mem_zalloc(sizeof *all);

    if (!all)
        return NULL;
    all->config = *config;
    sam_session_init(&all->session, &config->sam, sam_options);
    return all;
}

void dial_paths_free(struct dial_paths *all)
{
    if (!all)
        return;
    sam_session_close(&all->session);
    mem_free(all);
}

const struct proxy_config *dial_paths_config(const struct dial_paths *all)
{
    return &all->config;
}

static int start_direct(struct dial_path *p)
{
    p->state = PATH_CONNECT;
    return sock_connect_start(&p->x.fd, &p->route.hop);
}

static int start_socks5(struct dial_path *p, enum socks5_command command)
{
    p->state = PATH_EXCHANGE;
    socks5_init(&p->machine.socks5, command, &p->to, &p->route.auth);
    return exchange_start(&p->x, &exchange_socks5, &p->machine.socks5, &p->route.hop);
}

static int start_stream(struct dial_path *p)
{
    p->state = PATH_EXCHANGE;
    sam_init_stream(&p->machine.sam, sam_session_id(&p->all->session), &p->to);
    return exchange_start(&p->x, &exchange_sam, &p->machine.sam, &p->route.hop);
}

static int start_sam(struct dial_path *p)
{
    int rc = sam_session_want(&p->all->session, &p->session_attempt);

    p->state = PATH_SESSION;
    if (rc < 0 || p->all->session.state != SAM_SESSION_READY)
        return rc;
    return start_stream(p);
}

static int start(struct dial_path *p)
{
    int rc = proxy_route(&p->route, &p->all->config, &p->to);

    if (rc < 0)
        return rc;
    switch (p->route.way) {
    case PROXY_WAY_DIRECT:
        return start_direct(p);
    case PROXY_WAY_PROXY:
    case PROXY_WAY_ONION:
        return start_socks5(p, SOCKS5_CONNECT);
    case PROXY_WAY_SAM:
        return start_sam(p);
    }
    return PN_ENOROUTE;
}

static int start_lookup(struct dial_path *p)
{
    int rc = proxy_lookup_route(&p->route, &p->all->config);

    if (rc < 0 || p->route.way == PROXY_WAY_DIRECT)
        return PN_ENOROUTE;
    return start_socks5(p, SOCKS5_RESOLVE);
}

static int make(struct dial_path **out, struct dial_paths *all, const struct net_target *to,
                int (*begin)(struct dial_path *p))
{
    struct dial_path *p = mem_zalloc(sizeof *p);
    int rc;

    *out = NULL;
    if (!p)
        return PN_ENOMEM;
    p->all = all;
    p->to = *to;
    p->x.fd = -1;
    rc = begin(p);
    if (rc < 0)
        dial_path_free(p);
    else
        *out = p;
    return rc;
}

int dial_path_start(struct dial_path **out, struct dial_paths *all, const struct net_target *to)
{
    return make(out, all, to, start);
}

int dial_path_start_lookup(struct dial_path **out, struct dial_paths *all,
                           const struct net_target *name)
{
    return make(out, all, name, start_lookup);
}

int dial_path_fd(const struct dial_path *p)
{
    return p->state == PATH_SESSION ? p->all->session.x.fd : p->x.fd;
}

short dial_path_events(const struct dial_path *p)
{
    switch (p->state) {
    case PATH_CONNECT:
        return POLLOUT;
    case PATH_SESSION:
        return exchange_events(&p->all->session.x);
    case PATH_EXCHANGE:
        return exchange_events(&p->x);
    case PATH_DONE:
        break;
    }
    return 0;
}

/* rc: 1 done, 0 under way, or an error. */
static int conclude(struct dial_path *p, int rc)
{
    if (rc == 1)
        p->state = PATH_DONE;
    if (rc == PN_ESAM_SESSION)
        sam_session_lost(&p->all->session, p->session_attempt);
    if (rc == 0)
        return PN_EAGAIN;
    return rc < 0 ? rc : 0;
}

static int step_connect(struct dial_path *p, short revents)
{
    int rc;

    if (!revents)
        return 0;
    rc = sock_connect_result(p->x.fd);
    return rc < 0 ? rc : 1;
}

static int step_session(struct dial_path *p, short revents)
{
    int rc = sam_session_step(&p->all->session, p->session_attempt, revents);

    return rc == 1 ? start_stream(p) : rc;
}

int dial_path_step(struct dial_path *p, short revents)
{
    switch (p->state) {
    case PATH_CONNECT:
        return conclude(p, step_connect(p, revents));
    case PATH_SESSION:
        return conclude(p, step_session(p, revents));
    case PATH_EXCHANGE:
        return conclude(p, exchange_step(&p->x, revents));
    case PATH_DONE:
        break;
    }
    return 0;
}

int dial_path_take(struct dial_path *p)
{
    int fd = p->x.fd;

    assert(p->state == PATH_DONE && fd >= 0);
    p->x.fd = -1;
    return fd;
}

const struct net_addr *dial_path_answer(const struct dial_path *p)
{
    assert(p->state == PATH_DONE);
    return socks5_bound(&p->machine.socks5);
}

enum proxy_way dial_path_way(const struct dial_path *p)
{
    return p->route.way;
}

void dial_path_free(struct dial_path *p)
{
    if (!p)
        return;
    if (p->x.fd >= 0)
        close(p->x.fd);
    mem_free(p);
}
