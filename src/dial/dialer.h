/* The dialer thread: decides whom to connect to, and connects.
 *
 * Permanent requests (manual peers) are kept alive for ever: one that fails, or whose connection
 * ends, is tried again after retry_ms × failures in a row, at most retry_max_ms (btcd connmgr: 5 s
 * × n up to 5 min). Besides them the dialer keeps a number of automatic connections of each kind,
 * for which it asks a source, the address book, for candidates: never two in one network group,
 * nobody whom it tried in the last ten minutes while there are others, and nobody at all whom it
 * tried less than retry_ms ago. Full ones go before block-relay-only ones, except that the anchors
 * go before both. At most DIALER_MAX_UNDER_WAY dials are under way at once.
 *
 * Every candidate that is chosen or passed over, every attempt, failure and retry is noted in the
 * gate's journal with its reason. */
#ifndef DIAL_DIALER_H
#define DIAL_DIALER_H

#include <stdbool.h>
#include <stdint.h>

#include "dial/gate.h"
#include "net/conn.h"
#include "net/conn_kind.h"
#include "net/dial_path.h"
#include "net/resolve.h"

#define DIALER_MAX_UNDER_WAY 16
#define DIALER_MAX_REQUESTS  256
#define DIALER_MAX_NETWORKS  4

struct chan;
struct dialer;

/* A proposal of a source. */
struct dial_candidate {
    struct net_addr addr;          /* of a name: net_target_stand_in */
    const struct net_target *name; /* not NULL: dial this; it outlives the source's next proposal */
    const char *why;               /* for the journal: static, one of few; or NULL */
    bool seed;                     /* the operator names it as one to be asked for addresses */
    uint64_t group;                /* equal for addresses that one operator may hold together */
    int64_t last_try_s;            /* wall clock; 0 for never */
};

/* Where automatic connections go. All calls come from the dialer thread and must not block. A
 * source that names nodes to keep connected is asked for CONN_MANUAL, again and again, until there
 * is none to be dialled now. */
struct dial_source {
    /* Returns: 0, or PN_ENOENT when there is nobody for this kind now. */
    int (*choose)(void *arg, struct dial_candidate *out, enum conn_kind kind);
    /* Who is dialled before anybody else, for blocks alone: the anchors of the last run, each once.
     * May be NULL. Returns: 0, or PN_ENOENT when there is none left. */
    int (*choose_first)(void *arg, struct dial_candidate *out);
    /* How many places stayed empty because `choose` had nobody for them: told in every round,
     * before it is asked for CONN_ADDR_FETCH. May be NULL. */
    void (*wanting)(void *arg, unsigned places);
    /* A dial has come out with `result`, 0 or a pn_err. */
    void (*tried)(void *arg, const struct net_addr *addr, enum conn_kind kind, int result);
    void *arg;
};

struct dialer_network {
    const char *name;           /* metric label; static */
    unsigned full, block_relay; /* automatic connections to keep */
    bool feelers;               /* test an address about every two minutes */
    bool named;                 /* the source itself names nodes to keep connected */
    struct dial_source source;  /* choose == NULL: no automatic connections */
};

/* Who looks names up. Thread: begin is called by the dialer thread and must not block. */
struct dialer_lookup {
    /* done(done_arg, ...) is then called exactly once, from any thread, before dialer_free.
     * Returns: 0, or a pn_err, and done is not called. NULL: nobody. */
    int (*begin)(void *arg, const struct net_target *name, resolve_done *done, void *done_arg);
    void *arg;
};

struct dialer_config {
    int64_t connect_timeout_ms;
    int64_t retry_ms;
    int64_t retry_max_ms;
    struct gate *gate;        /* borrowed */
    struct dial_paths *paths; /* borrowed; used by the dialer thread alone */
    struct dialer_lookup lookup;
    /* A connection is there. Thread: dialer; may block, and must then also wait for quit.
     * Owns: takes conn when it returns 0; else the dialer closes it and tries again later. */
    int (*connected)(void *arg, unsigned network, struct conn *c, const struct net_addr *addr,
                     enum conn_kind kind, uint64_t request_id, struct chan *quit);
    void *arg;
};

/* Thread: the main thread. config is copied. Returns: NULL when there is no memory. */
struct dialer *dialer_new(const struct dialer_config *config);

/* Make a network known; `number` comes back in connected. Thread: before dialer_start.
 * Returns: 0 or PN_ELIMIT. */
int dialer_add_network(struct dialer *d, unsigned number, const struct dialer_network *network);

/* A permanent request. Thread: before dialer_start.
 * Returns: 0, or PN_ELIMIT when there are DIALER_MAX_REQUESTS. */
int dialer_add(struct dialer *d, unsigned network, const struct net_addr *addr);

/* The same for what may be a name, which is then dialled through the proxy, or looked up for each
 * attempt. Returns: as above, or PN_ENOMEM. */
int dialer_add_target(struct dialer *d, unsigned network, const struct net_target *to);

int dialer_start(struct dialer *d);

enum dialer_order_kind {
    DIALER_KEEP,           /* a permanent request, as dialer_add_target makes */
    DIALER_TRY_ONCE,       /* the same for one attempt and one connection */
    DIALER_KEEP_NO_LONGER, /* cancel a permanent request; a connection that is there stays */
};

/* Ask something of the running dialer. Thread: any; never blocks. Returns: 0; PN_EEXIST for a node
 * that is kept already, PN_ENOENT for one that is not; PN_ELIMIT beyond DIALER_MAX_REQUESTS;
 * PN_EAGAIN when too many orders wait. */
int dialer_ask(struct dialer *d, unsigned network, enum dialer_order_kind kind,
               const struct net_target *to);

/* A node that is kept, as its operator named it, and where it was last reached. */
struct dialer_kept {
    unsigned network;
    struct net_target to;
    struct net_addr at; /* NET_NONE: it has not been */
};

/* The nodes that are kept, in no order. Thread: any. Returns: how many are in out. */
size_t dialer_kept(struct dialer *d, struct dialer_kept *out, size_t max, unsigned network);

/* The connection of this request has ended; was_ready tells whether its handshake had been
 * completed, which makes the next failure the first again. Thread: any; never blocks. */
void dialer_closed(struct dialer *d, uint64_t request_id, bool was_ready);

/* Keep so many full connections more than configured: one while the tip is stale, 0 otherwise
 * (Core, extra outbound peer). Thread: any. */
void dialer_set_extra(struct dialer *d, unsigned network, unsigned extra);

/* Ask the thread to leave; then wait for it. Thread: any / the main thread. */
void dialer_stop(struct dialer *d);
void dialer_join(struct dialer *d);

/* Thread: the main thread, after dialer_join. Accepts NULL. */
void dialer_free(struct dialer *d);

#endif
