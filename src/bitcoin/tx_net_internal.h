/* What the files of tx_net share. */
#ifndef BITCOIN_TX_NET_INTERNAL_H
#define BITCOIN_TX_NET_INTERNAL_H

#include <stdatomic.h>

#include "base/mutex.h"
#include "bitcoin/internal.h"
#include "bitcoin/tx_net.h"
#include "thread/chan.h"
#include "thread/thread.h"

enum tx_net_event {
    TX_NET_READY, /* carries a reference */
    TX_NET_GONE,  /* and gives it back */
    TX_NET_INV,
    TX_NET_NOTFOUND,
    TX_NET_TX,
    TX_NET_LIST,
    TX_NET_ASKED,
    TX_NET_SUBMITTED,
    TX_NET_WAKE,
};

struct tx_net_msg {
    enum tx_net_event event;
    struct peer *peer;
    size_t n;
    struct btc_inv_item *items; /* TX_NET_INV, TX_NET_NOTFOUND */
    struct tx_body *body;       /* a reference: TX_NET_TX, TX_NET_ASKED, TX_NET_SUBMITTED */
    enum tx_refusal checked;    /* TX_NET_TX */
};

/* An own transaction that has left the pool, and has yet to be reported. */
struct departure {
    uint8_t wtxid[BTC_HASH_BYTES];
    enum txpool_exit exit;
};

struct tx_net_metrics {
    struct metric *count, *bytes, *orphans, *in_flight, *expired, *announced, *accepted, *withheld;
    struct metric *refused[TX_REFUSALS], *left[TXPOOL_EXITS];
};

struct tx_net {
    struct bitcoin *net;
    struct txpool *pool;
    struct chan inbox, quit;
    struct thread thread;
    struct tx_net_metrics metrics;
    struct siphash_key source_key;

    struct mutex mu;
    struct departure departures[TXRELAY_OWN_MAX] GUARDED_BY(mu);
    unsigned n_departures GUARDED_BY(mu);

    struct {
        bitcoin_tx_observer *fn;
        void *arg;
    } observers[BITCOIN_TX_OBSERVERS_MAX]; /* set before the thread starts */
    unsigned n_observers;

    /* thread tx_relay alone */
    struct txrelay *relay;
    uint8_t tip[BTC_HASH_BYTES];
    bool in_sync; /* has been, once */
};

extern struct chan_class tx_net_inbox_class;
extern const struct txrelay_ops tx_net_ops;

/* The pool's, on whatever thread: count it, and keep an own one for the relay. */
void tx_net_left(void *arg, struct tx_body *body, bool own, enum txpool_exit exit);

/* --- tx_net_ops.c --- */
void tx_net_make_metrics(struct tx_net *t);
void tx_net_set_gauges(struct tx_net *t);

/* --- tx_net_in.c --- */
struct txrelay_peer_info tx_net_describe(struct peer *p);

#endif
