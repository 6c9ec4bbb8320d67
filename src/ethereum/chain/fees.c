/* Prices that a header must carry on from its parent: the base fee, and the excess of blob gas. */
#include "ethereum/chain/rules.h"

#define INITIAL_BASE_FEE UINT64_C(1000000000)

enum {
    BASE_FEE_CHANGE_DIVISOR = 8,
    ELASTICITY = 2,
    GAS_PER_BLOB = 131072,
    BLOB_BASE_COST = 8192, /* EIP-7918 */
};

uint64_t eth_base_fee(const struct eth_params *p, const struct eth_header *parent)
{
    uint64_t target = parent->gas_limit / ELASTICITY, used = parent->gas_used;
    eth_u128 fee = parent->base_fee, change;

    if (parent->number + 1 <= p->london || target == 0)
        return INITIAL_BASE_FEE;
    if (used == target)
        return parent->base_fee;
    if (used > target) {
        change = fee * (used - target) / target / BASE_FEE_CHANGE_DIVISOR;
        fee += change > 0 ? change : 1;
    } else {
        change = fee * (target - used) / target / BASE_FEE_CHANGE_DIVISOR;
        fee -= change;
    }
    return fee > UINT64_MAX ? UINT64_MAX : (uint64_t)fee;
}

static const struct eth_blob_rule *blob_rule(const struct eth_params *p, uint64_t time)
{
    const struct eth_blob_rule *rule = NULL;

    for (unsigned i = 0; i < p->n_blobs && p->blobs[i].time <= time; i++)
        rule = &p->blobs[i];
    return rule;
}

/* e^(excess / fraction), rounded down, by the series of EIP-4844; what does not fit is the most
 * there is. */
static eth_u128 blob_price(uint64_t excess, uint64_t fraction)
{
    eth_u128 sum = 0, term = fraction;

    for (unsigned i = 1; term > 0; i++) {
        if (sum > ETH_U128_MAX - term)
            return ETH_U128_MAX;
        sum += term;
        if (excess > 0 && term > ETH_U128_MAX / excess)
            return ETH_U128_MAX;
        term = term * excess / fraction / i;
    }
    return sum / fraction;
}

static bool below_reserve_price(const struct eth_header *parent, const struct eth_blob_rule *rule)
{
    eth_u128 price = blob_price(parent->excess_blob_gas, rule->update_fraction);

    if (price > ETH_U128_MAX / GAS_PER_BLOB)
        return false;
    return (eth_u128)parent->base_fee * BLOB_BASE_COST > price * GAS_PER_BLOB;
}

uint64_t eth_excess_blob_gas(const struct eth_params *p, const struct eth_header *parent,
                             uint64_t time)
{
    const struct eth_blob_rule *rule = blob_rule(p, time);
    uint64_t target, total;

    if (!rule)
        return 0;
    target = rule->target * GAS_PER_BLOB;
    if (__builtin_add_overflow(parent->excess_blob_gas, parent->blob_gas_used, &total))
        return UINT64_MAX;
    if (total < target)
        return 0;
    if (time >= p->osaka && below_reserve_price(parent, rule))
        return parent->excess_blob_gas +
               (uint64_t)((eth_u128)parent->blob_gas_used * (rule->max - rule->target) / rule->max);
    return total - target;
}
