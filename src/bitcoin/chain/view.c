#include "bitcoin/chain/view.h"

#include <string.h>

#include "bitcoin/chain/chain_internal.h"

void chain_view_describe(const struct chain *chain, struct chain_point *out, uint32_t index)
{
    const struct chain_entry *e = chain_entry(chain, index);

    *out = (struct chain_point){
        .work = e->work,
        .height = e->height,
        .time = e->time,
        .bits = e->bits,
        .median_time = chain_median_time(chain, index),
        .best = chain_is_active(chain, index),
        .invalid = e->flags & CHAIN_INVALID,
    };
    memcpy(out->hash, e->hash, sizeof out->hash);
}

void chain_view_tip(struct chain *chain, struct chain_point *out)
{
    mutex_lock(&chain->mu);
    chain_view_describe(chain, out, chain_tip(chain));
    mutex_unlock(&chain->mu);
}

bool chain_view_find(struct chain *chain, struct chain_point *out,
                     const uint8_t hash[BTC_HASH_BYTES])
{
    uint32_t index;

    mutex_lock(&chain->mu);
    index = chain_find(chain, hash);
    if (index != CHAIN_NONE)
        chain_view_describe(chain, out, index);
    mutex_unlock(&chain->mu);
    return index != CHAIN_NONE;
}

bool chain_view_at(struct chain *chain, struct chain_point *out, uint32_t height)
{
    uint32_t index;

    mutex_lock(&chain->mu);
    index = chain_at(chain, height);
    if (index != CHAIN_NONE)
        chain_view_describe(chain, out, index);
    mutex_unlock(&chain->mu);
    return index != CHAIN_NONE;
}

size_t chain_view_headers(struct chain *chain, struct btc_header *headers,
                          uint8_t (*hashes)[BTC_HASH_BYTES], uint32_t first, size_t n)
{
    size_t got = 0;

    if (n > CHAIN_VIEW_MAX)
        n = CHAIN_VIEW_MAX;
    mutex_lock(&chain->mu);
    for (uint32_t height = first; got < n && height < chain->active_len; height++, got++) {
        uint32_t index = chain->active[height];

        if (headers)
            chain_header(chain, &headers[got], index);
        if (hashes)
            memcpy(hashes[got], chain_entry(chain, index)->hash, BTC_HASH_BYTES);
    }
    mutex_unlock(&chain->mu);
    return got;
}

size_t chain_view_raw(struct chain *chain, uint8_t (*out)[BTC_HEADER_BYTES], uint32_t first,
                      size_t n)
{
    size_t got = 0;

    if (n > CHAIN_VIEW_MAX)
        n = CHAIN_VIEW_MAX;
    mutex_lock(&chain->mu);
    for (uint32_t height = first; got < n && height < chain->active_len; height++, got++) {
        struct btc_header header;

        chain_header(chain, &header, chain->active[height]);
        btc_header_store(out[got], &header);
    }
    mutex_unlock(&chain->mu);
    return got;
}

bool chain_view_header(struct chain *chain, struct btc_header *out,
                       const uint8_t hash[BTC_HASH_BYTES])
{
    uint32_t index;

    mutex_lock(&chain->mu);
    index = chain_find(chain, hash);
    if (index != CHAIN_NONE)
        chain_header(chain, out, index);
    mutex_unlock(&chain->mu);
    return index != CHAIN_NONE;
}

btc_work chain_view_dos_work(struct chain *chain)
{
    btc_work work;

    mutex_lock(&chain->mu);
    work = chain_dos_work(chain);
    mutex_unlock(&chain->mu);
    return work;
}

size_t chain_view_locator_after(struct chain *chain, uint8_t (*out)[BTC_HASH_BYTES],
                                const uint8_t first[BTC_HASH_BYTES])
{
    size_t n;

    /* The genesis ends the longest locator long before it is full. */
    _Static_assert(CHAIN_LOCATOR_MAX > 64,
                   "a locator has a dozen hashes and one for each doubling");
    memcpy(out[0], first, BTC_HASH_BYTES);
    mutex_lock(&chain->mu);
    n = chain_locator(chain, out + 1, chain_tip(chain));
    mutex_unlock(&chain->mu);
    return n + 1;
}

size_t chain_view_records(struct chain *chain, struct chain_record *out, uint32_t *generation,
                          uint32_t from, size_t max)
{
    size_t n = 0;

    mutex_lock(&chain->mu);
    if (*generation != chain->generation) {
        *generation = chain->generation;
        max = 0;
    }
    for (; n < max && from + n < chain->count; n++) {
        const struct chain_entry *e = chain_entry(chain, from + (uint32_t)n);

        out[n].height = e->height;
        memcpy(out[n].hash, e->hash, sizeof out[n].hash);
        chain_header(chain, &out[n].header, from + (uint32_t)n);
    }
    mutex_unlock(&chain->mu);
    return n;
}
