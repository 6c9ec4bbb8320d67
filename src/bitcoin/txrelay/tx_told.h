/* Which transactions a peer has been told of, and so may ask for: nobody finds out by asking what
 * the pool holds before it was announced to him.
 *
 * Thread: any; the relay writes, the peer's thread `in` reads. */
#ifndef BITCOIN_TXRELAY_TX_TOLD_H
#define BITCOIN_TXRELAY_TX_TOLD_H

#include "base/mutex.h"
#include "peer/known.h"

/* At least so many are remembered: two minutes of the fastest announcing. */
enum { TX_TOLD_MAX = 5000 };

struct tx_told {
    struct mutex mu;
    struct known wtxids GUARDED_BY(mu);
    uint64_t listed GUARDED_BY(mu); /* all of the pool up to this number (BIP35) */
};

void tx_told_init(struct tx_told *t);
void tx_told_free(struct tx_told *t);

void tx_told_add(struct tx_told *t, const uint8_t wtxid[32]);
void tx_told_list(struct tx_told *t, uint64_t up_to);

/* `seq` is the transaction's number in the pool. */
bool tx_told_has(struct tx_told *t, const uint8_t wtxid[32], uint64_t seq);

#endif
