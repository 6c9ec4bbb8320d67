/* The comparison of filter headers as a part of the thread for filters: who takes part, what they
 * answer, when its state machine is ticked. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/filter_net_internal.h"
#include "bitcoin/wire/limits.h"
#include "metrics/metrics.h"

enum { INBOX_MESSAGES = 64, INBOX_BYTES = 8 << 20 };

static size_t msg_weight(const void *elem)
{
    const struct filter_msg *m = elem;

    return m->len + (m->frame ? m->frame->len : 0);
}

struct chan_class filter_inbox_class = {
    .name = "bitcoin_filters_inbox",
    .elem_size = sizeof(struct filter_msg),
    .capacity = INBOX_MESSAGES,
    .max_weight = INBOX_BYTES,
    .weight = msg_weight,
    .block_roles = ROLE_BIT(ROLE_PEER_IN) | ROLE_BIT(ROLE_PEER_QUEUE) | ROLE_BIT(ROLE_PEER_OUT) |
                   ROLE_BIT(ROLE_PEER_STALL) | ROLE_BIT(ROLE_PEER_PING),
};

void filter_msg_drop(void *elem)
{
    struct filter_msg *m = elem;

    mem_free(m->data);
    frame_unref(m->frame);
}

/* --- telling: thread in --- */

static struct filter_net *net_of(const struct peer *p)
{
    return btc_peer_of(p)->net->filters;
}

static int tell(struct peer *p, struct filter_msg *m)
{
    if (chan_send_or_quit(&net_of(p)->inbox, m, peer_quit(p), CLOCK_NEVER) == 0)
        return 0;
    filter_msg_drop(m);
    return PN_EQUIT;
}

/* Those that we have chosen to dial: an attacker can be inbound as often as he likes. */
static bool takes_part(const struct peer *p)
{
    const struct filter_net *n = net_of(p);

    return n && n->client.sync && !peer_inbound(p) && peer_kind(p) != CONN_FEELER &&
           btc_peer_of(p)->services & BTC_NODE_COMPACT_FILTERS;
}

int filter_net_peer_ready(struct peer *p)
{
    struct filter_msg m = {.event = FILTER_PEER_READY, .peer = p};

    if (!takes_part(p))
        return 0;
    peer_ref(p);
    btc_peer_of(p)->told_filters = tell(p, &m) == 0;
    if (btc_peer_of(p)->told_filters)
        return 0;
    peer_unref(p);
    return PN_EQUIT;
}

void filter_net_peer_gone(struct peer *p)
{
    struct filter_msg m = {.event = FILTER_PEER_GONE, .peer = p};

    /* The thread drains its inbox until every peer is gone, so this ends. */
    if (btc_peer_of(p)->told_filters)
        chan_send(&net_of(p)->inbox, &m, CLOCK_NEVER);
}

/* The parts of an answer, borrowed. */
static struct bytes fill(struct filter_msg *out, const struct btc_msg *m)
{
    switch (m->cmd) {
    case BTC_CMD_CFCHECKPT:
        out->event = FILTER_CHECKPOINTS;
        memcpy(out->block, m->u.cfcheckpt.stop_hash, BTC_HASH_BYTES);
        return (struct bytes){(const uint8_t *)m->u.cfcheckpt.headers,
                              m->u.cfcheckpt.count * BTC_HASH_BYTES};
    case BTC_CMD_CFHEADERS:
        out->event = FILTER_HEADERS;
        memcpy(out->block, m->u.cfheaders.stop_hash, BTC_HASH_BYTES);
        memcpy(out->prev, m->u.cfheaders.prev_header, BTC_HASH_BYTES);
        return (struct bytes){(const uint8_t *)m->u.cfheaders.hashes,
                              m->u.cfheaders.count * BTC_HASH_BYTES};
    default:
        out->event = FILTER_FILTER;
        memcpy(out->block, m->u.cfilter.block_hash, BTC_HASH_BYTES);
        return m->u.cfilter.filter;
    }
}

int filter_net_answer(struct peer *p, struct btc_peer *bp, const struct btc_msg *m)
{
    struct filter_msg out = {.peer = p};
    struct bytes data;

    if (!bp->told_filters || atomic_load(&bp->filter_answers_due) == 0)
        return 0;
    atomic_fetch_sub(&bp->filter_answers_due, 1);
    data = fill(&out, m);
    out.len = data.len;
    out.data = mem_alloc(data.len + 1);
    if (!out.data)
        return PN_ENOMEM;
    if (data.len > 0)
        memcpy(out.data, data.data, data.len);
    return tell(p, &out);
}

int filter_net_block(struct peer *p, const uint8_t hash[BTC_HASH_BYTES])
{
    struct filter_msg m = {.event = FILTER_BLOCK, .peer = p};
    struct filter_net *n = net_of(p);
    bool wanted;

    if (!n)
        return 0;
    mutex_lock(&n->mu);
    wanted = memcmp(n->wanted, hash, BTC_HASH_BYTES) == 0;
    mutex_unlock(&n->mu);
    if (!wanted)
        return 0;
    memcpy(m.block, hash, BTC_HASH_BYTES);
    m.frame = block_store_get(n->net->blocks.store, NULL, hash);
    return m.frame ? tell(p, &m) : 0;
}

/* --- the thread --- */

static void peer_ready(struct filter_net *n, struct peer *p)
{
    if (filtersync_peer_ready(n->client.sync, peer_id(p)))
        n->client.peers[n->client.n_peers++] = p;
    else
        peer_unref(p);
}

static void peer_gone(struct filter_net *n, struct peer *p)
{
    for (unsigned i = 0; i < n->client.n_peers; i++)
        if (n->client.peers[i] == p) {
            n->client.peers[i] = n->client.peers[--n->client.n_peers];
            filtersync_peer_gone(n->client.sync, peer_id(p));
            peer_unref(p);
            return;
        }
}

static void block_came(struct filter_net *n, struct filter_msg *m)
{
    frame_unref(n->client.block);
    n->client.block = m->frame;
    m->frame = NULL;
    memcpy(n->client.block_hash, m->block, BTC_HASH_BYTES);
}

void filter_client_take(struct filter_net *n, struct filter_msg *m)
{
    const uint8_t(*hashes)[BTC_HASH_BYTES] = (const uint8_t(*)[BTC_HASH_BYTES])m->data;
    struct filtersync *sync = n->client.sync;

    switch (m->event) {
    case FILTER_PEER_READY:
        peer_ready(n, m->peer);
        break;
    case FILTER_PEER_GONE:
        peer_gone(n, m->peer);
        break;
    case FILTER_CHECKPOINTS:
        filtersync_checkpoints(sync, peer_id(m->peer), m->block, hashes, m->len / BTC_HASH_BYTES);
        break;
    case FILTER_HEADERS:
        filtersync_headers(sync, peer_id(m->peer), m->block, m->prev, hashes,
                           m->len / BTC_HASH_BYTES);
        break;
    case FILTER_FILTER:
        filtersync_filter(sync, peer_id(m->peer), m->block,
                          (struct bytes){.data = m->data, .len = m->len});
        break;
    case FILTER_BLOCK:
        block_came(n, m);
        break;
    }
    filter_msg_drop(m);
}

static void show(struct filter_net *n)
{
    struct filter_row tip = {0};
    bool any = filterdb_tip(n->db, FILTERDB_TOLD, &tip) == 0;

    filter_net_note_reach(n, FILTERDB_TOLD, any ? tip.height + 1 : 0,
                          any && filtersync_done(n->client.sync));
    metric_set(n->height[FILTERDB_TOLD], any ? tip.height : 0);
}

/* Nothing is asked before the headers are in sync: of a chain that is still being learned the tip
 * is none that peers know filters of. */
int64_t filter_client_run(struct filter_net *n)
{
    struct chain_point tip;
    int64_t next_us;

    if (!n->client.sync || !atomic_load(&n->net->in_sync))
        return CLOCK_NEVER;
    chain_view_tip(&n->net->chain, &tip);
    if (memcmp(tip.hash, n->client.tip, BTC_HASH_BYTES) != 0) {
        memcpy(n->client.tip, tip.hash, BTC_HASH_BYTES);
        filtersync_tip_moved(n->client.sync);
    }
    next_us = filtersync_tick(n->client.sync);
    show(n);
    return next_us;
}

void filter_client_free(struct filter_net *n)
{
    filtersync_free(n->client.sync);
    frame_unref(n->client.block);
}
