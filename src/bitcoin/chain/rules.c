/* What a header must be given those before it: bits, time, version.
 * Rules and their order: Bitcoin Core, src/validation.cpp (ContextualCheckBlockHeader) and
 * src/pow.cpp (GetNextWorkRequired); BIP94 for testnet4. */
#include "base/err.h"
#include "bitcoin/chain/chain_internal.h"
#include "bitcoin/chain/pow.h"

enum { MIN_DIFFICULTY_GAP_S = 2 * POW_SPACING_S };

/* Times mostly ascend, and inserting into what is sorted already is fast. */
static void insert_sorted(uint32_t *times, unsigned n, uint32_t time)
{
    for (; n > 0 && times[n - 1] < time; n--)
        times[n] = times[n - 1];
    times[n] = time;
}

uint32_t chain_median_time(const struct chain *chain, uint32_t index)
{
    uint32_t times[CHAIN_MTP_SPAN]; /* latest first, as walking back meets them */
    unsigned n = 0;

    while (n < CHAIN_MTP_SPAN && index != CHAIN_NONE) {
        const struct chain_entry *e = chain_entry(chain, index);

        insert_sorted(times, n++, e->time);
        index = e->parent;
    }
    return times[(n - 1) - n / 2];
}

static uint32_t bits_of_new_period(const struct chain *chain, uint32_t last)
{
    const struct chain_entry *end = chain_entry(chain, last);
    const struct chain_entry *start =
        chain_entry(chain, chain_ancestor(chain, last, end->height - (POW_INTERVAL - 1)));
    uint32_t old_bits = chain->params->bip94 ? start->bits : end->bits;

    return pow_retarget(old_bits, start->time, end->time, chain->params);
}

uint32_t chain_next_bits(const struct chain *chain, uint32_t parent, uint32_t time)
{
    const struct btc_params *params = chain->params;
    const struct chain_entry *p = chain_entry(chain, parent);

    if ((p->height + 1) % POW_INTERVAL == 0)
        return bits_of_new_period(chain, parent);
    if (!params->min_difficulty)
        return p->bits;
    if ((int64_t)time - p->time > MIN_DIFFICULTY_GAP_S)
        return params->pow_limit_bits;
    return chain_last_real_bits(chain, parent);
}

int32_t chain_least_version(const struct chain *chain, uint32_t height)
{
    const struct btc_params *params = chain->params;

    if (height >= params->bip65_height)
        return 4;
    if (height >= params->bip66_height)
        return 3;
    return height >= params->bip34_height ? 2 : INT32_MIN;
}

static bool warps_time(const struct chain *chain, const struct chain_entry *parent, uint32_t time)
{
    return chain->params->bip94 && (parent->height + 1) % POW_INTERVAL == 0 &&
           (int64_t)time < (int64_t)parent->time - CHAIN_TIMEWARP_S;
}

int chain_check_context(const struct chain *chain, uint32_t parent, const struct btc_header *header,
                        int64_t now_s)
{
    const struct chain_entry *p = chain_entry(chain, parent);

    if (header->bits != chain_next_bits(chain, parent, header->time))
        return PN_EBITS;
    if (header->time <= chain_median_time(chain, parent))
        return PN_ETIMEOLD;
    if (warps_time(chain, p, header->time))
        return PN_ETIMEWARP;
    if (header->time > now_s + CHAIN_FUTURE_LIMIT_S)
        return PN_ETIMENEW;
    if (header->version < chain_least_version(chain, p->height + 1))
        return PN_EBADVERSION;
    return 0;
}
