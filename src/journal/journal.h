/* The journal: what the node decided, about whom, and why. One bounded list of fixed-size records;
 * when it is full the newest takes the place of the oldest, which is counted. It is the source of
 * explanations ("why was this address refused?") and of the event stream.
 *
 * Memory is taken once, by the constructor. Texts are copied, cut to their fields, and everything
 * outside printable ASCII becomes '?', so that a text that came from a peer can be shown anywhere.
 *
 * Thread: any, for every call but journal_new and journal_free. The lock is held for one record
 * when adding and for at most JOURNAL_SLICE records at a time when reading, so that a reader of
 * the whole journal never holds up the threads that write it. */
#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

/* What happened. X(identifier, "name"); the name is stable, it stands in JSON. Append only. */
#define JOURNAL_EVENT_LIST(X)                                                              \
    X(JOURNAL_DIALLED, "dialled")           /* a connection attempt has begun */           \
    X(JOURNAL_FAILED, "failed")             /* a connection attempt has failed */          \
    X(JOURNAL_RETRIED, "retried")           /* a request was scheduled for another try */  \
    X(JOURNAL_CONNECTED, "connected")       /* an outbound connection is there */          \
    X(JOURNAL_ACCEPTED, "accepted")         /* an inbound connection is there */           \
    X(JOURNAL_REFUSED, "refused")           /* an inbound connection was closed at once */ \
    X(JOURNAL_DISCONNECTED, "disconnected") /* a connection has ended */                   \
    X(JOURNAL_EVICTED, "evicted")           /* an inbound peer gave way to a newcomer */   \
    X(JOURNAL_WARNED, "warned")             /* a score has passed half of the threshold */ \
    X(JOURNAL_DISCOURAGED, "discouraged")   /* an address is first to go from now on */    \
    X(JOURNAL_BANNED, "banned")             /* an address or subnet is kept out */         \
    X(JOURNAL_UNBANNED, "unbanned")         /* a ban was lifted or has run out */          \
    X(JOURNAL_CHOSEN, "chosen")             /* one of several candidates was taken */      \
    X(JOURNAL_SKIPPED, "skipped")           /* a candidate was passed over */

/* Whom it is about: X(identifier, "name"). Append only. */
#define JOURNAL_KIND_LIST(X)                                              \
    X(JOURNAL_PEER, "peer")       /* a connection, by its number */       \
    X(JOURNAL_ADDRESS, "address") /* an address or subnet, by its text */ \
    X(JOURNAL_SERVER, "server")   /* an Electrum server, by its host */   \
    X(JOURNAL_NETWORK, "network") /* one of the networks as a whole, by its label */

#define JOURNAL_ENUM_(id, name) id,
enum journal_event { JOURNAL_EVENT_LIST(JOURNAL_ENUM_) JOURNAL_EVENT_COUNT };
enum journal_kind { JOURNAL_KIND_LIST(JOURNAL_ENUM_) JOURNAL_KIND_COUNT };
#undef JOURNAL_ENUM_

/* With terminator. A Tor v3 name with a port has 68 characters. */
#define JOURNAL_SUBJECT_BYTES 72
#define JOURNAL_REASON_BYTES  64
#define JOURNAL_NETWORK_BYTES 16

/* Records that a reader looks at before it lets writers in again. */
#define JOURNAL_SLICE 64

struct journal;

struct journal_record {
    uint64_t seq;    /* 1 for the first ever added; no gaps */
    int64_t wall_us; /* since 1970, as the system believed */
    int64_t mono_us; /* base/clock.h */
    enum journal_event event;
    enum journal_kind kind;
    char subject[JOURNAL_SUBJECT_BYTES];
    char network[JOURNAL_NETWORK_BYTES]; /* the label that the metrics use, or "" */
    char reason[JOURNAL_REASON_BYTES];   /* a name of base/err.h, a short text, or "" */
};

/* What to add; texts may be NULL, which is "". */
struct journal_note {
    enum journal_event event;
    enum journal_kind kind;
    const char *subject;
    const char *network;
    const char *reason; /* pn_errname(rc) where there is one */
};

/* A journal that remembers the last `capacity` records; capacity must not be 0.
 * Owns: the caller frees with journal_free. Returns: NULL when there is no memory. */
struct journal *journal_new(size_t capacity);

/* Thread: the last one. Accepts NULL. */
void journal_free(struct journal *j);

/* Add one record, stamped with both clocks. Cannot fail, allocates nothing, and takes constant
 * time. Accepts NULL for `j`: a part of the program that has no journal notes nothing. */
void journal_add(struct journal *j, const struct journal_note *note);

#define JOURNAL_BIT(value) (1u << (value))

/* Which records are wanted; a zeroed filter passes all. */
struct journal_filter {
    const char *subject;   /* exactly this text; NULL: any */
    unsigned kinds;        /* JOURNAL_BIT of each kind wanted; 0: any */
    unsigned events;       /* JOURNAL_BIT of each event wanted; 0: any */
    int64_t since_wall_us; /* not before this time */
};

/* Copy the newest records that pass the filter, newest first, at most `max` of them. What is added
 * meanwhile is not among them. Linear in the capacity. Returns: how many. */
size_t journal_query(struct journal *j, struct journal_record *out, size_t max,
                     const struct journal_filter *filter);

/* The place of one subscriber in the stream of events. Thread: its subscriber's. */
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

struct journal_stats {
    size_t capacity;
    uint64_t added;       /* since the start; also the newest sequence number */
    uint64_t overwritten; /* of these, how many are gone */
};

struct journal_stats journal_stats(struct journal *j);

/* The stable names of the tables above. Thread: any. Returns: static text; "?" for other values. */
const char *journal_event_name(enum journal_event event);
const char *journal_kind_name(enum journal_kind kind);

#endif
