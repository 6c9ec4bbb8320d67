#include "ethereum/chain/rules.h"

#include <string.h>

#include "base/err.h"

enum {
    EXTRA_MAX = 32,
    CLIQUE_EXTRA_MAX = 32 + 65 + 1024 * ETH_ADDRESS_BYTES,
    GAS_LIMIT_MIN = 5000,
    GAS_LIMIT_DIVISOR = 1024,
    LONDON_ELASTICITY = 2,
};

bool eth_is_merged(const struct eth_params *p, eth_u128 parent_total_difficulty)
{
    return parent_total_difficulty >= p->merge_difficulty;
}

static unsigned fields_expected(const struct eth_params *p, const struct eth_header *h)
{
    if (h->number < p->london)
        return ETH_FIELDS_FRONTIER;
    if (h->time >= p->prague)
        return ETH_FIELDS_PRAGUE;
    if (h->time >= p->cancun)
        return ETH_FIELDS_CANCUN;
    return h->time >= p->shanghai ? ETH_FIELDS_SHANGHAI : ETH_FIELDS_LONDON;
}

static int check_gas(const struct eth_params *p, const struct eth_header *parent,
                     const struct eth_header *h)
{
    uint64_t before = parent->gas_limit, difference; /* the parent's is below 2^63 */

    if (h->number == p->london) /* it doubles, so that the target stays */
        before *= LONDON_ELASTICITY;
    difference = h->gas_limit > before ? h->gas_limit - before : before - h->gas_limit;
    if (h->gas_limit > INT64_MAX || h->gas_used > h->gas_limit || h->gas_limit < GAS_LIMIT_MIN ||
        difference >= before / GAS_LIMIT_DIVISOR)
        return PN_EGAS;
    return 0;
}

/* Behind the merge there is no work, and there are no uncles (EIP-3675). */
static int check_merged(const struct eth_header *h)
{
    static const uint8_t zero[ETH_NONCE_BYTES];

    if (h->difficulty != 0 || memcmp(h->nonce, zero, sizeof zero) != 0)
        return PN_EDIFFICULTY;
    return memcmp(h->uncles_hash, eth_empty_list_hash, ETH_HASH_BYTES) == 0 ? 0 : PN_EUNCLES;
}

static int check_difficulty(const struct eth_params *p, const struct eth_header *parent,
                            eth_u128 parent_td, const struct eth_header *h)
{
    if (eth_is_merged(p, parent_td))
        return check_merged(h);
    if (p->seal == ETH_SEAL_CLIQUE)
        return h->difficulty == 1 || h->difficulty == 2 ? 0 : PN_EDIFFICULTY;
    return h->difficulty == eth_difficulty(p, parent, h->time) ? 0 : PN_EDIFFICULTY;
}

static int check_fees(const struct eth_params *p, const struct eth_header *parent,
                      const struct eth_header *h)
{
    if (h->n_fields >= ETH_FIELDS_LONDON && h->base_fee != eth_base_fee(p, parent))
        return PN_EBASEFEE;
    if (h->n_fields >= ETH_FIELDS_CANCUN &&
        h->excess_blob_gas != eth_excess_blob_gas(p, parent, h->time))
        return PN_EBLOBGAS;
    return 0;
}

static int check_place(const struct eth_params *p, const struct eth_header *parent,
                       const struct eth_header *h, uint64_t now_s)
{
    if (h->number != parent->number + 1 || memcmp(h->parent, parent->hash, ETH_HASH_BYTES) != 0)
        return PN_EORPHAN;
    if (h->time <= parent->time)
        return PN_ETIMEOLD;
    if (h->time > now_s + ETH_FUTURE_S)
        return PN_ETIMENEW;
    if (p->required_number > 0 && h->number == p->required_number &&
        memcmp(h->hash, p->required_hash, ETH_HASH_BYTES) != 0)
        return PN_ECHECKPOINT;
    return 0;
}

int eth_header_check(const struct eth_params *p, const struct eth_header *parent,
                     eth_u128 parent_total_difficulty, const struct eth_header *h, uint64_t now_s)
{
    int rc = check_place(p, parent, h, now_s);

    if (rc == 0 && h->extra.len > (p->seal == ETH_SEAL_CLIQUE ? CLIQUE_EXTRA_MAX : EXTRA_MAX))
        rc = PN_EFORMAT;
    if (rc == 0 && h->n_fields != fields_expected(p, h))
        rc = PN_EFIELDS;
    if (rc == 0)
        rc = check_gas(p, parent, h);
    if (rc == 0)
        rc = check_difficulty(p, parent, parent_total_difficulty, h);
    return rc < 0 ? rc : check_fees(p, parent, h);
}
