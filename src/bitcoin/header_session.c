#include "bitcoin/header_session.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "bitcoin/internal.h"
#include "log/log.h"
#include "metrics/metrics.h"

enum { UNASKED_MAX = 10, STRAYS_MAX = 4, PAUSE_MS = 10 * 60 * 1000, PAUSE_DOUBLINGS_MAX = 6 };

static struct metric_family held_off = {
    .name = "p2pnode_headers_held_off_total",
    .help = "Header batches that were not stored, by chain and reason: low_work (counted or "
            "dropped), unsolicited.",
    .type = METRIC_COUNTER,
    .labels = {"chain", "reason"},
};

static void count_held_off(const struct bitcoin *b, int reason)
{
    metric_add(metric_get(&held_off, b->config.params.name, pn_errname(reason), NULL), 1);
}

struct frame *header_session_request(struct peer *p, const uint8_t last[BTC_HASH_BYTES])
{
    struct bitcoin *b = btc_peer_of(p)->net;
    uint8_t hashes[CHAIN_LOCATOR_MAX][BTC_HASH_BYTES];
    struct btc_msg m = {
        .cmd = BTC_CMD_GETHEADERS,
        .u.getheaders = {.version = BTC_PROTOCOL_VERSION,
                         .hashes = (const uint8_t(*)[BTC_HASH_BYTES])hashes,
                         .count = chain_view_locator_after(&b->chain, hashes, last)},
    };
    struct frame *f = btc_frame(b->config.params.magic, &m);

    if (f)
        atomic_fetch_add(&btc_peer_of(p)->headers.owed, 1);
    return f;
}

/* Whether somebody asked for it: each request allows one large batch. Small ones are announcements
 * as well as answers, and use nothing up. */
static bool was_asked_for(struct header_session *h, size_t n)
{
    if (n <= HEADERS_ANNOUNCED_MAX)
        return true;
    if (atomic_load(&h->owed) == 0)
        return false;
    atomic_fetch_sub(&h->owed, 1); /* nobody else takes away */
    return true;
}

/* --- to the manager --- */

static int tell(struct peer *p, struct manager_headers *batch, enum manager_follows follows)
{
    batch->follows = follows;
    return manager_tell(&btc_peer_of(p)->net->inbox, p, MANAGER_HEADERS, &batch->head);
}

/* This peer has nothing for us, whatever it claimed. */
static int tell_nothing(struct peer *p)
{
    struct manager_headers *batch = manager_headers_new(0);

    return batch ? tell(p, batch, FOLLOWS_NOTHING) : PN_ENOMEM;
}

/* A chain of little work shall go on; the manager decides when. */
static int tell_more(struct peer *p, const uint8_t last[BTC_HASH_BYTES])
{
    struct manager_hashes *more = manager_hashes_new(1);

    if (!more)
        return PN_ENOMEM;
    memcpy(more->hashes[0], last, BTC_HASH_BYTES);
    return manager_tell(&btc_peer_of(p)->net->inbox, p, MANAGER_MORE_HEADERS, &more->head);
}

/* --- a chain of little work --- */

static void end_presync(struct header_session *h, bool came_to_nothing)
{
    presync_free(h->presync);
    h->presync = NULL;
    h->strays = 0;
    atomic_store(&h->counted_height, 0);
    if (!came_to_nothing)
        return;
    h->no_presync_before_us = clock_deadline_ms((int64_t)PAUSE_MS << h->failures);
    h->failures += h->failures < PAUSE_DOUBLINGS_MAX;
}

static void remember_tail(struct header_session *h, const uint8_t hash[BTC_HASH_BYTES],
                          btc_work work)
{
    h->has_tail = true;
    h->tail = (struct chain_point){.work = work};
    memcpy(h->tail.hash, hash, BTC_HASH_BYTES);
}

/* Give the manager what has been shown twice. */
static int release(struct peer *p, struct header_session *h, bool ended)
{
    for (;;) {
        struct manager_headers *batch = manager_headers_new(CHAIN_NEXT_MAX);
        int rc;

        if (!batch)
            return PN_ENOMEM;
        batch->n = presync_ready(h->presync, batch->headers, batch->hashes, CHAIN_NEXT_MAX);
        if (batch->n == 0) {
            manager_payload_free(&batch->head);
            return ended ? tell_nothing(p) : 0;
        }
        rc = tell(p, batch, FOLLOWS_HELD);
        if (rc < 0)
            return rc;
    }
}

/* A pass goes on, a new one begins, or what follows is like any other peer's. */
static int go_on(struct peer *p, struct header_session *h, bool full)
{
    uint8_t last[BTC_HASH_BYTES];
    bool done = presync_state(h->presync) == PRESYNC_DONE;
    int rc = 0;

    memcpy(last, presync_last(h->presync), sizeof last);
    if (presync_state(h->presync) != PRESYNC_COUNTING)
        rc = release(p, h, done && !full);
    if (done) {
        log_info("bitcoin", "peer=%" PRIu64 " has shown a chain of enough work up to height %u",
                 peer_id(p), presync_height(h->presync));
        remember_tail(h, last, presync_work(h->presync));
        end_presync(h, false);
    }
    return rc == 0 && (full || !done) ? tell_more(p, last) : rc;
}

static int continue_presync(struct peer *p, struct header_session *h, struct manager_headers *batch,
                            bool full)
{
    int rc = presync_take(h->presync, batch->headers,
                          (const uint8_t(*)[BTC_HASH_BYTES])batch->hashes, batch->n, full);

    atomic_store(&h->counted_height, presync_height(h->presync));
    if (rc == 0)
        return go_on(p, h, full);
    if (rc == PN_EORPHAN && (batch->n <= HEADERS_ANNOUNCED_MAX || ++h->strays < STRAYS_MAX))
        return 0; /* an announcement, or an answer to what was asked before */
    log_info("bitcoin", "peer=%" PRIu64 ": headers up to height %u held off: %s", peer_id(p),
             presync_height(h->presync), pn_strerror(rc));
    end_presync(h, true);
    if (rc == PN_EBITS || rc == PN_ENOMEM)
        return rc;
    return tell_nothing(p);
}

static int begin_presync(struct peer *p, struct header_session *h, struct manager_headers *batch,
                         const struct chain_point *from, btc_work goal)
{
    const struct btc_params *params = &btc_peer_of(p)->net->config.params;

    h->presync = presync_new(params, from, goal, clock_wall_s());
    if (!h->presync)
        return PN_ENOMEM;
    log_info("bitcoin",
             "peer=%" PRIu64 " offers headers of little work from height %u on: counting them",
             peer_id(p), from->height);
    return continue_presync(p, h, batch, true);
}

/* --- any batch --- */

static int precheck(const struct bitcoin *b, struct manager_headers *batch)
{
    return headers_precheck(batch->hashes, batch->headers, batch->n, &b->config.params);
}

static int take_low_work(struct peer *p, struct header_session *h, struct manager_headers *batch,
                         const struct chain_point *from, btc_work goal)
{
    int rc = precheck(btc_peer_of(p)->net, batch);

    if (rc < 0)
        return rc;
    count_held_off(btc_peer_of(p)->net, PN_ELOWWORK);
    if (batch->n == CHAIN_NEXT_MAX && clock_mono_us() >= h->no_presync_before_us)
        return begin_presync(p, h, batch, from, goal);
    return tell_nothing(p);
}

/* Where a batch leaves what we have. Returns: false when that is not known. */
static bool find_parent(const struct header_session *h, struct chain *chain,
                        struct chain_point *out, const uint8_t prev[BTC_HASH_BYTES])
{
    if (h->has_tail && memcmp(h->tail.hash, prev, BTC_HASH_BYTES) == 0) {
        *out = h->tail;
        return true;
    }
    return chain_view_find(chain, out, prev);
}

static bool is_known(struct chain *chain, const struct btc_header *header)
{
    uint8_t hash[BTC_HASH_BYTES];
    struct chain_point at;

    btc_header_hash(hash, header);
    return chain_view_find(chain, &at, hash);
}

/* The next request is under way while this batch is checked. */
static int ask_ahead(struct peer *p, const struct btc_header *last)
{
    uint8_t hash[BTC_HASH_BYTES];
    int rc;

    btc_header_hash(hash, last);
    rc = peer_reply(p, header_session_request(p, hash), 0);
    return rc == 0 ? peer_flush(p) : rc;
}

/* Owns: takes the batch when it returns 0. */
static int pass_on(struct peer *p, struct header_session *h, struct manager_headers *batch,
                   bool has_parent, btc_work work)
{
    const struct btc_header *last = &batch->headers[batch->n - 1];
    bool full = batch->n == CHAIN_NEXT_MAX;
    bool ahead = full && has_parent && atomic_load(&h->following);
    int rc = ahead ? ask_ahead(p, last) : 0;

    if (rc == 0)
        rc = precheck(btc_peer_of(p)->net, batch);
    if (rc < 0)
        return rc;
    peer_add_known(p, batch->hashes[batch->n - 1]);
    h->has_tail = false;
    if (has_parent)
        remember_tail(h, batch->hashes[batch->n - 1], work);
    tell(p, batch, ahead ? FOLLOWS_BY_ITSELF : full ? FOLLOWS_IF_ASKED : FOLLOWS_NOTHING);
    return 0;
}

static int take_batch(struct peer *p, struct header_session *h, struct manager_headers *batch)
{
    struct bitcoin *b = btc_peer_of(p)->net;
    struct chain_point from;
    btc_work goal = chain_view_dos_work(&b->chain), work = 0;
    bool has_parent = find_parent(h, &b->chain, &from, batch->headers[0].prev);
    int rc;

    if (has_parent) {
        bool in_chain = !h->has_tail || memcmp(h->tail.hash, from.hash, BTC_HASH_BYTES) != 0;

        work = work_add(from.work, headers_work(batch->headers, batch->n));
        if (in_chain && work < goal && !is_known(&b->chain, &batch->headers[batch->n - 1])) {
            rc = take_low_work(p, h, batch, &from, goal);
            manager_payload_free(&batch->head);
            return rc;
        }
    }
    rc = pass_on(p, h, batch, has_parent, work);
    if (rc < 0)
        manager_payload_free(&batch->head);
    return rc;
}

static int take_in_presync(struct peer *p, struct header_session *h, struct manager_headers *batch)
{
    struct bitcoin *b = btc_peer_of(p)->net;
    int rc = precheck(b, batch);

    count_held_off(b, PN_ELOWWORK);
    if (rc == 0)
        rc = continue_presync(p, h, batch, batch->n == CHAIN_NEXT_MAX);
    manager_payload_free(&batch->head);
    return rc;
}

static int take_nothing(struct peer *p, struct header_session *h)
{
    if (h->presync)
        end_presync(h, true);
    return tell_nothing(p);
}

int header_session_take(struct peer *p, const struct btc_headers *m)
{
    struct btc_peer *bp = btc_peer_of(p);
    struct header_session *h = &bp->headers;
    struct manager_headers *batch;

    if (m->count == 0)
        return take_nothing(p, h);
    if (!was_asked_for(h, m->count)) {
        count_held_off(bp->net, PN_EUNSOLICITED);
        return ++h->unasked > UNASKED_MAX ? PN_EUNSOLICITED : 0;
    }
    batch = manager_headers_new(m->count);
    if (!batch)
        return PN_ENOMEM;
    memcpy(batch->headers, m->items, m->count * sizeof *m->items);
    return h->presync ? take_in_presync(p, h, batch) : take_batch(p, h, batch);
}

void header_session_free(struct header_session *h)
{
    presync_free(h->presync);
    h->presync = NULL;
}
