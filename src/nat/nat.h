/* Port mapping: asks the gateway of the local network to lead connections from outside to us, by
 * PCP or NAT-PMP, on the event loop. Nothing is asked without an order by the operator. */
#ifndef NAT_NAT_H
#define NAT_NAT_H

#include "nat/port_map.h"

struct event_base;
struct nat;

struct nat_config {
    bool pcp, pmp;           /* which may be spoken; at least one */
    struct net_addr gateway; /* with its port; NET_NONE: that of the default route */
    /* The i-th port can be reached from outside at this address, or not any more (NULL). The
     * address may be a private one, behind another gateway. Must not block. Thread: the loop's. */
    void (*changed)(void *arg, unsigned i, const struct net_addr *outside);
    /* The gateway was given up for five minutes, and no port is mapped; may be NULL. Must not
     * block, nor free. */
    void (*failed)(void *arg);
    void *arg;
};

/* Ask for these ports, at most PORT_MAP_MAX, until nat_free. `config` is copied. Thread: the main
 * thread. Owns: the caller frees. Returns: 0, PN_ELIMIT, PN_ENOMEM. */
int nat_new(struct nat **out, struct event_base *base, const struct nat_config *config,
            const struct nat_port *ports, unsigned n);

/* Ask the gateway to forget the mappings, without waiting for it, and free. Thread: the main
 * thread, when the loop does not run. Accepts NULL. */
void nat_free(struct nat *n);

#endif
