/* The journal: what the node decided, about whom, and why. It answers "why was this address
 * refused, skipped, banned", and is the source of the event stream.
 *
 * It remembers in two ways. For explanations each event has a bounded list of its own, so that a
 * flood of refusals never pushes out a ban; what happens again to the same subject for the same
 * reason is counted in the record that is there, which becomes the newest. For subscribers the last
 * records of all events together stand in one ring.
 *
 * Whatever is noted is also counted, by network, event and reason, for explanations and as
 * p2pnode_decisions_total.
 *
 * Memory is taken by the constructor. Texts are copied, cut to their fields, and everything outside
 * printable ASCII becomes '?', so that a text that came from a peer can be shown anywhere.
 *
 * Thread: any, for every call but journal_new and journal_free. The lock is held for one record
 * when adding and for at most JOURNAL_SLICE records at a time when reading, so that a reader of
 * the whole journal never holds up the threads that write it. */
#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What happened. X(identifier, "name", followed): the name is stable, it stands in JSON. What is
 * not followed comes by the thousand and is kept from the event stream. Append only. */
#define JOURNAL_EVENT_LIST(X)                                                                     \
    X(JOURNAL_DIALLED, "dialled", true)           /* a connection attempt has begun */            \
    X(JOURNAL_FAILED, "failed", true)             /* a connection attempt has failed */           \
    X(JOURNAL_RETRIED, "retried", true)           /* a request was scheduled for another try */   \
    X(JOURNAL_CONNECTED, "connected", true)       /* an outbound connection is there */           \
    X(JOURNAL_ACCEPTED, "accepted", true)         /* an inbound connection is there */            \
    X(JOURNAL_REFUSED, "refused", true)           /* an inbound connection was closed at once */  \
    X(JOURNAL_DISCONNECTED, "disconnected", true) /* a connection has ended */                    \
    X(JOURNAL_EVICTED, "evicted", true)           /* an inbound peer gave way to a newcomer */    \
    X(JOURNAL_WARNED, "warned", true)             /* half of a threshold, or something amiss */   \
    X(JOURNAL_DISCOURAGED, "discouraged", true)   /* an address is first to go from now on */     \
    X(JOURNAL_BANNED, "banned", true)             /* an address or subnet is kept out */          \
    X(JOURNAL_UNBANNED, "unbanned", true)         /* a ban was lifted or has run out */           \
    X(JOURNAL_CHOSEN, "chosen", true)             /* one of several candidates was taken */       \
    X(JOURNAL_SKIPPED, "skipped", false)          /* a candidate was passed over */               \
    X(JOURNAL_FOUND, "found", true)               /* so many new addresses came from there */     \
    X(JOURNAL_REJECTED, "rejected", false)        /* an address did not enter the book */         \
    X(JOURNAL_FORGOTTEN, "forgotten", false)      /* an address has left the book */              \
    X(JOURNAL_DEMOTED, "demoted", true)           /* a tried address gave its place to another */ \
    X(JOURNAL_TX_REFUSED, "tx_refused", false)    /* a transaction did not enter the pool */      \
    X(JOURNAL_LIMITED, "limited", false)          /* a client's request was put off or refused */

/* Whom it is about: X(identifier, "name"). Append only. */
#define JOURNAL_KIND_LIST(X)                                                                 \
    X(JOURNAL_PEER, "peer")               /* a connection, by its number */                  \
    X(JOURNAL_ADDRESS, "address")         /* an address or subnet, by its text */            \
    X(JOURNAL_SERVER, "server")           /* an Electrum server, by its host */              \
    X(JOURNAL_NETWORK, "network")         /* one of the networks as a whole, by its label */ \
    X(JOURNAL_TRANSACTION, "transaction") /* by its txid */

#define JOURNAL_ENUM_(id, ...) id,
enum journal_event { JOURNAL_EVENT_LIST(JOURNAL_ENUM_) JOURNAL_EVENT_COUNT };
enum journal_kind { JOURNAL_KIND_LIST(JOURNAL_ENUM_) JOURNAL_KIND_COUNT };
#undef JOURNAL_ENUM_

/* With terminator. A Tor v3 name with a port has 68 characters. */
#define JOURNAL_SUBJECT_BYTES 72
#define JOURNAL_NETWORK_BYTES 16
#define JOURNAL_REASON_BYTES  32
#define JOURNAL_DETAIL_BYTES  80

/* Records that a reader looks at before it lets writers in again. */
#define JOURNAL_SLICE 64

/* Different triples of network, event and reason that are counted; later ones count together. */
#define JOURNAL_TALLIES_MAX 512

struct journal;

struct journal_record {
    uint64_t seq;          /* its number in the stream of events, without gaps from 1; 0: it is
                              not followed */
    uint64_t count;        /* how often it has happened */
    int64_t first_wall_us; /* the first time: since 1970, as the system believed */
    int64_t wall_us;       /* the last time */
    int64_t mono_us;       /* likewise, base/clock.h */
    enum journal_event event;
    enum journal_kind kind;
    char subject[JOURNAL_SUBJECT_BYTES];
    char network[JOURNAL_NETWORK_BYTES]; /* the label that the metrics use, or "" */
    char reason[JOURNAL_REASON_BYTES];   /* one of few: a name of base/err.h or the like, or "" */
    char detail[JOURNAL_DETAIL_BYTES];   /* of the last time, for people, or "" */
};

/* What to add; texts may be NULL, which is "". `network` and `reason` become metric labels: both
 * take values from fixed lists only. */
struct journal_note {
    enum journal_event event;
    enum journal_kind kind;
    const char *subject;
    const char *network;
    const char *reason; /* pn_errname(rc) where there is one */
    const char *detail;
    uint64_t count; /* it happened so often at once; 0 is 1 */
};

/* A journal that remembers the last `capacity` different records of each event, and the last
 * `capacity` of all for its subscribers; capacity must not be 0.
 * Owns: the caller frees with journal_free. Returns: NULL when there is no memory. */
struct journal *journal_new(size_t capacity);

/* Thread: the last one. Accepts NULL. */
void journal_free(struct journal *j);

/* Add one record, stamped with both clocks. Cannot fail, and takes constant time. Accepts NULL for
 * `j`: a part of the program that has no journal notes nothing. */
void journal_add(struct journal *j, const struct journal_note *note);

/* --- explanations --- */

#define JOURNAL_BIT(value) (1u << (value))

/* Which records are wanted; a zeroed filter passes all. */
struct journal_filter {
    const char *subject;   /* exactly this text; NULL: any */
    const char *host;      /* a subject that is this, or this and a port or prefix; NULL: any */
    const char *network;   /* exactly this label; NULL: any */
    unsigned kinds;        /* JOURNAL_BIT of each kind wanted; 0: any */
    unsigned events;       /* JOURNAL_BIT of each event wanted; 0: any */
    int64_t since_wall_us; /* last happened not before this time */
};

/* Copy the newest records that pass the filter, newest first, at most `max` of them. What happens
 * meanwhile, also what happens again, may be missing. With a subject the time does not depend on
 * the capacity, else it is linear in it. Returns: how many. */
size_t journal_query(struct journal *j, struct journal_record *out, size_t max,
                     const struct journal_filter *filter);

/* How often something happened for a reason since the start. */
struct journal_tally {
    enum journal_event event;
    char network[JOURNAL_NETWORK_BYTES];
    char reason[JOURNAL_REASON_BYTES];
    uint64_t count;
};

/* Copy the counts of a network (NULL: of all), in the order in which each first happened, at most
 * `max`; JOURNAL_TALLIES_MAX are enough for all. Returns: how many. */
size_t journal_tallies(struct journal *j, struct journal_tally *out, size_t max,
                       const char *network);

/* The way of addresses to peers since the start: where it ends is why there are no peers; and those
 * who came by themselves. How many connections are kept now is the server's to say
 * (p2pnode_peers). */
struct journal_funnel {
    uint64_t found;               /* new addresses, from all sources */
    uint64_t filtered;            /* times that a candidate was passed over */
    uint64_t chosen;              /* candidates taken */
    uint64_t dialled;             /* connection attempts, repeated ones too */
    uint64_t failed;              /* of these */
    uint64_t handshaken_outbound; /* connections that became peers */
    uint64_t handshaken_inbound;
    uint64_t ended; /* connections that ended, inbound ones too */
};

struct journal_funnel journal_funnel(struct journal *j, const char *network);

/* --- the stream of events --- */

/* The place of one subscriber in the stream. Thread: its subscriber's. */
struct journal_cursor {
    uint64_t next; /* the sequence number to be read next; 0: the oldest that is left */
    uint64_t lost; /* records overwritten before this subscriber had read them */
};

/* A cursor that sees only what is added from now on. */
struct journal_cursor journal_subscribe(struct journal *j);

/* Copy the records after the cursor, oldest first, at most `max` of them, and move it on. What was
 * overwritten is counted in cursor->lost. A cursor that lies beyond the end, as one restored by a
 * client of an earlier process may, is set to the end. Returns: how many; 0: nothing new. */
size_t journal_read(struct journal *j, struct journal_record *out, size_t max,
                    struct journal_cursor *cursor);

/* --- looking at it --- */

struct journal_event_stats {
    uint64_t noted;   /* records since the start, repeats too */
    size_t kept;      /* different ones that can be asked for now */
    uint64_t dropped; /* different ones that gave way to newer ones of the same event */
};

struct journal_stats {
    size_t capacity;
    uint64_t added;       /* to the stream since the start; also its newest sequence number */
    uint64_t overwritten; /* of these, how many subscribers can no longer read */
    uint64_t dropped;     /* of all events together, as below */
    struct journal_event_stats events[JOURNAL_EVENT_COUNT];
};

struct journal_stats journal_stats(struct journal *j);

/* The stable names of the tables above. Thread: any. Returns: static text; "?" for other values. */
const char *journal_event_name(enum journal_event event);
const char *journal_kind_name(enum journal_kind kind);

/* Whether the event is part of the stream. Thread: any. */
bool journal_event_is_followed(enum journal_event event);

#endif
