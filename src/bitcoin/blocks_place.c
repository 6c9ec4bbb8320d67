/* What all who deal with blocks need to know of one: where it stands, how it is sent, who may have
 * it, and who is to blame when it fails. */
#include "base/err.h"
#include "bitcoin/blockstore/strip.h"
#include "bitcoin/internal.h"

bool blocks_place(struct bitcoin *b, struct btc_block_place *out, const struct btc_header *header)
{
    const struct btc_params *params = &b->config.params;
    struct chain_point parent;

    if (!chain_view_find(&b->chain, &parent, header->prev))
        return false;
    *out = (struct btc_block_place){.height = parent.height + 1};
    if (out->height >= params->segwit_height)
        out->rules |= BTC_RULE_WITNESS;
    if (out->height >= params->bip34_height)
        out->rules |= BTC_RULE_HEIGHT;
    out->lock_time_cutoff =
        out->height >= params->csv_height ? (int64_t)parent.median_time : (int64_t)header->time;
    return true;
}

bool blocks_is_fault(int verdict)
{
    return verdict < 0 && verdict != PN_ENOMEM && verdict != PN_ELIMIT && verdict != PN_ECLOSED &&
           verdict != PN_EORPHAN && verdict != PN_ENOENT;
}

/* One that came as a message is ready to be sent already, its checksum verified. */
struct frame *blocks_frame_of(const struct btc_peer *bp, struct bytes raw)
{
    if (bp->framed && raw.data == bp->raw.data)
        return frame_new(BTC_CMD_BLOCK, bp->framed, BTC_FRAME_HEADER_BYTES + raw.len);
    return block_frame_wrap(bp->net->config.params.magic, raw.data, raw.len);
}

enum fetch_promise blocks_promise_of(const struct bitcoin *b, const struct btc_peer *bp)
{
    bool witness = bp->services & BTC_NODE_WITNESS;

    if (!witness && chain_height(&b->chain) >= b->config.params.segwit_height)
        return FETCH_ANNOUNCED;
    if (bp->services & BTC_NODE_NETWORK)
        return FETCH_ALL;
    return bp->services & BTC_NODE_NETWORK_LIMITED ? FETCH_LAST : FETCH_ANNOUNCED;
}
