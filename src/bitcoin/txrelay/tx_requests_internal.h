/* What the files of the request tracker share. */
#ifndef BITCOIN_TXRELAY_TX_REQUESTS_INTERNAL_H
#define BITCOIN_TXRELAY_TX_REQUESTS_INTERNAL_H

#include "bitcoin/txrelay/tx_requests.h"
#include "crypto/siphash.h"

enum announcement_state {
    ANN_DELAYED, /* in the heap until its time */
    ANN_READY,
    ANN_ASKED, /* in the heap until it expires */
    ANN_DONE   /* answered or expired; kept so that the same announcement is not taken again */
};

struct announcement {
    struct wanted_tx *tx;
    struct announcement *next_of_tx;
    struct announcement *prev_of_peer, *next_of_peer;
    int64_t at_us;  /* of the heap */
    uint64_t rank;  /* the highest is asked first */
    size_t heap_at; /* its place there */
    unsigned peer;
    enum announcement_state state;
};

/* A transaction that somebody has announced. */
struct wanted_tx {
    uint8_t hash[32];
    struct wanted_tx *next; /* in its bucket */
    struct announcement *announcements;
    struct announcement *asked;            /* the one that is ANN_ASKED, or NULL */
    struct wanted_tx *prev_due, *next_due; /* to be looked at by tx_requests_take */
    bool due;
};

struct request_peer {
    bool preferred, wtxid;
    unsigned announced, asked;
    struct announcement *first;
};

/* The next time of all that wait for one: a binary heap. */
struct request_heap {
    struct announcement **items;
    size_t n, cap;
};

struct tx_requests {
    struct siphash_key key;
    struct request_peer *peers;
    unsigned max_peers, wtxid_peers;
    struct wanted_tx **buckets;
    size_t n_buckets, n_wanted, n_announced, n_asked; /* n_buckets is a power of two */
    struct wanted_tx *due_first, *due_last;
    struct request_heap heap;
    uint64_t expired;
};

/* --- request_heap.c --- */

/* Room for n items. Returns: 0 or PN_ENOMEM. */
int request_heap_reserve(struct request_heap *h, size_t n);
void request_heap_push(struct request_heap *h, struct announcement *a, int64_t at_us);
void request_heap_remove(struct request_heap *h, struct announcement *a);

#endif
