/* Port mapping by UPnP (an Internet Gateway Device's WANIPConnection), for gateways that know
 * neither PCP nor NAT-PMP. Through miniupnpc, whose calls block for seconds, so on a thread of its
 * own; what has become of the ports is told on the event loop. */
#ifndef NAT_UPNP_H
#define NAT_UPNP_H

#include "nat/nat.h"

struct upnp;

/* Whether the program was built with miniupnpc. */
bool upnp_is_built_in(void);

struct upnp_config {
    const char *device; /* URL of the gateway's description; NULL: search the local network */
    void (*changed)(void *arg, unsigned i, const struct net_addr *outside); /* as of nat_config */
    void *arg;
};

/* Ask for these ports, at most PORT_MAP_MAX, until upnp_free. `config` is copied. Thread: the main
 * thread. Owns: the caller frees. Returns: 0; PN_ENOROUTE when it is not built in; PN_ELIMIT;
 * PN_ENOMEM; what starting a thread gives. */
int upnp_new(struct upnp **out, struct event_base *base, const struct upnp_config *config,
             const struct nat_port *ports, unsigned n);

/* Give the ports back and end the thread: waits for the call that is under way, and for the
 * gateway. Thread: the main thread, when the loop does not run. Accepts NULL. */
void upnp_free(struct upnp *u);

#endif
