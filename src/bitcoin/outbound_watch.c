/* Whether the peers that we chose keep up with the chain: a part of the manager. A node whose
 * chosen peers all lag behind, or are one attacker's, would not notice by itself.
 *
 * A chosen peer that has not shown a header as high as our tip was twenty minutes ago is asked once
 * more, and parted from two minutes later; so it also goes when we ourselves are ahead of it. Four
 * that have kept up are safe from that, so that a flood of headers by others does not cost all of
 * them. Core, net_processing.cpp: ConsiderEviction.
 *
 * The extra connection that was made while the tip was stale makes one of them superfluous once the
 * tip moves: whoever has been useful longest ago goes. Core: EvictExtraOutboundPeers. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/err.h"
#include "bitcoin/internal.h"
#include "log/log.h"

#define LOOK_US     (INT64_C(45) * 1000000)
#define BEHIND_US   (INT64_C(20) * 60 * 1000000)
#define ANSWER_US   (INT64_C(2) * 60 * 1000000)
#define NEWCOMER_US (INT64_C(30) * 1000000)
#define GUARDED_MAX 4
#define KEEPS_UP    0 /* in place of a deadline */

static bool is_chosen(const struct manager_peer *s)
{
    enum conn_kind kind = peer_kind(s->peer);

    return kind == CONN_FULL || kind == CONN_BLOCK_RELAY;
}

static void on_peer_gone(struct bitcoin *b, struct manager_peer *s)
{
    b->n_guarded -= s->watch.guarded;
}

static void keeps_up(struct bitcoin *b, struct manager_peer *s)
{
    s->watch.deadline_us = KEEPS_UP;
    if (!s->watch.guarded && b->n_guarded < GUARDED_MAX && peer_kind(s->peer) == CONN_FULL) {
        s->watch.guarded = true;
        b->n_guarded++;
    }
}

/* It has let its deadline pass. */
static void is_late(struct bitcoin *b, struct manager_peer *s, int64_t now_us)
{
    if (!s->watch.asked) {
        s->watch.asked = true;
        s->watch.deadline_us = now_us + ANSWER_US;
        sync_ask(b, s);
        return;
    }
    log_info("bitcoin", "peer=%" PRIu64 " stays behind at height %" PRIu32, peer_id(s->peer),
             s->shown_height);
    peer_disconnect(s->peer, PN_ELAGGING);
}

static void watch(struct bitcoin *b, struct manager_peer *s, int64_t now_us)
{
    uint32_t height = chain_height(&b->chain);

    if (s->shown_height >= height) {
        keeps_up(b, s);
    } else if (s->watch.deadline_us == KEEPS_UP || s->shown_height >= s->watch.height) {
        s->watch.deadline_us = now_us + BEHIND_US;
        s->watch.height = height;
        s->watch.asked = false;
    } else if (now_us >= s->watch.deadline_us && !s->watch.guarded) {
        is_late(b, s, now_us);
    }
}

/* Of the full connections the one that showed something new longest ago; newcomers have a chance.
 */
static struct manager_peer *least_useful(const struct bitcoin *b, int64_t now_us)
{
    struct manager_peer *least = NULL;
    int64_t least_us = INT64_MAX;

    for (unsigned i = 0; i < b->n_peers; i++) {
        struct manager_peer *s = b->peers[i];
        struct peer_stats stats;
        int64_t useful_us;

        peer_stats(s->peer, &stats);
        if (peer_kind(s->peer) != CONN_FULL || s->watch.guarded ||
            now_us - stats.connected_us < NEWCOMER_US)
            continue;
        useful_us = atomic_load(&btc_peer_of(s->peer)->last_block_us);
        if (useful_us < least_us) {
            least = s;
            least_us = useful_us;
        }
    }
    return least;
}

static void drop_extra(struct bitcoin *b, int64_t now_us)
{
    struct manager_peer *s;
    unsigned full = 0;

    for (unsigned i = 0; i < b->n_peers; i++)
        full += peer_kind(b->peers[i]->peer) == CONN_FULL;
    if (b->tip_stale || full <= b->config.full_outbound || b->config.full_outbound == 0)
        return;
    s = least_useful(b, now_us);
    if (s)
        peer_disconnect(s->peer, PN_EEVICTED);
}

static int64_t tick(struct bitcoin *b, int64_t now_us)
{
    for (unsigned i = 0; i < b->n_peers; i++)
        if (is_chosen(b->peers[i]))
            watch(b, b->peers[i], now_us);
    drop_extra(b, now_us);
    return now_us + LOOK_US;
}

const struct manager_part outbound_watch_part = {.peer_gone = on_peer_gone, .tick = tick};
