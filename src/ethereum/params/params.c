#include "ethereum/params/params.h"

#include <stdio.h>
#include <string.h>

void eth_params_init(struct eth_params *p, const char *name)
{
    memset(p, 0, sizeof *p);
    snprintf(p->name, sizeof p->name, "%s", name);
    p->homestead = p->eip155 = p->byzantium = p->constantinople = ETH_NEVER;
    p->muir_glacier = p->berlin = p->london = p->arrow_glacier = p->gray_glacier = ETH_NEVER;
    p->bomb_pause = p->bomb_resume = p->bomb_disposal = ETH_NEVER;
    p->shanghai = p->cancun = p->prague = p->osaka = ETH_NEVER;
    p->merge_difficulty = ETH_U128_MAX;
    p->ethash_end = ETH_NEVER;
    memcpy(p->genesis.uncles_hash, eth_empty_list_hash, ETH_HASH_BYTES);
    p->genesis.n_fields = ETH_FIELDS_FRONTIER;
}
