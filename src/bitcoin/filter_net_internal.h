/* What the files of filter_net share. */
#ifndef BITCOIN_FILTER_NET_INTERNAL_H
#define BITCOIN_FILTER_NET_INTERNAL_H

#include <stdatomic.h>

#include "base/mutex.h"
#include "bitcoin/filter_net.h"
#include "bitcoin/filtersync/filtersync.h"
#include "bitcoin/internal.h"
#include "thread/chan.h"
#include "thread/thread.h"

enum filter_event {
    FILTER_PEER_READY, /* carries a reference */
    FILTER_PEER_GONE,  /* and gives it back */
    FILTER_CHECKPOINTS,
    FILTER_HEADERS,
    FILTER_FILTER,
    FILTER_BLOCK,
};

struct filter_msg {
    enum filter_event event;
    struct peer *peer;
    uint8_t block[BTC_HASH_BYTES]; /* the stop hash, or whose filter it is */
    uint8_t prev[BTC_HASH_BYTES];  /* FILTER_HEADERS */
    uint8_t *data;                 /* hashes, or the filter */
    size_t len;
    struct frame *frame; /* FILTER_BLOCK: a reference */
};

/* What others may know of one kind of rows: written by the thread. */
struct filter_reach {
    atomic_uint rows; /* height + 1 of the last */
    atomic_bool synced;
};

struct filter_net {
    struct bitcoin *net;
    struct filterdb *db;
    struct chan inbox, wake, quit;
    struct thread thread;
    struct filter_reach reach[FILTERDB_KINDS];
    struct metric *height[FILTERDB_KINDS], *served;

    struct mutex mu;
    uint8_t wanted[BTC_HASH_BYTES] GUARDED_BY(mu); /* the block of a dispute, or zero */

    /* the thread alone */
    struct {
        int64_t retry_us;                /* after a failure of the disk; 0: all is well */
        bool said_too_old;               /* that the next block is not kept */
        uint8_t refused[BTC_HASH_BYTES]; /* the last block whose inputs are unknown */
    } index;
    struct {
        struct filtersync *sync; /* or NULL: headers are not compared */
        struct peer *peers[FILTERSYNC_PEERS_MAX];
        unsigned n_peers;
        uint8_t tip[BTC_HASH_BYTES];
        struct frame *block; /* of the dispute, or NULL */
        uint8_t block_hash[BTC_HASH_BYTES];
    } client;
};

extern struct chan_class filter_inbox_class;

/* --- filter_reach.c --- */
void filter_net_note_reach(struct filter_net *n, enum filterdb_kind kind, uint32_t rows,
                           bool synced);

/* --- filter_index.c: the thread --- */

/* Make the filters of some blocks. Returns: when to be called again, CLOCK_NEVER for once woken. */
int64_t filter_index_run(struct filter_net *n);

/* --- filter_client.c: the thread --- */

/* Owns: takes what hangs on the message. */
void filter_client_take(struct filter_net *n, struct filter_msg *m);
/* Do what is due. Returns: as filter_index_run. */
int64_t filter_client_run(struct filter_net *n);
void filter_client_free(struct filter_net *n);
void filter_msg_drop(void *elem);

/* --- filter_client_ops.c --- */
extern const struct filtersync_ops filter_client_ops;
/* The hash of the genesis block's filter. */
int filter_client_genesis(const struct filter_net *n, uint8_t out[BTC_HASH_BYTES]);

#endif
