/* Which peer is followed, and where its chain leaves ours. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "ethereum/sync/internal.h"

enum {
    SPAN_COUNT = 12, /* go-ethereum eth/downloader, calculateRequestSpan */
    SPAN_STEP = 16,
    HEAD_US = 4000000, /* for the header that a peer says is its head */
};

bool headers_ask(struct downloader *d, const struct eth_header_query *q)
{
    if (!d->config.ops.ask_headers(d->config.ops.arg, d->master, q)) {
        headers_stop(d, false);
        return false;
    }
    (void)download_set_busy(&d->rating, d->master, SYNC_KIND_HEADERS);
    d->deadline_us = clock_mono_us() + sync_ttl_us(d);
    /* What a peer claims to have it must be able to show at once, or claims would hold us up. */
    if (d->stage == STAGE_HEAD && d->deadline_us > clock_mono_us() + HEAD_US)
        d->deadline_us = clock_mono_us() + HEAD_US;
    return true;
}

void headers_stop(struct downloader *d, bool exhausted)
{
    struct sync_peer *p = sync_find(d, d->master);

    if (p && exhausted)
        p->exhausted = true;
    download_set_idle(&d->rating, d->master, SYNC_KIND_HEADERS, exhausted ? 1 : 0);
    gaps_clear(d);
    d->stage = STAGE_IDLE;
    d->master = 0;
    d->deadline_us = CLOCK_NEVER;
}

int headers_import(struct downloader *d, struct bytes rlp, bool trusted)
{
    struct eth_added added;
    struct eth_header h;
    int rc = eth_header_decode(&h, rlp);

    return rc < 0 ? rc : eth_chain_add_header(d->chain, &added, &h, rlp, trusted);
}

static double speed(const struct downloader *d, const struct sync_peer *p)
{
    return download_throughput(&d->rating, p->id, SYNC_KIND_HEADERS);
}

/* The peer with the most difficulty, if it is more than ours; of equals the fastest. */
static struct sync_peer *best_peer(struct downloader *d)
{
    eth_u128 ours = eth_chain_head_of_headers(d->chain)->total_difficulty;
    struct sync_peer *best = NULL;

    for (unsigned i = 0; i < d->n_peers; i++) {
        struct sync_peer *p = &d->peers[i];

        if (p->exhausted || p->total_difficulty <= ours)
            continue;
        if (!best || p->total_difficulty > best->total_difficulty ||
            (p->total_difficulty == best->total_difficulty && speed(d, p) > speed(d, best)))
            best = p;
    }
    return best;
}

static void ask_head(struct downloader *d, const struct sync_peer *p)
{
    struct eth_header_query q = {.by_hash = true, .amount = 1};

    memcpy(q.hash, p->head, sizeof q.hash);
    d->master = p->id;
    d->stage = STAGE_HEAD;
    (void)headers_ask(d, &q);
}

void headers_begin(struct downloader *d, int64_t now_us)
{
    bool merged = eth_chain_params(d->chain)->merged;
    struct sync_peer *p;

    if (d->stage != STAGE_IDLE || d->n_peers == 0)
        return;
    if (reverse_wanted(d)) {
        reverse_begin(d);
        return;
    }
    if (merged || (now_us < d->force_us && d->n_peers < SYNC_MIN_PEERS))
        return;
    p = best_peer(d);
    if (now_us >= d->force_us)
        d->force_us = now_us + SYNC_FORCE_US;
    if (p)
        ask_head(d, p);
}

/* --- the common ancestor --- */

static bool have(struct downloader *d, const struct eth_header *h)
{
    uint8_t hash[ETH_HASH_BYTES];

    return eth_chain_hash_at(d->chain, hash, h->number) == 0 &&
           memcmp(hash, h->hash, sizeof hash) == 0;
}

static void found_ancestor(struct downloader *d, uint64_t number)
{
    d->next = number + 1;
    skeleton_begin(d);
}

static void ask_span(struct downloader *d)
{
    uint64_t ours = eth_chain_head_of_headers(d->chain)->number;
    uint64_t top = ours < d->target ? ours : d->target;
    struct eth_header_query q = {.amount = SPAN_COUNT};
    uint64_t step;

    if (top == eth_chain_params(d->chain)->genesis.number) {
        found_ancestor(d, top);
        return;
    }
    step = top / SPAN_COUNT < 1 ? 1 : top / SPAN_COUNT;
    if (step > SPAN_STEP)
        step = SPAN_STEP;
    q.skip = step - 1;
    q.number = top > (SPAN_COUNT - 1) * step ? top - (SPAN_COUNT - 1) * step : top % step;
    d->low = eth_chain_params(d->chain)->genesis.number;
    d->high = top + 1;
    d->stage = STAGE_SPAN;
    (void)headers_ask(d, &q);
}

static void ask_middle(struct downloader *d)
{
    struct eth_header_query q = {.amount = 1};

    if (d->low + 1 >= d->high) {
        found_ancestor(d, d->low);
        return;
    }
    q.number = d->low + (d->high - d->low) / 2;
    d->stage = STAGE_SEARCH;
    (void)headers_ask(d, &q);
}

/* What the answer says of the bounds: we have some of it up to a point. */
static void narrow(struct downloader *d, const struct eth_items *items)
{
    struct eth_items all = *items;
    struct bytes rlp;
    uint64_t low = d->low, high = d->high;

    while (eth_items_next(&all, &rlp)) {
        struct eth_header h;

        if (eth_header_decode(&h, rlp) < 0 || h.number >= high || h.number < d->low) {
            sync_drop(d, d->master, PN_EPROTO);
            return;
        }
        if (have(d, &h)) {
            low = h.number > low ? h.number : low;
        } else {
            high = h.number;
            break;
        }
    }
    d->low = low;
    d->high = high > low ? high : low + 1;
}

static void head_answer(struct downloader *d, const struct eth_items *items)
{
    const struct sync_peer *p = sync_find(d, d->master);
    struct eth_items all = *items;
    struct eth_header h;
    struct bytes rlp;

    if (!eth_items_next(&all, &rlp)) { /* it has moved on: its next announcement will tell */
        headers_stop(d, true);
        return;
    }
    if (!p || eth_header_decode(&h, rlp) < 0 || memcmp(h.hash, p->head, sizeof h.hash) != 0) {
        sync_drop(d, d->master, PN_EPROTO);
        headers_stop(d, true);
        return;
    }
    if (have(d, &h)) {
        headers_stop(d, true);
        return;
    }
    d->target = h.number;
    ask_span(d);
}

/* Headers from the master, one after the other, behind the last whole gap. */
static void tail_answer(struct downloader *d, const struct eth_items *items)
{
    struct eth_items all = *items;
    struct bytes rlp;
    uint64_t before = d->next;
    int rc = 0;

    while (rc == 0 && eth_items_next(&all, &rlp)) {
        rc = headers_import(d, rlp, false);
        d->next += rc == 0;
    }
    download_set_idle(&d->rating, d->master, SYNC_KIND_HEADERS, (unsigned)(d->next - before));
    d->config.ops.advanced(d->config.ops.arg);
    if (eth_chain_failed_itself(rc)) {
        headers_stop(d, false); /* later again */
    } else if (rc < 0) {
        sync_drop(d, d->master, rc);
        headers_stop(d, true);
    } else if (d->next == before || d->next > d->target) {
        headers_stop(d, true);
    } else {
        skeleton_begin(d);
    }
}

void downloader_headers(struct downloader *d, uint64_t peer, const struct eth_items *items)
{
    if (d->stage == STAGE_FILL || gap_asked_of(d, peer)) {
        gap_answer(d, peer, items);
        return;
    }
    if (peer != d->master || d->deadline_us == CLOCK_NEVER)
        return;
    d->deadline_us = CLOCK_NEVER;
    if (d->stage != STAGE_TAIL)
        download_set_idle(&d->rating, peer, SYNC_KIND_HEADERS, items->n ? (unsigned)items->n : 1);
    switch (d->stage) {
    case STAGE_HEAD:
        head_answer(d, items);
        break;
    case STAGE_SPAN:
    case STAGE_SEARCH:
        if (items->n == 0) {
            headers_stop(d, true);
            break;
        }
        narrow(d, items);
        if (d->stage == STAGE_SPAN || d->stage == STAGE_SEARCH)
            ask_middle(d);
        break;
    case STAGE_SKELETON:
        skeleton_answer(d, items);
        break;
    case STAGE_TAIL:
        tail_answer(d, items);
        break;
    case STAGE_TRUSTED:
    case STAGE_BACK:
        reverse_answer(d, items);
        break;
    case STAGE_IDLE:
    case STAGE_FILL:
    case STAGE_FORWARD:
        break;
    }
}

void headers_tick(struct downloader *d, int64_t now_us)
{
    uint64_t late = d->master;

    if (d->stage == STAGE_FILL) {
        gaps_tick(d, now_us);
    } else if (d->stage == STAGE_FORWARD) {
        (void)reverse_forward(d);
    } else if (d->stage != STAGE_IDLE && d->deadline_us <= now_us) {
        if (d->stage == STAGE_HEAD)
            d->force_us = now_us; /* the next best may be the one who tells the truth */
        headers_stop(d, false);
        sync_drop(d, late, PN_ESTALLED); /* whom we follow must answer */
    }
}
