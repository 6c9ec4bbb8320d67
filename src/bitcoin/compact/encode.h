/* Kept blocks as the messages of BIP152, version 2. */
#ifndef BITCOIN_COMPACT_ENCODE_H
#define BITCOIN_COMPACT_ENCODE_H

#include "bitcoin/wire/frame.h"
#include "bitcoin/wire/msg.h"
#include "peer/frame.h"

/* A cmpctblock for an encoded block: the coinbase itself, of the rest short ids under a fresh
 * nonce. Thread: any; hashes the block's transactions. Owns: returns a reference, or NULL when
 * there is no memory. */
struct frame *compact_announcement(const uint8_t magic[BTC_MAGIC_BYTES], const void *raw,
                                   size_t len);

/* The transactions of an encoded block that a getblocktxn asks for. Thread: any.
 * Owns: the reference in *out. Returns: 0; PN_EFORMAT for an index beyond the block; PN_ENOMEM. */
int compact_transactions(struct frame **out, const uint8_t magic[BTC_MAGIC_BYTES], const void *raw,
                         size_t len, const struct btc_getblocktxn *request);

#endif
