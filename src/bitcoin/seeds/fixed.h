/* The fixed seeds: addresses of long-lived nodes, compiled in, for a node that finds nobody else.
 * They come from contrib/seeds, by the script there. */
#ifndef BITCOIN_SEEDS_FIXED_H
#define BITCOIN_SEEDS_FIXED_H

#include <stddef.h>

#include "net/addr.h"

/* All fixed seeds of a network, named as in --bitcoin; none for a network without a list, such as
 * regtest. Thread: any. Owns: the caller frees *out with mem_free; NULL when there are none.
 * Returns: 0 or PN_ENOMEM. */
int fixed_seeds_load(struct net_addr **out, size_t *n, const char *network);

#endif
