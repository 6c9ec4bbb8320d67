#include "ethereum/p2p/p2p.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "ethereum/p2p/internal.h"
#include "metrics/metrics.h"

static struct metric_family stages_family = {
    .name = "p2pnode_eth_connections_total",
    .help = "Connections to and from Ethereum nodes, by direction and the stage they have reached.",
    .type = METRIC_COUNTER,
    .labels = {"direction", "stage"},
};

static struct chan_class resolved_class = {
    .name = "p2p_resolved",
    .elem_size = sizeof(struct eth_resolved),
    .capacity = 1,
};

/* --- what the dial state asks; thread dialer, with the dial lock held --- */

static bool is_connected(void *arg, const uint8_t pubkey[EC_PUBKEY_BYTES])
{
    struct p2p *n = arg;

    return p2p_roster_has(&n->roster, pubkey);
}

static unsigned count_peers(void *arg)
{
    struct p2p *n = arg;

    return p2p_roster_count(&n->roster);
}

static int next_candidate(void *arg, struct eth_node *out)
{
    struct p2p *n = arg;
    struct discv4_candidate c;
    int rc = eth_discovery_try_next(n->discovery, &c);

    if (rc == 0)
        *out = c.node;
    return rc;
}

/* --- construction --- */

static void make_metrics(struct p2p *n)
{
    static const char *const directions[2] = {"outbound", "inbound"};
    static const char *const stages[P2P_STAGES] = {
#define P2P_STAGE_LABEL_(id, label) [id] = label,
        P2P_STAGE_LIST(P2P_STAGE_LABEL_)
#undef P2P_STAGE_LABEL_
    };

    for (int d = 0; d < 2; d++)
        for (int s = 0; s < P2P_STAGES; s++)
            n->stages[d][s] = metric_get(&stages_family, directions[d], stages[s], NULL);
}

static int add_named(struct p2p *n, const struct p2p_config *config)
{
    int rc = 0;

    mutex_lock(&n->dial_mu);
    for (unsigned i = 0; i < config->n_statics && rc == 0; i++)
        rc = p2p_dial_add_static(&n->dial, &config->statics[i]);
    for (unsigned i = 0; i < config->n_bootnodes && rc == 0; i++)
        rc = p2p_dial_add_bootnode(&n->dial, &config->bootnodes[i]);
    mutex_unlock(&n->dial_mu);
    return rc;
}

static void init_dial(struct p2p *n, const struct p2p_config *config)
{
    const struct p2p_dial_world world = {
        .is_connected = is_connected,
        .peers = count_peers,
        .candidate = config->discovery ? next_candidate : NULL,
        .arg = n,
    };

    mutex_init(&n->dial_mu);
    mutex_lock(&n->dial_mu);
    p2p_dial_init(&n->dial, &world, n->pubkey, config->history_ms, clock_mono_us());
    mutex_unlock(&n->dial_mu);
}

static int fill_in(struct p2p *n, const struct p2p_config *config)
{
    int rc;

    memcpy(n->secret, config->secret, sizeof n->secret);
    n->client = config->client;
    n->port = config->port;
    n->peer_config = config->peer;
    n->proto = p2p_proto_template;
    n->limits = p2p_limits_of(config->max_peers);
    n->discovery = config->discovery;
    mutex_init(&n->trusted_mu);
    rc = ec_pubkey(n->pubkey, n->secret);
    for (unsigned i = 0; i < config->n_trusted && rc == 0; i++)
        rc = p2p_add_trusted(n, &config->trusted[i]);
    if (rc == 0)
        rc = chan_class_register(&resolved_class);
    return rc;
}

int p2p_new(struct p2p **out, const struct p2p_config *config)
{
    struct p2p *n = mem_zalloc(sizeof *n);
    int rc = n ? fill_in(n, config) : PN_ENOMEM;

    if (rc == 0)
        rc = chan_init(&n->resolved, &resolved_class);
    if (rc < 0)
        goto fail;
    rc = p2p_roster_init(&n->roster, &n->limits, config->n_statics + config->n_trusted, n->pubkey);
    if (rc < 0) {
        chan_destroy(&n->resolved, NULL);
        goto fail;
    }
    init_dial(n, config);
    make_metrics(n);
    rc = add_named(n, config);
    if (rc < 0) {
        p2p_free(n);
        return rc;
    }
    *out = n;
    return 0;
fail:
    mem_free(n);
    return rc;
}

void p2p_free(struct p2p *n)
{
    if (!n)
        return;
    p2p_roster_free(&n->roster);
    chan_destroy(&n->resolved, NULL);
    mutex_destroy(&n->dial_mu);
    mutex_destroy(&n->trusted_mu);
    explicit_bzero(n->secret, sizeof n->secret);
    mem_free(n);
}

/* --- protocols --- */

/* The names of all commands, for the metrics: one network of this kind in a process. */
static const struct p2p_protocol *labelled[P2P_PROTOCOLS_MAX];

static const char *cmd_name(unsigned cmd)
{
    static const char *const base[] = {"hello", "disconnect", "ping", "pong",
                                       "auth",  "ack",        "other"};
    const struct p2p_protocol *p;

    if (cmd < P2P_BASE_CODES)
        return base[cmd < P2P_RESERVED ? cmd : P2P_RESERVED];
    p = labelled[(cmd - P2P_BASE_CODES) / P2P_CODES_MAX];
    return p ? p->code_name((cmd - P2P_BASE_CODES) % P2P_CODES_MAX) : base[P2P_RESERVED];
}

int p2p_add_protocol(struct p2p *n, const struct p2p_protocol *protocol)
{
    if (n->n_protocols == P2P_PROTOCOLS_MAX)
        return PN_ELIMIT;
    labelled[n->n_protocols] = protocol;
    n->protocols[n->n_protocols] = protocol;
    return (int)n->n_protocols++;
}

int p2p_attach(struct p2p *n, struct server *server, struct slots *slots)
{
    const struct server_network network = {
        .name = "ethereum",
        .peer_config = &n->peer_config,
        .proto = &n->proto,
        .slots = slots,
        .attach = p2p_peer_attach,
        .detach = p2p_peer_detach,
        .arg = n,
    };

    n->proto.cmd_name = cmd_name;
    return server_add_network(server, &network);
}

/* --- places --- */

unsigned p2p_inbound_places(unsigned max_peers, unsigned named)
{
    return max_peers - p2p_limits_of(max_peers).max_dialled + named + P2P_PENDING_MAX;
}

unsigned p2p_seats(unsigned max_peers, unsigned named)
{
    return p2p_inbound_places(max_peers, named) + p2p_limits_of(max_peers).max_dialled + named;
}

/* Without a protocol of ours everybody would be of no use: nobody is dialled. */
struct dialer_network p2p_dialer_network(struct p2p *n, const char *name)
{
    bool dials = n->n_protocols > 0;

    return (struct dialer_network){
        .name = name,
        .full = dials && n->discovery ? n->limits.max_dialled : 0,
        .named = dials,
        .source = p2p_source(n),
    };
}

int p2p_admit(struct p2p *n, const struct net_addr *from)
{
    return p2p_throttle_admit(&n->throttle, from, clock_mono_us());
}

unsigned p2p_peers(struct p2p *n)
{
    return p2p_roster_count(&n->roster);
}

const char *p2p_client(const struct p2p *n)
{
    return n->client;
}

bool p2p_is_ready(const struct p2p *n, const struct peer *p)
{
    struct peer_stats stats;

    peer_stats(p, &stats);
    return stats.ready && peer_proto(p) == &n->proto;
}

/* --- while running --- */

int p2p_add_static(struct p2p *n, const struct eth_node *node)
{
    int rc;

    mutex_lock(&n->dial_mu);
    rc = p2p_dial_add_static(&n->dial, node);
    mutex_unlock(&n->dial_mu);
    return rc;
}

int p2p_remove_static(struct p2p *n, const uint8_t pubkey[EC_PUBKEY_BYTES])
{
    int rc;

    mutex_lock(&n->dial_mu);
    rc = p2p_dial_remove_static(&n->dial, pubkey);
    mutex_unlock(&n->dial_mu);
    return rc;
}

/* Returns: n_trusted when it is not there. */
static unsigned find_trusted(const struct p2p *n, const uint8_t pubkey[EC_PUBKEY_BYTES])
    REQUIRES(n->trusted_mu)
{
    unsigned i = 0;

    while (i < n->n_trusted && memcmp(n->trusted[i].pubkey, pubkey, EC_PUBKEY_BYTES) != 0)
        i++;
    return i;
}

int p2p_add_trusted(struct p2p *n, const struct eth_node *node)
{
    int rc = 0;

    mutex_lock(&n->trusted_mu);
    if (find_trusted(n, node->pubkey) == n->n_trusted) {
        if (n->n_trusted < P2P_TRUSTED_MAX)
            n->trusted[n->n_trusted++] = *node;
        else
            rc = PN_ELIMIT;
    }
    mutex_unlock(&n->trusted_mu);
    return rc;
}

int p2p_remove_trusted(struct p2p *n, const uint8_t pubkey[EC_PUBKEY_BYTES])
{
    unsigned i;
    bool found;

    mutex_lock(&n->trusted_mu);
    i = find_trusted(n, pubkey);
    found = i < n->n_trusted;
    if (found)
        n->trusted[i] = n->trusted[--n->n_trusted];
    mutex_unlock(&n->trusted_mu);
    return found ? 0 : PN_ENOENT;
}

bool p2p_is_trusted(struct p2p *n, const uint8_t pubkey[EC_PUBKEY_BYTES])
{
    bool found;

    mutex_lock(&n->trusted_mu);
    found = find_trusted(n, pubkey) < n->n_trusted;
    mutex_unlock(&n->trusted_mu);
    return found;
}
