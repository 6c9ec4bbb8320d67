#include "ethereum/p2p/dial_state.h"

#include <string.h>

#include "base/err.h"
#include "base/random.h"

enum { MS_US = 1000 };

void p2p_dial_init(struct p2p_dial_state *d, const struct p2p_dial_world *world,
                   const uint8_t self[EC_PUBKEY_BYTES], int64_t history_ms, int64_t now_us)
{
    memset(d, 0, sizeof *d);
    d->world = *world;
    d->history_ms = history_ms;
    d->started_us = now_us;
    memcpy(d->self, self, EC_PUBKEY_BYTES);
}

struct net_addr p2p_dial_addr(const struct eth_node *n)
{
    struct net_addr tcp = n->udp;

    tcp.port = n->tcp_port;
    return tcp;
}

static bool is_complete(const struct eth_node *n)
{
    return n->udp.kind != NET_NONE && n->tcp_port != 0;
}

static bool same_key(const struct eth_node *n, const uint8_t pubkey[EC_PUBKEY_BYTES])
{
    return memcmp(n->pubkey, pubkey, EC_PUBKEY_BYTES) == 0;
}

/* --- the lists --- */

int p2p_dial_add_static(struct p2p_dial_state *d, const struct eth_node *node)
{
    struct net_addr tcp = p2p_dial_addr(node);

    if (same_key(node, d->self))
        return PN_ESELF;
    for (unsigned i = 0; i < d->n_statics; i++) {
        struct net_addr other = p2p_dial_addr(&d->statics[i].node);

        if (same_key(&d->statics[i].node, node->pubkey) ||
            (is_complete(node) && net_addr_equal(&other, &tcp)))
            return PN_EEXIST;
    }
    if (d->n_statics == P2P_STATIC_MAX)
        return PN_ELIMIT;
    d->statics[d->n_statics++] =
        (struct p2p_static){.node = *node, .resolve_delay_ms = P2P_RESOLVE_MS};
    return 0;
}

int p2p_dial_remove_static(struct p2p_dial_state *d, const uint8_t pubkey[EC_PUBKEY_BYTES])
{
    for (unsigned i = 0; i < d->n_statics; i++)
        if (same_key(&d->statics[i].node, pubkey)) {
            d->statics[i] = d->statics[--d->n_statics];
            return 0;
        }
    return PN_ENOENT;
}

int p2p_dial_add_bootnode(struct p2p_dial_state *d, const struct eth_node *node)
{
    if (d->n_bootnodes == P2P_BOOTNODES_MAX)
        return PN_ELIMIT;
    d->bootnodes[d->n_bootnodes++] = *node;
    return 0;
}

/* --- the history --- */

static bool in_history(const struct p2p_dial_state *d, const struct eth_node *n, int64_t now_us)
{
    for (unsigned i = 0; i < P2P_HISTORY_MAX; i++)
        if (d->history[i].until_us > now_us && same_key(&d->history[i].node, n->pubkey))
            return true;
    return false;
}

static void remember(struct p2p_dial_state *d, const struct eth_node *n, bool is_static,
                     int64_t now_us)
{
    /* Two nodes that dial each other at once may each refuse the other's connection: next time one
     * of them is to be the first. */
    int64_t stay_ms = d->history_ms + (int64_t)random_below((uint64_t)d->history_ms / 7 + 1);

    d->history[d->next_history] = (struct p2p_dialled){
        .node = *n, .is_static = is_static, .until_us = now_us + stay_ms * MS_US};
    d->next_history = (d->next_history + 1) % P2P_HISTORY_MAX;
}

const struct p2p_dialled *p2p_dial_find(const struct p2p_dial_state *d, const struct net_addr *tcp)
{
    for (unsigned i = 1; i <= P2P_HISTORY_MAX; i++) {
        const struct p2p_dialled *h =
            &d->history[(d->next_history + P2P_HISTORY_MAX - i) % P2P_HISTORY_MAX];
        struct net_addr at = p2p_dial_addr(&h->node);

        if (h->until_us == 0)
            return NULL;
        if (net_addr_equal(&at, tcp))
            return h;
    }
    return NULL;
}

/* --- decisions --- */

/* go-ethereum p2p/dial.go, checkDial. */
static bool may_dial(const struct p2p_dial_state *d, const struct eth_node *n, int64_t now_us)
{
    return is_complete(n) && !same_key(n, d->self) &&
           !d->world.is_connected(d->world.arg, n->pubkey) && !in_history(d, n, now_us);
}

static int take(struct p2p_dial_state *d, struct eth_node *out, const struct eth_node *n,
                bool is_static, int64_t now_us)
{
    remember(d, n, is_static, now_us);
    *out = *n;
    return 0;
}

int p2p_dial_next_static(struct p2p_dial_state *d, struct eth_node *out, int64_t now_us)
{
    for (unsigned i = 0; i < d->n_statics; i++) {
        unsigned at = (d->next_static + i) % d->n_statics;

        if (!may_dial(d, &d->statics[at].node, now_us))
            continue;
        d->next_static = (at + 1) % d->n_statics;
        return take(d, out, &d->statics[at].node, true, now_us);
    }
    return PN_ENOENT;
}

/* A static node has no dynamic place: it would count twice. */
static bool is_static(const struct p2p_dial_state *d, const struct eth_node *n)
{
    for (unsigned i = 0; i < d->n_statics; i++)
        if (same_key(&d->statics[i].node, n->pubkey))
            return true;
    return false;
}

static int next_bootnode(struct p2p_dial_state *d, struct eth_node *out, int64_t now_us)
{
    for (unsigned i = 0; i < d->n_bootnodes; i++) {
        const struct eth_node *n = &d->bootnodes[d->next_bootnode];

        d->next_bootnode = (d->next_bootnode + 1) % d->n_bootnodes;
        if (!is_static(d, n) && may_dial(d, n, now_us))
            return take(d, out, n, false, now_us);
    }
    return PN_ENOENT;
}

int p2p_dial_next_dynamic(struct p2p_dial_state *d, struct eth_node *out, int64_t now_us)
{
    struct eth_node n;

    if (d->world.peers(d->world.arg) == 0 && now_us - d->started_us >= P2P_FALLBACK_MS * MS_US &&
        next_bootnode(d, out, now_us) == 0)
        return 0;
    for (int i = 0; d->world.candidate && i < P2P_DYNAMIC_TRIES_MAX; i++) {
        if (d->world.candidate(d->world.arg, &n) < 0)
            break;
        if (!is_static(d, &n) && may_dial(d, &n, now_us))
            return take(d, out, &n, false, now_us);
    }
    return PN_ENOENT;
}

/* --- resolving --- */

void p2p_dial_tried(struct p2p_dial_state *d, const struct net_addr *tcp, int rc)
{
    for (unsigned i = 0; i < d->n_statics; i++) {
        struct net_addr at = p2p_dial_addr(&d->statics[i].node);

        if (net_addr_equal(&at, tcp))
            d->statics[i].unreachable = rc < 0;
    }
}

const struct eth_node *p2p_dial_to_resolve(struct p2p_dial_state *d, int64_t now_us)
{
    for (unsigned i = 0; i < d->n_statics; i++) {
        struct p2p_static *s = &d->statics[i];

        if ((is_complete(&s->node) && !s->unreachable) || now_us < s->resolve_at_us ||
            d->world.is_connected(d->world.arg, s->node.pubkey))
            continue;
        s->resolve_at_us = now_us + s->resolve_delay_ms * MS_US;
        return &s->node;
    }
    return NULL;
}

void p2p_dial_resolved(struct p2p_dial_state *d, const uint8_t pubkey[EC_PUBKEY_BYTES],
                       const struct eth_node *found)
{
    for (unsigned i = 0; i < d->n_statics; i++) {
        struct p2p_static *s = &d->statics[i];

        if (!same_key(&s->node, pubkey))
            continue;
        if (found && is_complete(found)) {
            s->node = *found;
            s->unreachable = false;
            s->resolve_delay_ms = P2P_RESOLVE_MS;
        } else {
            s->resolve_delay_ms *= 2;
            if (s->resolve_delay_ms > P2P_RESOLVE_MAX_MS)
                s->resolve_delay_ms = P2P_RESOLVE_MAX_MS;
        }
    }
}
