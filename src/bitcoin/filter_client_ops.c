/* What the comparison of filter headers asks of the world. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "bitcoin/blockstore/strip.h"
#include "bitcoin/filter/basic.h"
#include "bitcoin/filter_net_internal.h"
#include "dial/gate.h"
#include "journal/journal.h"
#include "log/log.h"
#include "metrics/metrics.h"

enum { DECODED_MAX_BYTES = 64 << 20, KNOWN_AT_ONCE = 32 };

static struct metric_family disputes_family = {
    .name = "p2pnode_filter_disputes_total",
    .help = "Filter headers that peers disagreed on, by what came of it.",
    .type = METRIC_COUNTER,
    .labels = {"chain", "outcome"},
};

/* --- the chain --- */

static uint32_t tip(void *arg)
{
    struct chain_point point;

    chain_view_tip(&((struct filter_net *)arg)->net->chain, &point);
    return point.height;
}

static bool hash_at(void *arg, uint8_t hash[BTC_HASH_BYTES], uint32_t height)
{
    struct chain_point point;

    if (!chain_view_at(&((struct filter_net *)arg)->net->chain, &point, height))
        return false;
    memcpy(hash, point.hash, BTC_HASH_BYTES);
    return true;
}

/* --- what was agreed on --- */

static int end(void *arg, struct filtersync_end *out)
{
    struct filter_net *n = arg;
    struct filter_row row;
    int rc = filterdb_tip(n->db, FILTERDB_TOLD, &row);

    *out = (struct filtersync_end){0};
    if (rc == PN_ENOENT)
        return 0;
    if (rc < 0)
        return rc;
    out->next = row.height + 1;
    memcpy(out->block, row.block, BTC_HASH_BYTES);
    memcpy(out->header, row.header, BTC_HASH_BYTES);
    return 0;
}

static int finish(struct filter_net *n, int rc)
{
    if (rc == 0)
        rc = filterdb_commit(n->db);
    else
        filterdb_give_up(n->db);
    if (rc < 0)
        log_error("bitcoin", "filter headers cannot be kept: %s", pn_strerror(rc));
    return rc;
}

static int append(void *arg, uint32_t first, const uint8_t (*filter_hashes)[BTC_HASH_BYTES],
                  size_t count)
{
    struct filter_net *n = arg;
    uint8_t block[BTC_HASH_BYTES];
    int rc = filterdb_begin(n->db);

    if (rc < 0)
        return finish(n, rc);
    for (size_t i = 0; i < count && rc == 0; i++) {
        if (!hash_at(n, block, first + (uint32_t)i))
            break; /* the chain has just become shorter */
        rc = filterdb_push(n->db, FILTERDB_TOLD, block, filter_hashes[i], (struct bytes){0});
    }
    return finish(n, rc);
}

static int take_back(void *arg, uint32_t next)
{
    struct filter_net *n = arg;
    struct filter_row row;
    int rc = filterdb_begin(n->db);

    while (rc == 0) {
        rc = filterdb_batch_tip(n->db, FILTERDB_TOLD, &row);
        if (rc < 0 || row.height < next)
            break;
        rc = filterdb_pop(n->db, FILTERDB_TOLD);
    }
    return finish(n, rc == PN_ENOENT ? 0 : rc);
}

/* --- what is known --- */

int filter_client_genesis(const struct filter_net *n, uint8_t out[BTC_HASH_BYTES])
{
    const struct btc_params *params = &n->net->config.params;
    const struct btc_txout output = {.script = params->genesis_script};
    const struct btc_tx tx = {.out = &output, .out_count = 1};
    const struct btc_block block = {.txs = &tx, .tx_count = 1};
    struct buf filter;
    int rc;

    buf_init(&filter, 1 << 10);
    rc = basic_filter_build(&filter, params->genesis_hash, &block, NULL, 0);
    basic_filter_hash(out, (struct bytes){.data = filter.data, .len = filter.len});
    buf_free(&filter);
    return rc;
}

static size_t known(void *arg, uint8_t (*filter_hashes)[BTC_HASH_BYTES], uint32_t first, size_t n)
{
    struct filter_net *net = arg;
    struct filter_row rows[KNOWN_AT_ONCE];
    uint8_t block[BTC_HASH_BYTES];
    size_t done = 0;

    while (done < n) {
        int want = n - done < KNOWN_AT_ONCE ? (int)(n - done) : KNOWN_AT_ONCE;
        int got = filterdb_rows(net->db, FILTERDB_BUILT, rows, first + (uint32_t)done, 1, want);

        for (int i = 0; i < got; i++) {
            if (!hash_at(net, block, rows[i].height) ||
                memcmp(block, rows[i].block, sizeof block) != 0)
                return done;
            memcpy(filter_hashes[done++], rows[i].filter_hash, BTC_HASH_BYTES);
        }
        if (got < want)
            break;
    }
    if (done == 0 && first == 0 && filter_client_genesis(net, filter_hashes[0]) == 0)
        done = 1;
    return done;
}

/* --- messages --- */

static struct peer *find(const struct filter_net *n, uint64_t id)
{
    for (unsigned i = 0; i < n->client.n_peers; i++)
        if (peer_id(n->client.peers[i]) == id)
            return n->client.peers[i];
    return NULL;
}

static void send_to(struct filter_net *n, uint64_t peer, const struct btc_msg *m)
{
    struct peer *p = find(n, peer);
    struct frame *f = p ? btc_frame(n->net->config.params.magic, m) : NULL;

    if (!f)
        return;
    if (m->cmd != BTC_CMD_GETDATA)
        atomic_fetch_add(&btc_peer_of(p)->filter_answers_due, 1);
    peer_send(p, f, PEER_SEND_NO_STALL);
}

static void ask_checkpoints(void *arg, uint64_t peer, const uint8_t stop[BTC_HASH_BYTES])
{
    struct btc_msg m = {.cmd = BTC_CMD_GETCFCHECKPT, .u.getcfcheckpt.type = BTC_CFILTER_BASIC};

    memcpy(m.u.getcfcheckpt.stop_hash, stop, BTC_HASH_BYTES);
    send_to(arg, peer, &m);
}

static void ask_headers(void *arg, uint64_t peer, uint32_t first,
                        const uint8_t stop[BTC_HASH_BYTES])
{
    struct btc_msg m = {.cmd = BTC_CMD_GETCFHEADERS,
                        .u.getcfheaders = {.type = BTC_CFILTER_BASIC, .start_height = first}};

    memcpy(m.u.getcfheaders.stop_hash, stop, BTC_HASH_BYTES);
    send_to(arg, peer, &m);
}

static void ask_filter(void *arg, uint64_t peer, uint32_t height,
                       const uint8_t block[BTC_HASH_BYTES])
{
    struct btc_msg m = {.cmd = BTC_CMD_GETCFILTERS,
                        .u.getcfilters = {.type = BTC_CFILTER_BASIC, .start_height = height}};

    memcpy(m.u.getcfilters.stop_hash, block, BTC_HASH_BYTES);
    send_to(arg, peer, &m);
}

static void ask_block(void *arg, uint64_t peer, const uint8_t block[BTC_HASH_BYTES])
{
    struct btc_inv_item item = {.type = BTC_INV_BLOCK | BTC_INV_WITNESS};
    const struct btc_msg m = {.cmd = BTC_CMD_GETDATA, .u.getdata = {.items = &item, .count = 1}};
    struct filter_net *n = arg;
    struct peer *p = find(n, peer);

    if (!p)
        return;
    memcpy(item.hash, block, BTC_HASH_BYTES);
    mutex_lock(&n->mu);
    memcpy(n->wanted, block, BTC_HASH_BYTES);
    mutex_unlock(&n->mu);
    block_wants_add(&btc_peer_of(p)->wants, block);
    send_to(n, peer, &m);
}

/* --- disputes --- */

static bool has_block(void *arg, const uint8_t block[BTC_HASH_BYTES])
{
    struct filter_net *n = arg;

    if (n->client.block && memcmp(n->client.block_hash, block, BTC_HASH_BYTES) == 0)
        return true;
    frame_unref(n->client.block);
    n->client.block = block_store_get(n->net->blocks.store, NULL, block);
    memcpy(n->client.block_hash, block, BTC_HASH_BYTES);
    return n->client.block != NULL;
}

static int judge(void *arg, const uint8_t block[BTC_HASH_BYTES], struct bytes filter)
{
    struct filter_net *n = arg;
    struct bytes raw = block_frame_payload(n->client.block);
    struct reader r = reader_of(raw.data, raw.len);
    struct btc_block decoded;
    struct arena arena;
    int rc;

    arena_init(&arena, DECODED_MAX_BYTES);
    btc_block_decode(&r, &decoded, &arena);
    /* One that passed all checks decodes, unless there is no memory for it. */
    rc = r.err ? PN_ENOMEM : basic_filter_fits(block, &decoded, filter);
    arena_free(&arena);
    return rc;
}

static void blame(void *arg, uint64_t peer, uint32_t height, int reason)
{
    struct peer *p = find(arg, peer);

    if (!p)
        return;
    log_warn("bitcoin", "peer=%" PRIu64 " tells what is not so of the filter at height %u: %s",
             peer, height, pn_strerror(reason));
    peer_disconnect(p, reason);
}

static void settled(void *arg, uint32_t height, bool decided)
{
    struct filter_net *n = arg;
    const struct gate *gate = n->net->config.gate;
    const char *outcome = decided ? "decided" : "undecided";
    char detail[JOURNAL_DETAIL_BYTES];

    metric_add(metric_get(&disputes_family, n->net->config.params.name, outcome, NULL), 1);
    if (decided)
        return;
    log_warn("bitcoin", "peers disagree on the filter at height %u, and nobody can be told to lie",
             height);
    snprintf(detail, sizeof detail, "filter headers differ from height %u on", height);
    if (gate)
        journal_add(gate->journal, &(struct journal_note){.event = JOURNAL_WARNED,
                                                          .kind = JOURNAL_NETWORK,
                                                          .subject = "bitcoin",
                                                          .network = "bitcoin",
                                                          .reason = "filter_dispute",
                                                          .detail = detail});
}

const struct filtersync_ops filter_client_ops = {
    .tip = tip,
    .hash_at = hash_at,
    .end = end,
    .append = append,
    .take_back = take_back,
    .known = known,
    .ask_checkpoints = ask_checkpoints,
    .ask_headers = ask_headers,
    .ask_filter = ask_filter,
    .ask_block = ask_block,
    .has_block = has_block,
    .judge = judge,
    .blame = blame,
    .settled = settled,
};
