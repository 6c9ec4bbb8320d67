/* One listening socket on the event loop: accepts, asks the gate, takes a slot, and hands
 * connections over. Without descriptors it rests and tries again. */
#ifndef DIAL_LISTENER_H
#define DIAL_LISTENER_H

#include "dial/gate.h"
#include "dial/slots.h"
#include "net/conn.h"

struct event_base;
struct listener;

struct listener_config {
    const char *network; /* metric label */
    struct net_addr addr;
    struct gate *gate; /* borrowed */
    struct slots *slots;
    /* An accepted connection, with its inbound slot taken; or, when there was none, without one:
     * then somebody else has to give way. Must not block. Owns: takes both when it returns 0; on an
     * error the listener closes the one and gives the other back. */
    int (*accepted)(void *arg, struct conn *c, const struct net_addr *from, bool has_slot);
    void *arg;
};

/* Bind, listen and start accepting. Thread: loop, or before it runs. config is copied; what it
 * points to must outlive the listener. Returns: 0, PN_EBUSY (address in use) or another pn_err. */
int listener_new(struct listener **out, struct event_base *base,
                 const struct listener_config *config);

/* Where it listens: what became of port 0. Thread: loop, or when it does not run. */
const struct net_addr *listener_addr(const struct listener *l);

/* Stop accepting and free. Thread: loop, or when it does not run. Accepts NULL. */
void listener_free(struct listener *l);

#endif
