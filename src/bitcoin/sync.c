/* Header sync on the manager's side. A header batch: thread in looks at it, asks for the next and
 * checks size, work and linkage (header_session.c) -> manager's inbox -> sync_headers ->
 * chain_accept_many -> manager_tip_moved tells gauges and peers.
 *
 * Whose headers are followed is decided by header_leads.c; every peer's announcements count. What
 * follows in a chain of little work is asked for from here, so that such chains cannot take the
 * machine's time from others: at a pace, while somebody else is followed. */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "bitcoin/internal.h"
#include "log/log.h"
#include "metrics/metrics.h"

enum {
    UNCONNECTED_MAX = 10 /* Core, MAX_NUM_UNCONNECTING_HEADERS_MSGS */
};

#define TICK_US          INT64_C(1000000)
#define STALE_TIP_US     (INT64_C(30) * 60 * 1000000)
#define LOW_WORK_PACE_US INT64_C(50000) /* between two batches of little work, of whatever peer */
#define LATELY_US        INT64_C(1000000)

static struct metric_family rejected = {
    .name = "p2pnode_headers_rejected_total",
    .help = "Header batches that broke a rule, by chain and rule.",
    .type = METRIC_COUNTER,
    .labels = {"chain", "reason"},
};

static struct manager_peer *peer_of(struct header_lead *lead)
{
    return (struct manager_peer *)(void *)((char *)lead - offsetof(struct manager_peer, lead));
}

/* --- asking --- */

static void send_request(struct bitcoin *b, struct manager_peer *s, struct frame *f)
{
    bool owed = s->lead.claims > (int64_t)chain_height(&b->chain);

    if (!f)
        return;
    s->lead.asked = true;
    s->in_flight = owed; /* what may stay unanswered keeps nothing else waiting */
    s->again = false;
    peer_send(s->peer, f, owed ? 0 : PEER_SEND_NO_STALL);
}

/* Ask for what follows an entry of ours. At the tip that is asked of its parent, so that a peer
 * with the same tip has something to say: some send no empty answer (Core does the same). An answer
 * is owed only by a peer that claims to have more than we do: one that is not in sync itself may
 * keep silent. */
static void request_headers(struct bitcoin *b, struct manager_peer *s, uint32_t from)
{
    uint32_t parent = chain_entry(&b->chain, from)->parent;
    bool at_tip = from == chain_tip(&b->chain) && parent != CHAIN_NONE;
    uint8_t hashes[CHAIN_LOCATOR_MAX][BTC_HASH_BYTES];
    struct btc_msg m = {
        .cmd = BTC_CMD_GETHEADERS,
        .u.getheaders = {.version = BTC_PROTOCOL_VERSION,
                         .hashes = (const uint8_t(*)[BTC_HASH_BYTES])hashes,
                         .count = chain_locator(&b->chain, hashes, at_tip ? parent : from)},
    };
    struct frame *f = btc_frame(b->config.params.magic, &m);

    if (f)
        atomic_fetch_add(&btc_peer_of(s->peer)->headers.owed, 1);
    send_request(b, s, f);
}

/* What follows in a chain of little work. */
static void ask_for_more(struct bitcoin *b, struct manager_peer *s)
{
    s->more_us = CLOCK_NEVER;
    send_request(b, s, header_session_request(s->peer, s->more_after));
}

static void set_in_sync(struct bitcoin *b)
{
    bool in_sync = b->leads.n_following == 0 && chain_min_work_reached(&b->chain);

    for (unsigned i = 0; i < b->n_peers; i++)
        in_sync = in_sync && !header_lead_has_more(&b->peers[i]->lead, chain_height(&b->chain));
    atomic_store(&b->in_sync, in_sync);
}

/* From now on its thread asks for more by itself. */
static void set_following(struct manager_peer *s)
{
    atomic_store(&btc_peer_of(s->peer)->headers.following, s->lead.following);
}

/* Follow whoever is to be followed; while that is nobody, ask the others once what they know. */
static void choose(struct bitcoin *b)
{
    struct header_lead *lead;

    while ((lead = header_leads_choose(&b->leads, chain_height(&b->chain), clock_mono_us()))) {
        struct manager_peer *s = peer_of(lead);

        log_info("bitcoin", "syncing headers from peer=%" PRIu64 ", which claims height %" PRId64,
                 peer_id(s->peer), lead->claims);
        set_following(s);
        if (s->low_work)
            ask_for_more(b, s);
        else
            request_headers(b, s, chain_tip(&b->chain));
    }
    for (unsigned i = 0; i < b->n_peers && b->leads.n_following == 0; i++)
        if (!b->peers[i]->lead.asked)
            request_headers(b, b->peers[i], chain_tip(&b->chain));
    set_in_sync(b);
}

static void end_lead(struct bitcoin *b, struct manager_peer *s)
{
    bool again = s->again;

    header_leads_end(&b->leads, &s->lead);
    set_following(s);
    if (again)
        request_headers(b, s, chain_tip(&b->chain));
    choose(b);
}

/* --- peers --- */

static int on_init(struct bitcoin *b)
{
    return header_leads_init(&b->leads, b->config.max_peers);
}

static void on_free(struct bitcoin *b)
{
    header_leads_free(&b->leads);
}

static void on_peer_ready(struct bitcoin *b, struct manager_peer *s)
{
    s->more_us = CLOCK_NEVER;
    header_leads_add(&b->leads, &s->lead, peer_inbound(s->peer),
                     btc_peer_of(s->peer)->start_height);
    choose(b);
}

static void on_peer_gone(struct bitcoin *b, struct manager_peer *s)
{
    header_leads_remove(&b->leads, &s->lead);
    choose(b);
}

/* --- batches --- */

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

/* What two parts of a batch did together. */
static void join_results(struct chain_result *r, const struct chain_result *rest)
{
    r->added += rest->added;
    r->known += rest->known;
    r->index = rest->index;
    if (rest->tip_moved && (!r->tip_moved || rest->fork_height < r->fork_height)) {
        r->fork_height = rest->fork_height;
        r->depth = rest->depth;
    }
    r->tip_moved = r->tip_moved || rest->tip_moved;
}

/* A full chain makes room once, and the rest of the batch is tried again. */
static int accept_batch(struct bitcoin *b, struct chain_result *r,
                        const struct manager_headers *batch)
{
    const uint8_t(*hashes)[BTC_HASH_BYTES] = (const uint8_t(*)[BTC_HASH_BYTES])batch->hashes;
    int rc = chain_accept_many(&b->chain, r, batch->headers, hashes, batch->n);
    struct chain_result rest;
    uint32_t dropped = 0, done = r->added + r->known;

    if (rc != PN_ELIMIT || chain_drop_stale(&b->chain, &dropped) < 0 || dropped == 0)
        return rc;
    log_warn("bitcoin", "the chain is full: %" PRIu32 " headers of stale branches dropped",
             dropped);
    rc = chain_accept_many(&b->chain, &rest, batch->headers + done, hashes + done, batch->n - done);
    join_results(r, &rest);
    return rc;
}

void sync_shown(struct manager_peer *s, uint32_t height)
{
    if (height <= s->shown_height)
        return;
    s->shown_height = height;
    atomic_store(&btc_peer_of(s->peer)->shown_height, height);
}

/* Whether the batch took this peer's chain further. */
static bool made_progress(struct bitcoin *b, struct manager_peer *s, uint32_t last)
{
    uint32_t height = chain_entry(&b->chain, last)->height;
    bool progress = height > s->shown_height;

    sync_shown(s, height);
    if ((int64_t)height > s->lead.claims)
        s->lead.claims = height;
    return progress;
}

static void after_batch(struct bitcoin *b, struct manager_peer *s, enum manager_follows follows,
                        uint32_t last)
{
    bool progress = made_progress(b, s, last);

    s->unconnected = 0;
    header_leads_heard(&s->lead, clock_mono_us());
    if (follows == FOLLOWS_NOTHING || !progress) {
        s->lead.claims = s->shown_height; /* or it would be asked again and again */
        end_lead(b, s);
    } else if (follows == FOLLOWS_IF_ASKED) {
        header_leads_follow(&b->leads, &s->lead, clock_mono_us());
        set_following(s);
        request_headers(b, s, last);
    }
    set_in_sync(b);
}

void sync_headers(struct bitcoin *b, struct manager_peer *s, struct manager_payload *payload)
{
    const struct manager_headers *batch = (struct manager_headers *)(void *)payload;
    struct chain_result r;
    int rc;

    s->in_flight = batch->follows == FOLLOWS_BY_ITSELF || batch->follows == FOLLOWS_HELD;
    s->low_work = s->low_work && batch->follows == FOLLOWS_HELD;
    if (batch->n == 0) { /* it has nothing for us, whatever it claimed */
        s->lead.claims = s->shown_height;
        end_lead(b, s);
        return;
    }
    rc = accept_batch(b, &r, batch);
    metric_add(b->metrics.validated, r.added);
    if (r.added) {
        atomic_store(&btc_peer_of(s->peer)->last_block_us, clock_mono_us());
        header_leads_proven(&b->leads, clock_mono_us());
        manager_chain_grew(b);
    }
    if (r.tip_moved)
        manager_tip_moved(b, &r, false);
    if (rc == 0) {
        after_batch(b, s, batch->follows, r.index);
    } else if (rc != PN_EORPHAN || !s->lead.following || batch->n > HEADERS_ANNOUNCED_MAX) {
        refuse(b, s, rc);
        end_lead(b, s);
    } /* else an announcement of what we shall come to */
}

/* --- chains of little work --- */

/* Others come first: whoever shows headers of enough work, and, before a peer that came to us, one
 * that we chose. */
static bool must_wait(const struct bitcoin *b, const struct manager_peer *s, int64_t now_us)
{
    unsigned others = b->leads.n_following - s->lead.following;
    unsigned chosen = b->leads.n_outbound - (s->lead.following && !s->lead.inbound);
    bool proven = others > 0 && now_us - b->leads.proven_us < LATELY_US;

    return !s->lead.following || proven || (s->lead.inbound && chosen > 0);
}

void sync_more(struct bitcoin *b, struct manager_peer *s, struct manager_payload *payload)
{
    const struct manager_hashes *more = (struct manager_hashes *)(void *)payload;
    int64_t now_us = clock_mono_us();

    header_leads_heard(&s->lead, now_us);
    s->in_flight = false;
    s->low_work = true;
    memcpy(s->more_after, more->hashes[0], BTC_HASH_BYTES);
    if (!must_wait(b, s, now_us)) {
        ask_for_more(b, s);
        return;
    }
    s->more_us = (b->low_work_us > now_us ? b->low_work_us : now_us) + LOW_WORK_PACE_US;
    b->low_work_us = s->more_us;
    manager_due(b, PART_SYNC, s->more_us);
}

/* --- the clock --- */

/* A tip that has not moved for three intended block times may mean that all our peers are kept from
 * the network: one more outbound connection is made until it moves (Core, CheckForStaleTip). */
static void watch_tip(struct bitcoin *b, int64_t now_us)
{
    bool stale = now_us - b->tip_moved_us > STALE_TIP_US;

    if (stale == b->tip_stale || !b->dialer)
        return;
    b->tip_stale = stale;
    if (stale)
        log_warn("bitcoin", "no new header for 30 minutes: looking for one more peer");
    dialer_set_extra(b->dialer, b->network, stale ? 1 : 0);
}

static void replace_the_silent(struct bitcoin *b, int64_t now_us)
{
    struct header_lead *lead;

    while ((lead = header_leads_silent(&b->leads, now_us))) {
        struct manager_peer *s = peer_of(lead);

        log_info("bitcoin", "peer=%" PRIu64 " sends no headers: others are asked",
                 peer_id(s->peer));
        set_following(s);
    }
    choose(b);
}

static int64_t tick(struct bitcoin *b, int64_t now_us)
{
    int64_t next_us = now_us + TICK_US;

    watch_tip(b, now_us);
    replace_the_silent(b, now_us);
    for (unsigned i = 0; i < b->n_peers; i++) {
        struct manager_peer *s = b->peers[i];

        if (now_us >= s->more_us)
            ask_for_more(b, s);
        if (s->more_us < next_us)
            next_us = s->more_us;
    }
    return next_us;
}

void sync_ask(struct bitcoin *b, struct manager_peer *s)
{
    request_headers(b, s, chain_tip(&b->chain));
}

void sync_block_inv(struct bitcoin *b, struct manager_peer *s, struct manager_payload *payload)
{
    const struct manager_hashes *inv = (struct manager_hashes *)(void *)payload;

    if (chain_find(&b->chain, inv->hashes[0]) != CHAIN_NONE)
        return;
    if (s->in_flight || s->lead.following || s->low_work)
        s->again = true;
    else
        request_headers(b, s, chain_tip(&b->chain));
}

const struct manager_part sync_part = {
    .init = on_init,
    .free = on_free,
    .peer_ready = on_peer_ready,
    .peer_gone = on_peer_gone,
    .tick = tick,
};
