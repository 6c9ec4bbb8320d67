/* What the manager answers and announces. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "bitcoin/internal.h"
#include "codec/hex.h"
#include "log/log.h"
#include "metrics/metrics.h"

enum {
    GETBLOCKS_MAX = 500 /* hashes in one answer; protocol documentation, "getblocks" */
};

static void send_headers(struct bitcoin *b, struct peer *p, const struct btc_header *headers,
                         size_t n)
{
    struct btc_msg m = {.cmd = BTC_CMD_HEADERS, .u.headers = {.items = headers, .count = n}};
    struct frame *f = btc_frame(b->config.params.magic, &m);

    if (f)
        peer_send(p, f, 0);
}

static void answer_getheaders(struct bitcoin *b, struct peer *p,
                              const struct manager_hashes *locator)
{
    struct btc_header *headers;
    uint32_t fork;

    /* Before we have the network's work our chain would only mislead; the answer is still owed
     * (Core, net_processing.cpp, NetMsgType::GETHEADERS). */
    if (!chain_min_work_reached(&b->chain)) {
        send_headers(b, p, NULL, 0);
        return;
    }
    headers = mem_alloc_array(CHAIN_NEXT_MAX, sizeof *headers);
    if (!headers)
        return;
    fork =
        chain_find_fork(&b->chain, (const uint8_t(*)[BTC_HASH_BYTES])locator->hashes, locator->n);
    send_headers(b, p, headers,
                 chain_next_headers(&b->chain, headers, fork, locator->stop, CHAIN_NEXT_MAX));
    mem_free(headers);
}

/* Only blocks that we can also serve are named. An answer is owed even when there are none: btcd
 * parts from a peer that leaves its getblocks without an inv for 30 s. */
static void answer_getblocks(struct bitcoin *b, struct peer *p,
                             const struct manager_hashes *locator)
{
    struct btc_inv_item *items = mem_alloc_array(GETBLOCKS_MAX, sizeof *items);
    uint32_t fork =
        chain_find_fork(&b->chain, (const uint8_t(*)[BTC_HASH_BYTES])locator->hashes, locator->n);
    struct btc_msg m = {.cmd = BTC_CMD_INV, .u.inv.items = items};
    struct frame *f;

    if (!items)
        return;
    for (uint32_t h = chain_entry(&b->chain, fork)->height + 1;
         h <= chain_height(&b->chain) && m.u.inv.count < GETBLOCKS_MAX; h++) {
        const uint8_t *hash = chain_entry(&b->chain, chain_at(&b->chain, h))->hash;

        if (!b->blocks.store || !block_store_has(b->blocks.store, hash))
            break;
        items[m.u.inv.count].type = BTC_INV_BLOCK;
        memcpy(items[m.u.inv.count++].hash, hash, BTC_HASH_BYTES);
        if (memcmp(hash, locator->stop, BTC_HASH_BYTES) == 0)
            break;
    }
    f = btc_frame(b->config.params.magic, &m);
    mem_free(items);
    if (f)
        peer_send(p, f, 0);
}

void serve_getheaders(struct bitcoin *b, struct manager_peer *s, struct manager_payload *payload)
{
    answer_getheaders(b, s->peer, (struct manager_hashes *)(void *)payload);
    peer_release(s->peer);
}

void serve_getblocks(struct bitcoin *b, struct manager_peer *s, struct manager_payload *payload)
{
    answer_getblocks(b, s->peer, (struct manager_hashes *)(void *)payload);
    peer_release(s->peer);
}

static const uint8_t *tip_hash(const struct bitcoin *b)
{
    return chain_entry(&b->chain, chain_tip(&b->chain))->hash;
}

/* News go out from here, which knows all peers: handed to another thread they would be later by its
 * waking up. */
void serve_news(struct bitcoin *b, struct frame *f,
                bool (*want)(struct peer *p, const uint8_t hash[32]), const uint8_t hash[32])
{
    for (unsigned i = 0; f && i < b->n_peers; i++)
        if (want(b->peers[i]->peer, hash))
            peer_send(b->peers[i]->peer, frame_ref(f), PEER_SEND_AT_ONCE);
    frame_unref(f);
}

/* A peer that has just been told is from now on known to know. */
static bool wants_headers(struct peer *p, const uint8_t hash[32])
{
    if (!atomic_load(&btc_peer_of(p)->wants_headers) || peer_has_known(p, hash))
        return false;
    peer_add_known(p, hash);
    return true;
}

static bool wants_inv(struct peer *p, const uint8_t hash[32])
{
    return !atomic_load(&btc_peer_of(p)->wants_headers) && !peer_has_known(p, hash);
}

static bool wants_news(struct peer *p, const uint8_t hash[32])
{
    return !peer_has_known(p, hash);
}

static void announce_headers(struct bitcoin *b, uint32_t first_height, uint32_t n)
{
    struct btc_header headers[HEADERS_ANNOUNCED_MAX];
    struct btc_msg m = {.cmd = BTC_CMD_HEADERS, .u.headers = {.items = headers, .count = n}};

    for (uint32_t i = 0; i < n; i++)
        chain_header(&b->chain, &headers[i], chain_at(&b->chain, first_height + i));
    serve_news(b, btc_frame(b->config.params.magic, &m), wants_headers, tip_hash(b));
}

static void announce_by_inv(struct bitcoin *b, bool (*want)(struct peer *p, const uint8_t hash[32]))
{
    struct peer_inventory tip = {.type = BTC_INV_BLOCK, .at_once = true};

    memcpy(tip.hash, tip_hash(b), sizeof tip.hash);
    for (unsigned i = 0; i < b->n_peers; i++)
        if (want(b->peers[i]->peer, tip.hash))
            peer_queue_inventory(b->peers[i]->peer, &tip);
}

/* Of many at once only the last is named, by inv to everybody: who lacks those before it asks for
 * them (Core, net_processing.cpp, SendMessages: fRevertToInv). An inv promises the block, so it
 * goes out only for one that we hold. */
void serve_announce(struct bitcoin *b, uint32_t first_height, bool holds_block)
{
    uint32_t n = chain_height(&b->chain) - first_height + 1;
    bool many = n > HEADERS_ANNOUNCED_MAX;

    if (!many)
        announce_headers(b, first_height, n);
    if (holds_block)
        announce_by_inv(b, many ? wants_news : wants_inv);
}

void serve_tip_moved(struct bitcoin *b, const struct chain_result *r, bool holds_block)
{
    const struct chain_entry *tip = chain_entry(&b->chain, chain_tip(&b->chain));
    char hash[65];
    atomic_store(&b->height, tip->height);
    b->tip_moved_us = clock_mono_us();
    metric_set(b->metrics.height, tip->height);
    metric_set(b->metrics.tip_time, tip->time);
    hash_to_hex(hash, tip->hash);
    if (r->depth > 0) {
        metric_add(b->metrics.reorgs, 1);
        metric_observe(b->metrics.reorg_depth, r->depth);
        log_warn("bitcoin", "reorganisation: %u headers dropped, fork at height %u", r->depth,
                 r->fork_height);
    }
    log_info("bitcoin", "new tip: height %u, %s", tip->height, hash);
    /* Where blocks are kept, one is announced when it is held (blocks.c). */
    if (!b->blocks.store)
        serve_announce(b, r->fork_height + 1, holds_block);
}
