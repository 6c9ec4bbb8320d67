/* Header sync. A header batch: thread in decodes it and checks size, work and linkage (handlers.c,
 * on_headers) -> manager's inbox -> sync_headers -> chain_accept_many -> the next request to the
 * peer that is ahead -> manager_tip_moved tells gauges and peers.
 *
 * One peer at a time is followed through a long sync; any peer may take its place when it leaves,
 * stalls (peer_stall.c) or has no more, and every peer's announcements count. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/err.h"
#include "bitcoin/internal.h"
#include "log/log.h"
#include "metrics/metrics.h"

enum {
    UNCONNECTED_MAX = 10 /* Core, MAX_NUM_UNCONNECTING_HEADERS_MSGS */
};

#define TICK_US      INT64_C(1000000)
#define STALE_TIP_US (INT64_C(30) * 60 * 1000000)

static struct metric_family rejected = {
    .name = "p2pnode_headers_rejected_total",
    .help = "Header batches that broke a rule, by chain and rule.",
    .type = METRIC_COUNTER,
    .labels = {"chain", "reason"},
};

/* Ask for what follows an entry of ours. At the tip that is asked of its parent, so that a peer
 * with the same tip has something to say: some send no empty answer (Core does the same). An answer
 * is owed only by a peer that claims to have more than we do: one that is not in sync itself may
 * keep silent. */
static void request_headers(struct bitcoin *b, struct manager_peer *s, uint32_t from)
{
    uint8_t hashes[CHAIN_LOCATOR_MAX][BTC_HASH_BYTES];
    uint32_t parent = chain_entry(&b->chain, from)->parent;
    bool at_tip = from == chain_tip(&b->chain) && parent != CHAIN_NONE;
    struct btc_msg m = {
        .cmd = BTC_CMD_GETHEADERS,
        .u.getheaders = {.version = BTC_PROTOCOL_VERSION,
                         .hashes = (const uint8_t(*)[BTC_HASH_BYTES])hashes,
                         .count = chain_locator(&b->chain, hashes, at_tip ? parent : from)},
    };
    bool owed = s->best_height > (int64_t)chain_height(&b->chain);
    struct frame *f = btc_frame(b->config.params.magic, &m);

    if (!f)
        return;
    s->asked = true;
    s->in_flight = owed; /* what may stay unanswered keeps nothing else waiting */
    s->again = false;
    peer_send(s->peer, f, owed ? 0 : PEER_SEND_NO_STALL);
}

static void set_in_sync(struct bitcoin *b)
{
    bool in_sync = b->sync_peer_id == 0 && chain_min_work_reached(&b->chain);

    for (unsigned i = 0; i < b->n_peers; i++)
        in_sync = in_sync && b->peers[i]->best_height <= (int64_t)chain_height(&b->chain);
    atomic_store(&b->in_sync, in_sync);
}

/* Follow a peer that claims more than we have; else ask the others once what they know. */
static void choose_sync_peer(struct bitcoin *b)
{
    struct manager_peer *best = NULL;

    for (unsigned i = 0; i < b->n_peers; i++) {
        struct manager_peer *s = b->peers[i];

        if (!s->asked && (!best || s->best_height > best->best_height))
            best = s;
    }
    if (best && best->best_height > (int64_t)chain_height(&b->chain)) {
        b->sync_peer_id = peer_id(best->peer);
        log_info("bitcoin", "syncing headers from peer=%" PRIu64 " at height %" PRId64,
                 b->sync_peer_id, best->best_height);
        request_headers(b, best, chain_tip(&b->chain));
    } else {
        for (unsigned i = 0; i < b->n_peers; i++)
            if (!b->peers[i]->asked)
                request_headers(b, b->peers[i], chain_tip(&b->chain));
    }
    set_in_sync(b);
}

static void on_peer_ready(struct bitcoin *b, struct manager_peer *s)
{
    s->best_height = btc_peer_of(s->peer)->start_height;
    if (b->sync_peer_id == 0)
        choose_sync_peer(b);
    else
        set_in_sync(b);
}

static void end_sync(struct bitcoin *b)
{
    b->sync_peer_id = 0;
    choose_sync_peer(b);
}

static void on_peer_gone(struct bitcoin *b, struct manager_peer *s)
{
    if (b->sync_peer_id == peer_id(s->peer))
        end_sync(b);
}

static void refuse(struct bitcoin *b, struct manager_peer *s, int rc)
{
    metric_add(metric_get(&rejected, b->config.params.name, pn_errname(rc), NULL), 1);
    if (rc == PN_ELIMIT || rc == PN_ENOMEM) {
        log_error("bitcoin", "cannot keep more headers: %s", pn_strerror(rc));
        return; /* our limit, not the peer's fault */
    }
    if (rc == PN_EORPHAN && ++s->unconnected < UNCONNECTED_MAX) {
        request_headers(b, s, chain_tip(&b->chain));
        return;
    }
    log_info("bitcoin", "peer=%" PRIu64 " sent a header that breaks a rule: %s", peer_id(s->peer),
             pn_strerror(rc));
    peer_disconnect(s->peer, rc);
}

/* Whether the batch gives reason to ask this peer for what follows it. */
static bool more_expected(struct bitcoin *b, struct manager_peer *s, size_t n, uint32_t last)
{
    uint32_t height = chain_entry(&b->chain, last)->height;
    bool progress = height > s->shown_height;

    if (progress)
        s->shown_height = height;
    if ((int64_t)height > s->best_height)
        s->best_height = height;
    return n == CHAIN_NEXT_MAX && progress;
}

/* Once in sync, a branch that trails far behind is not worth its memory: anyone can mine headers at
 * the difficulty of the first years (Core, headers presync). Unknown parents are judged later. */
static bool too_little_work(const struct bitcoin *b, const struct manager_headers *batch)
{
    uint32_t parent = chain_find(&b->chain, batch->headers[0].prev);

    return parent != CHAIN_NONE && chain_min_work_reached(&b->chain) &&
           chain_entry(&b->chain, parent)->work + headers_work(batch->headers, batch->n) <
               chain_dos_work(&b->chain);
}

void sync_headers(struct bitcoin *b, struct manager_peer *s, struct manager_payload *payload)
{
    const struct manager_headers *batch = (struct manager_headers *)(void *)payload;
    struct chain_result r;
    bool followed = b->sync_peer_id == peer_id(s->peer), again = s->again;
    int rc;

    s->in_flight = false;
    if (batch->n == 0) {
        /* It has nothing beyond what we know, whatever it claimed. */
        s->best_height = s->shown_height;
        if (followed)
            end_sync(b);
        return;
    }
    if (too_little_work(b, batch)) {
        metric_add(metric_get(&rejected, b->config.params.name, "low_work", NULL), 1);
        if (followed)
            end_sync(b);
        return;
    }
    rc = chain_accept_many(&b->chain, &r, batch->headers,
                           (const uint8_t(*)[BTC_HASH_BYTES])batch->hashes, batch->n);
    metric_add(b->metrics.validated, r.added);
    if (r.added) {
        atomic_store(&btc_peer_of(s->peer)->last_block_us, clock_mono_us());
        bitcoin_chain_grew(b);
    }
    if (r.tip_moved)
        manager_tip_moved(b, &r, false);
    if (rc < 0) {
        refuse(b, s, rc);
        return;
    }
    s->unconnected = 0;
    if (more_expected(b, s, batch->n, r.index))
        request_headers(b, s, r.index);
    else if (again)
        request_headers(b, s, chain_tip(&b->chain));
    else if (followed)
        end_sync(b);
    set_in_sync(b);
}

/* A tip that has not moved for three intended block times may mean that all our peers are kept from
 * the network: one more outbound connection is made until it moves (Core, CheckForStaleTip). */
static int64_t tick(struct bitcoin *b, int64_t now_us)
{
    bool stale = now_us - b->tip_moved_us > STALE_TIP_US;

    if (stale == b->tip_stale || !b->dialer)
        return now_us + TICK_US;
    b->tip_stale = stale;
    if (stale)
        log_warn("bitcoin", "no new header for 30 minutes: looking for one more peer");
    dialer_set_extra(b->dialer, b->network, stale ? 1 : 0);
    return now_us + TICK_US;
}

void sync_block_inv(struct bitcoin *b, struct manager_peer *s, struct manager_payload *payload)
{
    const struct manager_hashes *inv = (struct manager_hashes *)(void *)payload;

    if (chain_find(&b->chain, inv->hashes[0]) != CHAIN_NONE)
        return;
    if (s->in_flight)
        s->again = true;
    else
        request_headers(b, s, chain_tip(&b->chain));
}

const struct manager_part sync_part = {
    .peer_ready = on_peer_ready,
    .peer_gone = on_peer_gone,
    .tick = tick,
};
