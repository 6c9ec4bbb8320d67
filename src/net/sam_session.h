/* The I2P session of a process: one control connection to the router's SAM bridge, made when the
 * first stream wants it, made anew after it broke, and shared by all streams.
 *
 * Making one takes up to minutes, longer than a dial may. So it belongs to no dial: each dial that
 * waits for it polls its descriptor and drives it; a dial that gives up leaves it to the next. */
#ifndef NET_SAM_SESSION_H
#define NET_SAM_SESSION_H

#include "net/exchange.h"
#include "net/sam.h"

/* How long the router may take to build tunnels; Bitcoin Core's i2p.cpp allows 3 minutes. */
#define SAM_SESSION_TIMEOUT_MS 180000

enum sam_session_state { SAM_SESSION_NONE, SAM_SESSION_MAKING, SAM_SESSION_READY };

struct sam_session {
    struct net_addr bridge;
    char options[SAM_OPTIONS_BYTES];
    enum sam_session_state state;
    uint64_t attempt; /* counts what was begun, so that who waits sees whether it is still his */
    int error;        /* why the last one failed */
    int64_t deadline_us;
    struct exchange x;
    struct sam machine;
};

/* Nothing is connected yet. Thread: the dialer's, as for all of these. */
void sam_session_init(struct sam_session *s, const struct net_addr *bridge, const char *options);

/* Close it; it can be made again. */
void sam_session_close(struct sam_session *s);

/* Have a session: begin one, unless one is there or being made. One that the router has closed
 * meanwhile is not there. Returns: 0 and *attempt, or why it cannot be begun. */
int sam_session_want(struct sam_session *s, uint64_t *attempt);

/* Drive it. Returns: 1 ready; 0 being made: poll s->x.fd for exchange_events(&s->x); why this
 * attempt failed. */
int sam_session_step(struct sam_session *s, uint64_t attempt, short revents);

/* The router no longer knows the session of this attempt. */
void sam_session_lost(struct sam_session *s, uint64_t attempt);

/* Its name in SAM commands. */
const char *sam_session_id(const struct sam_session *s);

#endif
