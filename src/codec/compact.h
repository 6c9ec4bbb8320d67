/* Bitcoin's compact size: 1, 3, 5 or 9 bytes (protocol documentation, "Variable length integer").
 * Only the shortest encoding is accepted. */
#ifndef CODEC_COMPACT_H
#define CODEC_COMPACT_H

#include "codec/cursor.h"

/* Bitcoin Core's MAX_SIZE: no count or length on the wire is larger. */
#define COMPACT_MAX UINT64_C(0x02000000)

/* Any 64-bit value, for the few fields that are numbers rather than sizes.
 * Returns: the value; 0 with PN_ENONCANONICAL or PN_ETRUNCATED set on the reader. */
uint64_t read_compact_u64(struct reader *r);

/* A length in bytes. Fails with PN_ETOOLARGE above max and PN_ETRUNCATED when fewer bytes are left,
 * before anyone allocates for it. */
size_t read_compact_len(struct reader *r, size_t max);

/* A count of elements of at least min_elem_bytes each. Fails with PN_ECOUNT above max, or when the
 * bytes left cannot hold that many: a count never makes the reader allocate more than a constant
 * factor of what arrived. */
size_t read_compact_count(struct reader *r, size_t max, size_t min_elem_bytes);

void write_compact(struct buf *b, uint64_t v);

/* Bytes that write_compact uses for v: 1, 3, 5 or 9. */
size_t compact_size(uint64_t v);

#endif
