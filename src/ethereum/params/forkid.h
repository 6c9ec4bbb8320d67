/* Fork ids (EIP-2124, EIP-6122): a checksum over the genesis and the forks passed, and the next
 * fork, by which two nodes tell before they exchange anything whether their chains agree. Pure;
 * any thread. */
#ifndef ETHEREUM_PARAMS_FORKID_H
#define ETHEREUM_PARAMS_FORKID_H

#include <stdint.h>

#include "ethereum/params/params.h"

struct eth_forkid {
    uint8_t hash[4];
    uint64_t next; /* number or time of the next fork; 0: none known */
};

/* Of a node whose head has this number and time. */
void eth_forkid_make(struct eth_forkid *out, const struct eth_params *p, uint64_t head,
                     uint64_t time);

/* The validation rules of EIP-2124. Returns: 0; PN_EFORK_REMOTE when the remote side has to be
 * updated, PN_EFORK when the chains differ or we have to be. */
int eth_forkid_check(const struct eth_forkid *remote, const struct eth_params *p, uint64_t head,
                     uint64_t time);

#endif
