/* What the files of this folder share; nobody else includes this. */
#ifndef BITCOIN_FILTERSYNC_INTERNAL_H
#define BITCOIN_FILTERSYNC_INTERNAL_H

#include "base/buf.h"
#include "bitcoin/filtersync/filtersync.h"
#include "bitcoin/wire/limits.h"

enum filtersync_phase {
    PHASE_REST,        /* nothing is asked */
    PHASE_CHECKPOINTS, /* of all */
    PHASE_HEADERS,     /* of all, or of one between checkpoints */
    PHASE_FILTERS,     /* of those that differ */
};

struct filtersync_peer {
    uint64_t id;
    int64_t rest_until_us;
    unsigned silences; /* in a row */
    bool blamed;
    bool due;      /* it was asked in this phase and has not answered */
    bool answered; /* in this phase */
    uint8_t (*hashes)[BTC_HASH_BYTES];
    size_t n;
    uint8_t prev[BTC_HASH_BYTES];
    uint8_t claim[BTC_HASH_BYTES]; /* PHASE_FILTERS: the hash of its filter */
    struct buf filter;
};

struct filtersync {
    const struct filtersync_ops *ops;
    void *arg;
    struct filtersync_peer peers[FILTERSYNC_PEERS_MAX];
    unsigned n_peers;
    enum filtersync_phase phase;
    int64_t deadline_us; /* of the phase; PHASE_REST: when to look again */
    bool done;
    unsigned turn; /* whose is next to be asked alone */

    struct filtersync_end end; /* when the phase began */
    uint32_t last;             /* height that the question ends with */
    uint8_t stop[BTC_HASH_BYTES];
    bool alone; /* one peer is asked, between checkpoints */

    uint8_t (*checkpoints)[BTC_HASH_BYTES]; /* what all agree on */
    size_t n_checkpoints;
    uint32_t checkpoints_tip; /* the block that they belong to */
    uint8_t checkpoints_stop[BTC_HASH_BYTES];
    bool checkpoints_asked; /* since the last rest */

    uint32_t disputed; /* height */
};

/* --- filtersync.c --- */
void filtersync_rest(struct filtersync *s, int64_t until_us);
void filtersync_blame(struct filtersync *s, struct filtersync_peer *p, uint32_t height, int reason);
void filtersync_leave_out(struct filtersync_peer *p);
/* Store what a peer sends. Returns: false when there is no memory; then it counts as silent. */
bool filtersync_keep(struct filtersync_peer *p, const uint8_t (*hashes)[BTC_HASH_BYTES], size_t n);
void filtersync_ask(struct filtersync *s, enum filtersync_phase phase);

/* --- compare.c: all answers of a phase are there, or its time is over --- */
void filtersync_compare_checkpoints(struct filtersync *s);
void filtersync_compare_headers(struct filtersync *s);
void filtersync_compare_filters(struct filtersync *s);

#endif
