/* A file that may be replaced while the node runs, by an editor or by logrotate, is permitted as
 * what its directory holds: a rule goes with the file that is there now, not with its name. */
#include "app/node_sandbox.h"

#include <stdlib.h>
#include <string.h>

#include "app/node_electrum.h"
#include "app/node_ethereum.h"
#include "app/node_parts.h"
#include "base/err.h"
#include "bitcoin/chain/params.h"
#include "config.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "sandbox/sandbox.h"

#ifdef PN_SANITIZER
#define SANITIZED true
#else
#define SANITIZED false
#endif

static struct metric_family parts = {
    .name = "p2pnode_sandbox",
    .help = "Whether this part of the sandbox is in force.",
    .type = METRIC_GAUGE,
    .labels = {"part"},
};

/* What the C library, OpenSSL and c-ares read: name service and time zone, configuration, libraries
 * that they load when they need them; and what the metrics read. */
static int allow_system(struct sandbox *s)
{
    static const char *const read[] = {"/etc",         "/usr",         "/lib",
                                       "/lib64",       "/proc/self",   "/proc/stat",
                                       "/proc/sys/vm", "/dev/urandom", "/sys/devices/system/cpu"};
    int rc = 0;

    for (size_t i = 0; i < sizeof read / sizeof read[0] && rc == 0; i++) {
        rc = sandbox_allow(s, read[i], SANDBOX_READ);
        rc = rc == PN_ENOENT ? 0 : rc;
    }
    if (rc == 0)
        rc = sandbox_allow(s, "/dev/null", SANDBOX_READ | SANDBOX_WRITE);
    /* Often a link to what another daemon writes. */
    if (rc == 0 || rc == PN_ENOENT)
        rc = sandbox_allow_around(s, "/etc/resolv.conf", SANDBOX_READ);
    return rc == PN_ENOENT ? 0 : rc;
}

static int allow_files(struct sandbox *s, const struct options *o)
{
    const struct {
        const char *path;
        unsigned access;
    } files[] = {
        {o->conf, SANDBOX_READ},
        {o->log_file, SANDBOX_WRITE},
        {o->event_log, SANDBOX_WRITE},
        {o->pidfile, SANDBOX_REMOVE},
        {o->api_cookie_file, SANDBOX_WRITE | SANDBOX_REMOVE},
        {o->asmap, SANDBOX_READ},
        {o->ethereum, SANDBOX_READ}, /* a genesis file; a network's name leads nowhere */
        {o->eth_import, SANDBOX_READ},
        {o->electrum_certificate, SANDBOX_READ},
        {o->electrum_key, SANDBOX_READ},
        {o->electrum_banner, SANDBOX_READ},
        {o->electrum_blacklist, SANDBOX_READ},
        {getenv("SSL_CERT_FILE"), SANDBOX_READ}, /* net/web/web_get.h */
    };
    int rc = sandbox_allow(s, o->datadir,
                           SANDBOX_READ | SANDBOX_WRITE | SANDBOX_REMOVE | SANDBOX_FOLDERS);

    for (size_t i = 0; i < sizeof files / sizeof files[0] && rc == 0; i++) {
        const char *path = files[i].path;

        if (!path || (path == o->ethereum && !strchr(path, '/') && !strchr(path, '.')))
            continue;
        rc = sandbox_allow_around(s, path, files[i].access);
        rc = rc == PN_ENOENT ? 0 : rc; /* whoever needs it complains */
    }
    return rc;
}

static int allow_ports(struct sandbox *s, const struct option_list *list, uint16_t usual)
{
    int rc = 0;

    for (size_t i = 0; i < list->n && rc == 0; i++) {
        struct net_addr addr;

        rc = net_addr_parse(&addr, list->items[i], usual);
        if (rc == 0)
            rc = sandbox_allow_port(s, addr.port);
    }
    return rc;
}

/* Where ZeroMQ publishes. The path of a socket is removed before it is bound. */
static int allow_publishing(struct sandbox *s, const struct options *o)
{
    const struct option_list *lists[] = {&o->zmqpubhashblock, &o->zmqpubrawblock, &o->zmqpubhashtx,
                                         &o->zmqpubrawtx, &o->zmqpubsequence};
    int rc = 0;

    for (size_t l = 0; l < sizeof lists / sizeof lists[0]; l++)
        for (size_t i = 0; i < lists[l]->n && rc == 0; i++) {
            const char *at = lists[l]->items[i] + strlen(OPTION_TCP);
            struct net_addr addr;

            if (*at == '/') {
                rc = sandbox_allow_around(s, at, SANDBOX_SOCKETS | SANDBOX_REMOVE);
                rc = rc == PN_ENOENT ? 0 : rc; /* binding it complains */
                continue;
            }
            rc = net_addr_parse(&addr, at, 0);
            if (rc == 0)
                rc = sandbox_allow_port(s, addr.port);
        }
    return rc;
}

static int allow_listening(struct sandbox *s, const struct options *o)
{
    struct net_addr addr;
    int rc = allow_ports(s, &o->listen, btc_params_find(o->bitcoin)->default_port);

    if (rc == 0 && o->ethereum)
        rc = allow_ports(s, &o->eth_listen, NODE_ETHEREUM_PORT);
    if (rc == 0 && o->electrum)
        rc = allow_ports(s, &o->electrum_listen, node_electrum_port(o, false));
    if (rc == 0 && o->electrum)
        rc = allow_ports(s, &o->electrum_tls_listen, node_electrum_port(o, true));
    if (rc == 0 && o->api_listen)
        rc = net_addr_parse(&addr, o->api_listen, 0);
    return rc == 0 && o->api_listen ? sandbox_allow_port(s, addr.port) : rc;
}

static int enter(struct sandbox_state *state, const struct options *o)
{
    struct sandbox s;
    int rc = sandbox_init(&s);

    if (rc < 0)
        return rc;
    rc = allow_system(&s);
    if (rc == 0)
        rc = allow_files(&s, o);
    if (rc == 0)
        rc = allow_listening(&s, o);
    if (rc == 0)
        rc = allow_publishing(&s, o);
    if (rc == 0)
        return sandbox_enter(&s, state);
    sandbox_free(&s);
    return rc;
}

static void tell(const struct sandbox_state *state)
{
    metric_set(metric_get(&parts, "no_new_privileges", NULL), state->no_new_privileges);
    metric_set(metric_get(&parts, "landlock", NULL), state->landlock_abi > 0);
    metric_set(metric_get(&parts, "seccomp", NULL), state->seccomp_calls > 0);
    if (!state->no_new_privileges)
        return;
    if (state->landlock_abi > 0)
        log_info("sandbox", "Landlock %u: only files and ports that the options name",
                 state->landlock_abi);
    else
        log_warn("sandbox", "no Landlock: this kernel does not have it");
    if (state->seccomp_calls > 0)
        log_info("sandbox", "seccomp: %u system calls are let through", state->seccomp_calls);
    else
        log_warn("sandbox", "no seccomp: the kernel, or this build, does not have it");
}

int node_sandbox_enter(struct node *n)
{
    struct sandbox_state state = {.no_new_privileges = false};
    int rc = 0;

    if (SANITIZED)
        log_info("sandbox", "off: a sanitizer needs more than the node");
    else if (n->options->sandbox)
        rc = enter(&state, n->options);
    else
        log_info("sandbox", "off: --no-sandbox");
    if (rc < 0)
        log_error("sandbox", "cannot be entered: %s; --no-sandbox goes without", pn_strerror(rc));
    tell(&state);
    return rc;
}
