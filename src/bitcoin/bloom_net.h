/* Bloom filters of peers (BIP37), where the operator wants them: a peer that has loaded one hears
 * only of transactions that match it, and may ask for blocks as merkle blocks. */
#ifndef BITCOIN_BLOOM_NET_H
#define BITCOIN_BLOOM_NET_H

#include "base/mutex.h"
#include "bitcoin/bloom/bloom.h"
#include "bitcoin/wire/msg.h"

struct btc_peer;
struct peer;

/* Of one peer: thread in loads it, the relay of transactions asks it. */
struct peer_bloom {
    struct mutex mu;
    struct bloom *filter GUARDED_BY(mu); /* or NULL: it wants everything */
};

void peer_bloom_init(struct peer_bloom *b);
void peer_bloom_free(struct peer_bloom *b);

/* Whether a transaction is for the peer. Thread: any. */
bool peer_bloom_match(struct peer_bloom *b, const struct btc_tx *tx,
                      const uint8_t txid[BTC_HASH_BYTES]);
/* Whether it has loaded a filter. Thread: any. */
bool peer_bloom_loaded(struct peer_bloom *b);

/* --- thread in: messages; without the option the reason to part --- */
int bloom_on_load(struct peer *p, struct btc_peer *bp, const struct btc_msg *m);
int bloom_on_add(struct peer *p, struct btc_peer *bp, const struct btc_msg *m);
int bloom_on_clear(struct peer *p, struct btc_peer *bp, const struct btc_msg *m);

/* Send a block as a merkle block, and what of it matches as transactions without witness behind it;
 * to a peer without a filter nothing. `raw` is the encoded block. Returns: 0 or the reason to part.
 */
int bloom_send_block(struct peer *p, struct btc_peer *bp, struct bytes raw);

#endif
