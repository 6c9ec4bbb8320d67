/* The relay's life, its peers, and its turn. What comes in is in relay_in.c, what goes out in
 * relay_out.c. */
#include "bitcoin/txrelay/txrelay.h"

#include "base/bug.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "bitcoin/txrelay/txrelay_internal.h"

int txrelay_new(struct txrelay **out, struct txpool *pool, const struct txrelay_config *config,
                const struct txrelay_ops *ops, void *arg)
{
    struct txrelay *r = mem_zalloc(sizeof *r);

    if (!r)
        return PN_ENOMEM;
    r->config = *config;
    r->ops = *ops;
    r->arg = arg;
    r->pool = pool;
    r->order_key = siphash_random_key();
    r->budget = (struct relay_budget){TXRELAY_ALL_BURST, clock_mono_us()};
    r->inbound_tell_us = clock_deadline_ms(random_exponential(config->inbound_ms));
    r->peers = mem_zalloc_array(config->max_peers, sizeof *r->peers);
    if (!r->peers || tx_requests_new(&r->requests, config->max_peers) < 0 ||
        orphans_new(&r->orphans) < 0 || rolling_filter_init(&r->rejects, TXRELAY_REJECTS_MAX) < 0) {
        txrelay_free(r);
        return PN_ENOMEM;
    }
    *out = r;
    return 0;
}

void txrelay_free(struct txrelay *r)
{
    if (!r)
        return;
    for (unsigned i = 0; r->peers && i < r->config.max_peers; i++)
        outbox_free(&r->peers[i].outbox);
    rolling_filter_free(&r->rejects);
    orphans_free(r->orphans);
    tx_requests_free(r->requests);
    mem_free(r->peers);
    mem_free(r);
}

int txrelay_peer_ready(struct txrelay *r, const struct txrelay_peer_info *info)
{
    for (unsigned i = 0; i < r->config.max_peers; i++) {
        struct relay_peer *p = &r->peers[i];

        if (p->used)
            continue;
        *p = (struct relay_peer){.used = true, .info = *info, .fee_told = TXRELAY_FEE_NEVER_TOLD};
        p->budget = (struct relay_budget){TXRELAY_PEER_BURST, clock_mono_us()};
        p->tell_us = clock_deadline_ms(random_exponential(r->config.outbound_ms));
        outbox_init(&p->outbox, info->by_wtxid);
        tx_requests_peer_ready(r->requests, i, info->preferred, info->by_wtxid);
        r->n_peers++;
        relay_greet(r, p);
        return (int)i;
    }
    return PN_ELIMIT;
}

void txrelay_peer_gone(struct txrelay *r, unsigned peer)
{
    struct relay_peer *p = &r->peers[peer];

    if (BUG(!p->used))
        return;
    tx_requests_peer_gone(r->requests, peer);
    orphans_peer_gone(r->orphans, peer);
    outbox_free(&p->outbox);
    p->used = false;
    r->n_peers--;
}

void txrelay_tip(struct txrelay *r, uint32_t next_height, int64_t median_time_s)
{
    r->in_sync = true;
    r->next_height = next_height;
    r->median_time_s = median_time_s;
    rolling_filter_reset(&r->rejects);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t txrelay_tick(struct txrelay *r)
{
    int64_t now_us = clock_mono_us(), next_us;

    if (now_us >= r->expire_us)
        r->expire_us = txpool_expire(r->pool);
    relay_ask(r);
    next_us = relay_release_orphans(r, now_us);
    relay_tell_fees(r);
    next_us = earlier(next_us, relay_tell(r, now_us));
    next_us = earlier(next_us, relay_repeat_own(r, now_us));
    next_us = earlier(next_us, r->expire_us);
    return earlier(next_us, tx_requests_next_us(r->requests));
}

void txrelay_counts(const struct txrelay *r, struct txrelay_counts *out)
{
    struct tx_requests_counts requests;

    tx_requests_counts(r->requests, &requests);
    *out = (struct txrelay_counts){
        .peers = r->n_peers,
        .orphans = orphans_count(r->orphans),
        .own = r->n_own,
        .announced = r->announced,
        .outbox_lost = r->outbox_lost,
        .withheld = r->withheld,
        .expired = requests.expired,
        .wanted = requests.transactions,
        .in_flight = requests.asked,
    };
}
