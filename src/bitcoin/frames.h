/* Messages as frames for the peer runtime. */
#ifndef BITCOIN_FRAMES_H
#define BITCOIN_FRAMES_H

#include "addrbook/addrbook.h"
#include "bitcoin/wire/frame.h"
#include "peer/frame.h"

/* Encode once; addresses as addrv2, or as addr those that fit it. Thread: any.
 * Owns: returns a reference, or NULL when there is no memory. */
struct frame *btc_frame(const uint8_t magic[BTC_MAGIC_BYTES], const struct btc_msg *m);
struct frame *btc_frame_addrs(const uint8_t magic[BTC_MAGIC_BYTES],
                              const struct addrbook_seen *seen, size_t n, bool v2);
/* Asks for compact blocks (BIP152). */
struct frame *btc_frame_sendcmpct(const uint8_t magic[BTC_MAGIC_BYTES], bool high_bandwidth);
struct frame *btc_frame_empty(const uint8_t magic[BTC_MAGIC_BYTES], enum btc_cmd cmd);

#endif
