/* The peers that a download may ask, and how good each has been at it: the rating.
 *
 * Protocol-free. A peer is a number, unique in its set; work comes in kinds (headers, bodies,
 * blocks), each measured by itself in items of its own. The set decides nothing about what is asked
 * of whom: it tells who is idle, the best first, how much a peer can take on, and how long to wait.
 *
 * Names and rules are go-ethereum's of the first fast sync (eth/downloader/peer.go, downloader.go):
 *
 *   throughput  items a second; each measurement weighs 0.1, and delivering nothing makes it 0
 *   round trip  likewise; of the peer, whatever the kind of work
 *   capacity    what the throughput should deliver within a target time, plus one, so that it grows
 *   newcomer    starts with the average throughput and the median round trip of the others
 *   median      of the round trips, of the 5 best where there are more; bounded to 2-20 s
 *   estimate    follows the median by a quarter of the difference each round trip
 *   confidence  in the estimate: it halves its distance to 1 each round trip, and falls with every
 *               newcomer while there are few peers
 *   time to live of a request: 3 estimates over the confidence, at most a minute
 *
 * A state machine without I/O. Thread: all calls from the one thread that owns the set. Times are
 * of clock_mono_us, in microseconds. */
#ifndef DOWNLOAD_PEERS_H
#define DOWNLOAD_PEERS_H

#include "download/lacking.h"

#define DOWNLOAD_KINDS_MAX 4

#define DOWNLOAD_RTT_MIN_US INT64_C(2000000)
#define DOWNLOAD_RTT_MAX_US INT64_C(20000000)
#define DOWNLOAD_TTL_MAX_US INT64_C(60000000)

/* A peer and one kind of work. */
struct download_work {
    bool busy;
    int64_t started_us; /* while busy */
    double throughput;  /* items a second */
};

struct download_peer {
    uint64_t id;
    double rtt_us;
    struct lacking lacking;
    struct download_work work[DOWNLOAD_KINDS_MAX];
};

/* The fields are the implementation's; read them through the functions below. */
struct download_peers {
    struct download_peer *peers; /* max_peers places, the first n_peers taken */
    unsigned n_peers, max_peers;
    unsigned n_kinds;
    unsigned max_items[DOWNLOAD_KINDS_MAX];
    double estimate_us; /* of the round trip */
    double confidence;  /* in it, above 0 and at most 1 */
    int64_t tune_at_us;
};

/* A set without peers. `max_items` are the most items that one request of each kind may ask for, at
 * least 1; n_kinds from 1 to DOWNLOAD_KINDS_MAX. Returns: 0 or PN_ENOMEM. */
int download_peers_init(struct download_peers *set, unsigned max_peers, const unsigned *max_items,
                        unsigned n_kinds);

/* Accepts a zeroed struct. */
void download_peers_free(struct download_peers *set);

/* A newcomer, idle in every kind. Returns: 0, PN_EEXIST, or PN_ELIMIT when there are max_peers. */
int download_register(struct download_peers *set, uint64_t id);

/* Returns: 0 or PN_ENOENT. */
int download_unregister(struct download_peers *set, uint64_t id);

/* A request goes out now. Returns: 0; PN_EBUSY when one of this kind is under way already; or
 * PN_ENOENT. */
int download_set_busy(struct download_peers *set, uint64_t id, unsigned kind);

/* The request is answered or given up: the peer is idle again and measured by the items that it
 * delivered since download_set_busy. 0 items say that it timed out or has none of them. A peer that
 * is idle already, or gone, is left alone. */
void download_set_idle(struct download_peers *set, uint64_t id, unsigned kind, unsigned delivered);

/* One measurement, for users who keep several requests under way with a peer and so know better:
 * `delivered` items took `elapsed_us` to come in, and `rtt_us` from question to answer. */
void download_measure(struct download_peers *set, uint64_t id, unsigned kind, unsigned delivered,
                      int64_t elapsed_us, int64_t rtt_us);

/* Items to ask this peer for, so that they should arrive within target_rtt_us: at least 1, at most
 * the kind's max_items; 0 for a peer that is not in the set. */
unsigned download_capacity(const struct download_peers *set, uint64_t id, unsigned kind,
                           int64_t target_rtt_us);

/* Items a second; 0 for a peer that is not in the set. */
double download_throughput(const struct download_peers *set, uint64_t id, unsigned kind);

/* The peers without work of this kind, those with the highest throughput first, equals in no
 * particular order. `ids` has room for max_peers. Returns: how many. */
unsigned download_idle_peers(struct download_peers *set, uint64_t *ids, unsigned kind);

/* It was asked for this and does not have it. Nothing happens for a peer that is not in the set. */
void download_mark_lacking(struct download_peers *set, uint64_t id, const uint8_t hash[32]);
bool download_lacks(const struct download_peers *set, uint64_t id, const uint8_t hash[32]);

/* --- Estimates for all peers together (estimate.c) --- */

/* The median round trip, bounded; DOWNLOAD_RTT_MAX_US without peers. */
int64_t download_median_rtt_us(const struct download_peers *set);

/* Let the estimate follow the median, when a round trip has passed since it last did. To be called
 * now and then, at best every second. */
void download_tune(struct download_peers *set);

/* The target time for one request: a little less than the estimate, so that it falls when peers are
 * faster than it. */
int64_t download_request_rtt_us(const struct download_peers *set);

/* How long to wait for an answer before it counts as missing. */
int64_t download_request_ttl_us(const struct download_peers *set);

/* For download_register: a peer came, so trust the estimate less. */
void download_reduce_confidence(struct download_peers *set);

#endif
