/* Kept blocks for those who ask without BTC_INV_WITNESS. */
#ifndef BITCOIN_BLOCKSTORE_STRIP_H
#define BITCOIN_BLOCKSTORE_STRIP_H

#include <stdint.h>

#include "bitcoin/wire/frame.h"
#include "peer/frame.h"

/* A block message without witness; the same frame when it has none. Thread: any; hashes the block.
 * Owns: takes a reference and returns one, or NULL when there is no memory. */
struct frame *block_frame_strip(struct frame *block, const uint8_t magic[BTC_MAGIC_BYTES]);

/* The block's encoding inside the frame. */
struct bytes block_frame_payload(const struct frame *block);

/* A frame around an encoded block. Thread: any; hashes it. Owns: returns a reference, or NULL. */
struct frame *block_frame_wrap(const uint8_t magic[BTC_MAGIC_BYTES], const void *payload,
                               size_t len);

#endif
