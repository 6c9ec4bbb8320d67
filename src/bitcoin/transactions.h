/* Transactions for the rest of the program: handing one to the network, hearing what becomes of it,
 * and the pool. The relay between peers is a matter of struct bitcoin_config's tx_relay; a
 * transaction of the operator is announced and served whatever that says. */
#ifndef BITCOIN_TRANSACTIONS_H
#define BITCOIN_TRANSACTIONS_H

#include "bitcoin/mempool/txpool.h"
#include "bitcoin/txrelay/txrelay.h"
#include "bitcoin/wire/block.h"

#define BITCOIN_TX_OBSERVERS_MAX 4

struct bitcoin;

/* Check a transaction, take it into the pool as the operator's, and announce it to peers, again and
 * again until it is in a block or expires. Conflicting ones of the pool give way. One that is in
 * the pool already is announced again. Never blocks. Thread: any. Returns: 0 with its txid;
 * PN_EINVAL, with *why; what makes the bytes malformed; PN_EAGAIN when there is no room for it
 * right now; PN_ENOMEM. */
int bitcoin_send_transaction(struct bitcoin *b, uint8_t txid[BTC_HASH_BYTES], enum tx_refusal *why,
                             const void *raw, size_t len);

/* Be told when a peer asks for a transaction of the operator, and when one leaves the pool.
 * `fn` runs on the relay's thread and must not block.
 * Thread: the main thread, before bitcoin_start. Returns: 0 or PN_ELIMIT. */
typedef void bitcoin_tx_observer(void *arg, const struct txrelay_event *e);
int bitcoin_observe_transactions(struct bitcoin *b, bitcoin_tx_observer *fn, void *arg);

/* The pool of unconfirmed transactions. Thread: any. Owns: the network; good until bitcoin_free. */
struct txpool *bitcoin_txpool(struct bitcoin *b);

/* A block of the active chain has passed all checks: its transactions leave the pool, and what
 * conflicts with them. Thread: any. */
void bitcoin_block_connected(struct bitcoin *b, const struct btc_block *block);

#endif
