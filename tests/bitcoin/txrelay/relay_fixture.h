/* A relay whose messages go into logs instead of to peers. */
#ifndef TESTS_BITCOIN_TXRELAY_RELAY_FIXTURE_H
#define TESTS_BITCOIN_TXRELAY_RELAY_FIXTURE_H

#include "bitcoin/txrelay/txrelay.h"
#include "txs.h"

enum { RELAY_PEERS = 8, LOG_MAX = 4096 };

/* What one peer was sent, all messages together. */
struct item_log {
    struct btc_inv_item items[LOG_MAX];
    size_t n, messages;
};

struct fake_peer {
    unsigned place;
    struct tx_told told;
    struct item_log asked, told_of;
    int64_t fee_filter, their_fee_filter;
    unsigned refused[TX_REFUSALS], accepted;
};

struct relay_fixture {
    struct txpool *pool;
    struct txrelay *relay;
    struct fake_peer peers[RELAY_PEERS];
    struct txrelay_event events[LOG_MAX];
    size_t n_events;
};

extern struct relay_fixture fx;

/* A relay that is in sync at height 100, on a test clock. */
void relay_begin(void);
/* The same, whose chain is not in sync. */
void relay_begin_behind(void);
void relay_end(void);

/* Peer i as told; the handle, source and told set are filled in. */
void relay_join(unsigned i, struct txrelay_peer_info info);
/* A peer that we dialled, of today: everything goes. */
void relay_join_full(unsigned i);
void relay_leave(unsigned i);

/* It announces by wtxid, sends, or says that it has not got it. Each is followed by a turn. */
void relay_announce(unsigned i, const struct tx_body *t);
void relay_send(unsigned i, struct tx_body *t); /* a reference of its own */
void relay_miss(unsigned i, const struct tx_body *t);

/* Let time pass, with a turn whenever the relay wants one. */
void relay_pass_ms(int64_t ms);

/* How often the peer was asked for this hash, or told of it. */
unsigned relay_asked(unsigned i, const uint8_t hash[32]);
unsigned relay_told(unsigned i, const uint8_t hash[32]);

#endif
