/* Finding an entry by its address: open addressing with a keyed hash, so that whoever chooses the
 * addresses cannot choose the collisions. Internal to addrbook/. */
#ifndef ADDRBOOK_INDEX_H
#define ADDRBOOK_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "addrbook/addrbook.h"
#include "crypto/siphash.h"

/* What the index needs to know of the entries: address of number `id`. Numbers start at 1. */
typedef const struct net_addr *addr_index_at(const void *entries, uint32_t id);

struct addr_index {
    struct siphash_key key;
    uint32_t *cells; /* numbers; 0: empty. Never more than a third is in use */
    uint32_t mask;
    addr_index_at *at;
    const void *entries; /* borrowed */
};

/* Thread: as the index's owner says, like all below. Returns: 0 or PN_ENOMEM. */
int addr_index_init(struct addr_index *x, addr_index_at *at, const void *entries);
void addr_index_free(struct addr_index *x);

/* Returns: the entry's number, or 0. */
uint32_t addr_index_find(const struct addr_index *x, const struct net_addr *addr);

/* The address of entry `id`, which must not be inside, or must be, respectively. */
void addr_index_add(struct addr_index *x, uint32_t id);
void addr_index_remove(struct addr_index *x, uint32_t id);

/* Kind, port and bytes in a row, as hashes take them. Returns: the length. */
#define ADDR_KEY_BYTES 35
size_t addr_key(uint8_t out[ADDR_KEY_BYTES], const struct net_addr *addr);

#endif
