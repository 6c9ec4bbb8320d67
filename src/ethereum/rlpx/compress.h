/* Payloads in snappy's block format (EIP-706). */
#ifndef ETHEREUM_RLPX_COMPRESS_H
#define ETHEREUM_RLPX_COMPRESS_H

#include "base/buf.h"
#include "base/bytes.h"

/* Append the compressed payload. Thread: any. Returns: 0 or the buffer's error. */
int rlpx_compress(struct buf *out, struct bytes payload);

/* Append what was compressed. The length that it claims is checked before anything is allocated:
 * against `max`, and against what so few bytes can at all become. Thread: any. Returns: 0;
 * PN_ETOOLARGE; PN_ECOMPRESSION; the buffer's error. */
int rlpx_decompress(struct buf *out, struct bytes compressed, size_t max);

#endif
