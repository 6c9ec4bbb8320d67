/* The dialer's state, shared by its thread (dialer.c), the life of one request (attempt.c) and the
 * policy of automatic connections (outbound.c). Thread: dialer, for all functions. */
#ifndef DIAL_DIALER_INTERNAL_H
#define DIAL_DIALER_INTERNAL_H

#include <stdatomic.h>

#include "base/mutex.h"
#include "dial/dialer.h"
#include "thread/chan.h"
#include "thread/thread.h"

/* So many automatic dials of a network failed in a row that it seems to be down (btcd connmgr,
 * maxFailedAttempts): from here on they are made one at a time, retry_ms apart. */
enum { OUTBOUND_FAILURES_SLOW = 25 };

/* Of the addresses of a name, so many are tried in turn. */
enum { NAME_ADDRESSES_MAX = 8 };

enum request_state {
    REQUEST_FREE,        /* the place is nobody's */
    REQUEST_PENDING,     /* waits for its time */
    REQUEST_RESOLVING,   /* its name is being looked up; request_answered ends that */
    REQUEST_DIALLING,    /* its socket is being connected */
    REQUEST_ESTABLISHED, /* the server has it; dialer_closed ends that */
};

/* What a request that goes to a name has besides. While the name is looked up, all but `owner` and
 * `request_id` belongs to whoever looks it up. */
struct named {
    struct dialer *owner;
    uint64_t request_id;
    struct net_target to;
    unsigned turn; /* which of its addresses is next */
    int rc;        /* of the last look-up */
    size_t n;
    struct net_addr addrs[NAME_ADDRESSES_MAX];
};

/* Permanent requests stay in their places; those that a source proposed, automatic ones and nodes
 * that it was told to keep connected, are made for one connection. */
struct request {
    uint64_t id; /* place + 1 in the low 16 bits, how often it was used above them */
    unsigned network;
    enum conn_kind kind;
    bool permanent;       /* kept for ever; else for one connection */
    bool cancelled;       /* not to be dialled when its name is known */
    struct net_addr addr; /* of a name: the one that was dialled last, or its stand-in */
    struct named *named;  /* or NULL */
    uint64_t group;       /* of one that a source proposed */
    enum request_state state;
    unsigned failures;      /* in a row */
    int64_t when_us;        /* pending: due; dialling: deadline */
    struct dial_path *path; /* dialling; else NULL */
};

struct dialer_network_state {
    struct dialer_network config;
    bool known;
    atomic_uint extra;
    bool anchors_begun, anchors_decided;
    int64_t next_feeler_us;
    unsigned failed_in_row; /* dials to proposals of the source */
    int64_t resume_us;      /* the next one after many failures */
};

enum dialer_event { REQUEST_CLOSED, REQUEST_ANSWERED };

struct dialer_msg {
    enum dialer_event event;
    uint64_t request_id;
    bool was_ready;
};

/* A reload may exchange all nodes that are named (OPTION_DIAL_MAX) at once. */
enum { DIALER_ORDERS_MAX = 272 };

struct dialer_order {
    enum dialer_order_kind kind;
    unsigned network;
    struct net_target to;
};

struct dialer {
    struct dialer_config config;
    struct dialer_network_state networks[DIALER_MAX_NETWORKS];
    struct request requests[DIALER_MAX_REQUESTS];
    unsigned n; /* places that were ever used */
    unsigned under_way;
    int64_t next_automatic_us;
    struct chan inbox, orders, quit;
    int wake_fd;
    struct thread thread;
    struct mutex mu; /* for whoever asks; never held while dialling */
    struct dialer_kept kept[DIALER_MAX_REQUESTS] GUARDED_BY(mu);
    unsigned n_kept GUARDED_BY(mu);
};

/* --- orders.c --- */
extern struct chan_class dialer_orders_class;

/* Before the thread runs: one more node is kept. */
void orders_remember(struct dialer *d, unsigned network, const struct net_target *to);

/* A request of the operator has been connected: where. */
void orders_reached(struct dialer *d, const struct request *r);

/* Carry out what was asked. */
void orders_take(struct dialer *d);

/* --- attempt.c --- */

/* A free place, as a request that is due now, to a name unless `name` is NULL (copied). Returns:
 * PN_ELIMIT when there are DIALER_MAX_REQUESTS, PN_ENOMEM. */
int request_place(struct request **out, struct dialer *d, unsigned network, enum conn_kind kind,
                  const struct net_addr *addr, const struct net_target *name);

/* A request that the operator asks for, permanent or not. Returns: as above. */
int request_place_target(struct dialer *d, unsigned network, const struct net_target *to,
                         bool permanent);

/* Give the place back. */
void request_release(struct request *r);

/* A permanent request is to be no more. What waits or is being dialled ends now; a connection that
 * is there may stay as long as it lasts, and so may a look-up. */
void request_cancel(struct dialer *d, struct request *r);

/* A pending request's time has come. */
void request_begin(struct dialer *d, struct request *r);

/* Its dial has to be polled for, and went on with these revents, or its deadline has passed. */
void request_step(struct dialer *d, struct request *r, short revents);

/* Its name has been looked up. */
void request_answered(struct dialer *d, struct request *r);

/* Its connection has ended. */
void request_closed(struct dialer *d, struct request *r, bool was_ready);

/* Note something about the request in the journal; reason and detail as for gate_note. */
void request_note(const struct dialer *d, const struct request *r, enum journal_event event,
                  const char *reason, const char *detail);

/* --- outbound.c --- */

/* Make the automatic requests that are wanting, as far as candidates and places go, and set
 * next_automatic_us. */
void outbound_fill(struct dialer *d);

/* An automatic dial has come out. */
void outbound_tried(struct dialer *d, const struct request *r, int result);

#endif
