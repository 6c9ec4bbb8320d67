/* How many sessions each address has. Bounded by the places given at the start; IPv6 addresses
 * count by their /64. Thread: any; one mutex. */
#ifndef ELECTRUM_LIMITS_ADDRESS_COUNT_H
#define ELECTRUM_LIMITS_ADDRESS_COUNT_H

#include <stdbool.h>

#include "net/addr.h"

struct address_count;

/* At most `places` addresses, and `each` sessions of one; 0: as many as there are places.
 * Returns: NULL when there is no memory. */
struct address_count *address_count_new(unsigned places, unsigned each);
void address_count_free(struct address_count *a);

/* One more session. Returns: false when the address has its share. */
bool address_count_take(struct address_count *a, const struct net_addr *addr);
void address_count_give(struct address_count *a, const struct net_addr *addr);

#endif
