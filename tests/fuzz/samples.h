/* Examples of every message: for the round-trip tests, and as seeds of the fuzz corpus. */
#ifndef TESTS_FUZZ_SAMPLES_H
#define TESTS_FUZZ_SAMPLES_H

#include "bitcoin/wire/msg.h"

/* The n-th example of a message: from the smallest there is to one in which every field is used.
 * Every command of the table has at least the first. Owns: `a`; the example borrows from it.
 * Returns: false when there are no more. */
bool sample_msg(struct btc_msg *out, struct arena *a, enum btc_cmd cmd, unsigned n);

/* Memory for any one example. */
#define SAMPLE_ARENA_BYTES (1 << 20)

/* The encoded payload of an example. Owns: the caller calls buf_free. Returns: false as above. */
bool sample_payload(struct buf *out, enum btc_cmd cmd, unsigned n);

#endif
