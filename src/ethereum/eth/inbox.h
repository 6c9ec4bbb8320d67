/* The manager's inbox: what the threads of peers tell it. */
#ifndef ETHEREUM_ETH_INBOX_H
#define ETHEREUM_ETH_INBOX_H

#include "ethereum/txpool/pool.h"
#include "peer/peer.h"
#include "thread/chan.h"

enum eth_event {
    ETH_EVENT_READY, /* carries a reference */
    ETH_EVENT_GONE,
    ETH_EVENT_MESSAGE, /* `data` is one that eth_msg_decode has taken */
    ETH_EVENT_TXS,     /* checked; from Transactions or, with `id`, from PooledTransactions */
    ETH_EVENT_ORDER,   /* from nobody: of the operator */
};

/* What thread rpc wants done on the manager's thread, and waits for. It is the asker's. */
struct eth;
struct eth_order {
    void (*run)(struct eth *e, void *arg);
    void *arg;
    struct chan done;
};

/* One allocation, and the transactions' own. */
struct eth_payload {
    size_t weight; /* bytes, all told */
    unsigned code;
    uint64_t request_id;
    struct pool_tx **txs;
    size_t n_txs;
    size_t len;
    uint8_t data[];
};

struct eth_note {
    enum eth_event event;
    struct peer *peer;
    struct eth_payload *payload; /* or NULL */
    struct eth_order *order;     /* of ETH_EVENT_ORDER; then there is no peer */
};

extern struct chan_class eth_inbox_class;

/* A copy of a message. Owns: the caller, eth_payload_free. Returns: NULL without memory. */
struct eth_payload *eth_payload_of(unsigned code, const void *data, size_t len);

/* Room for n transactions. */
struct eth_payload *eth_payload_txs(unsigned code, uint64_t request_id, size_t n);
void eth_payload_free(struct eth_payload *p);

/* Tell the manager, waiting for room as long as the peer lives. Thread: in.
 * Owns: takes the payload in every case. Returns: 0 or PN_EQUIT. */
int eth_tell(struct chan *inbox, struct peer *p, enum eth_event event, struct eth_payload *payload);

#endif
