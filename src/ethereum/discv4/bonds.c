#include "ethereum/discv4/bonds.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "ethereum/enr/relay.h"

int bonds_init(struct bonds *b, unsigned capacity)
{
    b->key = siphash_random_key();
    b->sets = (capacity + BONDS_WAYS - 1) / BONDS_WAYS;
    b->ways = mem_zalloc_array((size_t)b->sets * BONDS_WAYS, sizeof *b->ways);
    return b->ways ? 0 : PN_ENOMEM;
}

void bonds_free(struct bonds *b)
{
    MEM_FREE(b->ways);
}

static struct bond *set_of(struct bonds *b, const uint8_t id[ETH_ID_BYTES],
                           const struct net_addr *ip)
{
    uint8_t key[ETH_ID_BYTES + 16];

    memcpy(key, id, ETH_ID_BYTES);
    net_addr_to_ipv6_bytes(key + ETH_ID_BYTES, ip);
    return &b->ways[siphash(&b->key, key, sizeof key) % b->sets * BONDS_WAYS];
}

static struct bond *find_in(struct bond *set, const uint8_t id[ETH_ID_BYTES],
                            const struct net_addr *ip)
{
    for (struct bond *i = set; i < set + BONDS_WAYS; i++)
        if (i->used && memcmp(i->node.id, id, ETH_ID_BYTES) == 0 &&
            eth_addr_same_ip(&i->node.udp, ip))
            return i;
    return NULL;
}

struct bond *bonds_find(struct bonds *b, const uint8_t id[ETH_ID_BYTES], const struct net_addr *ip)
{
    return find_in(set_of(b, id, ip), id, ip);
}

/* What goes first has the lowest rank: free, then unproven, then proven; the longest unheard of
 * first. */
static bool goes_before(const struct bond *a, const struct bond *b, int64_t now_us)
{
    bool a_proven = bond_is_proven(a, now_us), b_proven = bond_is_proven(b, now_us);

    if (a->used != b->used)
        return !a->used;
    if (a_proven != b_proven)
        return !a_proven;
    return a_proven ? a->last_pong_us < b->last_pong_us : a->last_ping_us < b->last_ping_us;
}

struct bond *bonds_get(struct bonds *b, const struct eth_node *node, bool proven, int64_t now_us)
{
    struct bond *set = set_of(b, node->id, &node->udp);
    struct bond *found = find_in(set, node->id, &node->udp), *victim = set;

    if (found)
        return found;
    for (struct bond *i = set + 1; i < set + BONDS_WAYS; i++)
        if (goes_before(i, victim, now_us))
            victim = i;
    if (!proven && bond_is_proven(victim, now_us))
        return NULL;
    *victim = (struct bond){.node = *node, .used = true};
    return victim;
}

static bool is_recent(int64_t at_us, int64_t now_us)
{
    return at_us != 0 && now_us - at_us < BOND_EXPIRY_US;
}

bool bond_is_proven(const struct bond *bond, int64_t now_us)
{
    return bond && bond->used && is_recent(bond->last_pong_us, now_us);
}

bool bond_has_our_proof(const struct bond *bond, int64_t now_us)
{
    return bond && bond->used && is_recent(bond->last_ping_us, now_us);
}
