/* Seals for many threads: they share the caches of the epochs around our head, at most
 * SEALS_CACHES of them, one of which is made at a time. */
#ifndef ETHEREUM_ETHASH_SEALS_H
#define ETHEREUM_ETHASH_SEALS_H

#include "ethereum/ethash/ethash.h"
#include "thread/chan.h"

/* The epoch of our head and its neighbours: nobody can make us build others. */
#define SEALS_CACHES 3

struct seals;

/* Thread: the main thread, as for seals_free. Returns: 0 or a pn_err. */
int seals_new(struct seals **out);

/* When no other thread uses it any more. Accepts NULL. */
void seals_free(struct seals *s);

/* Make the cache that will be wanted first, so that no peer waits for it: of the epoch of `head`.
 * Takes a second or two. Thread: the main thread, before others use it. Returns: 0 or PN_ENOMEM. */
int seals_prepare(struct seals *s, uint64_t head);

/* Verify a header's seal. One that is more than an epoch away from `head`, the number of our last
 * header, or beyond the last epoch whose cache is made, is passed over: what we ask for and keep is
 * near. May make a cache, or wait for another thread's, which takes seconds; a wait ends with
 * `quit`. Thread: in. Returns: 0, also for one passed over; PN_ESEAL; PN_ENOMEM; PN_EQUIT. */
int seals_verify(struct seals *s, const struct eth_header *h, uint64_t head, struct chan *quit);

#endif
