/* Announcements have one entry a hash, with up to four announcers: waiting, then asked for the
 * header, then for the body. Whole blocks stand in a queue until their parent is known. */
#include "ethereum/sync/fetcher.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "ethereum/types/hash_table.h"

enum {
    ANNOUNCERS = 4,
    BLOCK_FRAME_BYTES = 16, /* around the parts of a block, at most */
};

enum stage { STAGE_WAITING, STAGE_HEADER, STAGE_BODY };

struct announce {
    uint8_t hash[ETH_HASH_BYTES];
    uint64_t number;
    uint64_t from[ANNOUNCERS];
    unsigned n_from;
    enum stage stage;
    int64_t due_us;  /* to ask, or to give up */
    uint8_t *header; /* while the body is asked for */
    size_t header_len;
    UT_hash_handle hh;
    struct announce *prev, *next;
};

struct queued {
    uint8_t hash[ETH_HASH_BYTES], parent[ETH_HASH_BYTES];
    uint64_t number, peer;
    bool pushed;
    UT_hash_handle hh;
    struct queued *prev, *next;
    size_t len;
    uint8_t rlp[]; /* the block */
};

struct fetcher {
    struct fetcher_ops ops;
    struct announce *by_hash, *announces;
    struct queued *queue_by_hash, *queue; /* the lowest number first */
    unsigned n_announces, n_queued;
    size_t queued_bytes;
};

struct fetcher *fetcher_new(const struct fetcher_ops *ops)
{
    struct fetcher *f = mem_zalloc(sizeof *f);

    if (f)
        f->ops = *ops;
    return f;
}

static void announce_drop(struct fetcher *f, struct announce *a)
{
    HASH_DEL(f->by_hash, a);
    DL_DELETE(f->announces, a);
    f->n_announces--;
    mem_free(a->header);
    mem_free(a);
}

static void queued_drop(struct fetcher *f, struct queued *q)
{
    HASH_DEL(f->queue_by_hash, q);
    DL_DELETE(f->queue, q);
    f->n_queued--;
    f->queued_bytes -= q->len;
    mem_free(q);
}

void fetcher_free(struct fetcher *f)
{
    if (!f)
        return;
    while (f->announces)
        announce_drop(f, f->announces);
    while (f->queue)
        queued_drop(f, f->queue);
    mem_free(f);
}

/* Near enough to our height to be worth it. */
static bool is_near(struct fetcher *f, uint64_t number)
{
    uint64_t height = f->ops.height(f->ops.arg);

    return number + FETCHER_UNCLE_DIST >= height && number <= height + FETCHER_QUEUE_DIST;
}

static struct announce *announce_find(struct fetcher *f, const uint8_t hash[ETH_HASH_BYTES])
{
    struct announce *a;

    HASH_FIND(hh, f->by_hash, hash, ETH_HASH_BYTES, a);
    return a;
}

static struct queued *queued_find(struct fetcher *f, const uint8_t hash[ETH_HASH_BYTES])
{
    struct queued *q;

    HASH_FIND(hh, f->queue_by_hash, hash, ETH_HASH_BYTES, q);
    return q;
}

static bool has_announced_enough(const struct fetcher *f, uint64_t peer)
{
    const struct announce *a;
    unsigned n = 0;

    for (a = f->announces; a && n < FETCHER_HASH_LIMIT; a = a->next)
        for (unsigned i = 0; i < a->n_from; i++)
            n += a->from[i] == peer;
    return n >= FETCHER_HASH_LIMIT;
}

/* Whether a block of this peer's, of so many bytes, may wait for its parent. */
static bool has_room(const struct fetcher *f, uint64_t peer, size_t len)
{
    const struct queued *q;
    unsigned n = 0;
    size_t bytes = len;

    DL_FOREACH (f->queue, q)
        if (q->peer == peer) {
            n++;
            bytes += q->len;
        }
    return n < FETCHER_BLOCK_LIMIT && bytes <= FETCHER_PEER_BYTES &&
           f->n_queued < FETCHER_QUEUE_MAX && f->queued_bytes + len <= FETCHER_QUEUE_BYTES;
}

static bool has_announced(const struct announce *a, uint64_t peer)
{
    for (unsigned i = 0; i < a->n_from; i++)
        if (a->from[i] == peer)
            return true;
    return false;
}

void fetcher_announced(struct fetcher *f, uint64_t peer, const uint8_t hash[ETH_HASH_BYTES],
                       uint64_t number)
{
    struct announce *a = announce_find(f, hash);

    if (!is_near(f, number) || queued_find(f, hash) || has_announced_enough(f, peer) ||
        f->ops.known(f->ops.arg, hash))
        return;
    if (!a) {
        a = f->n_announces < FETCHER_ANNOUNCE_MAX ? mem_zalloc(sizeof *a) : NULL;
        if (!a)
            return;
        memcpy(a->hash, hash, sizeof a->hash);
        a->number = number;
        a->due_us = clock_mono_us() + FETCHER_ARRIVE_US - FETCHER_GATHER_US;
        HASH_ADD(hh, f->by_hash, hash, sizeof a->hash, a);
        DL_APPEND(f->announces, a);
        f->n_announces++;
    }
    if (a->n_from < ANNOUNCERS && !has_announced(a, peer))
        a->from[a->n_from++] = peer;
}

/* The announcer in front was no use: the next one, or none. */
static void next_announcer(struct fetcher *f, struct announce *a)
{
    a->stage = STAGE_WAITING;
    a->due_us = clock_mono_us();
    MEM_FREE(a->header);
    a->n_from--;
    memmove(&a->from[0], &a->from[1], a->n_from * sizeof a->from[0]);
    if (a->n_from == 0)
        announce_drop(f, a);
}

static int by_number(const struct queued *a, const struct queued *b)
{
    return (a->number > b->number) - (a->number < b->number);
}

static void enqueue(struct fetcher *f, uint64_t peer, const struct eth_header *h,
                    const struct eth_block *block, bool pushed)
{
    const struct eth_body *body = &block->body;
    size_t len = block->header.len + body->txs.len + body->uncles.len + body->withdrawals.len;
    struct queued *q;
    struct buf b;

    if (!is_near(f, h->number) || queued_find(f, h->hash) || f->ops.known(f->ops.arg, h->hash) ||
        !has_room(f, peer, len))
        return;
    buf_init(&b, len + BLOCK_FRAME_BYTES);
    eth_block_encode(&b, block);
    q = b.err ? NULL : mem_alloc(sizeof *q + b.len);
    if (q) {
        *q = (struct queued){.number = h->number, .peer = peer, .pushed = pushed, .len = b.len};
        memcpy(q->hash, h->hash, sizeof q->hash);
        memcpy(q->parent, h->parent, sizeof q->parent);
        memcpy(q->rlp, b.data, b.len);
        HASH_ADD(hh, f->queue_by_hash, hash, sizeof q->hash, q);
        DL_INSERT_INORDER(f->queue, q, by_number);
        f->n_queued++;
        f->queued_bytes += b.len;
    }
    buf_free(&b);
}

void fetcher_pushed(struct fetcher *f, uint64_t peer, const struct eth_header *h,
                    const struct eth_block *block)
{
    struct announce *a = announce_find(f, h->hash);

    if (a)
        announce_drop(f, a);
    enqueue(f, peer, h, block, true);
}

static struct announce *asked_of(struct fetcher *f, uint64_t peer, enum stage stage)
{
    struct announce *a;

    DL_FOREACH (f->announces, a)
        if (a->stage == stage && a->from[0] == peer)
            return a;
    return NULL;
}

static void complete(struct fetcher *f, struct announce *a, const struct eth_header *h,
                     struct bytes header, const struct eth_body *body)
{
    const struct eth_block block = {.header = header, .body = *body};

    enqueue(f, a->from[0], h, &block, false);
    announce_drop(f, a);
}

static void ask_body(struct fetcher *f, struct announce *a, struct bytes header)
{
    a->header = mem_dup(header.data, header.len);
    a->header_len = header.len;
    a->stage = STAGE_BODY;
    a->due_us = clock_mono_us() + FETCHER_FETCH_US;
    if (!a->header || !f->ops.ask_body(f->ops.arg, a->from[0], a->hash))
        next_announcer(f, a);
}

void fetcher_header(struct fetcher *f, uint64_t peer, struct bytes item)
{
    struct announce *a = asked_of(f, peer, STAGE_HEADER);
    struct eth_header h;

    if (!a)
        return;
    if (item.len == 0) {
        next_announcer(f, a);
        return;
    }
    if (eth_header_decode(&h, item) < 0 || memcmp(h.hash, a->hash, sizeof h.hash) != 0 ||
        h.number != a->number) {
        next_announcer(f, a);
        f->ops.misbehaved(f->ops.arg, peer, PN_EPROTO);
        return;
    }
    if (eth_header_is_empty(&h)) {
        struct eth_body body = eth_body_empty(&h);

        complete(f, a, &h, item, &body);
    } else {
        ask_body(f, a, item);
    }
}

void fetcher_body(struct fetcher *f, uint64_t peer, struct bytes item)
{
    struct announce *a = asked_of(f, peer, STAGE_BODY);
    struct eth_header h;
    struct eth_body body;
    struct bytes header;
    int rc;

    if (!a)
        return;
    header = (struct bytes){a->header, a->header_len};
    if (item.len == 0 || eth_header_decode(&h, header) < 0) {
        next_announcer(f, a);
        return;
    }
    rc = eth_body_decode(&body, item);
    if (rc == 0)
        rc = eth_body_check(&body, &h);
    if (rc == 0) {
        complete(f, a, &h, header, &body);
        return;
    }
    next_announcer(f, a);
    if (rc != PN_ENOMEM)
        f->ops.misbehaved(f->ops.arg, peer, PN_EPROTO);
}

void fetcher_peer_gone(struct fetcher *f, uint64_t peer)
{
    struct announce *a, *next;

    DL_FOREACH_SAFE (f->announces, a, next) {
        unsigned i = 0;

        while (i < a->n_from && a->from[i] != peer)
            i++;
        if (i == a->n_from)
            continue;
        if (i == 0) {
            next_announcer(f, a);
            continue;
        }
        a->n_from--;
        memmove(&a->from[i], &a->from[i + 1], (a->n_from - i) * sizeof a->from[0]);
    }
}

static void insert(struct fetcher *f, struct queued *q)
{
    struct eth_block block;

    HASH_DEL(f->queue_by_hash, q);
    DL_DELETE(f->queue, q);
    f->n_queued--;
    f->queued_bytes -= q->len;
    if (eth_block_decode(&block, (struct bytes){q->rlp, q->len}) == 0)
        f->ops.insert(f->ops.arg, q->peer, &block, q->pushed);
    mem_free(q);
}

/* Blocks whose parent is here, in the order of their numbers, so that one makes way for the next.
 */
static void insert_ready(struct fetcher *f)
{
    struct queued *q = f->queue;

    while (q) {
        struct queued *next = q->next;

        if (!is_near(f, q->number) || f->ops.known(f->ops.arg, q->hash))
            queued_drop(f, q);
        else if (f->ops.known(f->ops.arg, q->parent))
            insert(f, q);
        q = next;
    }
}

static bool is_busy(struct fetcher *f, uint64_t peer)
{
    return asked_of(f, peer, STAGE_HEADER) || asked_of(f, peer, STAGE_BODY);
}

/* Ask the first of its announcers that is free. */
static void ask_header(struct fetcher *f, struct announce *a, int64_t now_us)
{
    for (unsigned i = 0; i < a->n_from; i++) {
        uint64_t peer = a->from[i];

        if (is_busy(f, peer))
            continue;
        a->from[i] = a->from[0];
        a->from[0] = peer;
        a->stage = STAGE_HEADER;
        a->due_us = now_us + FETCHER_FETCH_US;
        if (!f->ops.ask_header(f->ops.arg, peer, a->hash))
            next_announcer(f, a);
        return;
    }
    a->due_us = now_us + FETCHER_GATHER_US;
}

int64_t fetcher_tick(struct fetcher *f, int64_t now_us)
{
    int64_t next_us = CLOCK_NEVER;
    struct announce *a, *next;

    insert_ready(f);
    DL_FOREACH_SAFE (f->announces, a, next) {
        if (f->ops.known(f->ops.arg, a->hash) || !is_near(f, a->number))
            announce_drop(f, a);
        else if (a->due_us <= now_us && a->stage == STAGE_WAITING)
            ask_header(f, a, now_us);
        else if (a->due_us <= now_us)
            next_announcer(f, a);
    }
    DL_FOREACH (f->announces, a)
        if (a->due_us < next_us)
            next_us = a->due_us;
    return next_us;
}

size_t fetcher_queued_bytes(const struct fetcher *f)
{
    return f->queued_bytes;
}
