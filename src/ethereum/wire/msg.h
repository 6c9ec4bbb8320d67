/* The messages of the eth protocol, versions 62 to 70 (devp2p caps/eth.md; EIP-2364, 2464, 2481,
 * 5793, 7642, 7975), as rows of msgs.def. Reading allocates nothing: lists of blocks,
 * transactions and receipts stay slices of the payload, counted against their bounds, and are
 * decoded by whoever asked for them. Pure; any thread. */
#ifndef ETHEREUM_WIRE_MSG_H
#define ETHEREUM_WIRE_MSG_H

#include "ethereum/params/forkid.h"
#include "ethereum/types/body.h"

#define ETH_VERSION_MIN 62
#define ETH_VERSION_MAX 70

/* go-ethereum eth/protocols/eth/protocol.go, maxMessageSize */
#define ETH_MESSAGE_MAX_BYTES (10 << 20)

enum eth_code {
#define ETH_MSG(id, code, name, first, last, part, max, has_id) id = code,
#include "ethereum/wire/msgs.def"
#undef ETH_MSG
    ETH_CODES = 0x12,
};

enum eth_part {
    ETH_PART_STATUS,
    ETH_PART_BLOCK_HASHES,
    ETH_PART_ITEMS,
    ETH_PART_HASHES,
    ETH_PART_QUERY,
    ETH_PART_BLOCK,
    ETH_PART_ANNOUNCE,
    ETH_PART_GET_RECEIPTS,
    ETH_PART_RECEIPTS,
    ETH_PART_RANGE,
};

/* A range of blocks that a node can serve. */
struct eth_range {
    uint64_t earliest, latest;
    uint8_t latest_hash[ETH_HASH_BYTES];
};

struct eth_status {
    uint64_t version, network_id;
    eth_u128 total_difficulty;    /* up to eth/68 */
    uint8_t head[ETH_HASH_BYTES]; /* likewise; later range.latest_hash */
    uint8_t genesis[ETH_HASH_BYTES];
    struct eth_forkid fork; /* since eth/64 */
    struct eth_range range; /* since eth/69 */
};

struct eth_header_query {
    bool by_hash;
    uint8_t hash[ETH_HASH_BYTES];
    uint64_t number;
    uint64_t amount, skip; /* skip blocks between two headers */
    bool reverse;
};

/* The payload of a list, borrowed, and how many items it has. */
struct eth_items {
    struct bytes payload;
    size_t n;
};

struct eth_tx_announce {
    struct bytes types; /* one byte each; since eth/68 */
    struct bytes sizes; /* the payload of a list of integers; since eth/68 */
    struct eth_items hashes;
};

struct eth_msg {
    unsigned code;
    uint64_t request_id; /* since eth/66 */
    union {
        struct eth_status status;
        struct eth_header_query query;
        struct eth_items items; /* also hashes and block hashes */
        struct eth_tx_announce announce;
        struct eth_range range;
        struct {
            struct eth_block block;
            eth_u128 total_difficulty;
        } new_block;
        struct {
            uint64_t first_index; /* of the first block's receipts; since eth/70 */
            struct eth_items hashes;
        } get_receipts;
        struct {
            bool last_incomplete; /* more of the last block's follow; since eth/70 */
            struct eth_items lists;
        } receipts;
    };
};

/* How many codes a version takes (devp2p caps/eth.md). */
unsigned eth_version_codes(unsigned version);

/* Metric label; "unknown" for a code without a message. */
const char *eth_code_name(unsigned code);

/* Read one message, borrowing from payload. Returns: 0; PN_ECOMMAND for a code that the version
 * does not have; PN_ECOUNT above a bound, or when parts of an announcement differ in length;
 * PN_EFORMAT and its like. */
int eth_msg_decode(struct eth_msg *out, unsigned version, unsigned code, const void *payload,
                   size_t len);

/* Write one; the version must have it. Returns: the buffer's error. */
int eth_msg_encode(struct buf *b, const struct eth_msg *m, unsigned version);

/* Walking through what a message carries. `items` is consumed: payload and n shrink.
 * Returns: whether there was another one; malformed items end the walk. */
bool eth_items_next(struct eth_items *items, struct bytes *item);
bool eth_items_next_hash(struct eth_items *items, uint8_t hash[ETH_HASH_BYTES]);
bool eth_items_next_block_hash(struct eth_items *items, uint8_t hash[ETH_HASH_BYTES],
                               uint64_t *number);

/* The announcement's next transaction; before eth/68 type is 0 and size is 0. */
bool eth_announce_next(struct eth_tx_announce *a, uint8_t hash[ETH_HASH_BYTES], uint8_t *type,
                       uint64_t *size);

#endif
