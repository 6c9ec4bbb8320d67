/* Construction, start and stop. */
#include "ethereum/eth/eth.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "ethereum/eth/internal.h"
#include "metrics/metrics.h"

static struct metric_family number_family = {
    .name = "p2pnode_eth_head_number",
    .help = "Number of the last block that is there with its body.",
    .type = METRIC_GAUGE,
    .labels = {"chain"},
};

static struct metric_family header_family = {
    .name = "p2pnode_eth_head_header_number",
    .help = "Number of the last header of the best branch.",
    .type = METRIC_GAUGE,
    .labels = {"chain"},
};

static struct metric_family receipts_family = {
    .name = "p2pnode_eth_receipts_number",
    .help =
        "Number of the last block up to which receipts are there, as far as it has been looked at "
        "since the start; 0 without --eth-receipts.",
    .type = METRIC_GAUGE,
    .labels = {"chain"},
};

static struct metric_family pooled_family = {
    .name = "p2pnode_eth_pooled_transactions",
    .help = "Transactions in the pool.",
    .type = METRIC_GAUGE,
    .labels = {"chain"},
};

static struct metric_family imported_family = {
    .name = "p2pnode_eth_blocks_imported_total",
    .help = "Blocks that were gossiped, checked and added.",
    .type = METRIC_COUNTER,
    .labels = {"chain"},
};

static struct metric_family served_family = {
    .name = "p2pnode_eth_items_served_total",
    .help = "Headers, bodies, receipts and transactions sent in answers.",
    .type = METRIC_COUNTER,
    .labels = {"chain"},
};

static struct metric_family unsolicited_family = {
    .name = "p2pnode_eth_unsolicited_total",
    .help = "Answers that came without a request, or too late, and were thrown away.",
    .type = METRIC_COUNTER,
    .labels = {"chain"},
};

static struct metric_family seals_family = {
    .name = "p2pnode_eth_seals_verified_total",
    .help = "Headers whose seal was computed anew and found right.",
    .type = METRIC_COUNTER,
    .labels = {"chain"},
};

static void make_metrics(struct eth *e)
{
    const char *chain = e->config.params->name;

    e->metrics = (struct eth_metrics){
        .number = metric_get(&number_family, chain, NULL),
        .header_number = metric_get(&header_family, chain, NULL),
        .receipts_number = metric_get(&receipts_family, chain, NULL),
        .pooled = metric_get(&pooled_family, chain, NULL),
        .imported = metric_get(&imported_family, chain, NULL),
        .served = metric_get(&served_family, chain, NULL),
        .seals = metric_get(&seals_family, chain, NULL),
        .unsolicited = metric_get(&unsolicited_family, chain, NULL),
    };
}

static int make_parts(struct eth *e)
{
    struct downloader_config config = {
        .chain = e->config.chain,
        .max_peers = e->config.max_peers,
        .receipts = e->config.receipts,
        .trusted_head = e->config.has_trusted_head ? e->config.trusted_head : NULL,
        .ops = pm_downloader_ops,
    };
    struct fetcher_ops fetcher_ops = pm_fetcher_ops;
    struct txfetch_ops txfetch_ops = pm_txfetch_ops;

    int rc;

    config.ops.arg = fetcher_ops.arg = txfetch_ops.arg = e;
    e->peers = mem_alloc_array(e->config.max_peers, sizeof *e->peers);
    e->fetcher = fetcher_new(&fetcher_ops);
    e->txfetch = txfetch_new(&txfetch_ops);
    if (!e->peers || !e->fetcher || !e->txfetch)
        return PN_ENOMEM;
    if (e->config.verify_seals && e->config.params->seal == ETH_SEAL_WORK) {
        rc = seals_new(&e->seals);
        if (rc < 0)
            return rc;
    }
    rc = download_board_init(&e->board, e->config.max_peers);
    return rc < 0 ? rc : downloader_new(&e->downloader, &config);
}

static int make_channels(struct eth *e)
{
    int rc = chan_class_register(&eth_inbox_class);

    if (rc == 0)
        rc = chan_init(&e->inbox, &eth_inbox_class);
    if (rc < 0)
        return rc;
    rc = chan_init(&e->quit, &quit_class);
    if (rc < 0)
        chan_destroy(&e->inbox, NULL);
    return rc;
}

int eth_new(struct eth **out, const struct eth_config *config)
{
    struct eth *e = mem_zalloc(sizeof *e);
    int rc = e ? make_channels(e) : PN_ENOMEM;

    *out = NULL;
    if (rc < 0) {
        mem_free(e);
        return rc;
    }
    e->config = *config;
    mutex_init(&e->mu);
    pool_init(&e->pool);
    link_fill_protocol(e);
    rc = make_parts(e);
    if (rc < 0) {
        eth_free(e);
        return rc;
    }
    make_metrics(e);
    e->told_range.latest = eth_chain_head_of_blocks(e->config.chain)->number;
    pm_publish(e);
    *out = e;
    return 0;
}

const struct p2p_protocol *eth_protocol(struct eth *e)
{
    return &e->protocol;
}

void eth_set_number(struct eth *e, unsigned protocol)
{
    e->number = protocol;
}

int eth_start(struct eth *e)
{
    uint64_t head = eth_chain_head_of_headers(e->config.chain)->number;
    int rc = e->seals && head < e->config.params->ethash_end ? seals_prepare(e->seals, head) : 0;

    if (rc < 0)
        return rc;
    return thread_start(&e->thread, "eth", ROLE_MANAGER, pm_run, e);
}

void eth_stop(struct eth *e)
{
    quit_request(&e->quit);
    thread_join(&e->thread);
}

static void drop_note(void *elem)
{
    struct eth_note *n = elem;

    eth_payload_free(n->payload);
}

void eth_free(struct eth *e)
{
    if (!e)
        return;
    seals_free(e->seals);
    downloader_free(e->downloader);
    download_board_free(&e->board);
    fetcher_free(e->fetcher);
    txfetch_free(e->txfetch);
    pool_free(&e->pool);
    chan_destroy(&e->inbox, drop_note);
    chan_destroy(&e->quit, NULL);
    mutex_destroy(&e->mu);
    mem_free(e->peers);
    mem_free(e);
}

void eth_look(struct eth *e, struct eth_view *out)
{
    mutex_lock(&e->mu);
    *out = e->view;
    mutex_unlock(&e->mu);
}

int eth_look_ratings(struct eth *e, struct download_estimate *estimate,
                     struct download_rating **ratings)
{
    return download_board_look(&e->board, estimate, ratings);
}
