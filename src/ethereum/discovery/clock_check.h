/* Whether our clock is right: after 32 requests in a row that nobody answered, three questions to a
 * time server, and a warning when it is off by more than 10 s; packets of a node whose clock is
 * wrong look expired to all others. At most once in ten minutes. The server's address is asked for
 * when it is needed: the same name leads to others at other times. Source: go-ethereum
 * p2p/discover/ntp.go. Thread: the owner's alone. */
#ifndef ETHEREUM_DISCOVERY_CLOCK_CHECK_H
#define ETHEREUM_DISCOVERY_CLOCK_CHECK_H

#include <stdbool.h>

#include "ethereum/discovery/sntp.h"
#include "net/addr.h"

#define CLOCK_CHECK_SAMPLES      3
#define CLOCK_CHECK_FAILURES     32
#define CLOCK_CHECK_COOLDOWN_US  (INT64_C(600) * 1000000)
#define CLOCK_CHECK_MAX_AHEAD_US (INT64_C(10) * 1000000)

struct clock_check {
    void (*find)(void *arg); /* NULL: the clock is not checked */
    void *arg;
    int fd; /* -1: no question under way */
    unsigned asked, n;
    int64_t ahead_us[CLOCK_CHECK_SAMPLES];
    uint8_t request[SNTP_PACKET_BYTES];
    int64_t sent_wall_us, deadline_us, not_before_us;
};

/* `find` asks for the address of a time server, which clock_check_found then brings; must not
 * block. */
void clock_check_init(struct clock_check *c, void (*find)(void *arg), void *arg);
void clock_check_close(struct clock_check *c);

/* The time server that `find` was asked for: put the questions to it. */
void clock_check_found(struct clock_check *c, const struct net_addr *server, int64_t now_us);

/* Look for a server when there is reason to; ask again when an answer does not come. `failures` is
 * the number of requests in a row that failed. */
void clock_check_tick(struct clock_check *c, unsigned failures, int64_t now_us);

/* The descriptor in `fd` is readable. */
void clock_check_readable(struct clock_check *c, int64_t now_us);

/* When to call clock_check_tick again; CLOCK_NEVER while no question is under way. */
int64_t clock_check_deadline(const struct clock_check *c);

#endif
