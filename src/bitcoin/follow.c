/* The active chain told block by block, in an order in which each follows from the last. What was
 * told last is remembered by its hash alone: the way from there to the tip is found in the chain.
 */
#include <string.h>

#include "base/clock.h"
#include "bitcoin/internal.h"

static const uint8_t *hash_of(const struct bitcoin *b, uint32_t index)
{
    return chain_entry(&b->chain, index)->hash;
}

static bool is_active(const struct bitcoin *b, uint32_t index)
{
    uint32_t height = chain_entry(&b->chain, index)->height;

    return height <= chain_height(&b->chain) && chain_at(&b->chain, height) == index;
}

static bool is_held(struct bitcoin *b, uint32_t height)
{
    return !b->blocks.store ||
           block_store_has(b->blocks.store, hash_of(b, chain_at(&b->chain, height)));
}

/* The lowest block that is to be told next, given the last one that stays: what is not kept is
 * passed over. */
static uint32_t next_after(const struct bitcoin *b, uint32_t height)
{
    uint32_t tip = chain_height(&b->chain), keep = b->config.keep_blocks;
    uint32_t first = b->blocks.store && tip >= keep ? tip - keep + 1 : 0;

    return height + 1 > first ? height + 1 : first;
}

static void tell(struct bitcoin *b, uint32_t index, bool connected)
{
    b->follow.fn(b->follow.arg, hash_of(b, index), connected);
}

static void go_to(struct bitcoin *b, uint32_t index)
{
    memcpy(b->follow.at, hash_of(b, index), BTC_HASH_BYTES);
}

static void advance(struct bitcoin *b, uint32_t at)
{
    uint32_t fork = at, tip = chain_height(&b->chain), next;

    while (!is_active(b, fork))
        fork = chain_entry(&b->chain, fork)->parent;
    next = next_after(b, chain_entry(&b->chain, fork)->height);
    /* A branch takes the place of another once its first block is there. */
    if (next <= tip && !is_held(b, next))
        return;
    for (; at != fork; at = chain_entry(&b->chain, at)->parent)
        tell(b, at, false);
    go_to(b, fork);
    for (; next <= tip && is_held(b, next); next++) {
        tell(b, chain_at(&b->chain, next), true);
        go_to(b, chain_at(&b->chain, next));
    }
}

static int64_t tick(struct bitcoin *b, int64_t now_us)
{
    uint32_t at;

    (void)now_us;
    if (!b->follow.fn)
        return CLOCK_NEVER;
    at = chain_find(&b->chain, b->follow.at);
    /* The branch may have been dropped since, and headers that are still being learned are history.
     */
    if (at == CHAIN_NONE || (!b->blocks.store && !atomic_load(&b->in_sync)))
        go_to(b, chain_tip(&b->chain));
    else
        advance(b, at);
    return CLOCK_NEVER;
}

static void tip_moved(struct bitcoin *b, const struct chain_result *r)
{
    (void)r;
    manager_due(b, PART_FOLLOW, 0);
}

const struct manager_part follow_part = {
    .tip_moved = tip_moved,
    .tick = tick,
};

void bitcoin_follow(struct bitcoin *b, bitcoin_follower *fn, void *arg)
{
    b->follow.fn = fn;
    b->follow.arg = arg;
    go_to(b, chain_tip(&b->chain));
}
