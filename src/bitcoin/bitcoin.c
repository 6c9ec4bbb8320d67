/* Construction, start and stop of the Bitcoin network. */
#include "bitcoin/bitcoin.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/filter_net.h"
#include "bitcoin/internal.h"
#include "log/log.h"
#include "metrics/metrics.h"

static struct metric_family height_family = {
    .name = "p2pnode_headers_height",
    .help = "Height of the active header chain.",
    .type = METRIC_GAUGE,
    .labels = {"chain"},
};

static struct metric_family tip_time_family = {
    .name = "p2pnode_chain_tip_timestamp_seconds",
    .help = "Timestamp in the header of the active chain's tip.",
    .type = METRIC_GAUGE,
    .labels = {"chain"},
};

static struct metric_family validated_family = {
    .name = "p2pnode_headers_validated_total",
    .help = "Headers that passed all rules and were added.",
    .type = METRIC_COUNTER,
    .labels = {"chain"},
};

static struct metric_family reorgs_family = {
    .name = "p2pnode_reorgs_total",
    .help = "Reorganisations of the active chain.",
    .type = METRIC_COUNTER,
    .labels = {"chain"},
};

static const double depth_buckets[] = {1, 2, 3, 4, 6, 10, 20, 100};

static struct metric_family reorg_depth_family = {
    .name = "p2pnode_reorg_depth_blocks",
    .help = "Headers of the old chain that a reorganisation dropped.",
    .type = METRIC_HISTOGRAM,
    .labels = {"chain"},
    .buckets = depth_buckets,
    .n_buckets = sizeof depth_buckets / sizeof depth_buckets[0],
};

static void make_metrics(struct bitcoin *b)
{
    const char *chain = b->config.params.name;

    b->metrics = (struct bitcoin_metrics){
        .height = metric_get(&height_family, chain, NULL),
        .tip_time = metric_get(&tip_time_family, chain, NULL),
        .validated = metric_get(&validated_family, chain, NULL),
        .reorgs = metric_get(&reorgs_family, chain, NULL),
        .reorg_depth = metric_get(&reorg_depth_family, chain, NULL),
    };
    metric_set(b->metrics.height, chain_height(&b->chain));
    metric_set(b->metrics.tip_time, chain_entry(&b->chain, chain_tip(&b->chain))->time);
    atomic_store(&b->height, chain_height(&b->chain));
}

/* The chain as the last run left it. */
static int load_headers(struct bitcoin *b)
{
    int64_t start_us = clock_mono_us();
    uint32_t damaged = 0;
    int rc;

    if (!b->config.headers_path)
        return 0;
    rc = headerdb_open(&b->headerdb, b->config.headers_path, &b->config.params);
    if (rc == 0)
        rc = headerdb_load(b->headerdb, &damaged, &b->chain);
    if (rc < 0) {
        log_error("bitcoin", "cannot load the headers from %s: %s", b->config.headers_path,
                  pn_strerror(rc));
        return rc;
    }
    if (damaged > 0)
        log_warn("bitcoin", "%u damaged headers were left out and will be fetched again", damaged);
    log_info("bitcoin", "%u headers loaded in %lld ms: height %u", chain_count(&b->chain) - 1,
             (long long)(clock_mono_us() - start_us) / 1000, chain_height(&b->chain));
    return 0;
}

int bitcoin_new(struct bitcoin **out, const struct bitcoin_config *config)
{
    struct bitcoin *b = mem_zalloc(sizeof *b);
    int rc = PN_ENOMEM;

    if (!b)
        return PN_ENOMEM;
    b->config = *config;
    nonces_init(&b->nonces);
    if (chan_class_register(&manager_inbox_class) < 0 || chan_class_register(&quit_class) < 0 ||
        chan_init(&b->inbox, &manager_inbox_class) < 0)
        goto fail;
    if (chan_init(&b->quit, &quit_class) < 0)
        goto fail_inbox;
    if (loans_init(b) < 0)
        goto fail_quit;
    if (chain_init(&b->chain, &b->config.params, config->max_headers) < 0)
        goto fail_loans;
    rc = load_headers(b);
    if (rc == 0)
        rc = blocks_open(b);
    if (rc == 0)
        rc = filter_net_new(&b->filters, b);
    if (rc == 0)
        rc = tx_net_new(&b->tx, b);
    if (rc == 0)
        rc = manager_init(b, &bitcoin_parts);
    if (rc < 0)
        goto fail_chain;
    make_metrics(b);
    b->relay_key = siphash_random_key();
    b->tip_moved_us = clock_mono_us();
    atomic_store(&b->in_sync, chain_min_work_reached(&b->chain));
    *out = b;
    return 0;
fail_chain:
    manager_free(b);
    filter_net_free(b->filters);
    blocks_close(b);
    tx_net_free(b->tx);
    headerdb_close(b->headerdb);
    chain_free(&b->chain);
fail_loans:
    loans_free(b);
fail_quit:
    chan_destroy(&b->quit, NULL);
fail_inbox:
    chan_destroy(&b->inbox, NULL);
fail:
    nonces_free(&b->nonces);
    mem_free(b);
    return rc;
}

int bitcoin_attach(struct bitcoin *b, struct server *server, struct slots *slots)
{
    struct server_network n = {
        .name = btc_proto_ops.network,
        .peer_config = &b->config.peer,
        .proto = &btc_proto_ops,
        .slots = slots,
        .attach = btc_attach,
        .detach = btc_detach,
        .arg = b,
    };
    int number = server_add_network(server, &n);

    if (number < 0)
        return number;
    b->network = (unsigned)number;
    return number;
}

struct dial_source bitcoin_dial_source(struct bitcoin *b)
{
    return (struct dial_source){.choose = source_choose,
                                .choose_first = source_choose_first,
                                .wanting = source_wanting,
                                .tried = source_tried,
                                .arg = b};
}

void bitcoin_set_dialer(struct bitcoin *b, struct dialer *d)
{
    b->dialer = d;
}

void bitcoin_on_tip(struct bitcoin *b, void (*moved)(void *arg), void *arg)
{
    b->tip_listener = moved;
    b->tip_listener_arg = arg;
}

int bitcoin_start(struct bitcoin *b)
{
    int rc = blocks_start(b);

    if (rc < 0)
        return rc;
    if (b->headerdb)
        rc = header_saver_start(&b->saver, b->headerdb, &b->chain, b->config.params.name);
    if (rc < 0)
        return rc;
    b->headerdb = NULL; /* the saver's now */
    rc = tx_net_start(b->tx);
    if (rc == 0)
        rc = filter_net_start(b->filters);
    if (rc < 0)
        return rc;
    return thread_start(&b->thread, "bitcoin", ROLE_MANAGER, manager_run, b);
}

void bitcoin_stop(struct bitcoin *b)
{
    quit_request(&b->quit);
    thread_join(&b->thread);
    filter_net_stop(b->filters);
    blocks_stop(b);
    tx_net_stop(b->tx);
    header_saver_stop(b->saver);
    b->saver = NULL;
}

void bitcoin_free(struct bitcoin *b)
{
    if (!b)
        return;
    header_saver_stop(b->saver);
    headerdb_close(b->headerdb);
    manager_free(b);
    filter_net_free(b->filters);
    tx_net_free(b->tx);
    chan_destroy(&b->inbox, NULL);
    chan_destroy(&b->quit, NULL);
    loans_free(b);
    chain_free(&b->chain);
    blocks_close(b);
    nonces_free(&b->nonces);
    mem_free(b);
}

struct chain *bitcoin_chain(struct bitcoin *b)
{
    return &b->chain;
}

uint32_t bitcoin_height(const struct bitcoin *b)
{
    return atomic_load(&b->height);
}

unsigned bitcoin_peers(const struct bitcoin *b)
{
    return atomic_load(&b->known_peers);
}

bool bitcoin_in_sync(const struct bitcoin *b)
{
    return atomic_load(&b->in_sync);
}
