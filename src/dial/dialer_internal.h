/* The dialer's state, shared by its thread (dialer.c) and its policy (outbound.c). */
#ifndef DIAL_DIALER_INTERNAL_H
#define DIAL_DIALER_INTERNAL_H

#include <stdatomic.h>

#include "dial/dialer.h"
#include "thread/chan.h"
#include "thread/thread.h"

/* So many automatic dials of a network failed in a row that it seems to be down (btcd connmgr,
 * maxFailedAttempts): from here on they are made one at a time, retry_ms apart. */
enum { OUTBOUND_FAILURES_SLOW = 25 };

enum request_state {
    REQUEST_FREE,        /* the place is nobody's */
    REQUEST_PENDING,     /* waits for its time */
    REQUEST_DIALLING,    /* its socket is being connected */
    REQUEST_ESTABLISHED, /* the server has it; dialer_closed ends that */
};

/* Permanent requests stay in their places; those that a source proposed, automatic ones and nodes
 * that it was told to keep connected, are made for one connection. */
struct request {
    uint64_t id; /* place + 1 in the low 16 bits, how often it was used above them */
    unsigned network;
    enum conn_kind kind;
    bool permanent; /* kept for ever; else for one connection */
    struct net_addr addr;
    uint64_t group; /* of one that a source proposed */
    enum request_state state;
    unsigned failures;      /* in a row */
    int64_t when_us;        /* pending: due; dialling: deadline */
    struct dial_path *path; /* dialling; else NULL */
};

struct dialer_network_state {
    struct dialer_network config;
    bool known;
    atomic_uint extra;
    bool anchors_decided;
    int64_t next_feeler_us;
    unsigned failed_in_row; /* dials to proposals of the source */
    int64_t resume_us;      /* the next one after many failures */
};

struct dialer {
    struct dialer_config config;
    struct dialer_network_state networks[DIALER_MAX_NETWORKS];
    struct request requests[DIALER_MAX_REQUESTS];
    unsigned n; /* places that were ever used */
    unsigned under_way;
    int64_t next_automatic_us;
    struct chan inbox, quit;
    int wake_fd;
    struct thread thread;
};

/* A free place, as a request that is due now. Returns: NULL when there are DIALER_MAX_REQUESTS. */
struct request *dialer_place(struct dialer *d, unsigned network, enum conn_kind kind,
                             const struct net_addr *addr);

/* Make the automatic requests that are wanting, as far as candidates and places go, and set
 * next_automatic_us. Thread: dialer. */
void outbound_fill(struct dialer *d);

/* An automatic dial has come out. Thread: dialer. */
void outbound_tried(struct dialer *d, const struct request *r, int result);

#endif
