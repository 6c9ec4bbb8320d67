/* Where an address may stand: known only to who has the key. Internal to addrbook/.
 *
 * The address picks one of the few buckets that its group (tried) or its source's group (new) may
 * use, and the group says which these are; the position within the bucket hangs on the address too.
 * So nobody outside can aim at a place. Source: addrman.cpp of the reference implementation, with
 * SipHash in the place of double SHA-256. */
#ifndef ADDRBOOK_PLACEMENT_H
#define ADDRBOOK_PLACEMENT_H

#include <stdint.h>

#include "addrbook/addrbook.h"
#include "crypto/siphash.h"

#define PLACEMENT_TRIED_BUCKETS_PER_GROUP      8
#define PLACEMENT_NEW_BUCKETS_PER_SOURCE_GROUP 64

struct placement {
    uint8_t secret[ADDRBOOK_KEY_BYTES]; /* as it is kept on disk */
    struct siphash_key within_group, bucket;
};

void placement_init(struct placement *p, const uint8_t secret[ADDRBOOK_KEY_BYTES]);

/* Bucket × ADDRBOOK_BUCKET_SIZE + position. Pure. */
uint16_t placement_new(const struct placement *p, const struct net_addr *addr,
                       const struct net_group *group, const struct net_group *source_group);
uint16_t placement_tried(const struct placement *p, const struct net_addr *addr,
                         const struct net_group *group);

/* The place of an address in a bucket of the new table that is given. */
uint16_t placement_in_new_bucket(const struct placement *p, const struct net_addr *addr,
                                 unsigned bucket);

#endif
