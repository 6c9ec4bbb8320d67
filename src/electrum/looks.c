#include "electrum/looks.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "dial/gate.h"
#include "electrum/internal.h"
#include "journal/journal.h"
#include "log/log.h"
#include "net/conn.h"
#include "net/dial_path.h"
#include "net/subnet.h"

enum { NAME_LOOKUP_PORT = 1, SETTLED_US = 1000000 };

static struct chan_class closed_class = {
    .name = "electrum_closed", .elem_size = sizeof(uint64_t), .capacity = LOOKS_MAX};
static struct chan_class resolved_class = {
    .name = "electrum_resolved", .elem_size = sizeof(struct look_resolved), .capacity = LOOKS_MAX};

int looks_init(struct electrum *e)
{
    int rc = chan_class_register(&closed_class);

    if (rc == 0)
        rc = chan_class_register(&resolved_class);
    if (rc == 0)
        rc = chan_init(&e->closed, &closed_class);
    if (rc < 0)
        return rc;
    rc = chan_init(&e->resolved, &resolved_class);
    if (rc < 0) {
        chan_destroy(&e->closed, NULL);
        return rc;
    }
    e->looks = mem_zalloc_array(LOOKS_MAX, sizeof *e->looks);
    if (!e->looks)
        looks_free(e);
    return e->looks ? 0 : PN_ENOMEM;
}

void looks_free(struct electrum *e)
{
    chan_destroy(&e->closed, NULL);
    chan_destroy(&e->resolved, NULL);
    mem_free(e->looks);
}

struct look *look_of(struct electrum *e, uint64_t request_id)
{
    return &e->looks[request_id % LOOKS_MAX];
}

/* --- the end of one --- */

static void note(struct electrum *e, const struct look *l, enum journal_event event,
                 const char *reason)
{
    const struct journal_note n = {
        .event = event,
        .kind = JOURNAL_SERVER,
        .subject = l->server.host,
        .network = "electrum",
        .reason = reason,
        .detail = l->check.verdict.reason,
    };

    journal_add(e->config.journal, &n);
}

static void finish(struct electrum *e, struct look *l)
{
    static const char *const names[] = {"failed", "bad", "good"};
    const struct peers_verdict *v = &l->check.verdict;

    for (unsigned i = 0; v->kind == VERDICT_GOOD && i < l->check.n_named; i++)
        peers_note(e->peers, l->check.named[i].host, l->check.named[i].tcp_port,
                   l->check.named[i].ssl_port, l->server.host);
    if (v->kind == VERDICT_GOOD && v->has_pin && l->server.has_pin &&
        memcmp(v->pin, l->server.pin, sizeof v->pin) != 0) {
        log_warn("electrum", "server %s shows another certificate than before", l->server.host);
        note(e, l, JOURNAL_WARNED, "certificate_changed");
    }
    if (v->kind == VERDICT_GOOD)
        note(e, l, JOURNAL_CONNECTED, "verified");
    else
        note(e, l, JOURNAL_FAILED, names[v->kind]);
    if (peers_conclude(e->peers, l->server.id, v)) {
        log_info("electrum", "server %s is forgotten: %s", l->server.host, v->reason);
        note(e, l, JOURNAL_FORGOTTEN, names[v->kind]);
    } else {
        log_debug("electrum", "server %s: %s %s", l->server.host, names[v->kind], v->reason);
    }
    metric_add(e->look_results[v->kind], 1);
    l->stage = LOOK_FREE;
}

static void finish_bad(struct electrum *e, struct look *l, const char *reason)
{
    l->check.verdict.kind = VERDICT_BAD;
    snprintf(l->check.verdict.reason, sizeof l->check.verdict.reason, "%s", reason);
    finish(e, l);
}

/* --- the ways to it --- */

static void begin_check(struct electrum *e, struct look *l)
{
    const struct electrum_config *c = &e->config;
    struct check_setup setup = {.chain = &c->chain,
                                .software = e->software,
                                .host = l->server.host,
                                .our_features = e->announcement,
                                .our_host = c->n_announce ? c->announce[0].name : NULL};

    memcpy(setup.genesis_hash, c->genesis_hash, sizeof setup.genesis_hash);
    check_init(&l->check, &setup);
    l->check.verdict.addr = l->routes[l->at_route].to.addr;
}

/* Whether our rules let us dial it. Returns: 0, or why not. */
static int permit(struct electrum *e, const struct look *l, const struct net_target *to)
{
    char text[NET_TARGET_TEXT_BYTES];
    const struct gate *gate = e->config.peers.gate;

    snprintf(text, sizeof text, "%s", to->kind == TARGET_ADDR ? to->host : "");
    if (blacklist_has(&e->blacklist, l->server.host, text))
        return PN_EBANNED;
    if (to->kind == TARGET_NAME) /* it is the proxy's to look it up, so nobody knows where it is */
        return gate && gate->permitted->n > 0 ? PN_EFILTERED : 0;
    if (to->kind == TARGET_ADDR && peers_bucket_taken(e->peers, &to->addr, l->server.id))
        return PN_EGROUP;
    return gate ? gate_permit_dial(e->config.peers.gate, &to->addr) : 0;
}

static void next_route(struct electrum *e, struct look *l);

/* The dial is under way, or this way is closed. */
static int dial(struct electrum *e, struct look *l)
{
    const struct look_route *r = &l->routes[l->at_route];
    int rc = permit(e, l, &r->to);

    if (rc == 0)
        rc = dial_path_start(&l->path, e->config.peers.paths, &r->to);
    if (rc < 0)
        return rc;
    peers_set_addr(e->peers, l->server.id, &r->to.addr);
    l->stage = LOOK_DIALLING;
    l->deadline_us = clock_deadline_ms(dial_path_way(l->path) == PROXY_WAY_DIRECT
                                           ? e->config.peers.connect_timeout_ms
                                           : DIAL_PATH_SAM_TIMEOUT_MS);
    return 0;
}

/* Try the ways from at_route on. */
static void next_route(struct electrum *e, struct look *l)
{
    while (l->at_route < l->n_routes) {
        int rc;

        begin_check(e, l);
        rc = dial(e, l);
        if (rc == 0)
            return;
        if (rc == PN_EBANNED) {
            finish_bad(e, l, "blacklisted");
            return;
        }
        check_fail(&l->check,
                   rc == PN_EGROUP ? "another server is at this address" : pn_strerror(rc));
        l->at_route++;
    }
    if (l->n_routes == 0)
        check_fail(&l->check, "no way leads there");
    finish(e, l);
}

static void fail_route(struct electrum *e, struct look *l, int rc)
{
    check_fail(&l->check, pn_strerror(rc));
    l->at_route++;
    if (l->at_route < l->n_routes)
        next_route(e, l);
    else
        finish(e, l);
}

static void add_routes(struct look *l, const struct net_target *to)
{
    const struct {
        uint16_t port;
        bool tls;
    } ports[] = {{l->server.ssl_port, true}, {l->server.tcp_port, false}};

    for (unsigned i = 0; i < 2; i++)
        if (ports[i].port && l->n_routes < LOOK_ROUTES) {
            struct look_route *r = &l->routes[l->n_routes++];

            *r = (struct look_route){.to = *to, .tls = ports[i].tls};
            r->to.port = r->to.addr.port = ports[i].port;
        }
}

/* --- names --- */

static void on_resolved(void *arg, int rc, const struct net_addr *addrs, size_t count)
{
    struct look *l = arg;
    struct look_resolved r = {.request_id = l->request_id, .rc = rc};

    for (size_t i = 0; i < count && r.n < LOOK_ADDRESSES; i++)
        if (r.n == 0 || r.addrs[0].kind != addrs[i].kind)
            r.addrs[r.n++] = addrs[i];
    chan_try_send(&l->electrum->resolved, &r);
}

/* Who added it must be there. */
static bool claim_holds(const struct look *l, const struct look_resolved *r)
{
    const struct net_addr *by = &l->server.claimed_by;

    for (unsigned i = 0; i < r->n; i++)
        if (r->addrs[i].kind == by->kind &&
            memcmp(r->addrs[i].bytes, by->bytes, net_addr_len(by->kind)) == 0)
            return true;
    return by->kind == NET_NONE;
}

static void take_resolved(struct electrum *e, const struct look_resolved *r)
{
    struct look *l = look_of(e, r->request_id);

    if (l->request_id != r->request_id || l->stage != LOOK_RESOLVING)
        return;
    if (r->rc < 0) {
        check_fail(&l->check, pn_strerror(r->rc));
        finish(e, l);
        return;
    }
    if (!claim_holds(l, r)) {
        finish_bad(e, l, "its name does not lead to who added it");
        return;
    }
    for (unsigned i = 0; i < r->n; i++) {
        struct net_target to;

        if (net_target_from_addr(&to, &r->addrs[i]) == 0)
            add_routes(l, &to);
    }
    next_route(e, l);
}

/* --- beginning one --- */

static void begin(struct electrum *e, struct look *l, const struct peers_entry *server)
{
    const struct electrum_peers_config *c = &e->config.peers;
    struct proxy_route route;
    int rc;

    *l = (struct look){.server = *server,
                       .electrum = e,
                       .request_id = ++e->look_turns * LOOKS_MAX + (uint64_t)(l - e->looks)};
    begin_check(e, l);
    rc = net_target_parse(&l->host, server->host, NAME_LOOKUP_PORT);
    if (rc == 0 && blacklist_has(&e->blacklist, server->host, NULL)) {
        finish_bad(e, l, "blacklisted");
        return;
    }
    if (rc == 0)
        rc = proxy_route(&route, dial_paths_config(c->paths), &l->host);
    if (rc == 0) {
        add_routes(l, &l->host);
        next_route(e, l);
        return;
    }
    if (rc == PN_EINVAL && c->lookup) { /* a name that no proxy takes */
        l->stage = LOOK_RESOLVING;
        rc = c->lookup(c->lookup_arg, &l->host, on_resolved, l);
    }
    if (rc < 0) {
        check_fail(&l->check, pn_strerror(rc));
        finish(e, l);
    }
}

/* Our own chain must have been in sync for a moment: right after a start, or when the first peer
 * has come, it only seems to be. */
static bool may_judge(struct electrum *e)
{
    if (!e->config.chain.ops->in_sync(e->config.chain.arg))
        e->in_sync_since_us = 0;
    else if (e->in_sync_since_us == 0)
        e->in_sync_since_us = clock_mono_us();
    return e->in_sync_since_us && clock_mono_us() - e->in_sync_since_us >= SETTLED_US;
}

int64_t looks_start(struct electrum *e)
{
    enum { PAUSED_MS = 500 };
    int64_t due_us = CLOCK_NEVER;

    if (!e->peers || !may_judge(e))
        return due_us;
    if (e->config.peers.gate && gate_is_paused(e->config.peers.gate))
        return clock_deadline_ms(PAUSED_MS); /* nothing is held against anybody meanwhile */
    for (unsigned i = 0; i < LOOKS_MAX; i++) {
        struct peers_entry server;

        if (e->looks[i].stage != LOOK_FREE)
            continue;
        if (peers_take_due(e->peers, &server, &due_us) < 0)
            return due_us;
        begin(e, &e->looks[i], &server);
    }
    return CLOCK_NEVER; /* all places are taken: the end of one will tell */
}

/* --- dials and sessions --- */

static void on_shown(void *arg, const uint8_t fingerprint[TLS_FINGERPRINT_BYTES])
{
    struct look *l = arg;

    memcpy(l->check.verdict.pin, fingerprint, sizeof l->check.verdict.pin);
    l->check.verdict.has_pin = true;
}

static struct conn *wrap(struct electrum *e, struct look *l, struct conn *c)
{
    const struct tls_setup setup = {
        .server_name = l->host.kind == TARGET_NAME ? l->server.host : NULL,
        .shown = on_shown,
        .arg = l,
    };

    return l->routes[l->at_route].tls ? tls_conn_new(e->tls_client, c, &setup) : c;
}

static void talk(struct electrum *e, struct look *l)
{
    int fd = dial_path_take(l->path), rc;
    struct conn *c = conn_from_fd(fd), *outer = c ? wrap(e, l, c) : NULL;

    dial_path_free(l->path);
    l->path = NULL;
    if (!outer) {
        conn_close(c);
        if (!c)
            close(fd);
        fail_route(e, l, PN_ENOMEM);
        return;
    }
    l->stage = LOOK_TALKING;
    rc = server_add_conn(e->server, e->checks_network, outer, &l->routes[l->at_route].to.addr,
                         CONN_FEELER, false, l->request_id, &e->quit);
    if (rc < 0) {
        conn_close(outer);
        fail_route(e, l, rc);
    }
}

unsigned looks_poll(struct electrum *e, struct pollfd *fds, int64_t *deadline_us)
{
    unsigned n = 0;

    for (unsigned i = 0; i < LOOKS_MAX; i++) {
        const struct look *l = &e->looks[i];

        if (l->stage != LOOK_DIALLING)
            continue;
        fds[n++] =
            (struct pollfd){.fd = dial_path_fd(l->path), .events = dial_path_events(l->path)};
        if (l->deadline_us < *deadline_us)
            *deadline_us = l->deadline_us;
    }
    return n;
}

/* The dials stand in fds in their order. */
void looks_step(struct electrum *e, const struct pollfd *fds, unsigned n)
{
    struct look *dialling[LOOKS_MAX];
    unsigned found = 0;

    for (unsigned i = 0; i < LOOKS_MAX; i++)
        if (e->looks[i].stage == LOOK_DIALLING)
            dialling[found++] = &e->looks[i];
    for (unsigned i = 0; i < n && i < found; i++) {
        struct look *l = dialling[i];
        int rc = dial_path_step(l->path, fds[i].revents);

        if (rc == PN_EAGAIN && clock_mono_us() < l->deadline_us)
            continue;
        if (rc == 0) {
            talk(e, l);
            continue;
        }
        dial_path_free(l->path);
        l->path = NULL;
        fail_route(e, l, rc == PN_EAGAIN ? PN_ETIMEDOUT : rc);
    }
}

static void take_closed(struct electrum *e, uint64_t request_id)
{
    struct look *l = look_of(e, request_id);

    if (l->request_id != request_id || l->stage != LOOK_TALKING)
        return;
    check_fail(&l->check, "no place for the connection");
    if (l->check.verdict.kind == VERDICT_FAILED && ++l->at_route < l->n_routes)
        next_route(e, l);
    else
        finish(e, l);
}

void looks_receive(struct electrum *e)
{
    struct look_resolved resolved;
    uint64_t request_id;

    while (chan_try_recv(&e->resolved, &resolved) == 0)
        take_resolved(e, &resolved);
    while (chan_try_recv(&e->closed, &request_id) == 0)
        take_closed(e, request_id);
}

void looks_stop(struct electrum *e)
{
    for (unsigned i = 0; i < LOOKS_MAX; i++) {
        dial_path_free(e->looks[i].path);
        e->looks[i].path = NULL;
    }
}
