/* The filters of the blocks of the active chain, one after the other, from the genesis block on.
 * The next block is taken when it is kept; where the chain has gone another way, what was built is
 * taken back first. A chain that is longer than what is kept cannot be begun: what its blocks spend
 * is not known. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "bitcoin/blockstore/strip.h"
#include "bitcoin/filter_net_internal.h"
#include "codec/hex.h"
#include "log/log.h"
#include "metrics/metrics.h"

enum {
    BATCH_BLOCKS = 64, /* in one commit */
    DECODED_MAX_BYTES = 64 << 20,
    RETRY_MS = 10000
};

enum step { STEP_DONE, STEP_WAITS, STEP_SYNCED };

/* Its transaction is needed for its output alone. */
static int connect_genesis(struct filter_net *n)
{
    const struct btc_params *params = &n->net->config.params;
    const struct btc_txin in = {.prev_index = UINT32_MAX};
    const struct btc_txout out = {.script = params->genesis_script};
    const struct btc_tx tx = {.in = &in, .in_count = 1, .out = &out, .out_count = 1};
    const struct btc_block block = {.header = params->genesis, .txs = &tx, .tx_count = 1};

    return filterdb_connect(n->db, params->genesis_hash, &block);
}

static int connect_frame(struct filter_net *n, const uint8_t hash[BTC_HASH_BYTES],
                         const struct frame *frame)
{
    struct bytes raw = block_frame_payload(frame);
    struct reader r = reader_of(raw.data, raw.len);
    struct btc_block block;
    struct arena arena;
    int rc;

    arena_init(&arena, DECODED_MAX_BYTES);
    btc_block_decode(&r, &block, &arena);
    rc = r.err ? r.err : filterdb_connect(n->db, hash, &block);
    arena_free(&arena);
    return rc;
}

/* A block that spends what nobody has created: its chain breaks the rules, and has no filters from
 * there on. */
static void say_refused(struct filter_net *n, const struct chain_point *next)
{
    char text[2 * BTC_HASH_BYTES + 1];

    if (memcmp(n->index.refused, next->hash, BTC_HASH_BYTES) == 0)
        return;
    memcpy(n->index.refused, next->hash, BTC_HASH_BYTES);
    hash_to_hex(text, next->hash);
    log_warn("bitcoin", "no block filters from height %u on: block %s spends unknown outputs",
             next->height, text);
}

static void say_too_old(struct filter_net *n, uint32_t height)
{
    if (n->index.said_too_old || height + n->net->config.keep_blocks > atomic_load(&n->net->height))
        return;
    n->index.said_too_old = true;
    log_warn("bitcoin",
             "no block filters from height %u on: that block is older than those that are kept; "
             "--prune can be raised",
             height);
}

/* The chain may stand elsewhere now. */
static int go_back(struct filter_net *n, const struct filter_row *tip)
{
    int rc = filterdb_disconnect(n->db);

    if (rc == PN_ENOENT) {
        log_warn("bitcoin",
                 "block filters are made anew: the chain has changed too far below height %u",
                 tip->height);
        rc = filterdb_clear_built(n->db);
    }
    return rc;
}

/* Returns: enum step, or a pn_err after which the batch is given up. */
static int go_on(struct filter_net *n, const struct chain_point *next)
{
    struct frame *frame;
    int rc;

    if (next->height == 0)
        return connect_genesis(n); /* STEP_DONE is 0 */
    frame = block_store_get(n->net->blocks.store, NULL, next->hash);
    if (!frame) {
        say_too_old(n, next->height);
        return STEP_WAITS;
    }
    rc = connect_frame(n, next->hash, frame);
    frame_unref(frame);
    if (rc == PN_ENOENT) {
        say_refused(n, next);
        return STEP_WAITS;
    }
    return rc < 0 ? rc : STEP_DONE;
}

static int take_step(struct filter_net *n)
{
    struct chain_point there, next;
    struct filter_row tip;
    int rc = filterdb_batch_tip(n->db, FILTERDB_BUILT, &tip);

    if (rc < 0 && rc != PN_ENOENT)
        return rc;
    if (rc == 0 && (!chain_view_at(&n->net->chain, &there, tip.height) ||
                    memcmp(there.hash, tip.block, BTC_HASH_BYTES) != 0)) {
        rc = go_back(n, &tip);
        return rc < 0 ? rc : STEP_DONE;
    }
    if (!chain_view_at(&n->net->chain, &next, rc == 0 ? tip.height + 1 : 0))
        return STEP_SYNCED;
    return go_on(n, &next);
}

static void show(struct filter_net *n, bool synced)
{
    struct filter_row tip = {0};
    bool any = filterdb_tip(n->db, FILTERDB_BUILT, &tip) == 0;

    filter_net_note_reach(n, FILTERDB_BUILT, any ? tip.height + 1 : 0, any && synced);
    metric_set(n->height[FILTERDB_BUILT], any ? tip.height : 0);
}

/* A full disk costs the filters that are missing until there is room. */
static int64_t fail(struct filter_net *n, int rc)
{
    filterdb_give_up(n->db);
    if (n->index.retry_us == 0)
        log_error("bitcoin", "block filters cannot be kept: %s", pn_strerror(rc));
    n->index.retry_us = clock_deadline_ms(RETRY_MS);
    show(n, false);
    return n->index.retry_us;
}

int64_t filter_index_run(struct filter_net *n)
{
    int rc, step = STEP_DONE;

    if (n->index.retry_us > clock_mono_us())
        return n->index.retry_us;
    rc = filterdb_begin(n->db);
    for (int i = 0; i < BATCH_BLOCKS && rc == 0 && step == STEP_DONE; i++) {
        step = take_step(n);
        rc = step < 0 ? step : 0;
    }
    if (rc == 0)
        rc = filterdb_commit(n->db);
    if (rc < 0)
        return fail(n, rc);
    n->index.retry_us = 0;
    show(n, step == STEP_SYNCED);
    return step == STEP_DONE ? 0 : CLOCK_NEVER;
}
