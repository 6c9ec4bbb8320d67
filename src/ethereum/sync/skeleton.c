/* The skeleton and its gaps. A gap is the 192 headers up to one of the skeleton, which proves the
 * last of them, and with it all that link to it. Full gaps go into the chain in their order, one
 * a tick, so that the owner's thread has time for others between. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "ethereum/sync/internal.h"

enum { GAP_FAILURES_MAX = 3 };

void gaps_clear(struct downloader *d)
{
    for (unsigned i = 0; i < d->n_gaps; i++) {
        if (d->gaps[i].state == GAP_ASKED)
            download_set_idle(&d->rating, d->gaps[i].peer, SYNC_KIND_HEADERS, 0);
        mem_free(d->gaps[i].payload);
    }
    for (unsigned i = 0; i < d->n_peers; i++)
        if (d->peers[i].late_us != 0) {
            d->peers[i].late_us = 0;
            download_set_idle(&d->rating, d->peers[i].id, SYNC_KIND_HEADERS, 0);
        }
    memset(d->gaps, 0, sizeof d->gaps);
    d->n_gaps = d->n_imported = 0;
}

/* Of those with the same head the fastest, who need not be who told of the skeleton. */
static uint64_t fastest_like_master(struct downloader *d)
{
    const struct sync_peer *master = sync_find(d, d->master);
    uint64_t best = d->master;

    for (unsigned i = 0; master && i < d->n_peers; i++) {
        const struct sync_peer *p = &d->peers[i];

        if (memcmp(p->head, master->head, sizeof p->head) == 0 &&
            download_throughput(&d->rating, p->id, SYNC_KIND_HEADERS) >
                download_throughput(&d->rating, best, SYNC_KIND_HEADERS))
            best = p->id;
    }
    return best;
}

static void ask_tail(struct downloader *d)
{
    struct eth_header_query q = {.number = d->next, .amount = SYNC_GAP_HEADERS};

    d->master = fastest_like_master(d);
    d->stage = STAGE_TAIL;
    (void)headers_ask(d, &q);
}

void skeleton_begin(struct downloader *d)
{
    struct eth_header_query q = {.number = d->next + SYNC_GAP_HEADERS - 1,
                                 .amount = SYNC_SKELETON,
                                 .skip = SYNC_GAP_HEADERS - 1};

    gaps_clear(d);
    if (q.number > d->target) {
        ask_tail(d);
        return;
    }
    d->stage = STAGE_SKELETON;
    (void)headers_ask(d, &q);
}

void skeleton_answer(struct downloader *d, const struct eth_items *items)
{
    struct eth_items all = *items;
    struct eth_header h;
    struct bytes rlp;

    while (d->n_gaps < SYNC_SKELETON && eth_items_next(&all, &rlp)) {
        uint64_t want = d->next + (uint64_t)(d->n_gaps + 1) * SYNC_GAP_HEADERS - 1;

        if (eth_header_decode(&h, rlp) < 0 || h.number != want) {
            sync_drop(d, d->master, PN_EPROTO);
            headers_stop(d, true);
            return;
        }
        memcpy(d->gaps[d->n_gaps++].last, h.hash, ETH_HASH_BYTES);
    }
    if (d->n_gaps == 0)
        ask_tail(d);
    else
        d->stage = STAGE_FILL;
}

static uint64_t gap_first(const struct downloader *d, unsigned i)
{
    return d->next + (uint64_t)(i - d->n_imported) * SYNC_GAP_HEADERS;
}

static struct gap *gap_of(struct downloader *d, uint64_t peer)
{
    for (unsigned i = d->n_imported; i < d->n_gaps; i++)
        if (d->gaps[i].state == GAP_ASKED && d->gaps[i].peer == peer)
            return &d->gaps[i];
    return NULL;
}

bool gap_asked_of(const struct downloader *d, uint64_t peer)
{
    for (unsigned i = d->n_imported; i < d->n_gaps; i++)
        if (d->gaps[i].state == GAP_ASKED && d->gaps[i].peer == peer)
            return true;
    return false;
}

/* Whether these are the headers of a gap, as far as the last one tells. */
static bool fits(const struct gap *g, const struct eth_items *items)
{
    struct eth_items all = *items;
    struct bytes rlp = {0};
    struct eth_header h;

    if (items->n != SYNC_GAP_HEADERS)
        return false;
    while (eth_items_next(&all, &rlp))
        ;
    return eth_header_decode(&h, rlp) == 0 && memcmp(h.hash, g->last, sizeof h.hash) == 0;
}

/* A gap that somebody else has been asked for since: only the rating learns from it. */
static void late_answer(struct downloader *d, uint64_t peer, const struct eth_items *items)
{
    struct sync_peer *p = sync_find(d, peer);

    if (!p || p->late_us == 0)
        return;
    p->late_us = 0;
    download_set_idle(&d->rating, peer, SYNC_KIND_HEADERS, (unsigned)items->n);
}

void gap_answer(struct downloader *d, uint64_t peer, const struct eth_items *items)
{
    struct gap *g = gap_of(d, peer);

    if (!g) {
        late_answer(d, peer, items);
        return;
    }
    g->state = GAP_TODO;
    if (!fits(g, items)) {
        g->failures++;
        download_set_idle(&d->rating, peer, SYNC_KIND_HEADERS, 0);
        download_mark_lacking(&d->rating, peer, g->last);
        if (items->n > 0)
            sync_drop(d, peer, PN_EPROTO); /* not what it was asked for */
        return;
    }
    download_set_idle(&d->rating, peer, SYNC_KIND_HEADERS, (unsigned)items->n);
    sync_note_time(d, SYNC_KIND_HEADERS, clock_mono_us() - g->asked_us);
    g->payload = mem_dup(items->payload.data, items->payload.len);
    if (!g->payload)
        return;
    g->len = items->payload.len;
    g->state = GAP_FULL;
}

void gaps_peer_gone(struct downloader *d, uint64_t peer)
{
    struct gap *g = gap_of(d, peer);

    if (g)
        g->state = GAP_TODO;
}

/* The chain takes one gap. */
static void import_next(struct downloader *d)
{
    struct gap *g = &d->gaps[d->n_imported];
    struct eth_items items = {{g->payload, g->len}, SYNC_GAP_HEADERS};
    struct bytes rlp;
    int rc = 0;

    while (rc == 0 && eth_items_next(&items, &rlp))
        rc = headers_import(d, rlp, false);
    MEM_FREE(g->payload);
    if (rc == 0) {
        d->next += SYNC_GAP_HEADERS;
        d->n_imported++;
        d->config.ops.advanced(d->config.ops.arg);
        return;
    }
    if (eth_chain_failed_itself(rc)) {
        headers_stop(d, false); /* where our chain ends now is to be found out */
        return;
    }
    g->state = GAP_TODO;
    g->failures++;
    sync_drop(d, g->peer, rc); /* it hid something else behind the right last header */
    if (rc != PN_EORPHAN) {    /* or the skeleton itself stands on sand */
        uint64_t master = d->master;

        headers_stop(d, true);
        sync_drop(d, master, rc);
    }
}

static void expire(struct downloader *d, int64_t now_us)
{
    for (unsigned i = d->n_imported; i < d->n_gaps; i++) {
        struct gap *g = &d->gaps[i];

        if (g->state != GAP_ASKED || g->deadline_us > now_us)
            continue;
        g->state = GAP_TODO;
        g->failures++;
        download_set_idle(&d->rating, g->peer, SYNC_KIND_HEADERS, 0);
        download_mark_lacking(&d->rating, g->peer, g->last);
    }
    for (unsigned i = 0; i < d->n_peers; i++) {
        struct sync_peer *p = &d->peers[i];

        if (p->late_us == 0 || p->late_us > now_us)
            continue;
        p->late_us = 0;
        download_set_idle(&d->rating, p->id, SYNC_KIND_HEADERS, 0);
    }
}

static void ask_gap(struct downloader *d, unsigned i, uint64_t peer, int64_t now_us)
{
    struct eth_header_query q = {.number = gap_first(d, i), .amount = SYNC_GAP_HEADERS};
    struct gap *g = &d->gaps[i];

    if (!d->config.ops.ask_headers(d->config.ops.arg, peer, &q))
        return;
    (void)download_set_busy(&d->rating, peer, SYNC_KIND_HEADERS);
    g->state = GAP_ASKED;
    g->peer = peer;
    g->asked_us = now_us;
    g->deadline_us = now_us + sync_ttl_us(d);
}

/* Returns: whether there was a gap that this peer may have. */
static bool assign_to(struct downloader *d, uint64_t peer, int64_t now_us)
{
    for (unsigned i = d->n_imported; i < d->n_gaps; i++)
        if (d->gaps[i].state == GAP_TODO && !download_lacks(&d->rating, peer, d->gaps[i].last)) {
            ask_gap(d, i, peer, now_us);
            return true;
        }
    return false;
}

/* The gap that the others wait for is with somebody slow: an idle peer is asked, too. */
static void hedge(struct downloader *d, uint64_t peer, int64_t now_us)
{
    struct gap *g = &d->gaps[d->n_imported];
    struct sync_peer *slow = d->n_imported < d->n_gaps ? sync_find(d, g->peer) : NULL;

    if (!slow || g->state != GAP_ASKED ||
        now_us - g->asked_us < sync_patience_us(d, SYNC_KIND_HEADERS) ||
        download_lacks(&d->rating, peer, g->last))
        return;
    slow->late_us = g->deadline_us;
    g->state = GAP_TODO;
    ask_gap(d, d->n_imported, peer, now_us);
}

static void assign(struct downloader *d, int64_t now_us)
{
    uint64_t *idle = mem_alloc_array(d->config.max_peers, sizeof *idle);
    unsigned n = idle ? download_idle_peers(&d->rating, idle, SYNC_KIND_HEADERS) : 0;

    for (unsigned k = 0; k < n; k++)
        if (!assign_to(d, idle[k], now_us))
            hedge(d, idle[k], now_us);
    mem_free(idle);
}

/* A gap that nobody can fill, not even who told of it. */
static bool is_hopeless(const struct downloader *d)
{
    for (unsigned i = d->n_imported; i < d->n_gaps; i++)
        if (d->gaps[i].failures >= GAP_FAILURES_MAX &&
            download_lacks(&d->rating, d->master, d->gaps[i].last))
            return true;
    return false;
}

void gaps_tick(struct downloader *d, int64_t now_us)
{
    uint64_t master = d->master;

    expire(d, now_us);
    if (is_hopeless(d)) {
        headers_stop(d, true);
        sync_drop(d, master, PN_ESTALLED);
        return;
    }
    assign(d, now_us);
    if (d->n_imported < d->n_gaps && d->gaps[d->n_imported].state == GAP_FULL)
        import_next(d);
    if (d->stage == STAGE_FILL && d->n_imported == d->n_gaps)
        skeleton_begin(d);
}
