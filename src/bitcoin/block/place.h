/* The rules of a block that depend on where in the chain it stands, beside those of check.h. */
#ifndef BITCOIN_BLOCK_PLACE_H
#define BITCOIN_BLOCK_PLACE_H

#include "bitcoin/block/check.h"

/* What the chain says of a block's place. The header rules (work, difficulty, time against the
 * median and the clock) are the chain's own and have been judged before. */
struct btc_block_place {
    uint32_t height;
    unsigned rules;           /* enum btc_block_rules in force there */
    int64_t lock_time_cutoff; /* seconds since 1970; transactions locked until later do not belong
                                 here: the median time of the parent (BIP113), or before that was in
                                 force the block's own time */
};

/* btc_block_check, and then, as Core's ContextualCheckBlock: no transaction is locked to a later
 * height or time, and where BIP34 is in force the coinbase's script begins with the height. Both
 * condemn the header.
 * Thread: any. Returns: as btc_block_check; PN_ENOTFINAL; PN_EHEIGHT. */
int btc_block_check_at(const struct btc_block *block, struct arena *scratch,
                       const struct btc_block_place *place);

#endif
