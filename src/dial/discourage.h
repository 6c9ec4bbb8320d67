/* Addresses that have misbehaved: they may connect while there is room, and are the first to go.
 * A set that remembers at least the last `limit` addresses and at most twice as many, in memory
 * that is taken once, whatever an attacker sends from wherever.
 *
 * An IPv6 address counts as its /64, which is what one subscriber gets; ports do not count.
 *
 * Bitcoin Core keeps the like (banman.cpp, m_discouraged: a rolling filter for 50,000 addresses
 * with one false positive in a million); unbounded lists were its CVE-2020-14198. Here an address
 * that was never added is taken for another one less than once in 10^9 questions. Nothing is saved:
 * after a restart everybody has another chance.
 *
 * Thread: any, save new and free; one lock, held for a few probes. */
#ifndef DIAL_DISCOURAGE_H
#define DIAL_DISCOURAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "net/addr.h"

#define DISCOURAGE_LIMIT     50000
#define DISCOURAGE_LIMIT_MAX 1000000

struct discourage;

/* limit: at least 1 and at most DISCOURAGE_LIMIT_MAX. Owns: the caller frees with discourage_free.
 * Returns: NULL when there is no memory. */
struct discourage *discourage_new(unsigned limit);

/* Thread: the last one. Accepts NULL. */
void discourage_free(struct discourage *d);

/* Remember an address. Constant time, save that each `limit`-th addition also wipes half of the
 * memory. Returns: whether it is new, for whoever counts. */
bool discourage_add(struct discourage *d, const struct net_addr *addr);

/* Constant time. */
bool discourage_has(struct discourage *d, const struct net_addr *addr);

/* Forget everything. */
void discourage_clear(struct discourage *d);

/* Bytes taken by the constructor. */
size_t discourage_memory(const struct discourage *d);

#endif
