/* Producing blocks on regtest: a coinbase, the proof of work, and into our own chain. */
#include <inttypes.h>
#include <string.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"
#include "bitcoin/block/build.h"
#include "bitcoin/blockstore/strip.h"
#include "bitcoin/chain/pow.h"
#include "bitcoin/internal.h"
#include "log/log.h"

/* A time that both the rules and the wall clock accept. */
static uint32_t block_time(const struct bitcoin *b, uint32_t parent)
{
    uint32_t least = chain_median_time(&b->chain, parent) + 1;
    int64_t now = clock_wall_s();

    return now > (int64_t)least && now <= UINT32_MAX ? (uint32_t)now : least;
}

static int mine(const struct bitcoin *b, struct buf *block, uint32_t bits)
{
    struct u256 target;
    uint8_t target_le[BTC_HASH_BYTES];
    int rc = pow_target(&target, bits, &b->config.params);

    if (rc < 0)
        return rc;
    u256_to_le(target_le, &target);
    return btc_header_mine(block->data, target_le, NULL, NULL);
}

static int produce(struct bitcoin *b, struct buf *raw, struct chain_result *result,
                   struct bytes pay_to)
{
    uint32_t parent = chain_tip(&b->chain);
    struct btc_block_plan plan = {
        .version = BTC_BLOCK_VERSION,
        .time = block_time(b, parent),
        .height = (int32_t)chain_height(&b->chain) + 1,
        .extranonce = random_u64(),
        .pay_to = pay_to,
        .halving_interval = BTC_REGTEST_HALVING_INTERVAL,
    };
    struct reader r;
    struct btc_header header;
    uint8_t hash[BTC_HASH_BYTES];
    int rc;

    memcpy(plan.prev, chain_entry(&b->chain, parent)->hash, BTC_HASH_BYTES);
    plan.bits = chain_next_bits(&b->chain, parent, plan.time);
    rc = btc_block_build(raw, &plan);
    if (rc == 0)
        rc = mine(b, raw, plan.bits);
    if (rc < 0)
        return rc;
    r = reader_of(raw->data, raw->len);
    btc_header_decode(&r, &header);
    btc_header_hash(hash, &header);
    if (b->blocks.store) {
        struct frame *f = block_frame_wrap(b->config.params.magic, raw->data, raw->len);

        rc = f ? block_store_add(b->blocks.store, hash, (uint32_t)plan.height, f, NULL) : PN_ENOMEM;
    }
    return rc == 0 ? chain_accept(&b->chain, result, &header, hash) : rc;
}

/* Returns: 0 and the hash, or a pn_err. */
static int generate_block(struct bitcoin *b, uint8_t hash[BTC_HASH_BYTES], struct bytes pay_to)
{
    struct chain_result result;
    struct buf raw;
    int rc;

    buf_init(&raw, BTC_BLOCK_MAX_BYTES);
    rc = produce(b, &raw, &result, pay_to);
    buf_free(&raw);
    if (rc < 0)
        return rc;
    memcpy(hash, chain_entry(&b->chain, result.index)->hash, BTC_HASH_BYTES);
    manager_chain_grew(b);
    if (result.tip_moved)
        manager_tip_moved(b, &result, b->blocks.store != NULL);
    return 0;
}

/* --- at the operator's word --- */

static struct chan_class generated_class = {
    .name = "bitcoin_generated", .elem_size = 1, .capacity = 1};

void generate_ordered(struct bitcoin *b, struct manager_generate *order)
{
    char done = 0;

    order->rc = generate_block(b, order->hash, order->pay_to);
    (void)BUG(chan_try_send(&order->done, &done) < 0); /* its one place is for this */
}

int bitcoin_generate(struct bitcoin *b, uint8_t hash[32], struct bytes pay_to)
{
    struct manager_generate order = {.pay_to = pay_to, .rc = PN_ECLOSED};
    struct manager_msg m = {.event = MANAGER_GENERATE, .payload = &order.head};
    char done;
    int rc = b->config.params.no_retarget ? 0 : PN_ENOENT;

    if (rc == 0)
        rc = chan_class_register(&generated_class);
    if (rc == 0)
        rc = chan_init(&order.done, &generated_class);
    if (rc < 0)
        return rc;
    rc = chan_send(&b->inbox, &m, CLOCK_NEVER);
    if (rc == 0)
        rc = chan_recv(&order.done, &done, CLOCK_NEVER); /* it empties its inbox at any rate */
    chan_destroy(&order.done, NULL);
    if (rc == 0)
        rc = order.rc;
    if (rc == 0)
        memcpy(hash, order.hash, BTC_HASH_BYTES);
    return rc;
}

/* --- by the clock --- */

static void generate_by_itself(struct bitcoin *b)
{
    uint8_t hash[BTC_HASH_BYTES];
    int rc = generate_block(b, hash, (struct bytes){.data = NULL});

    if (rc < 0)
        log_error("bitcoin", "cannot produce a block: %s", pn_strerror(rc));
}

static int64_t tick(struct bitcoin *b, int64_t now_us)
{
    if (b->config.generate_ms <= 0)
        return CLOCK_NEVER;
    if (now_us < b->generate_at_us)
        return b->generate_at_us;
    if (b->generate_at_us != 0) /* the first tick only starts the clock */
        generate_by_itself(b);
    b->generate_at_us = clock_deadline_ms(b->config.generate_ms);
    return b->generate_at_us;
}

const struct manager_part generate_part = {.tick = tick};
