/* Transactions that wait for a parent which their own sender has announced and not yet sent, so
 * that parents go before children when they are passed on. Without a database of coins nothing
 * else can be an orphan: whoever spends an unknown output is taken to spend a confirmed one.
 *
 * Bounded: ORPHANS_MAX in all, ORPHANS_PEER_MAX and ORPHANS_PEER_WEIGHT a sender (Core reserves the
 * same weight for each peer); the oldest of the sender, or of all, gives way. What one sender does
 * touches no other's orphans while there is room.
 *
 * Thread: the owner's, for all. */
#ifndef BITCOIN_TXRELAY_ORPHANS_H
#define BITCOIN_TXRELAY_ORPHANS_H

#include "bitcoin/mempool/tx_body.h"

enum { ORPHANS_MAX = 1000, ORPHANS_PEER_MAX = 100, ORPHANS_PEER_WEIGHT = 404000 };

struct orphans;

/* Returns: 0 or PN_ENOMEM. */
int orphans_new(struct orphans **out);
void orphans_free(struct orphans *o); /* accepts NULL */

/* Keep one from `peer` until `parent` has come. Owns: takes the reference. */
void orphans_add(struct orphans *o, struct tx_body *body, unsigned peer,
                 const uint8_t parent[BTC_HASH_BYTES]);

bool orphans_has_txid(const struct orphans *o, const uint8_t txid[BTC_HASH_BYTES]);
bool orphans_has_wtxid(const struct orphans *o, const uint8_t wtxid[BTC_HASH_BYTES]);

/* One that waits for this parent, taken out, and who sent it.
 * Owns: returns its reference, or NULL when there is no more. */
struct tx_body *orphans_take_child(struct orphans *o, unsigned *peer,
                                   const uint8_t parent[BTC_HASH_BYTES]);

/* The same for the next one whose wait is over, as `over` has it. *at is where to look on, 0 at
 * first: a walk asks about each but once. */
typedef bool orphan_wait_over(void *arg, unsigned peer, const uint8_t parent[BTC_HASH_BYTES]);
struct tx_body *orphans_take_over(struct orphans *o, unsigned *peer, unsigned *at,
                                  orphan_wait_over *over, void *arg);

/* Drop what came from a peer that has left. */
void orphans_peer_gone(struct orphans *o, unsigned peer);

unsigned orphans_count(const struct orphans *o);

#endif
