#include "ethereum/sync/downloader.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "ethereum/sync/internal.h"

enum { TICK_US = 100000, PATIENCE_MIN_US = 250000, PATIENCE_MAX_US = 2000000 };

int downloader_new(struct downloader **out, const struct downloader_config *config)
{
    static const unsigned max_items[SYNC_KINDS] = {SYNC_GAP_HEADERS, SYNC_BODIES, SYNC_RECEIPTS};
    struct downloader *d = mem_zalloc(sizeof *d);
    int rc;

    *out = NULL;
    if (!d)
        return PN_ENOMEM;
    d->config = *config;
    d->chain = config->chain;
    d->has_trusted = config->trusted_head != NULL;
    if (d->has_trusted)
        memcpy(d->trusted, config->trusted_head, sizeof d->trusted);
    d->deadline_us = CLOCK_NEVER;
    d->force_us = clock_mono_us() + SYNC_FORCE_US;
    filler_init(&d->bodies, SYNC_KIND_BODIES);
    filler_init(&d->receipts, SYNC_KIND_RECEIPTS);
    d->peers = mem_alloc_array(config->max_peers, sizeof *d->peers);
    rc = d->peers ? download_peers_init(&d->rating, config->max_peers, max_items, SYNC_KINDS)
                  : PN_ENOMEM;
    if (rc < 0) {
        downloader_free(d);
        return rc;
    }
    *out = d;
    return 0;
}

void downloader_free(struct downloader *d)
{
    if (!d)
        return;
    gaps_clear(d);
    filler_free(&d->bodies);
    filler_free(&d->receipts);
    download_peers_free(&d->rating);
    mem_free(d->peers);
    mem_free(d);
}

bool downloader_is_syncing(const struct downloader *d)
{
    return d->stage != STAGE_IDLE ||
           eth_chain_head_of_blocks(d->chain)->number < eth_chain_head_of_headers(d->chain)->number;
}

uint64_t downloader_receipts_number(const struct downloader *d)
{
    return d->receipts.base - 1;
}

const struct download_peers *downloader_peers(const struct downloader *d)
{
    return &d->rating;
}

struct sync_peer *sync_find(struct downloader *d, uint64_t id)
{
    for (unsigned i = 0; i < d->n_peers; i++)
        if (d->peers[i].id == id)
            return &d->peers[i];
    return NULL;
}

void sync_drop(struct downloader *d, uint64_t peer, int reason)
{
    d->config.ops.drop(d->config.ops.arg, peer, reason);
}

void downloader_chain_shrank(struct downloader *d)
{
    if (d->stage != STAGE_IDLE)
        headers_stop(d, false);
}

int64_t sync_ttl_us(const struct downloader *d)
{
    return download_request_ttl_us(&d->rating);
}

void sync_note_time(struct downloader *d, enum sync_kind kind, int64_t took_us)
{
    int64_t *typical = &d->typical_us[kind];

    *typical = *typical == 0 ? took_us : (3 * *typical + took_us) / 4;
}

int64_t sync_patience_us(const struct downloader *d, enum sync_kind kind)
{
    int64_t us = 4 * d->typical_us[kind];

    if (us == 0 || us > PATIENCE_MAX_US)
        return PATIENCE_MAX_US;
    return us > PATIENCE_MIN_US ? us : PATIENCE_MIN_US;
}

void downloader_peer_ready(struct downloader *d, uint64_t peer, bool has_receipts)
{
    if (d->n_peers == d->config.max_peers || download_register(&d->rating, peer) < 0)
        return;
    download_reduce_confidence(&d->rating);
    d->peers[d->n_peers++] = (struct sync_peer){.id = peer, .has_receipts = has_receipts};
}

void downloader_peer_gone(struct downloader *d, uint64_t peer)
{
    struct sync_peer *p = sync_find(d, peer);

    if (!p)
        return;
    *p = d->peers[--d->n_peers];
    (void)download_unregister(&d->rating, peer);
    filler_peer_gone(d, &d->bodies, peer);
    filler_peer_gone(d, &d->receipts, peer);
    gaps_peer_gone(d, peer);
    if (d->stage != STAGE_IDLE && d->stage != STAGE_FORWARD && d->master == peer)
        headers_stop(d, false);
}

void downloader_peer_head(struct downloader *d, uint64_t peer, const uint8_t hash[ETH_HASH_BYTES],
                          eth_u128 total_difficulty, uint64_t number)
{
    struct sync_peer *p = sync_find(d, peer);

    if (!p)
        return;
    memcpy(p->head, hash, sizeof p->head);
    p->total_difficulty = total_difficulty;
    p->number = number;
    p->exhausted = false;
}

void downloader_bodies(struct downloader *d, uint64_t peer, const struct eth_items *items)
{
    filler_answer(d, &d->bodies, peer, items, ETH_RECEIPTS_FLAT);
}

/* The last list is cut short when last_incomplete says so (eth/70): what cannot be checked counts
 * as missing. */
void downloader_receipts(struct downloader *d, uint64_t peer, const struct eth_items *lists,
                         enum eth_receipt_form form, bool last_incomplete)
{
    struct eth_items whole = *lists;

    if (last_incomplete && whole.n > 0)
        whole.n--;
    filler_answer(d, &d->receipts, peer, &whole, form);
}

int64_t downloader_tick(struct downloader *d, int64_t now_us)
{
    download_tune(&d->rating);
    headers_begin(d, now_us);
    headers_tick(d, now_us);
    filler_tick(d, &d->bodies, now_us);
    if (d->config.receipts)
        filler_tick(d, &d->receipts, now_us);
    if (d->stage == STAGE_FORWARD || (d->stage == STAGE_FILL && d->n_imported < d->n_gaps &&
                                      d->gaps[d->n_imported].state == GAP_FULL))
        return now_us; /* there is work at hand */
    return now_us + TICK_US;
}
