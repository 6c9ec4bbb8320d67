/* What the manager is made of. */
#include "bitcoin/internal.h"

const struct manager_table bitcoin_parts = {
    .parts =
        {
            [PART_ADDR_RELAY] = &addr_relay_part,
            [PART_SYNC] = &sync_part,
            [PART_GENERATE] = &generate_part,
            [PART_BLOCKS] = &blocks_part,
            [PART_FOLLOW] = &follow_part,
            [PART_LOANS] = &loans_part,
            [PART_RELAY_FEE] = &relay_fee_part,
            [PART_OUTBOUND_WATCH] = &outbound_watch_part,
        },
    .handlers =
        {
            [MANAGER_HEADERS] = sync_headers,
            [MANAGER_BLOCK_INV] = sync_block_inv,
            [MANAGER_MORE_HEADERS] = sync_more,
            [MANAGER_GETHEADERS] = serve_getheaders,
            [MANAGER_GETBLOCKS] = serve_getblocks,
            [MANAGER_ADDRS] = addr_relay_addrs,
            [MANAGER_BLOCK] = blocks_on_result,
            [MANAGER_COMPACT] = blocks_on_compact,
        },
    .generate = generate_ordered,
};
