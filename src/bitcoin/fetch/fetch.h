/* Which blocks are asked of whom: the scheduler of block download.
 *
 * It wants every block of the active chain from a first height to the tip that is not held yet. A
 * window of FETCH_WINDOW blocks, which begins at the lowest one missing, moves over them; inside it
 * blocks are asked of all peers that have them at once, the fastest first, of each as many as its
 * rating says it can deliver (download/peers.h) and at most FETCH_PEER_MAX.
 *
 * Stalls: when a peer stands idle because all that it could deliver is asked of others already, a
 * block that has been under way for longer than the stall timeout is taken back from a peer that
 * has delivered nothing in that time, or is at most half as fast, and asked of another. The timeout
 * is 2 s, doubles each time up to 64 s, and shrinks again with each block that arrives in order
 * (Bitcoin Core, BLOCK_STALLING_TIMEOUT; it parts from the peer where we let it go on). A block
 * that comes late is still welcome. A peer that promised blocks and is silent for the time to live
 * of a request, or has owed a block for ten minutes, is to be dropped.
 *
 * A state machine without I/O. Thread: all calls from the one thread that owns it. Times are
 * microseconds of clock_mono_us. */
#ifndef BITCOIN_FETCH_FETCH_H
#define BITCOIN_FETCH_FETCH_H

#include "download/peers.h"

#define FETCH_WINDOW   1024 /* Core, BLOCK_DOWNLOAD_WINDOW */
#define FETCH_PEER_MAX 16   /* blocks in flight; Core, MAX_BLOCKS_IN_TRANSIT_PER_PEER */

#define FETCH_STALL_MIN_US INT64_C(2000000)
#define FETCH_STALL_MAX_US INT64_C(64000000)
#define FETCH_OWED_MAX_US  INT64_C(600000000)
#define FETCH_RETRY_US     INT64_C(30000000) /* after a block that could not be kept */

struct fetch_item {
    uint32_t height;
    uint8_t hash[32];
};

struct fetch_ops {
    /* The block of the active chain at a height that lies within the range. */
    void (*hash_at)(void *arg, uint8_t hash[32], uint32_t height);
    bool (*holds)(void *arg, const uint8_t hash[32]);
    /* Ask a peer for 1 to FETCH_PEER_MAX blocks. May come from any call below but the first three.
     */
    void (*request)(void *arg, uint64_t peer, const struct fetch_item *items, unsigned n);
    /* Part from a peer that does not deliver; fetch_peer_gone follows later, from outside. */
    void (*drop)(void *arg, uint64_t peer);
    /* Bytes that have come from a peer, whatever they are. */
    uint64_t (*bytes_from)(void *arg, uint64_t peer);
};

struct fetch;

/* Nothing is wanted yet. Owns: ops are static, arg is the caller's. Returns: NULL when there is no
 * memory. */
struct fetch *fetch_new(const struct fetch_ops *ops, void *arg, unsigned max_peers);
void fetch_free(struct fetch *f); /* accepts NULL */

/* The active chain has changed: blocks from `first` to `tip` are wanted, and those above `fork` are
 * others than before. Nothing is asked yet: fetch_run follows. */
void fetch_set_range(struct fetch *f, uint32_t first, uint32_t tip, uint32_t fork);

/* Which blocks a peer promises to deliver. */
enum fetch_promise {
    FETCH_ALL,       /* all that it has: NODE_NETWORK */
    FETCH_LAST,      /* the last 288 of them: NODE_NETWORK_LIMITED, BIP159 */
    FETCH_ANNOUNCED, /* none but those that it announces itself */
};

/* A peer has come; it has no blocks so far. Returns: 0, PN_EEXIST, PN_ELIMIT. */
int fetch_peer_ready(struct fetch *f, uint64_t peer, enum fetch_promise promise);
void fetch_peer_gone(struct fetch *f, uint64_t peer);

/* It has, or says that it has, the active chain up to this height. */
void fetch_peer_has(struct fetch *f, uint64_t peer, uint32_t height);

/* It has announced this block of the active chain. */
void fetch_peer_announced(struct fetch *f, uint64_t peer, uint32_t height);

/* A block is on its way from this peer without our having asked here: pushed, or as a compact
 * block. Returns: false when the block is not wanted, or the peer owes enough already. */
bool fetch_claim(struct fetch *f, uint64_t peer, const uint8_t hash[32]);

/* A peer has delivered a block and it is held now. One that was not asked of it counts as held, and
 * for nothing else. */
void fetch_delivered(struct fetch *f, uint64_t peer, const uint8_t hash[32]);

/* What came was no good, or it says that it does not have the block; or we could not keep it
 * (lacks = false): that is no fault of the peer's, and for FETCH_RETRY_US nothing is asked for. */
void fetch_failed(struct fetch *f, uint64_t peer, const uint8_t hash[32], bool lacks);

/* A block that is held by other means: made here. */
void fetch_held(struct fetch *f, const uint8_t hash[32]);

/* Blocks cannot be kept: ask for nothing for FETCH_RETRY_US. */
void fetch_pause(struct fetch *f);

/* Ask for what can be asked for now. */
void fetch_run(struct fetch *f);

/* Look for stalls; to be called about every second while blocks are in flight. */
void fetch_tick(struct fetch *f);

/* What is known of one peer, for those who look from outside; its rating is fetch_rating's. */
struct fetch_peer_view {
    uint64_t id;
    enum fetch_promise promise;
    unsigned in_flight;
    unsigned taken_back;     /* blocks that it kept others waiting for, ever */
    int64_t paused_until_us; /* it has stalled: nothing is asked of it before */
};

/* All peers; `out` has room for max_peers. Returns: how many. */
unsigned fetch_view_peers(const struct fetch *f, struct fetch_peer_view *out);

/* How good they are at it: one kind of work, in blocks. Borrowed. */
const struct download_peers *fetch_rating(const struct fetch *f);

/* Blocks asked for and not yet delivered. */
unsigned fetch_in_flight(const struct fetch *f);

/* Whether all blocks of the range are held. */
bool fetch_complete(const struct fetch *f);

/* The present stall timeout, and how many blocks have been taken back. */
int64_t fetch_stall_timeout_us(const struct fetch *f);
uint64_t fetch_taken_back(const struct fetch *f);

#endif
