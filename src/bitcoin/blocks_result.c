/* What peers' threads tell the manager of blocks: what became of one that was asked for, and the
 * header of one that is on its way. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/err.h"
#include "bitcoin/filter_net.h"
#include "bitcoin/internal.h"
#include "log/log.h"
#include "metrics/metrics.h"

static struct metric_family refused_family = {
    .name = "p2pnode_blocks_refused_total",
    .help = "Blocks that failed a check, or could not be kept, by reason.",
    .type = METRIC_COUNTER,
    .labels = {"chain", "reason"},
};

/* Whether no other block under this header can be valid (block/check.h). */
static bool condemns_header(int rc)
{
    return rc == PN_EWEIGHT || rc == PN_ECOINBASE || rc == PN_EHEIGHT || rc == PN_ENOTFINAL;
}

static void refused(struct bitcoin *b, struct manager_peer *s, const struct manager_block *m)
{
    uint32_t index = chain_find(&b->chain, m->hash);
    struct chain_result r;

    metric_add(metric_get(&refused_family, b->config.params.name, pn_errname(m->rc), NULL), 1);
    log_info("bitcoin", "a block from peer=%" PRIu64 " is refused: %s", peer_id(s->peer),
             pn_strerror(m->rc));
    if (!condemns_header(m->rc) || index == CHAIN_NONE ||
        chain_invalidate(&b->chain, &r, index) < 0)
        return;
    if (r.tip_moved)
        manager_tip_moved(b, &r, false);
}

/* Whether it is of no use to ask this peer for the block again. What fails for want of our own
 * memory or disk is no failure of the peer's. */
static bool is_peers_failure(int rc)
{
    return blocks_is_fault(rc) || rc == PN_ENOENT || rc == PN_EORPHAN;
}

void blocks_on_result(struct bitcoin *b, struct manager_peer *s, struct manager_payload *payload)
{
    const struct manager_block *m = (struct manager_block *)(void *)payload;
    struct blocks *k = &b->blocks;

    if (m->rc == 0) {
        metric_add(k->metrics.received, 1);
        fetch_delivered(k->fetch, peer_id(s->peer), m->hash);
        blocks_first_with(b, s, m->hash);
        blocks_announce_held(b);
        manager_due(b, PART_FOLLOW, 0);
        filter_net_wake(b->filters);
        return;
    }
    fetch_failed(k->fetch, peer_id(s->peer), m->hash, is_peers_failure(m->rc));
    if (m->rc != PN_ENOENT)
        refused(b, s, m);
}

/* A header by a compact block. The block is on its way: nobody is asked for it meanwhile. */
void blocks_on_compact(struct bitcoin *b, struct manager_peer *s, struct manager_payload *payload)
{
    const struct manager_headers *one = (struct manager_headers *)(void *)payload;
    struct chain_result r;
    int rc = chain_accept(&b->chain, &r, &one->headers[0], one->hashes[0]);
    uint32_t height;

    if (rc < 0 && rc != PN_EDUPLICATE)
        return;
    if (rc == 0) {
        manager_chain_grew(b);
        atomic_store(&btc_peer_of(s->peer)->last_block_us, clock_mono_us());
    }
    height = chain_entry(&b->chain, r.index)->height;
    sync_shown(s, height);
    if (rc == 0 && r.tip_moved)
        manager_tip_moved(b, &r, false);
    blocks_claim(b, s, one->hashes[0], height);
}
