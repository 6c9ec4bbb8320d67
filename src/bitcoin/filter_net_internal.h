/* What the files of filter_net share. */
#ifndef BITCOIN_FILTER_NET_INTERNAL_H
#define BITCOIN_FILTER_NET_INTERNAL_H

#include <stdatomic.h>

#include "bitcoin/filter_net.h"
#include "bitcoin/internal.h"
#include "thread/chan.h"
#include "thread/thread.h"

/* What others may know of one kind of rows: written by the thread. */
struct filter_reach {
    atomic_uint rows; /* height + 1 of the last */
    atomic_bool synced;
};

struct filter_net {
    struct bitcoin *net;
    struct filterdb *db;
    struct chan wake, quit;
    struct thread thread;
    struct filter_reach reach[FILTERDB_KINDS];
    struct metric *built_height, *served;

    /* the thread alone */
    struct {
        int64_t retry_us;                /* after a failure of the disk; 0: all is well */
        bool said_too_old;               /* that the next block is not kept */
        uint8_t refused[BTC_HASH_BYTES]; /* the last block whose inputs are unknown */
    } index;
};

/* --- filter_index.c: the thread --- */

/* Make the filters of some blocks. Returns: when to be called again, CLOCK_NEVER for once woken. */
int64_t filter_index_run(struct filter_net *n);

/* --- filter_net.c --- */
void filter_net_note_reach(struct filter_net *n, enum filterdb_kind kind, uint32_t rows,
                           bool synced);

#endif
