/* The dialer thread: keeps permanent connection requests alive. At most DIALER_MAX_UNDER_WAY dials
 * are under way; a request that fails, or whose connection ends, is tried again after
 * retry_ms × failures in a row, at most retry_max_ms (btcd connmgr: 5 s × n up to 5 min). */
#ifndef DIAL_DIALER_H
#define DIAL_DIALER_H

#include <stdint.h>

#include "net/conn.h"
#include "net/subnet.h"

#define DIALER_MAX_UNDER_WAY 16
#define DIALER_MAX_REQUESTS  256

struct chan;
struct dialer;

struct dialer_config {
    int64_t connect_timeout_ms;
    int64_t retry_ms;
    int64_t retry_max_ms;
    const struct subnet_list *permitted; /* empty: everything */
    /* A connection is there. Thread: dialer; may block, and must then also wait for quit.
     * Owns: takes conn when it returns 0; else the dialer closes it and tries again later. */
    int (*connected)(void *arg, unsigned network, struct conn *c, const struct net_addr *addr,
                     uint64_t request_id, struct chan *quit);
    void *arg;
};

/* Thread: the main thread. config is copied. Returns: NULL when there is no memory. */
struct dialer *dialer_new(const struct dialer_config *config);

/* A permanent request; `network` comes back in connected, `name` is its metric label (static).
 * Thread: before dialer_start. Returns: 0, or PN_ELIMIT when there are DIALER_MAX_REQUESTS. */
int dialer_add(struct dialer *d, unsigned network, const char *name, const struct net_addr *addr);

int dialer_start(struct dialer *d);

/* The connection of this request has ended; was_ready tells whether its handshake had been
 * completed, which makes the next failure the first again. Thread: any; never blocks. */
void dialer_closed(struct dialer *d, uint64_t request_id, int was_ready);

/* Ask the thread to leave; then wait for it. Thread: any / the main thread. */
void dialer_stop(struct dialer *d);
void dialer_join(struct dialer *d);

/* Thread: the main thread, after dialer_join. Accepts NULL. */
void dialer_free(struct dialer *d);

#endif
