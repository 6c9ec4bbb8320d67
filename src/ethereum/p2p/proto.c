/* The Ethereum network as the peer runtime knows it, and what a subprotocol asks of a peer. */
#include <inttypes.h>

#include "base/err.h"
#include "base/mem.h"
#include "codec/hex.h"
#include "ethereum/p2p/internal.h"
#include "log/log.h"

/* --- what subprotocols ask --- */

void *p2p_state(const struct peer *p, unsigned protocol)
{
    return p2p_peer_of(p)->state[protocol];
}

unsigned p2p_peer_version(const struct peer *p, unsigned protocol)
{
    return p2p_peer_of(p)->transport->matches[protocol].version;
}

const uint8_t *p2p_peer_pubkey(const struct peer *p)
{
    return p2p_peer_of(p)->pubkey;
}

const char *p2p_peer_client(const struct peer *p)
{
    return p2p_peer_of(p)->client;
}

bool p2p_peer_is_trusted(const struct peer *p)
{
    return p2p_peer_of(p)->flags & P2P_TRUSTED;
}

bool p2p_peer_is_static(const struct peer *p)
{
    return p2p_peer_of(p)->flags & P2P_STATIC;
}

unsigned p2p_peer_caps(const struct peer *p, struct p2p_cap out[P2P_PROTOCOLS_MAX])
{
    const struct p2p_peer *s = p2p_peer_of(p);
    unsigned n = 0;

    for (unsigned i = 0; i < s->net->n_protocols; i++)
        if (s->transport->matches[i].version)
            out[n++] = (struct p2p_cap){.name = s->net->protocols[i]->name,
                                        .version = s->transport->matches[i].version};
    return n;
}

/* --- the runtime's table --- */

static bool has(const struct p2p_peer *s, unsigned protocol)
{
    return s->transport->matches[protocol].version != 0;
}

static int on_ready(struct peer *p)
{
    struct p2p_peer *s = p2p_peer_of(p);
    char key[2 * 8 + 1];
    int rc = 0;

    p2p_reach(s, P2P_STAGE_READY);
    hex_encode(key, s->pubkey, 8);
    log_info("ethereum", "peer=%" PRIu64 " %s %s... is %s", peer_id(p), peer_addr_text(p), key,
             s->client);
    for (unsigned i = 0; i < s->net->n_protocols && rc == 0; i++)
        if (has(s, i))
            rc = s->net->protocols[i]->ready(p, s->state[i]);
    if (rc < 0)
        atomic_store(&s->in_subprotocol, true);
    return rc;
}

static int on_message(struct peer *p, const struct peer_message *m)
{
    struct p2p_peer *s = p2p_peer_of(p);
    struct p2p_message relative = {.payload = m->payload, .len = m->len};
    unsigned protocol;
    int rc;

    if (m->cmd < P2P_BASE_CODES)
        return p2p_base_message(p, m);
    protocol = (m->cmd - P2P_BASE_CODES) / P2P_CODES_MAX;
    relative.code = (m->cmd - P2P_BASE_CODES) % P2P_CODES_MAX;
    rc = s->net->protocols[protocol]->message(p, s->state[protocol], &relative);
    if (rc < 0)
        atomic_store(&s->in_subprotocol, true);
    return rc;
}

static void on_gone(struct peer *p)
{
    struct p2p_peer *s = p2p_peer_of(p);

    p2p_roster_leave(&s->net->roster, p, s->pubkey, s->added);
    for (unsigned i = 0; i < s->net->n_protocols; i++)
        if (s->negotiated[i])
            s->net->protocols[i]->gone(p, s->state[i]);
}

static void release_states(struct p2p_peer *s)
{
    for (unsigned i = 0; i < s->net->n_protocols; i++)
        if (s->state[i])
            s->net->protocols[i]->release(s->state[i]);
}

static void on_release(struct peer *p)
{
    struct p2p_peer *s = p2p_peer_of(p);

    release_states(s);
    mem_free(s);
}

/* Inventory belongs to the first protocol that announces any. */
static struct frame *make_inventory(struct peer *p, const struct peer_inventory *items, unsigned n)
{
    struct p2p_peer *s = p2p_peer_of(p);

    for (unsigned i = 0; i < s->net->n_protocols; i++)
        if (has(s, i) && s->net->protocols[i]->inventory)
            return s->net->protocols[i]->inventory(p, s->state[i], items, n);
    return NULL;
}

const struct peer_proto_ops p2p_proto_template = {
    .network = "ethereum",
    .cmd_count = P2P_CMD_COUNT,
    .negotiate = p2p_negotiate,
    .ready = on_ready,
    .handle = on_message,
    .gone = on_gone,
    .release = on_release,
    .ping = p2p_make_ping,
    .ping_cmd = P2P_PING,
    .inventory = make_inventory,
    .farewell = p2p_make_disconnect,
};

/* --- making a peer --- */

static int attach_states(struct p2p *n, struct p2p_peer *s)
{
    for (unsigned i = 0; i < n->n_protocols; i++) {
        int rc = n->protocols[i]->attach(n->protocols[i]->arg, &s->state[i]);

        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Whom the dialer meant by this address. Returns: PN_ENOENT when it has been forgotten. */
static int recall(struct p2p *n, struct p2p_peer *s, const struct net_addr *addr)
{
    const struct p2p_dialled *d;

    mutex_lock(&n->dial_mu);
    d = p2p_dial_find(&n->dial, addr);
    if (d) {
        memcpy(s->pubkey, d->node.pubkey, sizeof s->pubkey);
        s->flags = d->is_static ? P2P_STATIC : 0;
    }
    mutex_unlock(&n->dial_mu);
    return d ? 0 : PN_ENOENT;
}

int p2p_peer_attach(void *arg, struct peer_setup *setup)
{
    struct p2p *n = arg;
    bool inbound = conn_kind_is_inbound(setup->kind);
    struct p2p_peer *s = mem_zalloc(sizeof *s);
    int rc = s ? 0 : PN_ENOMEM;

    setup->transport = NULL;
    setup->transport_ops = &p2p_transport_ops;
    setup->proto_data = s;
    if (rc == 0 && inbound)
        s->flags = P2P_INBOUND;
    else if (rc == 0)
        rc = recall(n, s, &setup->addr);
    if (rc == 0) {
        s->net = n;
        setup->transport = s->transport = p2p_transport_new(n, !inbound);
        rc = s->transport ? attach_states(n, s) : PN_ENOMEM;
    }
    if (rc < 0)
        p2p_peer_detach(arg, setup);
    return rc;
}

void p2p_peer_detach(void *arg, struct peer_setup *setup)
{
    struct p2p_peer *s = setup->proto_data;

    (void)arg;
    if (s && s->net)
        release_states(s);
    if (setup->transport)
        p2p_transport_ops.free(setup->transport);
    mem_free(s);
}
