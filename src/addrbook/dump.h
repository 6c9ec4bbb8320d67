/* The address-dump thread: writes peers.json every ten minutes, on request (SIGHUP) and at the end,
 * and anchors.json when the anchors change. */
#ifndef ADDRBOOK_DUMP_H
#define ADDRBOOK_DUMP_H

#include <stddef.h>
#include <stdint.h>

#include "addrbook/addrbook.h"

#define ADDR_DUMP_INTERVAL_MS (10 * 60 * 1000)

struct addr_dump;

/* Start the thread (ROLE_DUMP). The paths are copied; the book is borrowed until addr_dump_stop.
 * Thread: the owner. Owns: the caller ends it with addr_dump_stop. Returns: 0, PN_ENOMEM,
 * PN_EAGAIN.
 */
int addr_dump_start(struct addr_dump **out, struct addrbook *book, const char *peers_path,
                    const char *anchors_path, int64_t interval_ms);

/* Ask for a dump now; several requests before it starts are one. Thread: any; never blocks. */
void addr_dump_request(struct addr_dump *d);

/* From now on these (at most ANCHORS_MAX) are the anchors; they are written soon. Call it whenever
 * the block-relay-only connections change. An empty set changes nothing: at the end of the program
 * all connections go, and the last ones are wanted then. Thread: any; never blocks. */
void addr_dump_set_anchors(struct addr_dump *d, const struct net_addr *anchors, size_t n);

/* Write a last time, end the thread, free. Thread: the owner. Accepts NULL. */
void addr_dump_stop(struct addr_dump *d);

struct addr_dump_status {
    uint64_t written, failed; /* dumps of peers.json */
    int64_t last_took_us;     /* how long the last one took */
    int last_error;           /* 0 or a pn_err */
};

/* Thread: any. */
void addr_dump_status(struct addr_dump *d, struct addr_dump_status *out);

#endif
