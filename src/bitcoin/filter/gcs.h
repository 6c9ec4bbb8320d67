/* Golomb-coded sets (BIP158): a set of byte strings in about 21 bits each, which tells of any
 * string whether it may be among them, wrongly once in 784,931 times. Pure; fuzzed. */
#ifndef BITCOIN_FILTER_GCS_H
#define BITCOIN_FILTER_GCS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "crypto/siphash.h"

/* The parameters of the basic filter, BIP158. */
#define GCS_P 19     /* bits of a remainder */
#define GCS_M 784931 /* the inverse of the rate of false positives */

/* Append the set of the items, equal ones counted once. Thread: any. Returns: 0, PN_ENOMEM, or the
 * buffer's sticky error. */
int gcs_build(struct buf *out, const struct siphash_key *key, const struct bytes *items, size_t n);

/* Whether an encoded set is well-formed: its elements ascend below N * M and end with the last byte
 * (Core, blockfilter.cpp, GCSFilter). Thread: any. Returns: 0 and how many elements it has; or
 * PN_EFORMAT, PN_ETRUNCATED, PN_ETRAILING, PN_ECOUNT, PN_ENONCANONICAL. */
int gcs_check(size_t *count, struct bytes set);

/* How many of the items match, each of `items` counted by itself. Thread: any. Returns: 0; as
 * gcs_check; PN_ENOMEM. */
int gcs_match(size_t *matched, const struct siphash_key *key, struct bytes set,
              const struct bytes *items, size_t n);

#endif
