/* Our own addresses: which of them to tell whom. Source: GetLocal, GetReachabilityFrom and the
 * local-address scores in net.cpp and netaddress.cpp of the reference implementation. */
#include "addrbook/book.h"
#include "base/err.h"

/* How well a peer can reach an address of ours; the larger the better. */
enum reach { REACH_NONE, REACH_POOR, REACH_IPV4, REACH_IPV6, REACH_SAME };

static bool hides_place(enum net_kind kind)
{
    return kind == NET_TORV3 || kind == NET_I2P;
}

/* Neither is an address of a network that hides its users told outside of it, nor another one
 * inside: that would tie the two together. */
static enum reach reach_of(const struct net_addr *local, const struct net_addr *remote)
{
    if (local->kind == remote->kind)
        return local->kind == NET_IPV4   ? REACH_IPV4
               : local->kind == NET_IPV6 ? REACH_IPV6
                                         : REACH_SAME;
    if (hides_place(local->kind) || hides_place(remote->kind))
        return REACH_NONE;
    if (local->kind == NET_IPV4 && remote->kind == NET_IPV6)
        return REACH_IPV4;
    return REACH_POOR;
}

static struct addrbook_local *find(struct addrbook *b, const struct net_addr *addr) REQUIRES(b->mu)
{
    for (unsigned i = 0; i < b->n_locals; i++)
        if (net_addr_equal(&b->locals[i].addr, addr))
            return &b->locals[i];
    return NULL;
}

static int add(struct addrbook *b, const struct net_addr *addr, int score) REQUIRES(b->mu)
{
    struct addrbook_local *known = find(b, addr);

    if (known) {
        if (score >= known->score)
            known->score = score + 1;
        return 0;
    }
    if (b->n_locals == ADDRBOOK_LOCAL_MAX)
        return PN_ELIMIT;
    b->locals[b->n_locals++] = (struct addrbook_local){.addr = *addr, .score = score};
    return 0;
}

int addrbook_local_add(struct addrbook *b, const struct net_addr *addr, int score)
{
    int rc;

    if (!net_addr_is_routable(b->policy, addr))
        return PN_EFILTERED;
    mutex_lock(&b->mu);
    rc = add(b, addr, score);
    mutex_unlock(&b->mu);
    return rc;
}

void addrbook_local_remove(struct addrbook *b, const struct net_addr *addr)
{
    struct addrbook_local *known;

    mutex_lock(&b->mu);
    known = find(b, addr);
    if (known)
        *known = b->locals[--b->n_locals];
    mutex_unlock(&b->mu);
}

bool addrbook_local_seen(struct addrbook *b, const struct net_addr *addr)
{
    struct addrbook_local *known;

    mutex_lock(&b->mu);
    known = find(b, addr);
    if (known)
        known->score++;
    mutex_unlock(&b->mu);
    return known != NULL;
}

static bool leads_back(const struct addrbook *b, const struct net_addr *addr) REQUIRES(b->mu)
{
    for (unsigned i = 0; i < ADDRBOOK_SELVES_MAX; i++)
        if (b->selves[i].kind != NET_NONE && net_addr_equal(&b->selves[i], addr))
            return true;
    return false;
}

void addrbook_self_add(struct addrbook *b, const struct net_addr *addr)
{
    mutex_lock(&b->mu);
    if (!leads_back(b, addr))
        b->selves[b->next_self++ % ADDRBOOK_SELVES_MAX] = *addr;
    mutex_unlock(&b->mu);
}

bool addrbook_is_self(struct addrbook *b, const struct net_addr *addr)
{
    bool is;

    mutex_lock(&b->mu);
    is = find(b, addr) || leads_back(b, addr);
    mutex_unlock(&b->mu);
    return is;
}

bool addrbook_is_local(struct addrbook *b, const struct net_addr *addr)
{
    bool is;

    mutex_lock(&b->mu);
    is = find(b, addr) != NULL;
    mutex_unlock(&b->mu);
    return is;
}

bool addrbook_local_best(struct addrbook *b, struct net_addr *out, const struct net_addr *remote)
{
    enum reach best_reach = REACH_NONE;
    int best_score = 0;

    mutex_lock(&b->mu);
    for (unsigned i = 0; i < b->n_locals; i++) {
        const struct addrbook_local *l = &b->locals[i];
        enum reach reach = reach_of(&l->addr, remote);

        if (reach > best_reach ||
            (reach != REACH_NONE && reach == best_reach && l->score > best_score)) {
            best_reach = reach;
            best_score = l->score;
            *out = l->addr;
        }
    }
    mutex_unlock(&b->mu);
    return best_reach != REACH_NONE;
}

size_t addrbook_local_list(struct addrbook *b, struct addrbook_local out[ADDRBOOK_LOCAL_MAX])
{
    size_t n;

    mutex_lock(&b->mu);
    n = b->n_locals;
    for (size_t i = 0; i < n; i++)
        out[i] = b->locals[i];
    mutex_unlock(&b->mu);
    return n;
}
