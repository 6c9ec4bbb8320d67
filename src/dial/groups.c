/* A short unordered array: there are about a dozen rows, and a dial takes longer than a look at all
 * of them. */
#include "dial/groups.h"

#include "base/bug.h"
#include "base/err.h"

void groups_init(struct groups *g)
{
    *g = (struct groups){0};
    mutex_init(&g->mu);
}

void groups_destroy(struct groups *g)
{
    mutex_destroy(&g->mu);
}

/* Whether a connection into this group keeps others out. */
static bool counts(const struct net_group *group)
{
    switch ((enum net_group_class)group->bytes[0]) {
    case NET_GROUP_TORV3:
    case NET_GROUP_I2P:
    case NET_GROUP_CJDNS:
        return false;
    case NET_GROUP_UNROUTABLE:
    case NET_GROUP_IPV4:
    case NET_GROUP_IPV6:
    case NET_GROUP_LOCAL:
    case NET_GROUP_ASN:
        break;
    }
    return true;
}

/* The row of a group, or n. */
static unsigned find(const struct groups *g, const struct net_group *group) REQUIRES(g->mu)
{
    unsigned i = 0;

    while (i < g->n && !net_group_equal(&g->rows[i].group, group))
        i++;
    return i;
}

static int add(struct groups *g, const struct net_group *group, bool may_share) REQUIRES(g->mu)
{
    unsigned i = find(g, group);

    if (i < g->n && !may_share)
        return PN_EGROUP;
    if (i == GROUPS_MAX)
        return PN_ELIMIT;
    if (i == g->n) {
        g->rows[i].group = *group;
        g->rows[i].connections = 0;
        g->n++;
    }
    g->rows[i].connections++;
    return 0;
}

static int enter(struct groups *g, const struct net_group *group, bool may_share)
{
    int rc;

    if (!counts(group))
        return 0;
    mutex_lock(&g->mu);
    rc = add(g, group, may_share);
    mutex_unlock(&g->mu);
    return rc;
}

int groups_take(struct groups *g, const struct net_group *group)
{
    return enter(g, group, false);
}

int groups_share(struct groups *g, const struct net_group *group)
{
    return enter(g, group, true);
}

void groups_give(struct groups *g, const struct net_group *group)
{
    unsigned i;
    bool found;

    if (!counts(group))
        return;
    mutex_lock(&g->mu);
    i = find(g, group);
    found = i < g->n;
    if (found && --g->rows[i].connections == 0)
        g->rows[i] = g->rows[--g->n];
    mutex_unlock(&g->mu);
    (void)BUG(!found);
}

bool groups_occupied(struct groups *g, const struct net_group *group)
{
    bool found;

    mutex_lock(&g->mu);
    found = find(g, group) < g->n; /* what does not count is never entered */
    mutex_unlock(&g->mu);
    return found;
}
