#include "bitcoin/chain/pow.h"

#include "base/err.h"

/* A period counts as a quarter of its intended duration at least and as four times it at most. */
enum { MAX_ADJUSTMENT = 4 };

int pow_target(struct u256 *target, uint32_t bits, const struct btc_params *params)
{
    if (u256_from_compact(target, bits) || u256_compare(target, &params->pow_limit) > 0)
        return PN_EBITS;
    return 0;
}

int pow_check_hash(const uint8_t hash[BTC_HASH_BYTES], uint32_t bits,
                   const struct btc_params *params)
{
    struct u256 target, value = u256_from_le(hash);
    int rc = pow_target(&target, bits, params);

    if (rc)
        return rc;
    return u256_compare(&value, &target) > 0 ? PN_EPOW : 0;
}

/* target × seconds / intended seconds, at most the limit. Exact: where Bitcoin Core's 256-bit
 * product would wrap, which no public network's limit lets happen, the limit applies. */
static struct u256 scale(struct u256 target, uint32_t seconds, const struct btc_params *params)
{
    uint32_t high = u256_mul_u32(&target, seconds);

    if (high >= POW_PERIOD_S)
        return params->pow_limit;
    u256_div_u32(&target, high, POW_PERIOD_S);
    return u256_compare(&target, &params->pow_limit) > 0 ? params->pow_limit : target;
}

uint32_t pow_retarget(uint32_t old_bits, uint32_t first_time, uint32_t last_time,
                      const struct btc_params *params)
{
    int64_t seconds = (int64_t)last_time - first_time;
    struct u256 target;

    if (params->no_retarget)
        return old_bits;
    if (seconds < POW_PERIOD_S / MAX_ADJUSTMENT)
        seconds = POW_PERIOD_S / MAX_ADJUSTMENT;
    if (seconds > POW_PERIOD_S * MAX_ADJUSTMENT)
        seconds = POW_PERIOD_S * MAX_ADJUSTMENT;
    u256_from_compact(&target, old_bits);
    target = scale(target, (uint32_t)seconds, params);
    return u256_to_compact(&target);
}

/* Compact bits lose precision, so a bound is compared in the form that a header can carry. */
static struct u256 bound(const struct u256 *target, uint32_t seconds,
                         const struct btc_params *params)
{
    struct u256 scaled = scale(*target, seconds, params), rounded;

    u256_from_compact(&rounded, u256_to_compact(&scaled));
    return rounded;
}

bool pow_transition_permitted(uint32_t height, uint32_t old_bits, uint32_t new_bits,
                              const struct btc_params *params)
{
    struct u256 old_target, new_target, easiest, hardest;

    if (params->min_difficulty)
        return true;
    if (height % POW_INTERVAL != 0 || params->no_retarget)
        return old_bits == new_bits;
    if (u256_from_compact(&old_target, old_bits) || u256_from_compact(&new_target, new_bits))
        return false;
    easiest = bound(&old_target, POW_PERIOD_S * MAX_ADJUSTMENT, params);
    hardest = bound(&old_target, POW_PERIOD_S / MAX_ADJUSTMENT, params);
    return u256_compare(&new_target, &easiest) <= 0 && u256_compare(&new_target, &hardest) >= 0;
}
