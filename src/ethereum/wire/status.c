/* The first message of each side, in its three layouts, and the range of blocks that the latest
 * repeats whenever it has moved. */
#include "codec/rlp.h"
#include "ethereum/wire/internal.h"

static void fork_read(struct reader *r, struct eth_forkid *fork)
{
    struct reader list = rlp_read_list(r);

    rlp_read_fixed(&list, fork->hash, sizeof fork->hash);
    fork->next = rlp_read_u64(&list);
    rlp_leave(r, &list);
}

static void fork_write(struct buf *b, const struct eth_forkid *fork)
{
    size_t mark = rlp_list_begin(b);

    rlp_write_bytes(b, fork->hash, sizeof fork->hash);
    rlp_write_u64(b, fork->next);
    rlp_list_end(b, mark);
}

void range_read(struct reader *r, struct eth_range *range)
{
    range->earliest = rlp_read_u64(r);
    range->latest = rlp_read_u64(r);
    rlp_read_fixed(r, range->latest_hash, sizeof range->latest_hash);
}

void range_write(struct buf *b, const struct eth_range *range)
{
    rlp_write_u64(b, range->earliest);
    rlp_write_u64(b, range->latest);
    rlp_write_bytes(b, range->latest_hash, sizeof range->latest_hash);
}

void status_read(struct reader *r, struct eth_status *s, unsigned version)
{
    s->version = rlp_read_u64(r);
    s->network_id = rlp_read_u64(r);
    if (version < 69) {
        s->total_difficulty = eth_u128_read(r);
        rlp_read_fixed(r, s->head, sizeof s->head);
    }
    rlp_read_fixed(r, s->genesis, sizeof s->genesis);
    if (version >= 64)
        fork_read(r, &s->fork);
    if (version >= 69)
        range_read(r, &s->range);
}

void status_write(struct buf *b, const struct eth_status *s, unsigned version)
{
    rlp_write_u64(b, s->version);
    rlp_write_u64(b, s->network_id);
    if (version < 69) {
        eth_u128_write(b, s->total_difficulty);
        rlp_write_bytes(b, s->head, sizeof s->head);
    }
    rlp_write_bytes(b, s->genesis, sizeof s->genesis);
    if (version >= 64)
        fork_write(b, &s->fork);
    if (version >= 69)
        range_write(b, &s->range);
}
