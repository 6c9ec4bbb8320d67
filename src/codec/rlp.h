/* Ethereum's recursive length prefix (Yellow Paper, appendix B; ethereum.org "RLP"). Only the
 * canonical encoding is accepted: shortest length, shortest integer, one byte below 0x80 as itself.
 *
 * Reading is driven by the schema, on the cursors of codec/cursor.h: nothing recurses and nothing
 * is allocated for what the input claims. A list is read through a reader of its own:
 *
 *     struct reader list = rlp_read_list(&r);
 *     a = rlp_read_u64(&list);
 *     rlp_read_fixed(&list, hash, 32);
 *     rlp_leave(&r, &list);            nothing may follow; or rlp_leave_open: more may (EIP-8)
 *     rc = reader_finish(&r);
 *
 * Errors: PN_ETRUNCATED (ends early), PN_ENONCANONICAL, PN_EFORMAT (list where a string belongs or
 * the reverse, or a string of another length), PN_ETOOLARGE, PN_ECOUNT, PN_ETRAILING. */
#ifndef CODEC_RLP_H
#define CODEC_RLP_H

#include <stdbool.h>

#include "codec/cursor.h"

/* Deeper nesting is refused by rlp_check; no structure of devp2p needs more than 6. */
#define RLP_MAX_DEPTH 16

/* --- reading --- */

/* Whether the next item is a list; false at the end. */
bool rlp_next_is_list(const struct reader *r);

/* The payload of a string of at most max bytes, borrowed. Empty after an error. */
struct bytes rlp_read_bytes(struct reader *r, size_t max);

/* A string of exactly len bytes; zeros after an error. */
void rlp_read_fixed(struct reader *r, void *out, size_t len);

/* An integer below 2^(8 × width), in big-endian order without leading zeros. */
uint64_t rlp_read_u64(struct reader *r);
uint16_t rlp_read_u16(struct reader *r);

/* A reader over a list's payload; the outer one moves behind the list. */
struct reader rlp_read_list(struct reader *r);

/* The whole next item with its header, unread, borrowed; its inside is not looked at. */
struct bytes rlp_read_raw(struct reader *r);

/* Pass on an inner list's error, or PN_ETRAILING when elements are left. */
void rlp_leave(struct reader *outer, struct reader *list);

/* The same, but elements that later versions may have added are passed over unread. */
void rlp_leave_open(struct reader *outer, struct reader *list);

/* How many items are left; only their headers are read. Fails with PN_ECOUNT above max, so that
 * an array can be allocated for the result. */
size_t rlp_count(struct reader *list, size_t max);

/* Whether data is exactly one canonical item, all the way down, nested at most RLP_MAX_DEPTH.
 * Thread: any. Returns: 0 or an error above. */
int rlp_check(const void *data, size_t len);

/* --- writing --- */

void rlp_write_bytes(struct buf *b, const void *data, size_t len);
void rlp_write_u64(struct buf *b, uint64_t v);

/* A big-endian number of any width; leading zeros are left out. */
void rlp_write_uint(struct buf *b, const uint8_t *be, size_t len);

/* Everything written between begin and end becomes the payload of one list; lists nest.
 * Returns: the mark for rlp_list_end. */
size_t rlp_list_begin(struct buf *b);
void rlp_list_end(struct buf *b, size_t mark);

/* What stands before a list's payload of this length. Returns: its length, at most 9. */
size_t rlp_list_header(uint8_t out[9], size_t payload_len);

#endif
