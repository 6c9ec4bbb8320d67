/* What the manager announces of blocks, and by whom it has blocks announced. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "bitcoin/blockstore/strip.h"
#include "bitcoin/compact/encode.h"
#include "bitcoin/internal.h"
#include "metrics/metrics.h"

/* A peer that has just been told is from now on known to know. */
static bool wants_compact(struct peer *p, const uint8_t hash[32])
{
    if (atomic_load(&btc_peer_of(p)->compact) != COMPACT_HIGH || peer_has_known(p, hash))
        return false;
    peer_add_known(p, hash);
    return true;
}

static bool anybody_wants_compact(const struct bitcoin *b, const uint8_t hash[32])
{
    for (unsigned i = 0; i < b->n_peers; i++) {
        struct peer *p = b->peers[i]->peer;

        if (atomic_load(&btc_peer_of(p)->compact) == COMPACT_HIGH && !peer_has_known(p, hash))
            return true;
    }
    return false;
}

/* The tip's block, to those who want new blocks so. It is encoded once. */
static void announce_compact(struct bitcoin *b)
{
    const uint8_t *hash = chain_entry(&b->chain, chain_tip(&b->chain))->hash;
    struct frame *block, *news;
    struct bytes raw;

    if (!anybody_wants_compact(b, hash))
        return;
    block = block_store_get(b->blocks.store, NULL, hash);
    if (!block)
        return;
    raw = block_frame_payload(block);
    news = compact_announcement(b->config.params.magic, raw.data, raw.len);
    frame_unref(block);
    serve_news(b, news, wants_compact, hash);
}

void blocks_announce_held(struct bitcoin *b)
{
    struct blocks *k = &b->blocks;
    uint32_t tip = chain_height(&b->chain);

    if (k->announce_from == BLOCKS_NO_HEIGHT || !fetch_complete(k->fetch))
        return;
    if (k->announce_from == tip)
        announce_compact(b);
    if (k->announce_from <= tip)
        serve_announce(b, k->announce_from, true);
    if (k->announce_from == tip) /* several at once are not news but history */
        metric_observe(k->metrics.relay, clock_mono_us() - k->news_us);
    k->announce_from = BLOCKS_NO_HEIGHT;
}

static void tell_bandwidth(struct bitcoin *b, uint64_t id, bool high)
{
    struct manager_peer *s = manager_find_peer(b, id);
    struct frame *f = s ? btc_frame_sendcmpct(b->config.params.magic, high) : NULL;

    if (f && peer_send(s->peer, f, 0) == 0)
        atomic_store(&btc_peer_of(s->peer)->announces, high);
}

void blocks_first_with(struct bitcoin *b, struct manager_peer *s, const uint8_t hash[32])
{
    uint64_t gone;

    if (atomic_load(&btc_peer_of(s->peer)->compact) == COMPACT_NONE ||
        !fetch_complete(b->blocks.fetch) || !atomic_load(&b->in_sync) ||
        memcmp(chain_entry(&b->chain, chain_tip(&b->chain))->hash, hash, BTC_HASH_BYTES) != 0)
        return;
    if (announcers_first(&b->blocks.announcers, &gone, peer_id(s->peer)))
        tell_bandwidth(b, peer_id(s->peer), true);
    if (gone)
        tell_bandwidth(b, gone, false);
}
