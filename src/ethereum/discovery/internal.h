/* The discovery thread's state, and its inbox. */
#ifndef ETHEREUM_DISCOVERY_INTERNAL_H
#define ETHEREUM_DISCOVERY_INTERNAL_H

#include "ethereum/discovery/clock_check.h"
#include "ethereum/discovery/discovery.h"
#include "ethereum/discovery/metrics.h"
#include "ethereum/discovery/udp.h"
#include "ethereum/dnsdisc/client.h"
#include "ethereum/nodedb/nodedb.h"
#include "thread/thread.h"

struct eth_discovery {
    struct discv4 *engine;
    struct udp *udp[ETH_FAMILIES]; /* NULL: not in this family */
    struct nodedb *db;
    struct candidates candidates;
    struct clock_check clock_check;
    struct dnsdisc *dns; /* NULL: node lists are not read */
    struct discovery_metrics metrics;
    void (*dns_query)(void *arg, uint64_t number, const char *name);
    void *dns_arg;
    struct chan inbox, quit;
    int wake_fd;
    struct thread thread;
    int64_t now_us, next_publish_us;
    struct mutex mu; /* of `view` */
    struct eth_discovery_view view GUARDED_BY(mu);
};

/* --- inbox.c --- */
/* Returns: 0 or PN_ENOMEM. */
int discovery_inbox_init(struct eth_discovery *d);
void discovery_inbox_destroy(struct eth_discovery *d);
/* Obey the messages that wait. Thread: the discovery thread. */
void discovery_inbox_read(struct eth_discovery *d);

#endif
