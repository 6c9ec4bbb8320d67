/* Inbound connections from one address come at most once in a while (go-ethereum p2p/server.go,
 * inboundThrottleTime: 30 s), so that nobody can keep the handshake's cryptography busy from one
 * machine. Local addresses are exempt. Pure: the time is an argument. Thread: the owner's. */
#ifndef ETHEREUM_P2P_THROTTLE_H
#define ETHEREUM_P2P_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "net/addr.h"

#define P2P_THROTTLE_MS  30000
#define P2P_THROTTLE_MAX 1024 /* addresses remembered; the oldest is forgotten first */

struct p2p_throttle {
    struct {
        enum net_kind kind; /* NET_NONE: nobody's place */
        uint8_t bytes[16];
        int64_t until_us;
    } seen[P2P_THROTTLE_MAX]; /* a ring: all stay equally long, so the oldest ends first */
    unsigned next;
};

/* A connection comes from the address. Returns: 0, and it counts from now on; PN_ETHROTTLED. */
int p2p_throttle_admit(struct p2p_throttle *t, const struct net_addr *from, int64_t now_us);

#endif
