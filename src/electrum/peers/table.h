/* Other Electrum servers, what is known of each, and when to look at it next: a state machine
 * without I/O, with the rules and times of ElectrumX (peers.py, peer.py) save where its own notes
 * and experience say better:
 *
 *   good    verified within the last 3 hours          looked at again after 2 h 50 min
 *   stale   was good once                             after 10, 20, 40 ... minutes
 *   never   never was                                 likewise
 *   bad     its word was found false; forgiven when it verifies again (there: never)
 *
 * After 3 failures in a row a server is forgotten, after 10 when it was good and is not bad.
 * Cutoffs are on the monotonic clock; the wall clock is for showing and for restarts.
 *
 * Thread: any; one mutex, held for one pass over the table at most. */
#ifndef ELECTRUM_PEERS_TABLE_H
#define ELECTRUM_PEERS_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/addr.h"
#include "net/group.h"

#define PEERS_HOST_BYTES   256
#define PEERS_REASON_BYTES 64
#define PEERS_MAX          2000

#define PEERS_STALE_S       10800 /* 3 hours */
#define PEERS_RECHECK_S     10200 /* 2 h 50 min */
#define PEERS_WAKEUP_S      300   /* base of the pauses: 300 s × 2^failures */
#define PEERS_ADD_PAUSE_S   600   /* between two add_peer of one domain or one address */
#define PEERS_ONION_PAUSE_S 1200  /* at most, between two onion servers added */
#define PEERS_TRIES_NEVER   3
#define PEERS_TRIES_GOOD    10
#define PEERS_NOTED_EACH    2 /* of what one server names */

/* X(identifier, "name") */
#define PEERS_STATUS_LIST(X) \
    X(PEERS_GOOD, "good")    \
    X(PEERS_STALE, "stale")  \
    X(PEERS_NEVER, "never")  \
    X(PEERS_BAD, "bad")

enum peers_status {
#define PEERS_STATUS_ENUM_(id, name) id,
    PEERS_STATUS_LIST(PEERS_STATUS_ENUM_)
#undef PEERS_STATUS_ENUM_
        PEERS_STATUSES
};

const char *peers_status_name(enum peers_status status);

/* One server. Times in seconds are of the wall clock, 0: never. */
struct peers_entry {
    uint64_t id;                 /* 0: an empty place */
    char host[PEERS_HOST_BYTES]; /* lower case: a name, an IP address, or an onion service */
    uint16_t tcp_port, ssl_port; /* 0: none */
    char source[24];             /* "built-in", "operator", "add_peer", or another server's host */
    char software[64];           /* as it told */
    struct net_addr addr;        /* where it was last verified; NET_NONE before, and for onions */
    struct net_addr claimed_by;  /* add_peer: its name must lead there; NET_NONE: nobody */
    bool bad;
    char reason[PEERS_REASON_BYTES]; /* of the last failure, "" after a success */
    int64_t last_good_s, last_try_s;
    unsigned tries; /* failures in a row */
    bool has_pin;   /* a certificate was seen */
    uint8_t pin[32];
    unsigned pin_changes;
    int64_t last_good_us, due_us; /* monotonic; 0: never */
    bool checking;
    bool dirty; /* not yet stored */
};

/* What a look at a server came to. */
struct peers_verdict {
    enum { VERDICT_FAILED, VERDICT_BAD, VERDICT_GOOD } kind;
    char reason[PEERS_REASON_BYTES];
    char software[64];
    struct net_addr addr;
    bool has_pin;
    uint8_t pin[32];
};

struct peers_config {
    bool allow_private; /* servers at private addresses count as public: for tests and LANs */
    const struct net_policy *policy;
};

struct peers_table;

/* Thread: the main thread. Returns: NULL when there is no memory. */
struct peers_table *peers_table_new(const struct peers_config *config);
void peers_table_free(struct peers_table *t);

/* A server is named by somebody. One that is known is only looked at again soon when the ports
 * differ. Returns: 0; PN_EEXIST; PN_EFORMAT for a host or port that cannot be; PN_EFILTERED for a
 * private one; PN_ELIMIT when the table is full. */
int peers_note(struct peers_table *t, const char *host, uint16_t tcp_port, uint16_t ssl_port,
               const char *source);

/* add_peer, called from `from`: the first host of features alone, not more often than
 * PEERS_ADD_PAUSE_S for one domain and for one address. Returns: 0 when it will be looked at, or
 * PN_EAGAIN, PN_EFORMAT, PN_EFILTERED, PN_ELIMIT; PN_EUNPROVEN for an IP address that is not the
 * caller's. */
int peers_add(struct peers_table *t, const char *host, uint16_t tcp_port, uint16_t ssl_port,
              const struct net_addr *from);

/* Put back what was stored (id, monotonic times and flags are set here). Returns: as peers_note. */
int peers_restore(struct peers_table *t, const struct peers_entry *stored);

/* Take the server that is due first, and mark it as being looked at.
 * Returns: 0; PN_ENOENT when none is due: then *due_us tells when one is (or CLOCK_NEVER). */
int peers_take_due(struct peers_table *t, struct peers_entry *out, int64_t *due_us);

/* Whether another server verified within the last three hours, or being looked at, is at this
 * address (IPv4) or in this /64: there is to be one each. */
bool peers_bucket_taken(struct peers_table *t, const struct net_addr *addr, uint64_t id);

/* Note where it is being looked at, so that no other takes the bucket meanwhile. */
void peers_set_addr(struct peers_table *t, uint64_t id, const struct net_addr *addr);

/* What came of it. Returns: whether the server has been forgotten. */
bool peers_conclude(struct peers_table *t, uint64_t id, const struct peers_verdict *verdict);

/* Copies. Returns: false when there is no such server. */
bool peers_get(struct peers_table *t, struct peers_entry *out, const char *host);

/* Call visit for each, good ones first, then by last success; the lock is not held.
 * Returns: 0 or PN_ENOMEM. */
int peers_each(struct peers_table *t, void (*visit)(void *arg, const struct peers_entry *e),
               void *arg);

enum peers_status peers_status_of(const struct peers_entry *e);
void peers_count(struct peers_table *t, unsigned counts[PEERS_STATUSES]);

/* The answer to server.peers.subscribe: good servers, at most two of an IPv4 /16 or IPv6 /56, and
 * of onion services max(10, a quarter of the others). */
void peers_put_list(struct buf *out, struct peers_table *t);

/* The next server that is to be stored, and that it is. Returns: false when there is none. */
bool peers_take_dirty(struct peers_table *t, struct peers_entry *out);

#endif
