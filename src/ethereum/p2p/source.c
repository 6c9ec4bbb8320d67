/* The dialer's questions, answered by the dial state and discovery. Thread dialer; the dial state's
 * lock is held for its decision only, which asks discovery's channel without waiting. */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "ethereum/p2p/internal.h"

static void take_resolved(struct p2p *n)
{
    struct eth_resolved r;

    if (!n->resolving || chan_try_recv(&n->resolved, &r) < 0)
        return;
    n->resolving = false;
    mutex_lock(&n->dial_mu);
    p2p_dial_resolved(&n->dial, n->resolving_pubkey, r.found ? &r.node : NULL);
    mutex_unlock(&n->dial_mu);
}

/* One at a time: the reply channel has room for one. */
static void resolve(struct p2p *n)
{
    const struct eth_node *node;

    take_resolved(n);
    if (!n->discovery || n->resolving)
        return;
    mutex_lock(&n->dial_mu);
    node = p2p_dial_to_resolve(&n->dial, clock_mono_us());
    if (node)
        memcpy(n->resolving_pubkey, node->pubkey, EC_PUBKEY_BYTES);
    mutex_unlock(&n->dial_mu);
    if (node)
        n->resolving = eth_discovery_resolve(n->discovery, n->resolving_pubkey, &n->resolved) == 0;
}

static int choose(void *arg, struct dial_candidate *out, enum conn_kind kind)
{
    struct p2p *n = arg;
    struct eth_node node;
    int rc = PN_ENOENT;

    if (kind == CONN_MANUAL)
        resolve(n);
    mutex_lock(&n->dial_mu);
    if (kind == CONN_MANUAL)
        rc = p2p_dial_next_static(&n->dial, &node, clock_mono_us());
    else if (kind == CONN_FULL)
        rc = p2p_dial_next_dynamic(&n->dial, &node, clock_mono_us());
    mutex_unlock(&n->dial_mu);
    if (rc < 0)
        return rc;
    /* Identities are spread by Kademlia, not by network groups: each is a group of its own. */
    *out = (struct dial_candidate){.addr = p2p_dial_addr(&node), .group = load_le64(node.id)};
    return 0;
}

static void tried(void *arg, const struct net_addr *addr, enum conn_kind kind, int result)
{
    struct p2p *n = arg;

    (void)kind;
    mutex_lock(&n->dial_mu);
    p2p_dial_tried(&n->dial, addr, result);
    mutex_unlock(&n->dial_mu);
}

struct dial_source p2p_source(struct p2p *n)
{
    return (struct dial_source){.choose = choose, .tried = tried, .arg = n};
}
