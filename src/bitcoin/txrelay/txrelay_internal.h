/* What the files of the relay share. */
#ifndef BITCOIN_TXRELAY_TXRELAY_INTERNAL_H
#define BITCOIN_TXRELAY_TXRELAY_INTERNAL_H

#include "bitcoin/mempool/rolling_filter.h"
#include "bitcoin/txrelay/orphans.h"
#include "bitcoin/txrelay/outbox.h"
#include "bitcoin/txrelay/tx_requests.h"
#include "bitcoin/txrelay/txrelay.h"
#include "crypto/siphash.h"

enum { RELAY_ITEMS_MAX = 256 }; /* requests, or entries of one message, at a time */

/* Bytes that may be passed on; they come back with time. */
struct relay_budget {
    int64_t bytes, at_us;
};

struct relay_peer {
    bool used;
    struct relay_budget budget;
    struct txrelay_peer_info info;
    struct outbox outbox;
    int64_t tell_us;  /* of an outbound one */
    int64_t fee_told; /* or TXRELAY_FEE_NEVER_TOLD */
};

struct own_tx {
    uint8_t wtxid[BTC_HASH_BYTES], txid[BTC_HASH_BYTES];
    int64_t again_us;
    unsigned asked;
};

struct txrelay {
    struct txrelay_config config;
    struct txrelay_ops ops;
    void *arg;
    struct txpool *pool;
    struct tx_requests *requests;
    struct orphans *orphans;
    struct rolling_filter rejects;
    struct relay_peer *peers; /* config.max_peers places */
    unsigned n_peers;
    int64_t inbound_tell_us; /* of all inbound ones */
    int64_t expire_us;
    bool in_sync;
    uint32_t next_height;
    int64_t median_time_s;
    struct siphash_key order_key; /* of a batch */
    struct own_tx own[TXRELAY_OWN_MAX];
    unsigned n_own;
    struct relay_budget budget; /* of all strangers */
    uint64_t announced, outbox_lost, withheld;
    int64_t orphans_us; /* their next scan */

    /* of the turn under way: too large for a stack */
    struct tx_request requests_due[RELAY_ITEMS_MAX];
    struct btc_inv_item items[RELAY_ITEMS_MAX];
    struct outbox_item batch[OUTBOX_BATCH_MAX];
};

/* --- relay_in.c --- */
void relay_ask(struct txrelay *r);
int64_t relay_release_orphans(struct txrelay *r, int64_t now_us);

/* --- relay_out.c --- */
void relay_pass_on(struct txrelay *r, const struct tx_body *body);
void relay_greet(struct txrelay *r, struct relay_peer *p);
int64_t relay_tell(struct txrelay *r, int64_t now_us);
int64_t relay_repeat_own(struct txrelay *r, int64_t now_us);
void relay_tell_fees(struct txrelay *r);

#endif
