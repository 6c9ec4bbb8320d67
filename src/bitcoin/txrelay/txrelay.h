/* The relay of transactions as a state machine without I/O and without threads: what peers announce
 * and send goes in, requests and announcements come out through the table of functions.
 *
 * In: an announced transaction that we lack is asked for (tx_requests.h), checked by the caller
 * (mempool/tx_check.h), added to the pool, and passed on. A refused one is remembered until the
 * tip moves, so that nobody is asked for it again.
 *
 * Out: each peer is told after exponentially distributed times, 2 s on average for those we dialled
 * and 5 s for those who dialled us, the latter all at once, so that many connections show no more
 * than one (Core, net_processing.cpp, INBOUND_INVENTORY_BROADCAST_INTERVAL). At most a batch at a
 * time (outbox.h), parents first, otherwise in no order that says who was first.
 *
 * What a stranger sends is passed on only within a budget of bytes, his and all strangers'
 * together: whoever pays for a transaction with nothing but its bytes could otherwise have us send
 * it to every peer. It stays in the pool. All strangers together may use several times what blocks
 * have room for.
 *
 * A transaction of the operator is announced like any other, to newcomers as long as nobody has
 * asked for it, and again to all after 10 to 15 minutes until it has left the pool (Core,
 * ReattemptInitialBroadcast).
 *
 * Thread: the owner's, for all. Peers are named by the place that txrelay_peer_ready gave them. */
#ifndef BITCOIN_TXRELAY_TXRELAY_H
#define BITCOIN_TXRELAY_TXRELAY_H

#include "bitcoin/mempool/txpool.h"
#include "bitcoin/txrelay/tx_told.h"
#include "bitcoin/wire/msg_inv.h"

enum {
    TXRELAY_OWN_MAX = 1000,      /* transactions of the operator at a time */
    TXRELAY_REJECTS_MAX = 120000 /* remembered; Core, m_lazy_recent_rejects */
};

/* Bytes of transactions that are passed on: a second in the long run, and at once. */
enum {
    TXRELAY_PEER_BYTES_PER_S = 10000,
    TXRELAY_PEER_BURST = 1000000,
    TXRELAY_ALL_BYTES_PER_S = 40000,
    TXRELAY_ALL_BURST = 4000000,
};

/* What we ask peers not to announce, in sat/kvB: less than Core's default relay fee, or nothing at
 * all while the chain is behind (BIP133; the number is Core's rounding of all the money). */
#define TXRELAY_MIN_FEE_RATE   100
#define TXRELAY_NO_TXS_FEE     INT64_C(9170997)
#define TXRELAY_FEE_NEVER_TOLD (-1)

struct txrelay_peer_info {
    void *handle;         /* what the functions below are called with */
    struct tx_told *told; /* the peer's; outlives its place here */
    bool inbound;
    bool preferred;   /* asked without delay */
    bool trusted;     /* by the operator: no budget */
    bool by_wtxid;    /* both sides sent wtxidrelay, BIP339 */
    bool has_witness; /* serves witnesses */
    bool wants;       /* transactions are announced to it */
    bool gives;       /* its transactions are welcome */
    bool fee_filter;  /* knows BIP133 */
    unsigned source;  /* of the pool */
};

enum txrelay_event_kind { TXRELAY_ASKED, TXRELAY_LEFT };

/* News of a transaction of the operator. */
struct txrelay_event {
    enum txrelay_event_kind kind;
    const uint8_t *txid, *wtxid;
    unsigned asked;        /* how often peers have asked for it so far */
    enum txpool_exit exit; /* for TXRELAY_LEFT */
};

struct txrelay_ops {
    void (*ask)(void *arg, void *peer, const struct btc_inv_item *items, size_t n);  /* getdata */
    void (*tell)(void *arg, void *peer, const struct btc_inv_item *items, size_t n); /* inv */
    void (*fee_filter)(void *arg, void *peer, int64_t sat_per_kvb);
    int64_t (*their_fee_filter)(void *arg, void *peer);
    void (*refused)(void *arg, void *peer, const struct tx_body *body, enum tx_refusal why);
    void (*accepted)(void *arg, void *peer, const struct tx_body *body);
    void (*event)(void *arg, const struct txrelay_event *e);
};

struct txrelay_config {
    unsigned max_peers;
    int64_t inbound_ms, outbound_ms; /* mean times between announcements: 5,000 and 2,000 */
};

struct txrelay;

/* The pool is borrowed. Returns: 0 or PN_ENOMEM. */
int txrelay_new(struct txrelay **out, struct txpool *pool, const struct txrelay_config *config,
                const struct txrelay_ops *ops, void *arg);
void txrelay_free(struct txrelay *r); /* accepts NULL */

/* Returns: the peer's place, or PN_ELIMIT. */
int txrelay_peer_ready(struct txrelay *r, const struct txrelay_peer_info *info);
void txrelay_peer_gone(struct txrelay *r, unsigned peer);

/* What it sent. Announcements that are not of the kind agreed on (BIP339) are passed over. */
void txrelay_inv(struct txrelay *r, unsigned peer, const struct btc_inv_item *items, size_t n);
void txrelay_notfound(struct txrelay *r, unsigned peer, const struct btc_inv_item *items, size_t n);

/* `checked` is what tx_check says. Owns: takes the reference. */
void txrelay_tx(struct txrelay *r, unsigned peer, struct tx_body *body, enum tx_refusal checked);

/* It asks for all of the pool (BIP35), and may: answered at once. */
void txrelay_list(struct txrelay *r, unsigned peer);

/* The chain: the height of the next block, and its parent's median time. Refusals are forgotten.
 * Until the first call nothing is asked for. */
void txrelay_tip(struct txrelay *r, uint32_t next_height, int64_t median_time_s);

/* The operator's, in the pool already: announce it. Owns: takes the reference. */
void txrelay_submitted(struct txrelay *r, struct tx_body *body);

/* A peer has asked for it; an own one has left the pool. Unknown ones are ignored. */
void txrelay_asked(struct txrelay *r, const uint8_t wtxid[BTC_HASH_BYTES]);
void txrelay_departed(struct txrelay *r, const uint8_t wtxid[BTC_HASH_BYTES],
                      enum txpool_exit exit);

/* Do what is due. Returns: when to call again, monotonic microseconds. */
int64_t txrelay_tick(struct txrelay *r);

struct txrelay_counts {
    unsigned peers, orphans, own;
    uint64_t announced;       /* entries of inv sent */
    uint64_t outbox_lost;     /* left out for lack of room */
    uint64_t withheld;        /* not passed on for lack of a budget */
    uint64_t expired;         /* requests */
    size_t wanted, in_flight; /* transactions; requests */
};
void txrelay_counts(const struct txrelay *r, struct txrelay_counts *out);

#endif
