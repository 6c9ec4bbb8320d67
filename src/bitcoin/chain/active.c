/* Reading the active chain, and the two messages that walk it: the locator of getheaders, and the
 * headers that answer one. */
#include <string.h>

#include "bitcoin/chain/chain_internal.h"

/* Hashes in a locator before the gaps begin to double. As in Bitcoin Core (src/chain.cpp) and btcd
 * the doubling takes effect two hashes later. */
enum { LOCATOR_DENSE = 10 };

uint32_t chain_tip(const struct chain *chain)
{
    return chain->active[chain->active_len - 1];
}

uint32_t chain_height(const struct chain *chain)
{
    return chain->active_len - 1;
}

uint32_t chain_at(const struct chain *chain, uint32_t height)
{
    return height < chain->active_len ? chain->active[height] : CHAIN_NONE;
}

bool chain_is_active(const struct chain *chain, uint32_t index)
{
    return chain_at(chain, chain_entry(chain, index)->height) == index;
}

bool chain_min_work_reached(const struct chain *chain)
{
    return chain_entry(chain, chain_tip(chain))->work >= chain->params->min_work;
}

btc_work chain_dos_work(const struct chain *chain)
{
    const struct chain_entry *tip = chain_entry(chain, chain_tip(chain));
    btc_work margin = CHAIN_DOS_MARGIN * work_of_bits(tip->bits);
    btc_work near_tip = tip->work > margin ? tip->work - margin : 0;

    return near_tip > chain->params->min_work ? near_tip : chain->params->min_work;
}

size_t chain_tips(const struct chain *chain, uint32_t *out, size_t max)
{
    size_t n = 0;

    for (uint32_t i = chain->count; i-- > 0;) {
        if (chain_entry(chain, i)->flags & CHAIN_HAS_CHILD)
            continue;
        if (n < max)
            out[n] = i;
        n++;
    }
    return n;
}

size_t chain_locator(const struct chain *chain, uint8_t (*out)[BTC_HASH_BYTES], uint32_t index)
{
    uint32_t height = chain_entry(chain, index)->height, step = 1;
    size_t n = 0;

    for (;;) {
        memcpy(out[n++], chain_entry(chain, index)->hash, BTC_HASH_BYTES);
        if (height == 0)
            return n;
        height = height > step ? height - step : 0;
        if (n > LOCATOR_DENSE)
            step *= 2;
        index = chain_ancestor(chain, index, height);
    }
}

uint32_t chain_find_fork(const struct chain *chain, const uint8_t (*locator)[BTC_HASH_BYTES],
                         size_t n)
{
    uint32_t tip = chain_tip(chain);

    for (size_t i = 0; i < n; i++) {
        uint32_t index = chain_find(chain, locator[i]);

        if (index == CHAIN_NONE)
            continue;
        if (chain_is_active(chain, index))
            return index;
        if (chain_ancestor(chain, index, chain_height(chain)) == tip)
            return tip;
    }
    return chain_at(chain, 0);
}

size_t chain_next_headers(const struct chain *chain, struct btc_header *out, uint32_t after,
                          const uint8_t stop[BTC_HASH_BYTES], size_t max)
{
    uint32_t height = chain_entry(chain, after)->height + 1;
    uint32_t last = chain_find(chain, stop);
    size_t n = 0;

    if (max > CHAIN_NEXT_MAX)
        max = CHAIN_NEXT_MAX;
    for (; n < max && height < chain->active_len; height++) {
        chain_header(chain, &out[n++], chain->active[height]);
        if (chain->active[height] == last)
            break;
    }
    return n;
}
