/* The address book: which addresses of peers this node knows, and which to try next.
 *
 * An address that somebody told us is in the new table (1024 buckets of 64), in up to eight
 * buckets; one that has answered is in the tried table (256 buckets of 64), in exactly one. Where
 * it may stand follows from a secret key, its group and, in the new table, its source's group: one
 * source group reaches 64 new buckets, one group 8 tried buckets. So whoever floods us displaces
 * mostly himself. Before one tried address displaces another the older one is tested.
 *
 * Times in seconds are those of the wall clock, since they are kept on disk; 0 is never. All
 * memory is taken when the book is made (about 13 MB of addresses, touched as it fills), besides
 * what the answers to getaddr hold (bounded, below 2 MB).
 *
 * Thread: any thread may call any function; one lock, held for a bounded number of entries, a few
 * hundred microseconds at most. No function waits for anything else.
 * Source: addrman.h, addrman_impl.h, addrman.cpp of the reference implementation; Heilman et al.,
 * "Eclipse Attacks on Bitcoin's Peer-to-Peer Network" (2015). */
#ifndef ADDRBOOK_ADDRBOOK_H
#define ADDRBOOK_ADDRBOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"
#include "net/group.h"

#define ADDRBOOK_NEW_BUCKETS   1024
#define ADDRBOOK_TRIED_BUCKETS 256
#define ADDRBOOK_BUCKET_SIZE   64
#define ADDRBOOK_MAX_REFS      8 /* buckets of the new table that one address may stand in */
#define ADDRBOOK_CAPACITY      ((ADDRBOOK_NEW_BUCKETS + ADDRBOOK_TRIED_BUCKETS) * ADDRBOOK_BUCKET_SIZE)

#define ADDRBOOK_KEY_BYTES      32
#define ADDRBOOK_GETADDR_MAX    1000 /* addresses in one answer */
#define ADDRBOOK_COLLISIONS_MAX 10
#define ADDRBOOK_LOCAL_MAX      32
#define ADDRBOOK_SELVES_MAX     16
#define ADDRBOOK_KINDS          7 /* indexed by enum net_kind; 0 counts all kinds */

/* For what a peer tells of others (reference: two hours); none for DNS and for what we know. */
#define ADDRBOOK_GOSSIP_PENALTY_S (2 * 60 * 60)

struct addrbook;
struct journal;

/* An address as peers exchange it. */
struct addrbook_seen {
    struct net_addr addr;
    uint64_t services;
    int64_t last_seen_s;
};

/* What the book knows of one address. */
struct addrbook_record {
    struct net_addr addr;
    struct net_addr source; /* who told us first */
    uint64_t services;
    int64_t last_seen_s;    /* by anyone, as far as we heard */
    int64_t last_try_s;     /* by us; 0: never */
    int64_t last_success_s; /* 0: never */
    uint16_t attempts;      /* counted failures since the last success */
    bool tried;
    uint8_t n_refs;                    /* how many of slots are in use; 1 when tried */
    uint16_t slots[ADDRBOOK_MAX_REFS]; /* bucket × ADDRBOOK_BUCKET_SIZE + position, in its table */
};

/* --- life --- */

/* An empty book with a random key. `policy` is borrowed and outlives the book.
 * Owns: the caller frees with addrbook_free. Returns: NULL when there is no memory. */
struct addrbook *addrbook_new(const struct net_policy *policy);

/* Thread: the last one. Accepts NULL. */
void addrbook_free(struct addrbook *b);

/* Where it is noted, under this network's label, which addresses do not enter the book or leave it,
 * and why; borrowed. Thread: the owner, before others use the book. */
void addrbook_set_journal(struct addrbook *b, struct journal *journal, const char *network);

const struct net_policy *addrbook_policy(const struct addrbook *b);

/* --- what we learn --- */

/* Enter addresses that `source` told us (NULL: each comes from itself). What is unroutable or has
 * port 0 (but for I2P) is refused. A last_seen_s outside of what can be is taken for five days ago;
 * penalty_s is taken off it, unless an address announces itself. An address known already is
 * refreshed, and may come to stand in a further bucket. Returns: how many entered a bucket. */
size_t addrbook_add(struct addrbook *b, const struct addrbook_seen *seen, size_t n,
                    const struct net_addr *source, int64_t penalty_s);

enum addrbook_good_result {
    ADDRBOOK_GOOD_UNKNOWN,   /* not in the book */
    ADDRBOOK_GOOD_KNOWN,     /* was in tried already */
    ADDRBOOK_GOOD_MOVED,     /* from new to tried */
    ADDRBOOK_GOOD_COLLISION, /* its place in tried is taken: waits for the test of who has it */
};

/* We dialled the address and its handshake was complete. Does not touch last_seen_s, which would
 * tell others whom we are connected to. */
enum addrbook_good_result addrbook_good(struct addrbook *b, const struct net_addr *addr);

/* We are about to dial, or have failed to. With count_failure the failure counts if since the last
 * counted one of this address any other connection was made: when we are offline, it is not their
 * fault. */
void addrbook_attempt(struct addrbook *b, const struct net_addr *addr, bool count_failure);

/* The connection that we had ended just now in good order: refreshes last_seen_s if that is more
 * than 20 minutes old. */
void addrbook_connected(struct addrbook *b, const struct net_addr *addr);

/* What the address said of itself in its handshake replaces what others said. */
void addrbook_set_services(struct addrbook *b, const struct net_addr *addr, uint64_t services);

/* --- whom to try --- */

enum addrbook_table { ADDRBOOK_NEW, ADDRBOOK_TRIED, ADDRBOOK_ANY };

#define ADDRBOOK_KIND_BIT(kind) (UINT32_C(1) << (kind))
#define ADDRBOOK_ALL_KINDS      UINT32_C(0)

struct addrbook_choice {
    struct net_addr addr;
    uint64_t services;
    int64_t last_try_s;
    bool tried;
};

/* Draw an address: from either table with even odds for ADDRBOOK_ANY when both have one, by bucket
 * and then by position; who was tried within 10 minutes or has failed is taken less often. `kinds`
 * is a set of ADDRBOOK_KIND_BITs, or ADDRBOOK_ALL_KINDS. Returns: false when there is none. */
bool addrbook_select(struct addrbook *b, struct addrbook_choice *out, enum addrbook_table table,
                     uint32_t kinds);

/* The tried address whose place another one wants, to be tested by a connection; of several a
 * random one. Returns: false when there is none. */
bool addrbook_select_collision(struct addrbook *b, struct addrbook_choice *out);

typedef bool addrbook_is_connected(void *arg, const struct net_addr *addr);

struct addrbook_resolved {
    unsigned kept;     /* the older address answered: it stays */
    unsigned replaced; /* it did not, or could not be tested within 40 minutes: back to new */
    unsigned gone;     /* there is no collision any more */
    unsigned waiting;  /* undecided yet */
};

/* Decide the collisions that can be decided. An older address that `is_connected` (may be NULL)
 * knows counts as having answered just now. It is called without the lock. */
struct addrbook_resolved addrbook_resolve_collisions(struct addrbook *b,
                                                     addrbook_is_connected *is_connected,
                                                     void *arg);

/* --- what we tell --- */

/* A random sample: at most 23 % of the book and at most `max` addresses, none of them terrible. At
 * most 8192 entries are looked at. Returns: how many are in out, which holds `max`. */
size_t addrbook_sample(struct addrbook *b, struct addrbook_seen *out, size_t max, uint32_t kinds);

typedef bool addrbook_may_tell(void *arg, const struct net_addr *addr);

/* The answer to a getaddr: a sample that stays the same for 21 to 27 hours for all who ask from
 * the same kind of network at the same listening address, so that asking often gives no more.
 * `local` is the address that was connected to. `may_tell` (may be NULL) leaves out, when the
 * sample is drawn, whom we ban. Up to 16 samples are held; beyond that the oldest goes.
 * Returns: how many are in out, which holds ADDRBOOK_GETADDR_MAX; PN_ENOMEM. */
int addrbook_getaddr(struct addrbook *b, struct addrbook_seen *out, enum net_kind requester,
                     const struct net_addr *local, addrbook_may_tell *may_tell, void *arg);

/* --- our own addresses --- */

enum addrbook_local_score {
    ADDRBOOK_LOCAL_INTERFACE = 1, /* of an interface of this machine */
    ADDRBOOK_LOCAL_BOUND = 2,     /* listened on explicitly */
    ADDRBOOK_LOCAL_MAPPED = 3,    /* a port mapping */
    ADDRBOOK_LOCAL_MANUAL = 4,    /* given by the operator */
};

/* Say that we can be reached at an address. A known one keeps the higher score, plus one.
 * Returns: 0, PN_EFILTERED for an unroutable one, PN_ELIMIT beyond ADDRBOOK_LOCAL_MAX. */
int addrbook_local_add(struct addrbook *b, const struct net_addr *addr, int score);
void addrbook_local_remove(struct addrbook *b, const struct net_addr *addr);

/* A peer told us that it sees us at this address: if it is ours, its score rises by one.
 * Returns: whether it is ours. */
bool addrbook_local_seen(struct addrbook *b, const struct net_addr *addr);

/* Dialling an address led back to ourselves: it is not to be dialled again, nor announced. The last
 * ADDRBOOK_SELVES_MAX are remembered. */
void addrbook_self_add(struct addrbook *b, const struct net_addr *addr);

bool addrbook_is_local(struct addrbook *b, const struct net_addr *addr);

/* Whether it is ours, or is known to lead back to us. */
bool addrbook_is_self(struct addrbook *b, const struct net_addr *addr);

/* Which of our addresses to tell a peer: the one it can reach best, then the highest score.
 * Returns: false when there is none that it could reach. */
bool addrbook_local_best(struct addrbook *b, struct net_addr *out, const struct net_addr *remote);

struct addrbook_local {
    struct net_addr addr;
    int score;
};

/* Returns: how many are in out. */
size_t addrbook_local_list(struct addrbook *b, struct addrbook_local out[ADDRBOOK_LOCAL_MAX]);

/* --- looking at it --- */

/* Totals since the book was made; each is a metric (addrbook_metrics.c). */
#define ADDRBOOK_EVENT_LIST(X)                                      \
    X(added, "entered the new table")                               \
    X(referenced, "known already, entered a further new bucket")    \
    X(refreshed, "known already")                                   \
    X(unroutable, "refused: not routable, or without a port")       \
    X(occupied, "refused: its place in the new table is taken")     \
    X(expired, "left the new table: terrible, replaced by another") \
    X(displaced, "lost one of several places in the new table")     \
    X(moved, "moved to the tried table")                            \
    X(collided, "found its place in the tried table taken")         \
    X(collision_dropped, "not remembered: ten collisions wait")     \
    X(kept, "older tried address stayed after a test")              \
    X(replaced, "older tried address gave way to a newer one")      \
    X(crowded_out, "left the new table for one that left tried")

struct addrbook_counts {
    uint32_t n_new[ADDRBOOK_KINDS];            /* addresses */
    uint32_t n_tried[ADDRBOOK_KINDS];          /* addresses */
    uint32_t new_buckets_used[ADDRBOOK_KINDS]; /* buckets with at least one of the kind */
    uint32_t tried_buckets_used[ADDRBOOK_KINDS];
    uint32_t new_slots_used;
    uint32_t collisions;
    uint32_t samples; /* answers to getaddr that are held */
    struct {
#define ADDRBOOK_EVENT_FIELD_(name, text) uint64_t name;
        ADDRBOOK_EVENT_LIST(ADDRBOOK_EVENT_FIELD_)
#undef ADDRBOOK_EVENT_FIELD_
    } events;
};

void addrbook_counts(struct addrbook *b, struct addrbook_counts *out);

/* Addresses known, of all kinds. */
size_t addrbook_size(struct addrbook *b);

/* Returns: whether the address is known. */
bool addrbook_find(struct addrbook *b, struct addrbook_record *out, const struct net_addr *addr);

/* Why an address would be given up at time now_s, or NULL: static text. */
const char *addrbook_terrible(const struct addrbook_record *r, int64_t now_s);

/* How readily it is drawn, relative to one that never failed: above 0, at most 1. */
double addrbook_chance(const struct addrbook_record *r, int64_t now_s);

/* A copy of all records, taken in slices: each is true of its moment, and an address that comes or
 * goes meanwhile may be missing. Owns: the caller frees *out with mem_free.
 * Returns: 0 or PN_ENOMEM. */
int addrbook_snapshot(struct addrbook *b, struct addrbook_record **out, size_t *n);

struct addrbook_group_count {
    struct net_group group;
    uint32_t n_new, n_tried; /* addresses */
};

/* The groups with the most addresses, the largest first: out holds `max`. *n_groups is the number
 * of all groups. From a snapshot. Returns: how many are in out; PN_ENOMEM. */
int addrbook_groups(struct addrbook *b, struct addrbook_group_count *out, size_t *n_groups,
                    size_t max);

/* Gauges and counters p2pnode_addrbook_*, set at each rendering until the second call. Thread: the
 * owner. Returns: 0 or PN_ELIMIT. */
int addrbook_metrics_register(struct addrbook *b);
void addrbook_metrics_unregister(struct addrbook *b);

#endif
