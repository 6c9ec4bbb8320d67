/* Listening in I2P: a session of our own at the router (net/sam.h), under a destination that stays
 * the same across restarts, and one open question who calls. On the event loop.
 *
 * The router, or its tunnels, may be down: then it is tried again after a second, and after twice
 * as long each time, up to five minutes. Outbound streams have a session of another destination
 * (net/sam_session.h), so that nobody can tie whom we dial to where we are. */
#ifndef DIAL_I2P_LISTENER_H
#define DIAL_I2P_LISTENER_H

#include "dial/listener.h"

struct i2p_listener;

struct i2p_listener_config {
    struct listener_config listener; /* addr: the router's SAM bridge */
    /* Holds the private key, the bytes that Bitcoin Core's file of that name has. Made when it is
     * missing. Borrowed. */
    const char *key_path;
    const char *options; /* added to SESSION CREATE; borrowed */
    /* We can be reached at this address, or cannot any more (NULL). Must not block. */
    void (*reachable)(void *arg, const struct net_addr *own);
};

/* Begin. Thread: the main thread. `config` is copied. Owns: the caller frees.
 * Returns: 0; PN_EFORMAT when the file holds no key; PN_ENOMEM; what reading the file gives. */
int i2p_listener_new(struct i2p_listener **out, struct event_base *base,
                     const struct i2p_listener_config *config);

/* Thread: the loop's, or when it does not run. Accepts NULL. */
void i2p_listener_free(struct i2p_listener *l);

#endif
