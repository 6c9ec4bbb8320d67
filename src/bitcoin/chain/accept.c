/* How a header gets in, and which branch is the active one.
 *
 * A batch arrives as one `headers` message. On the peer's thread headers_precheck hashes it; on the
 * manager's, chain_accept_many takes each header through accept_one: is it known, is its work done,
 * is its parent known, do the rules of rules.c hold? Then it is added to the tree, and if the work
 * down to it exceeds the tip's, its branch becomes the active chain. On equal work the branch seen
 * first stays: a miner who withholds a block gains nothing by publishing it second. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "bitcoin/chain/chain_internal.h"
#include "bitcoin/chain/pow.h"
#include "codec/hex.h"

/* Make the branch that ends in `tip` the active one: rewrite the heights from its end down to the
 * last header it shares with the chain that was active. */
static void activate(struct chain *chain, uint32_t tip)
{
    const struct chain_entry *e = chain_entry(chain, tip);
    uint32_t old_len = chain->active_len;

    chain->active_len = e->height + 1;
    while (e->height >= old_len || chain->active[e->height] != tip) {
        chain->active[e->height] = tip;
        tip = e->parent;
        e = chain_entry(chain, tip);
    }
}

/* Tell what happened to the active chain since old_tip was its tip. */
static void report_tip(const struct chain *chain, struct chain_result *result, uint32_t old_tip)
{
    uint32_t fork = old_tip;

    result->tip_moved = chain_tip(chain) != old_tip;
    if (!result->tip_moved)
        return;
    while (!chain_is_active(chain, fork))
        fork = chain_entry(chain, fork)->parent;
    result->fork_height = chain_entry(chain, fork)->height;
    result->depth = chain_entry(chain, old_tip)->height - result->fork_height;
}

static uint32_t find_parent(const struct chain *chain, const struct btc_header *header)
{
    if (memcmp(chain_entry(chain, chain->recent)->hash, header->prev, BTC_HASH_BYTES) == 0)
        return chain->recent;
    return chain_find(chain, header->prev);
}

/* A header at a height that is known must be the one that is known. */
static int check_checkpoint(const struct chain *chain, uint32_t height,
                            const uint8_t hash[BTC_HASH_BYTES])
{
    const struct btc_checkpoint *c = chain->params->checkpoints;
    char shown[65];

    while (c && c->height != 0 && c->height < height)
        c++;
    if (!c || c->height != height)
        return 0;
    hash_to_hex(shown, hash);
    return strcmp(shown, c->hash) == 0 ? 0 : PN_EOTHERCHAIN;
}

static int check(const struct chain *chain, uint32_t *parent, const struct btc_header *header,
                 const uint8_t hash[BTC_HASH_BYTES], int64_t now_s)
{
    int rc = pow_check_hash(hash, header->bits, chain->params);

    if (rc)
        return rc;
    *parent = find_parent(chain, header);
    if (*parent == CHAIN_NONE)
        return PN_EORPHAN;
    if (chain_entry(chain, *parent)->flags & CHAIN_INVALID)
        return PN_ECHECKPOINT;
    rc = chain_check_context(chain, *parent, header, now_s);
    return rc == 0 ? check_checkpoint(chain, chain_entry(chain, *parent)->height + 1, hash) : rc;
}

static int add(struct chain *chain, uint32_t *index, const struct btc_header *header,
               const uint8_t hash[BTC_HASH_BYTES], uint32_t parent)
{
    int rc;

    mutex_lock(&chain->mu);
    rc = chain_reserve(chain);
    if (rc == 0) {
        *index = chain_append(chain, header, hash, parent);
        if (chain_entry(chain, *index)->work > chain_entry(chain, chain_tip(chain))->work)
            activate(chain, *index);
    }
    mutex_unlock(&chain->mu);
    return rc;
}

static int accept_one(struct chain *chain, struct chain_result *result,
                      const struct btc_header *header, const uint8_t hash[BTC_HASH_BYTES],
                      int64_t now_s)
{
    uint32_t index = chain_find(chain, hash), parent;
    int rc;

    if (index != CHAIN_NONE) {
        if (chain_entry(chain, index)->flags & CHAIN_INVALID)
            return PN_ECHECKPOINT;
        chain->recent = result->index = index;
        result->known++;
        return PN_EDUPLICATE;
    }
    rc = check(chain, &parent, header, hash, now_s);
    if (rc == 0)
        rc = add(chain, &index, header, hash, parent);
    if (rc)
        return rc;
    result->index = index;
    result->added++;
    return 0;
}

int chain_accept(struct chain *chain, struct chain_result *result, const struct btc_header *header,
                 const uint8_t hash[BTC_HASH_BYTES])
{
    uint32_t old_tip = chain_tip(chain);
    int rc;

    *result = (struct chain_result){.index = CHAIN_NONE};
    rc = accept_one(chain, result, header, hash, clock_wall_s());
    report_tip(chain, result, old_tip);
    return rc;
}

int chain_accept_many(struct chain *chain, struct chain_result *result,
                      const struct btc_header *headers, const uint8_t (*hashes)[BTC_HASH_BYTES],
                      size_t n)
{
    uint32_t old_tip = chain_tip(chain);
    int64_t now_s = clock_wall_s();
    int rc = 0;

    *result = (struct chain_result){.index = CHAIN_NONE};
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = accept_one(chain, result, &headers[i], hashes[i], now_s);
        if (rc == PN_EDUPLICATE)
            rc = 0;
    }
    report_tip(chain, result, old_tip);
    return rc;
}

int chain_restore(struct chain *chain, const struct btc_header *header,
                  const uint8_t hash[BTC_HASH_BYTES])
{
    uint32_t parent = find_parent(chain, header), index;
    int rc = pow_check_hash(hash, header->bits, chain->params);

    if (rc)
        return rc;
    if (parent == CHAIN_NONE)
        return PN_EORPHAN;
    if (chain_find(chain, hash) != CHAIN_NONE)
        return PN_EDUPLICATE;
    return add(chain, &index, header, hash, parent);
}

void chain_restore_tip(struct chain *chain, const uint8_t hash[BTC_HASH_BYTES])
{
    uint32_t index = chain_find(chain, hash);

    if (index == CHAIN_NONE ||
        chain_entry(chain, index)->work < chain_entry(chain, chain_tip(chain))->work)
        return;
    mutex_lock(&chain->mu);
    activate(chain, index);
    mutex_unlock(&chain->mu);
}

/* Parents have lower indices than their children, so one pass upwards reaches every descendant. */
static void mark_descendants(struct chain *chain, uint32_t index)
{
    chain_entry_mut(chain, index)->flags |= CHAIN_INVALID;
    for (uint32_t i = index + 1; i < chain->count; i++) {
        struct chain_entry *e = chain_entry_mut(chain, i);

        if (chain_entry(chain, e->parent)->flags & CHAIN_INVALID)
            e->flags |= CHAIN_INVALID;
    }
}

/* The valid entry with the most work; of equals the lowest index, which was seen first. */
static uint32_t best_valid(const struct chain *chain)
{
    uint32_t best = 0;

    for (uint32_t i = 1; i < chain->count; i++) {
        const struct chain_entry *e = chain_entry(chain, i);

        if (!(e->flags & CHAIN_INVALID) && e->work > chain_entry(chain, best)->work)
            best = i;
    }
    return best;
}

int chain_invalidate(struct chain *chain, struct chain_result *result, uint32_t index)
{
    uint32_t old_tip = chain_tip(chain);

    *result = (struct chain_result){.index = index};
    if (index == 0 || index >= chain->count)
        return PN_EINVAL;
    mutex_lock(&chain->mu);
    mark_descendants(chain, index);
    if (chain_entry(chain, old_tip)->flags & CHAIN_INVALID)
        activate(chain, best_valid(chain));
    mutex_unlock(&chain->mu);
    report_tip(chain, result, old_tip);
    return 0;
}
