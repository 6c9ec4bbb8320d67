/* Difficulty by fork: EIP-2 (Homestead), EIP-100 (Byzantium), the ice age and its delays (EIP-649,
 * 1234, 2384, 3554, 4345, 5133), and what Classic did to it (ECIP-1010, ECIP-1041). */
#include <string.h>

#include "ethereum/chain/rules.h"

enum {
    BOUND_DIVISOR = 2048,
    MINIMUM = 131072,
    FRONTIER_TARGET_S = 13,
    HOMESTEAD_STEP_S = 10,
    BYZANTIUM_STEP_S = 9,
    MAX_STEPS_DOWN = 99,
    ICE_AGE_PERIOD = 100000,
    MAX_ICE_PERIODS = 120, /* far beyond any chain; keeps 2^(n-2) within 128 bits */
};

static eth_u128 frontier(const struct eth_header *parent, uint64_t time)
{
    eth_u128 step = parent->difficulty / BOUND_DIVISOR;

    if (time - parent->time < FRONTIER_TARGET_S)
        return parent->difficulty + step;
    return parent->difficulty > step ? parent->difficulty - step : 0;
}

/* `quiet` steps are added for a block in time, and one taken off for each step of seconds. */
static eth_u128 stepwise(const struct eth_header *parent, uint64_t time, unsigned quiet,
                         unsigned step_s)
{
    eth_u128 step = parent->difficulty / BOUND_DIVISOR;
    uint64_t late = (time - parent->time) / step_s;

    if (late <= quiet)
        return parent->difficulty + step * (quiet - late);
    late -= quiet;
    if (late > MAX_STEPS_DOWN)
        late = MAX_STEPS_DOWN;
    return parent->difficulty > step * late ? parent->difficulty - step * late : 0;
}

/* How many blocks the ice age lags behind; UINT64_MAX when it is over. */
static uint64_t ice_delay(const struct eth_params *p, uint64_t number)
{
    if (number >= p->bomb_disposal)
        return UINT64_MAX;
    if (number >= p->gray_glacier)
        return 11400000;
    if (number >= p->arrow_glacier)
        return 10700000;
    if (number >= p->london)
        return 9700000;
    if (number >= p->muir_glacier)
        return 9000000;
    if (number >= p->constantinople)
        return 5000000;
    if (number >= p->byzantium)
        return 3000000;
    if (number >= p->bomb_resume)
        return p->bomb_resume - p->bomb_pause;
    return 0;
}

static eth_u128 ice(const struct eth_params *p, uint64_t number)
{
    uint64_t delay = ice_delay(p, number), periods;

    if (number < p->bomb_resume && number >= p->bomb_pause)
        number = p->bomb_pause; /* it stands still */
    if (delay >= number)
        return 0;
    periods = (number - delay) / ICE_AGE_PERIOD;
    if (periods < 2)
        return 0;
    if (periods > MAX_ICE_PERIODS)
        periods = MAX_ICE_PERIODS;
    return (eth_u128)1 << (periods - 2);
}

eth_u128 eth_difficulty(const struct eth_params *p, const struct eth_header *parent, uint64_t time)
{
    bool uncles = memcmp(parent->uncles_hash, eth_empty_list_hash, ETH_HASH_BYTES) != 0;
    uint64_t number = parent->number + 1;
    eth_u128 d;

    if (number >= p->byzantium)
        d = stepwise(parent, time, uncles ? 2 : 1, BYZANTIUM_STEP_S);
    else if (number >= p->homestead)
        d = stepwise(parent, time, 1, HOMESTEAD_STEP_S);
    else
        d = frontier(parent, time);
    if (d < MINIMUM)
        d = MINIMUM;
    return d + ice(p, number);
}
