/* The relay of transactions between its state machine (txrelay/txrelay.h) and the peers: a thread
 * of its own, so that a flood of transactions holds up no block, with an inbox that the peers'
 * threads fill. The checks of a transaction run on the thread that read it, requests for
 * transactions are answered there too. */
#ifndef BITCOIN_TX_NET_H
#define BITCOIN_TX_NET_H

#include <stdbool.h>

#include "bitcoin/transactions.h"
#include "bitcoin/wire/msg.h"
#include "peer/peer.h"

struct bitcoin;
struct tx_net;

/* Thread: the main thread. tx_net_stop like bitcoin_stop, once no peer is left; tx_net_free
 * accepts NULL. Returns: 0 or a pn_err. */
int tx_net_new(struct tx_net **out, struct bitcoin *b);
int tx_net_start(struct tx_net *t);
void tx_net_stop(struct tx_net *t);
void tx_net_free(struct tx_net *t);

/* Whether transactions of this peer are welcome: what our version message tells it.
 * Thread: in. */
bool tx_net_welcomes(const struct peer *p);

/* The handshake is done; and the end, in any case. Thread: in; the last of the peer's.
 * Returns: 0 or PN_EQUIT. */
int tx_net_peer_ready(struct peer *p);
void tx_net_peer_gone(struct peer *p);

/* It asked in its version message to be told of no transactions, and wants to hear of them now
 * (BIP37). Thread: in. Returns: 0 or PN_EQUIT. */
int tx_net_wants(struct peer *p);

/* Messages of a peer, as far as they concern transactions. Thread: in, waiting for room in the
 * inbox. Returns: 0, or the reason to part. */
int tx_net_inv(struct peer *p, const struct btc_inv *inv);
int tx_net_notfound(struct peer *p, const struct btc_inv *list);
int tx_net_tx(struct peer *p, const struct btc_tx *tx);
int tx_net_list(struct peer *p); /* mempool, BIP35 */

/* Send a transaction that the peer asks for and was told of; a large one waits until half of the
 * send buffer is free. Thread: in. Returns: 0; PN_ENOENT when there is none for it; the reason to
 * part. */
int tx_net_serve(struct peer *p, const struct btc_inv_item *item);

#endif
