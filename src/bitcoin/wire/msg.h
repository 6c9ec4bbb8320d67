/* Every message of the Bitcoin protocol, made from the table in msgs.def: its number, its name,
 * its limits, its struct, and decoding and encoding by number.
 *
 * A decoded message borrows from its payload (struct bytes and the arrays of hashes point into
 * it) and takes its other arrays from an arena. So it is valid while both live: the payload must
 * outlive the message, and nothing is freed one by one. */
#ifndef BITCOIN_WIRE_MSG_H
#define BITCOIN_WIRE_MSG_H

#include "bitcoin/wire/block.h"
#include "bitcoin/wire/limits.h"
#include "bitcoin/wire/msg_addr.h"
#include "bitcoin/wire/msg_cfilter.h"
#include "bitcoin/wire/msg_compact.h"
#include "bitcoin/wire/msg_filter.h"
#include "bitcoin/wire/msg_inv.h"
#include "bitcoin/wire/msg_misc.h"
#include "bitcoin/wire/msg_version.h"
#include "bitcoin/wire/tx.h"

#define BTC_COMMAND_BYTES 12

enum btc_cmd {
    BTC_CMD_UNKNOWN = 0, /* a command that is not in the table; its messages are skipped */
#define BTC_MSG(id, name, limit, since, type, decode, encode) BTC_CMD_##id,
#include "bitcoin/wire/msgs.def"
    BTC_CMD_COUNT
};

struct btc_msg {
    enum btc_cmd cmd;
    union {
#define BTC_MSG(id, name, limit, since, type, decode, encode) type name;
#include "bitcoin/wire/msgs.def"
    } u;
};

/* The arena memory that decoding a payload of `len` bytes takes at most, also when it fails: give
 * arena_init this much. Counts are checked against the bytes left, so each array is paid for with
 * payload. The worst is addrv2, 32 bytes of struct for an entry of 9, and a block that promises as
 * many transactions as could be (48 bytes for 60) and in the first as many outputs (24 for 9). */
#define BTC_MSG_MEMORY(len) (4 * (size_t)(len) + 256)

struct btc_cmd_info {
    const char *name;       /* the command; "unknown" for BTC_CMD_UNKNOWN. Serves as metric label */
    uint32_t payload_limit; /* bytes */
    int32_t since;          /* protocol version that introduced it; send it to no older peer */
};

/* Thread: any. Returns: the row of a command below BTC_CMD_COUNT; static. */
const struct btc_cmd_info *btc_cmd_info(enum btc_cmd cmd);

/* The command of a header's 12 bytes: zero-padded, printable ASCII.
 * Thread: any. Returns: 0, with BTC_CMD_UNKNOWN for one that is not in the table, or PN_ECOMMAND.
 */
int btc_cmd_parse(enum btc_cmd *out, const uint8_t raw[BTC_COMMAND_BYTES]);

/* Decode one payload. Each defect has its own error: PN_ETRUNCATED, PN_ETRAILING, PN_ECOUNT,
 * PN_ENONCANONICAL, PN_ETOOLARGE (the payload, or a field above its limit), PN_EFORMAT; PN_ENOENT
 * for BTC_CMD_UNKNOWN; PN_ENOMEM when the arena is exhausted. What decodes, encodes to the same
 * bytes again, except for `version` (see there).
 * Thread: any. Owns: `out` borrows from `payload` and from `a`. Returns: 0 or one of these. */
int btc_msg_decode(struct btc_msg *out, struct arena *a, enum btc_cmd cmd, const void *payload,
                   size_t len);

/* Append the payload. Refuses what btc_msg_decode would refuse for its counts and lengths.
 * Thread: any. Returns: 0 or the buffer's sticky error: PN_ECOUNT, PN_ETOOLARGE, PN_EFORMAT,
 * PN_ENOMEM, or PN_ENOENT for BTC_CMD_UNKNOWN. */
int btc_msg_encode(struct buf *b, const struct btc_msg *m);

#endif
