#include "bitcoin/gossip.h"

#include <string.h>

#include "addrbook/addrbook.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "bitcoin/addr_convert.h"
#include "bitcoin/internal.h"
#include "journal/journal.h"
#include "metrics/metrics.h"

enum {
    RATE_MILLI_PER_S = 100,    /* 0.1 addresses a second */
    BURST_MILLI = 1000 * 1000, /* 1,000 addresses */
    GETADDR_BONUS_MILLI = 1000 * 1000,
    FRESH_S = 600,   /* what is older is not relayed */
    RELAY_BATCH = 10 /* larger messages are answers, not announcements */
};

static struct metric_family heard = {
    .name = "p2pnode_addresses_heard_total",
    .help = "Addresses in addr and addrv2 messages by what became of them.",
    .type = METRIC_COUNTER,
    .labels = {"network", "result"},
};

void gossip_init(struct gossip *g)
{
    *g = (struct gossip){.tokens_milli = 1000, .refilled_us = clock_mono_us()};
}

bool gossip_allowed(enum conn_kind kind)
{
    return kind != CONN_BLOCK_RELAY && kind != CONN_FEELER;
}

static void refill(struct gossip *g)
{
    int64_t now_us = clock_mono_us();
    int64_t add = (now_us - g->refilled_us) / 1000 * RATE_MILLI_PER_S / 1000;

    if (add <= 0)
        return;
    g->refilled_us = now_us;
    /* The bonus for our own question may stand above the burst; time adds nothing to that. */
    if (g->tokens_milli >= BURST_MILLI)
        return;
    g->tokens_milli += add;
    if (g->tokens_milli > BURST_MILLI)
        g->tokens_milli = BURST_MILLI;
}

int gossip_greet(struct peer *p)
{
    struct btc_peer *bp = btc_peer_of(p);

    if (peer_inbound(p) || !gossip_allowed(peer_kind(p)) || !bp->net->config.book)
        return 0;
    bp->gossip.asked = true;
    bp->gossip.tokens_milli += GETADDR_BONUS_MILLI;
    return peer_reply(p, btc_frame_empty(bp->net->config.params.magic, BTC_CMD_GETADDR), 0);
}

/* Take what the bucket allows, in random order, so that a flooder does not choose which. */
static size_t take(struct gossip *g, size_t *limited, struct addrbook_seen *out,
                   const struct btc_addrs *addrs)
{
    size_t n = 0;

    *limited = 0;
    refill(g);
    for (size_t i = 0; i < addrs->count; i++) {
        if (g->tokens_milli < 1000) {
            ++*limited;
            continue;
        }
        g->tokens_milli -= 1000;
        n += addr_from_wire(&out[n], &addrs->items[i]);
    }
    for (size_t i = n; i > 1; i--) {
        size_t j = random_below(i);
        struct addrbook_seen swap = out[i - 1];

        out[i - 1] = out[j];
        out[j] = swap;
    }
    return n;
}

/* Whom we ban or hold against is neither kept nor passed on (Core, ProcessAddrs). Returns: how many
 * are left. */
static size_t without_banned(const struct bitcoin *net, struct addrbook_seen *seen, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        int rc = net->config.gate ? gate_permit_gossip(net->config.gate, &seen[i].addr) : 0;

        if (rc == 0)
            seen[kept++] = seen[i];
        else
            gate_note(net->config.gate, JOURNAL_REJECTED, &seen[i].addr, "bitcoin", pn_errname(rc),
                      NULL);
    }
    return kept;
}

static void note_unreachable(const struct bitcoin *net, const struct addrbook_seen *seen, size_t n)
{
    for (size_t i = 0; i < n && net->config.gate; i++)
        gate_note(net->config.gate, JOURNAL_REJECTED, &seen[i].addr, "bitcoin",
                  pn_errname(PN_ENOROUTE), NULL);
}

/* Into the book goes what we might dial one day; the rest is passed on only (Core, ProcessAddrs).
 * Returns: how many are new. */
static size_t keep(const struct bitcoin *net, const struct addrbook_seen *seen, size_t n,
                   const struct net_addr *from)
{
    size_t added = 0;

    for (size_t i = 0, end; i < n; i = end) {
        bool reachable = bitcoin_reaches(net, seen[i].addr.kind);

        for (end = i + 1; end < n && bitcoin_reaches(net, seen[end].addr.kind) == reachable;)
            end++;
        if (reachable)
            added +=
                addrbook_add(net->config.book, seen + i, end - i, from, ADDRBOOK_GOSSIP_PENALTY_S);
        else
            note_unreachable(net, seen + i, end - i);
    }
    return added;
}

static void note_found(const struct bitcoin *net, size_t added)
{
    const struct journal_note note = {
        .event = JOURNAL_FOUND,
        .kind = JOURNAL_NETWORK,
        .subject = "bitcoin",
        .network = "bitcoin",
        .reason = "gossip",
        .count = added,
    };

    if (net->config.gate && added > 0)
        journal_add(net->config.gate->journal, &note);
}

/* Small fresh announcements go on to one or two others. */
static int pass_on(struct peer *p, const struct addrbook_seen *seen, size_t n)
{
    struct bitcoin *net = btc_peer_of(p)->net;
    int64_t now_s = clock_wall_s();
    struct manager_addrs *payload;

    payload = manager_addrs_new(n);
    if (!payload)
        return PN_ENOMEM;
    payload->n = 0;
    for (size_t i = 0; i < n; i++)
        if (seen[i].last_seen_s > now_s - FRESH_S && seen[i].last_seen_s <= now_s + FRESH_S &&
            net_addr_is_routable(addrbook_policy(net->config.book), &seen[i].addr))
            payload->addrs[payload->n++] = seen[i];
    if (payload->n == 0) {
        mem_free(payload);
        return 0;
    }
    return manager_tell(&net->inbox, p, MANAGER_ADDRS, &payload->head);
}

int gossip_on_addrs(struct peer *p, const struct btc_addrs *addrs)
{
    struct btc_peer *bp = btc_peer_of(p);
    struct bitcoin *net = bp->net;
    struct addrbook_seen *seen;
    bool was_answer = bp->gossip.asked && addrs->count > RELAY_BATCH;
    size_t n, limited, added;
    int rc = 0;

    if (!net->config.book || !gossip_allowed(peer_kind(p)) || addrs->count == 0)
        return 0;
    seen = arena_alloc(&bp->arena, addrs->count, sizeof *seen);
    if (!seen)
        return PN_ENOMEM;
    n = take(&bp->gossip, &limited, seen, addrs);
    atomic_fetch_add(&bp->gossip.taken, addrs->count - limited);
    atomic_fetch_add(&bp->gossip.limited, limited);
    n = without_banned(net, seen, n);
    added = keep(net, seen, n, peer_addr(p));
    metric_add(metric_get(&heard, "bitcoin", "added", NULL), (int64_t)added);
    metric_add(metric_get(&heard, "bitcoin", "known", NULL), (int64_t)(n - added));
    metric_add(metric_get(&heard, "bitcoin", "rate_limited", NULL), (int64_t)limited);
    note_found(net, added);
    if (was_answer)
        bp->gossip.asked = false;
    else if (addrs->count <= RELAY_BATCH && n > 0)
        rc = pass_on(p, seen, n);
    /* A fetch has served once more than the peer's own address has come. */
    if (rc == 0 && peer_kind(p) == CONN_ADDR_FETCH && addrs->count > 1)
        rc = PN_EDONE;
    return rc;
}

static bool may_tell(void *arg, const struct net_addr *addr)
{
    struct gate *gate = arg;

    return !gate || gate_permit_gossip(gate, addr) == 0;
}

int gossip_on_getaddr(struct peer *p)
{
    struct btc_peer *bp = btc_peer_of(p);
    struct bitcoin *net = bp->net;
    struct addrbook_seen *seen;
    struct frame *f = NULL;
    int n;

    if (!net->config.book || !peer_inbound(p) || bp->gossip.answered)
        return 0;
    bp->gossip.answered = true;
    seen = mem_alloc_array(ADDRBOOK_GETADDR_MAX, sizeof *seen);
    if (!seen)
        return PN_ENOMEM;
    n = addrbook_getaddr(net->config.book, seen, peer_addr(p)->kind, &net->config.listen_addr,
                         may_tell, net->config.gate);
    if (n > 0)
        f = btc_frame_addrs(net->config.params.magic, seen, (size_t)n, bp->addr_v2);
    mem_free(seen);
    if (n < 0)
        return n;
    return f ? peer_reply(p, f, 0) : 0;
}
