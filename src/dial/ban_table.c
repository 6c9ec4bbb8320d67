/* Each ban lives in a slot. Two orders are laid over the slots: chains by the keyed hash of the
 * subnet, and a binary heap by the time of the end. The heap is a permutation of all slots; the
 * ones behind its end are free.
 *
 * An address is looked up under each length of prefix that some ban of its kind has, masked to that
 * length, so that a subnet is found like a single address and there is no list to walk through. */
#include "dial/ban_table.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "crypto/siphash.h"

enum { KINDS = NET_CJDNS + 1, MAX_BITS = 256 };

#define NO_SLOT UINT32_MAX

struct slot {
    struct ban ban;
    uint32_t next;    /* in its chain, or NO_SLOT */
    uint32_t heap_at; /* where in the heap */
};

struct ban_table {
    struct siphash_key key;
    uint32_t n, capacity, mask;
    uint32_t with_prefix[KINDS][MAX_BITS + 1]; /* bans of this kind and length */
    uint32_t *heap;                            /* capacity slot numbers; the first n are in use */
    uint32_t *chains;                          /* mask + 1 slot numbers */
    struct slot *slots;
};

struct ban_table *ban_table_new(unsigned capacity)
{
    struct ban_table *t = mem_zalloc(sizeof *t);
    uint32_t chains = 1;

    assert(capacity > 0 && capacity <= BANLIST_CAPACITY_MAX);
    if (!t)
        return NULL;
    while (chains < capacity)
        chains *= 2;
    t->key = siphash_random_key();
    t->capacity = capacity;
    t->mask = chains - 1;
    t->heap = mem_alloc_array(capacity, sizeof *t->heap);
    t->chains = mem_alloc_array(chains, sizeof *t->chains);
    t->slots = mem_zalloc_array(capacity, sizeof *t->slots);
    if (!t->heap || !t->chains || !t->slots) {
        ban_table_free(t);
        return NULL;
    }
    for (uint32_t i = 0; i < capacity; i++)
        t->heap[i] = i;
    for (uint32_t i = 0; i < chains; i++)
        t->chains[i] = NO_SLOT;
    return t;
}

void ban_table_free(struct ban_table *t)
{
    if (!t)
        return;
    mem_free(t->heap);
    mem_free(t->chains);
    mem_free(t->slots);
    mem_free(t);
}

/* The subnet of that length around an address, without its port. */
static struct subnet subnet_around(const struct net_addr *addr, unsigned bits)
{
    struct subnet net = {.base = {.kind = addr->kind}, .prefix_bits = bits};

    memcpy(net.base.bytes, addr->bytes, (bits + 7) / 8);
    if (bits % 8 != 0)
        net.base.bytes[bits / 8] &= (uint8_t)(0xff00u >> bits % 8);
    return net;
}

static bool same_subnet(const struct subnet *a, const struct subnet *b)
{
    return a->prefix_bits == b->prefix_bits && net_addr_equal(&a->base, &b->base);
}

static uint32_t *chain_of(const struct ban_table *t, const struct subnet *net)
{
    uint8_t text[3 + sizeof net->base.bytes] = {(uint8_t)net->base.kind};
    size_t len = net_addr_len(net->base.kind);

    store_le16(text + 1, (uint16_t)net->prefix_bits);
    memcpy(text + 3, net->base.bytes, len);
    return &t->chains[siphash(&t->key, text, 3 + len) & t->mask];
}

const struct ban *ban_table_exact(const struct ban_table *t, const struct subnet *net)
{
    for (uint32_t i = *chain_of(t, net); i != NO_SLOT; i = t->slots[i].next)
        if (same_subnet(&t->slots[i].ban.net, net))
            return &t->slots[i].ban;
    return NULL;
}

const struct ban *ban_table_match(const struct ban_table *t, const struct net_addr *addr,
                                  int64_t now_s)
{
    for (unsigned bits = (unsigned)net_addr_len(addr->kind) * 8 + 1; bits-- > 0;) {
        struct subnet net;
        const struct ban *ban;

        if (t->with_prefix[addr->kind][bits] == 0)
            continue;
        net = subnet_around(addr, bits);
        ban = ban_table_exact(t, &net);
        if (ban && ban->until_s > now_s)
            return ban;
    }
    return NULL;
}

/* Whether the ban at heap place a ends before the one at b. */
static bool ends_before(const struct ban_table *t, uint32_t a, uint32_t b)
{
    return t->slots[t->heap[a]].ban.until_s < t->slots[t->heap[b]].ban.until_s;
}

static void swap(struct ban_table *t, uint32_t a, uint32_t b)
{
    uint32_t slot = t->heap[a];

    t->heap[a] = t->heap[b];
    t->heap[b] = slot;
    t->slots[t->heap[a]].heap_at = a;
    t->slots[t->heap[b]].heap_at = b;
}

static void move_up(struct ban_table *t, uint32_t at)
{
    for (; at > 0 && ends_before(t, at, (at - 1) / 2); at = (at - 1) / 2)
        swap(t, at, (at - 1) / 2);
}

static void move_down(struct ban_table *t, uint32_t at)
{
    for (uint32_t child = 2 * at + 1; child < t->n; at = child, child = 2 * at + 1) {
        if (child + 1 < t->n && ends_before(t, child + 1, child))
            child++;
        if (!ends_before(t, child, at))
            return;
        swap(t, at, child);
    }
}

void ban_table_insert(struct ban_table *t, const struct ban *ban)
{
    uint32_t *chain = chain_of(t, &ban->net);
    uint32_t at = t->n, slot = t->heap[at];

    assert(t->n < t->capacity);
    t->slots[slot] = (struct slot){.ban = *ban, .next = *chain, .heap_at = at};
    *chain = slot;
    t->with_prefix[ban->net.base.kind][ban->net.prefix_bits]++;
    t->n++;
    move_up(t, at);
}

static void unchain(struct ban_table *t, uint32_t slot)
{
    uint32_t *link = chain_of(t, &t->slots[slot].ban.net);

    while (*link != slot)
        link = &t->slots[*link].next;
    *link = t->slots[slot].next;
}

void ban_table_remove(struct ban_table *t, const struct ban *ban)
{
    uint32_t slot = (uint32_t)((const struct slot *)(const void *)ban - t->slots);
    uint32_t at = t->slots[slot].heap_at;

    unchain(t, slot);
    t->with_prefix[ban->net.base.kind][ban->net.prefix_bits]--;
    t->n--;
    if (at == t->n)
        return; /* it stood last: its slot is free where it is */
    swap(t, at, t->n);
    move_up(t, at);
    move_down(t, at);
}

const struct ban *ban_table_first(const struct ban_table *t)
{
    return t->n > 0 ? ban_table_at(t, 0) : NULL;
}

const struct ban *ban_table_at(const struct ban_table *t, unsigned i)
{
    return &t->slots[t->heap[i]].ban;
}

unsigned ban_table_count(const struct ban_table *t)
{
    return t->n;
}

unsigned ban_table_capacity(const struct ban_table *t)
{
    return t->capacity;
}
