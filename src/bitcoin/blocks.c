/* The manager's part for blocks. Header sync moves the tip -> the range of wanted blocks follows it
 * -> fetch asks peers -> thread in checks and keeps what comes (blocks_in.c) -> MANAGER_BLOCK ->
 * once the tip's block is held, it is announced.
 *
 * Nothing is fetched before the headers have been in sync once: of a chain that is still being
 * learned, the last blocks are not known. */
#include "bitcoin/blocks.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "bitcoin/filter_net.h"
#include "bitcoin/internal.h"
#include "log/log.h"
#include "metrics/metrics.h"

#define TICK_US INT64_C(1000000)

/* A tip older than this is not the network's (Core, DEFAULT_MAX_TIP_AGE). */
enum { TIP_AGE_MAX_S = 24 * 3600 };

static struct metric_family kept_family = {
    .name = "p2pnode_blocks_kept",
    .help = "Blocks that are kept.",
    .type = METRIC_GAUGE,
    .labels = {"chain"},
};

static struct metric_family in_flight_family = {
    .name = "p2pnode_blocks_in_flight",
    .help = "Blocks that were asked for and have not come.",
    .type = METRIC_GAUGE,
    .labels = {"chain"},
};

static struct metric_family received_family = {
    .name = "p2pnode_blocks_received_total",
    .help = "Blocks that passed all checks and are kept.",
    .type = METRIC_COUNTER,
    .labels = {"chain"},
};

static struct metric_family taken_back_family = {
    .name = "p2pnode_blocks_taken_back_total",
    .help = "Blocks that were asked of another peer because the first kept it waiting.",
    .type = METRIC_COUNTER,
    .labels = {"chain"},
};

static const double relay_buckets[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                       0.1,   0.25,   0.5,   1,    2.5,   10};

static struct metric_family relay_family = {
    .name = "p2pnode_block_relay_seconds",
    .help = "Time from a new tip's header to the announcement of its block to peers.",
    .type = METRIC_HISTOGRAM,
    .labels = {"chain"},
    .buckets = relay_buckets,
    .n_buckets = sizeof relay_buckets / sizeof relay_buckets[0],
    .scale = 1e-6,
};

/* --- what fetch asks of us --- */

static void hash_at(void *arg, uint8_t hash[32], uint32_t height)
{
    const struct chain *chain = &((struct bitcoin *)arg)->chain;

    memcpy(hash, chain_entry(chain, chain_at(chain, height))->hash, BTC_HASH_BYTES);
}

static bool holds(void *arg, const uint8_t hash[32])
{
    return block_store_has(((struct bitcoin *)arg)->blocks.store, hash);
}

/* The tip's block may be made of transactions that we have. */
static bool compact_is_better(struct bitcoin *b, const struct manager_peer *s, uint32_t height)
{
    struct txpool_counts counts;

    if (height != chain_height(&b->chain) ||
        atomic_load(&btc_peer_of(s->peer)->compact) == COMPACT_NONE)
        return false;
    txpool_counts(bitcoin_txpool(b), &counts);
    return counts.count > 0;
}

/* The answers have deadlines of their own, in fetch. */
static void request(void *arg, uint64_t peer, const struct fetch_item *items, unsigned n)
{
    struct bitcoin *b = arg;
    struct manager_peer *s = manager_find_peer(b, peer);
    uint32_t segwit_height = b->config.params.segwit_height;
    struct btc_inv_item inv[FETCH_PEER_MAX];
    const struct btc_msg m = {.cmd = BTC_CMD_GETDATA, .u.getdata = {.items = inv, .count = n}};
    struct frame *f;

    if (!s)
        return;
    for (unsigned i = 0; i < n; i++) {
        inv[i].type = BTC_INV_BLOCK | (items[i].height >= segwit_height ? BTC_INV_WITNESS : 0);
        if (n == 1 && compact_is_better(b, s, items[i].height))
            inv[i].type = BTC_INV_CMPCT_BLOCK;
        memcpy(inv[i].hash, items[i].hash, BTC_HASH_BYTES);
        block_wants_add(&btc_peer_of(s->peer)->wants, items[i].hash);
    }
    f = btc_frame(b->config.params.magic, &m);
    if (f)
        peer_send(s->peer, f, PEER_SEND_NO_STALL);
}

static void drop(void *arg, uint64_t peer)
{
    struct manager_peer *s = manager_find_peer(arg, peer);

    if (s)
        peer_disconnect(s->peer, PN_ESTALLED);
}

static uint64_t bytes_from(void *arg, uint64_t peer)
{
    struct manager_peer *s = manager_find_peer(arg, peer);
    struct peer_stats stats = {0};

    if (s)
        peer_stats(s->peer, &stats);
    return stats.bytes_in;
}

static const struct fetch_ops fetch_ops = {
    .hash_at = hash_at,
    .holds = holds,
    .request = request,
    .drop = drop,
    .bytes_from = bytes_from,
};

/* --- the store --- */

/* Thread: the store's. */
static void on_lost(void *arg, const uint8_t hash[32], uint32_t height)
{
    struct blocks *k = arg;
    unsigned seen = atomic_load(&k->lost_from);

    (void)hash;
    while (height < seen && !atomic_compare_exchange_weak(&k->lost_from, &seen, height))
        continue;
}

int blocks_open(struct bitcoin *b)
{
    const struct block_store_config config = {
        .path = b->config.blocks_path,
        .keep = b->config.keep_blocks,
        .max_readers = b->config.max_peers,
        .lost = on_lost,
        .arg = &b->blocks,
    };
    int rc;

    atomic_store(&b->blocks.lost_from, BLOCKS_NO_HEIGHT);
    b->blocks.fork = b->blocks.announce_from = BLOCKS_NO_HEIGHT;
    if (b->config.keep_blocks == 0)
        return 0;
    rc = block_store_open(&b->blocks.store, &config);
    if (rc < 0)
        log_error("bitcoin", "cannot open %s: %s", config.path ? config.path : "the block store",
                  pn_strerror(rc));
    return rc;
}

int blocks_start(struct bitcoin *b)
{
    return b->blocks.store ? block_store_start(b->blocks.store) : 0;
}

void blocks_stop(struct bitcoin *b)
{
    if (b->blocks.store)
        block_store_stop(b->blocks.store);
}

void blocks_close(struct bitcoin *b)
{
    block_store_close(b->blocks.store);
    b->blocks.store = NULL;
}

/* --- the part --- */

static int init(struct bitcoin *b)
{
    const char *chain = b->config.params.name;

    if (!b->blocks.store)
        return 0;
    b->blocks.fetch = fetch_new(&fetch_ops, b, b->config.max_peers);
    b->blocks.metrics = (struct blocks_metrics){
        .kept = metric_get(&kept_family, chain, NULL),
        .in_flight = metric_get(&in_flight_family, chain, NULL),
        .received = metric_get(&received_family, chain, NULL),
        .taken_back = metric_get(&taken_back_family, chain, NULL),
        .relay = metric_get(&relay_family, chain, NULL),
    };
    return b->blocks.fetch ? block_ratings_init(&b->blocks.ratings, b->config.max_peers)
                           : PN_ENOMEM;
}

static void part_free(struct bitcoin *b)
{
    block_ratings_free(&b->blocks.ratings);
    fetch_free(b->blocks.fetch);
    b->blocks.fetch = NULL;
}

static void peer_ready(struct bitcoin *b, struct manager_peer *s)
{
    if (b->blocks.fetch)
        fetch_peer_ready(b->blocks.fetch, peer_id(s->peer),
                         blocks_promise_of(b, btc_peer_of(s->peer)));
}

static void peer_gone(struct bitcoin *b, struct manager_peer *s)
{
    announcers_remove(&b->blocks.announcers, peer_id(s->peer));
    if (b->blocks.fetch)
        fetch_peer_gone(b->blocks.fetch, peer_id(s->peer));
}

static void lower(uint32_t *height, uint32_t to)
{
    if (to < *height)
        *height = to;
}

static void tip_moved(struct bitcoin *b, const struct chain_result *r)
{
    lower(&b->blocks.fork, r->fork_height);
    if (b->blocks.announce_from == BLOCKS_NO_HEIGHT)
        b->blocks.news_us = clock_mono_us();
    lower(&b->blocks.announce_from, r->fork_height + 1);
    manager_due(b, PART_BLOCKS, 0);
}

static void learn_what_peers_have(struct bitcoin *b)
{
    for (unsigned i = 0; i < b->n_peers; i++) {
        struct manager_peer *s = b->peers[i];
        uint64_t id = peer_id(s->peer);

        if (s->lead.claims > s->fetch_claims)
            fetch_peer_has(b->blocks.fetch, id, (uint32_t)s->lead.claims);
        if (s->shown_height > s->fetch_shown)
            fetch_peer_announced(b->blocks.fetch, id, s->shown_height);
        s->fetch_claims = s->lead.claims;
        s->fetch_shown = s->shown_height;
    }
}

/* The last blocks but the genesis, which everybody has. */
static void set_range(struct bitcoin *b)
{
    struct blocks *k = &b->blocks;
    uint32_t tip = chain_height(&b->chain);
    uint32_t first = tip >= b->config.keep_blocks ? tip - b->config.keep_blocks + 1 : 1;
    const uint8_t *hash = chain_entry(&b->chain, chain_tip(&b->chain))->hash;
    uint32_t lost = atomic_exchange(&k->lost_from, BLOCKS_NO_HEIGHT);

    if (lost != BLOCKS_NO_HEIGHT) {
        lower(&k->fork, lost > 0 ? lost - 1 : 0);
        fetch_pause(k->fetch);
    } else if (k->begun && memcmp(k->range_tip, hash, BTC_HASH_BYTES) == 0) {
        return;
    }
    k->begun = true;
    memcpy(k->range_tip, hash, BTC_HASH_BYTES);
    fetch_set_range(k->fetch, first, tip, k->fork < tip ? k->fork : tip);
    block_store_keep_from(k->store, first);
    k->fork = BLOCKS_NO_HEIGHT;
}

/* The whole of what BIP159 promises is held, and the tip is the network's. On a network without
 * retargeting blocks are made when somebody likes, so the tip's age tells nothing there. */
static bool is_complete(const struct bitcoin *b)
{
    const struct chain_entry *tip = chain_entry(&b->chain, chain_tip(&b->chain));

    return b->blocks.begun && fetch_complete(b->blocks.fetch) &&
           (b->config.params.no_retarget || clock_wall_s() - (int64_t)tip->time < TIP_AGE_MAX_S);
}

void blocks_claim(struct bitcoin *b, struct manager_peer *s, const uint8_t hash[BTC_HASH_BYTES],
                  uint32_t height)
{
    if (!b->blocks.begun)
        return;
    set_range(b);
    fetch_peer_announced(b->blocks.fetch, peer_id(s->peer), height);
    fetch_claim(b->blocks.fetch, peer_id(s->peer), hash);
}

static void show(struct bitcoin *b)
{
    struct blocks *k = &b->blocks;
    uint64_t taken_back = fetch_taken_back(k->fetch);

    atomic_store(&k->complete, is_complete(b));
    metric_set(k->metrics.kept, block_store_count(k->store));
    metric_set(k->metrics.in_flight, fetch_in_flight(k->fetch));
    metric_add(k->metrics.taken_back, (int64_t)(taken_back - k->seen_taken_back));
    k->seen_taken_back = taken_back;
    block_ratings_post(&k->ratings, k->fetch);
}

static int64_t tick(struct bitcoin *b, int64_t now_us)
{
    struct blocks *k = &b->blocks;

    if (!k->store)
        return CLOCK_NEVER;
    learn_what_peers_have(b);
    if (k->begun || atomic_load(&b->in_sync)) {
        set_range(b);
        fetch_run(k->fetch);
        blocks_announce_held(b);
    }
    if (now_us >= k->fetch_tick_us) {
        fetch_tick(k->fetch);
        k->fetch_tick_us = now_us + TICK_US;
    }
    show(b);
    return k->fetch_tick_us;
}

const struct manager_part blocks_part = {
    .init = init,
    .free = part_free,
    .peer_ready = peer_ready,
    .peer_gone = peer_gone,
    .tip_moved = tip_moved,
    .tick = tick,
};

uint64_t blocks_services(const struct bitcoin *b)
{
    uint64_t services = b->config.services;

    /* A store of fewer blocks does not keep BIP159's promise. */
    if (!b->config.services_are_fixed && b->config.keep_blocks >= BLOCK_STORE_MEMORY_MAX &&
        atomic_load(&b->blocks.complete))
        services |= BTC_NODE_NETWORK_LIMITED | BTC_NODE_WITNESS;
    if (!b->config.services_are_fixed && filter_net_offers(b->filters))
        services |= BTC_NODE_COMPACT_FILTERS;
    if (!b->config.services_are_fixed && b->config.bloom_filters)
        services |= BTC_NODE_BLOOM;
    return services;
}
