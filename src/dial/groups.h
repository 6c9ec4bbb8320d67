/* The network groups of our outbound connections. Addresses from the address book are dialled only
 * into groups where we have no connection yet, so that whoever owns one part of the network cannot
 * own all our outbound peers.
 *
 * As in Bitcoin Core (net.cpp, ThreadOpenConnections): full outbound and block-relay-only
 * connections occupy a group alone; a manual one counts, and may share; inbound ones, feelers and
 * address fetches do not count, so that nobody can keep us away from a group by connecting to us.
 * Tor, I2P and CJDNS addresses are free to make, their groups say nothing, and none is occupied. */
#ifndef DIAL_GROUPS_H
#define DIAL_GROUPS_H

#include <stdbool.h>

#include "base/mutex.h"
#include "net/group.h"

#define GROUPS_MAX 512 /* more than there are outbound connections */

struct groups {
    struct mutex mu;
    unsigned n GUARDED_BY(mu);
    struct {
        struct net_group group;
        unsigned connections; /* at least 1 */
    } rows[GROUPS_MAX] GUARDED_BY(mu);
};

/* Empty. Thread: the owner, before any other. */
void groups_init(struct groups *g);

/* Thread: the owner, after all others. */
void groups_destroy(struct groups *g);

/* Occupy a group that must be free, before the dial begins. Thread: any.
 * Returns: 0; PN_EGROUP when it is occupied; PN_ELIMIT when there are GROUPS_MAX. */
int groups_take(struct groups *g, const struct net_group *group);

/* Count one more connection in a group, whether or not it is occupied. Thread: any.
 * Returns: 0 or PN_ELIMIT. */
int groups_share(struct groups *g, const struct net_group *group);

/* Undo one groups_take or groups_share that returned 0. Thread: any. */
void groups_give(struct groups *g, const struct net_group *group);

/* Whether groups_take would find it occupied. Thread: any; the answer is old when it arrives. */
bool groups_occupied(struct groups *g, const struct net_group *group);

#endif
