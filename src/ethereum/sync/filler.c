/* Bodies and receipts for headers that are there. A window of blocks above those that are complete
 * is shared out to the idle peers, the fastest first, to each as much as its rating says. Answers
 * go straight into the chain, in whatever order they come. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "codec/rlp.h"
#include "ethereum/sync/internal.h"
#include "ethereum/trie/trie.h"

void filler_init(struct filler *f, enum sync_kind kind)
{
    *f = (struct filler){.kind = kind, .base = 1};
}

void filler_free(struct filler *f)
{
    while (f->batches) {
        struct batch *b = f->batches;

        f->batches = b->next;
        mem_free(b);
    }
}

/* Up to where there is something to fetch: bodies for all headers, receipts for whole blocks. */
static uint64_t limit_of(const struct downloader *d, const struct filler *f)
{
    return f->kind == SYNC_KIND_BODIES ? eth_chain_head_of_headers(d->chain)->number
                                       : eth_chain_head_of_blocks(d->chain)->number;
}

static void set_slots(struct filler *f, const struct batch *b, enum slot to)
{
    if (b->late)
        return;
    for (unsigned i = 0; i < b->n; i++)
        if (b->numbers[i] >= f->base && b->numbers[i] < f->base + WINDOW_BLOCKS)
            f->slots[b->numbers[i] - f->base] = (uint8_t)to;
}

/* The window begins behind what is complete. */
static void slide(struct downloader *d, struct filler *f)
{
    uint64_t base = f->base, by;

    if (f->kind == SYNC_KIND_BODIES) {
        base = eth_chain_head_of_blocks(d->chain)->number + 1;
    } else {
        while (base < f->base + WINDOW_BLOCKS && f->slots[base - f->base] == SLOT_DONE)
            base++;
        if (base > limit_of(d, f) + 1) /* blocks have left the branch */
            base = limit_of(d, f) + 1;
    }
    by = base - f->base;
    if (base < f->base || by >= WINDOW_BLOCKS) {
        memset(f->slots, SLOT_TODO, sizeof f->slots);
    } else if (by > 0) {
        memmove(f->slots, f->slots + by, WINDOW_BLOCKS - by);
        memset(f->slots + WINDOW_BLOCKS - by, SLOT_TODO, by);
    }
    f->base = base;
}

static struct batch **batch_of(struct filler *f, uint64_t peer)
{
    struct batch **at = &f->batches;

    while (*at && (*at)->peer != peer)
        at = &(*at)->next;
    return at;
}

static void batch_end(struct downloader *d, struct filler *f, struct batch **at, unsigned delivered)
{
    struct batch *b = *at;

    *at = b->next;
    download_set_idle(&d->rating, b->peer, f->kind, delivered);
    mem_free(b);
}

void filler_peer_gone(struct downloader *d, struct filler *f, uint64_t peer)
{
    struct batch **at = batch_of(f, peer);

    if (!*at)
        return;
    set_slots(f, *at, SLOT_TODO);
    batch_end(d, f, at, 0);
}

/* Who does not even deliver two is of no use (go-ethereum, fetchParts). */
static void expire(struct downloader *d, struct filler *f, int64_t now_us)
{
    for (struct batch **at = &f->batches; *at;) {
        uint64_t peer = (*at)->peer;
        unsigned n = (*at)->n;

        if ((*at)->deadline_us > now_us) {
            at = &(*at)->next;
            continue;
        }
        set_slots(f, *at, SLOT_TODO);
        batch_end(d, f, at, 0);
        if (n <= 2)
            sync_drop(d, peer, PN_ESTALLED);
    }
}

/* Whether a block's part is there or was never needed. */
static bool is_there(struct downloader *d, const struct filler *f,
                     const uint8_t hash[ETH_HASH_BYTES])
{
    struct eth_header h;
    struct eth_body body;
    struct bytes rlp;

    if (f->kind == SYNC_KIND_BODIES)
        return eth_chain_body(d->chain, &body, hash) == 0;
    if (eth_chain_receipts(d->chain, &rlp, hash) == 0)
        return true;
    return eth_chain_header(d->chain, &rlp, NULL, hash) == 0 && eth_header_decode(&h, rlp) == 0 &&
           memcmp(h.receipts_root, trie_empty_root, ETH_HASH_BYTES) == 0;
}

/* Put blocks for a peer into a batch. */
static void collect(struct downloader *d, struct filler *f, struct batch *b, unsigned max)
{
    uint64_t limit = limit_of(d, f);

    for (unsigned i = 0; i < WINDOW_BLOCKS && f->base + i <= limit && b->n < max; i++) {
        uint8_t *hash = b->hashes[b->n];

        if (f->slots[i] != SLOT_TODO || eth_chain_hash_at(d->chain, hash, f->base + i) < 0)
            continue;
        if (is_there(d, f, hash)) {
            f->slots[i] = SLOT_DONE;
            continue;
        }
        if (!download_lacks(&d->rating, b->peer, hash))
            b->numbers[b->n++] = f->base + i;
    }
}

static bool send(struct downloader *d, const struct filler *f, const struct batch *b)
{
    const struct downloader_ops *ops = &d->config.ops;
    const uint8_t(*hashes)[ETH_HASH_BYTES] = (const uint8_t(*)[ETH_HASH_BYTES])b->hashes;

    return f->kind == SYNC_KIND_BODIES ? ops->ask_bodies(ops->arg, b->peer, hashes, b->n)
                                       : ops->ask_receipts(ops->arg, b->peer, hashes, b->n);
}

/* Returns: whether there was something to ask. */
static bool ask(struct downloader *d, struct filler *f, uint64_t peer, int64_t now_us)
{
    const struct sync_peer *p = sync_find(d, peer);
    struct batch *b = mem_zalloc(sizeof *b);

    if (!b || !p || (f->kind == SYNC_KIND_RECEIPTS && !p->has_receipts)) {
        mem_free(b);
        return false;
    }
    b->peer = peer;
    collect(d, f, b,
            download_capacity(&d->rating, peer, f->kind, download_request_rtt_us(&d->rating)));
    if (b->n == 0 || !send(d, f, b)) {
        mem_free(b);
        return false;
    }
    b->asked_us = now_us;
    b->deadline_us = now_us + sync_ttl_us(d);
    (void)download_set_busy(&d->rating, peer, f->kind);
    set_slots(f, b, SLOT_ASKED);
    b->next = f->batches;
    f->batches = b;
    return true;
}

/* The blocks that the others wait for are with somebody slow: an idle peer may have them. Its own
 * answer is taken still. */
static bool hedge(const struct downloader *d, struct filler *f, int64_t now_us)
{
    for (struct batch *b = f->batches; b; b = b->next) {
        if (b->late || now_us - b->asked_us < sync_patience_us(d, f->kind))
            continue;
        for (unsigned i = 0; i < b->n; i++)
            if (b->numbers[i] == f->base) {
                set_slots(f, b, SLOT_TODO);
                b->late = true;
                return true;
            }
    }
    return false;
}

/* All is marked done and yet the head stands still: the branch has changed under the window. */
static void unstick(struct downloader *d, struct filler *f)
{
    if (f->batches || f->base > limit_of(d, f))
        return;
    for (unsigned i = 0; i < WINDOW_BLOCKS && f->base + i <= limit_of(d, f); i++)
        if (f->slots[i] != SLOT_DONE)
            return;
    if (f->kind == SYNC_KIND_BODIES)
        memset(f->slots, SLOT_TODO, sizeof f->slots);
}

void filler_tick(struct downloader *d, struct filler *f, int64_t now_us)
{
    uint64_t *idle;
    unsigned n;

    expire(d, f, now_us);
    slide(d, f);
    if (f->base > limit_of(d, f))
        return;
    unstick(d, f);
    idle = mem_alloc_array(d->config.max_peers, sizeof *idle);
    n = idle ? download_idle_peers(&d->rating, idle, f->kind) : 0;
    for (unsigned i = 0; i < n; i++)
        if (!ask(d, f, idle[i], now_us) && hedge(d, f, now_us))
            (void)ask(d, f, idle[i], now_us);
    mem_free(idle);
}

static int add(struct downloader *d, const struct filler *f, const uint8_t hash[ETH_HASH_BYTES],
               struct bytes item, enum eth_receipt_form form)
{
    struct eth_body body;
    int rc;

    if (f->kind == SYNC_KIND_RECEIPTS)
        return eth_chain_add_receipts(d->chain, hash, item, form);
    rc = eth_body_decode(&body, item);
    return rc < 0 ? rc : eth_chain_add_body(d->chain, hash, &body);
}

/* No fault of who answers: also when the chain has forgotten the header, which it could not write.
 */
static bool is_ours(int rc)
{
    return rc == PN_ENOENT || eth_chain_failed_itself(rc);
}

/* So much may be compared in vain in one answer. That a body or receipts are not a block's shows
 * only once all of it is hashed, receipts together with a bloom filter for each. */
enum { IN_VAIN_MAX_BYTES = 32 << 20 };

static size_t bytes_hashed(const struct filler *f, struct bytes item)
{
    struct reader r = reader_of(item.data, item.len), list = rlp_read_list(&r);

    return item.len +
           (f->kind == SYNC_KIND_RECEIPTS ? ETH_BLOOM_BYTES * rlp_count(&list, item.len) : 0);
}

/* Items come in the order of the request, with those left out that the peer does not have. */
static unsigned match(struct downloader *d, struct filler *f, struct batch *b,
                      const struct eth_items *items, enum eth_receipt_form form, int *rc)
{
    struct eth_items all = *items;
    unsigned at = 0, delivered = 0;
    size_t in_vain = 0;
    struct bytes item;

    *rc = 0;
    while (eth_items_next(&all, &item)) {
        for (*rc = PN_EPROTO; at < b->n && *rc < 0; at++) {
            *rc = add(d, f, b->hashes[at], item, form);
            if (*rc == 0)
                b->numbers[at] = 0; /* no longer missing */
            else
                in_vain += bytes_hashed(f, item);
            if (is_ours(*rc) || in_vain > IN_VAIN_MAX_BYTES)
                return delivered;
        }
        if (*rc < 0)
            break;
        delivered++;
    }
    return delivered;
}

void filler_answer(struct downloader *d, struct filler *f, uint64_t peer,
                   const struct eth_items *items, enum eth_receipt_form form)
{
    struct batch **at = batch_of(f, peer), *b = *at;
    unsigned delivered;
    int rc;

    if (!b)
        return;
    set_slots(f, b, SLOT_DONE);
    delivered = match(d, f, b, items, form, &rc);
    set_slots(f, b, SLOT_TODO);
    for (unsigned i = 0; i < b->n && delivered == 0 && !is_ours(rc); i++)
        download_mark_lacking(&d->rating, peer, b->hashes[i]);
    if (delivered > 0 && !b->late)
        sync_note_time(d, f->kind, clock_mono_us() - b->asked_us);
    batch_end(d, f, at, delivered);
    if (rc < 0 && !is_ours(rc))
        sync_drop(d, peer, rc);
    if (delivered > 0)
        d->config.ops.advanced(d->config.ops.arg);
}
