#include "ethereum/discv4/table.h"

#include <string.h>

#include "base/random.h"
#include "ethereum/enr/relay.h"

enum { ID_BITS = 256, MIN_DISTANCE = ID_BITS - TABLE_BUCKETS };

void table_init(struct table *t, const uint8_t self[ETH_ID_BYTES], bool limit_local)
{
    memset(t, 0, sizeof *t);
    memcpy(t->self, self, ETH_ID_BYTES);
    t->limit_local = limit_local;
}

static struct table_bucket *bucket_of(struct table *t, const uint8_t id[ETH_ID_BYTES])
{
    unsigned d = eth_logdist(t->self, id);

    return &t->buckets[d <= MIN_DISTANCE ? 0 : d - MIN_DISTANCE - 1];
}

/* Returns: the place of the node in the list, or n. */
static unsigned index_of(const struct table_entry *list, unsigned n, const uint8_t id[ETH_ID_BYTES])
{
    unsigned i = 0;

    while (i < n && memcmp(list[i].node.id, id, ETH_ID_BYTES) != 0)
        i++;
    return i;
}

/* --- the limits of a subnet --- */

static unsigned count_subnet(const struct table_entry *list, unsigned n, uint64_t subnet,
                             const uint8_t except[ETH_ID_BYTES])
{
    unsigned found = 0;

    for (unsigned i = 0; i < n; i++)
        found += eth_addr_subnet(&list[i].node.udp) == subnet &&
                 memcmp(list[i].node.id, except, ETH_ID_BYTES) != 0;
    return found;
}

/* Whether there is room for one more node of this subnet; what the node itself takes is not
 * counted. */
static bool subnet_has_room(struct table *t, const struct table_bucket *b,
                            const struct eth_node *node)
{
    uint64_t subnet = eth_addr_subnet(&node->udp);
    unsigned total = 0;

    if (eth_addr_is_local(&node->udp) && !t->limit_local)
        return true;
    for (const struct table_bucket *i = t->buckets; i < t->buckets + TABLE_BUCKETS; i++) {
        unsigned here = count_subnet(i->entries, i->n_entries, subnet, node->id) +
                        count_subnet(i->replacements, i->n_replacements, subnet, node->id);

        if (i == b && here >= TABLE_BUCKET_IP_LIMIT)
            return false;
        total += here;
    }
    return total < TABLE_TABLE_IP_LIMIT;
}

/* --- lists --- */

static void list_remove(struct table_entry *list, unsigned *n, unsigned at)
{
    (*n)--;
    memmove(&list[at], &list[at + 1], (*n - at) * sizeof *list);
}

/* Put e first; the last falls off a list that is full. e must not point into the list. */
static void list_push(struct table_entry *list, unsigned *n, unsigned max,
                      const struct table_entry *e)
{
    if (*n < max)
        (*n)++;
    memmove(&list[1], &list[0], (*n - 1) * sizeof *list);
    list[0] = *e;
}

static void to_front(struct table_entry *list, unsigned at)
{
    struct table_entry e = list[at];

    memmove(&list[1], &list[0], at * sizeof *list);
    list[0] = e;
}

static void forget_replacement(struct table_bucket *b, const uint8_t id[ETH_ID_BYTES])
{
    unsigned at = index_of(b->replacements, b->n_replacements, id);

    if (at < b->n_replacements)
        list_remove(b->replacements, &b->n_replacements, at);
}

/* --- operations --- */

static void update_endpoint(struct table *t, const struct table_bucket *b, struct table_entry *e,
                            const struct eth_node *node)
{
    if (eth_addr_same_ip(&e->node.udp, &node->udp) || subnet_has_room(t, b, node))
        e->node = *node;
}

enum table_added table_add(struct table *t, const struct eth_node *node, int64_t now_us)
{
    struct table_bucket *b = bucket_of(t, node->id);
    unsigned at = index_of(b->entries, b->n_entries, node->id);
    struct table_entry fresh;

    if (memcmp(node->id, t->self, ETH_ID_BYTES) == 0)
        return TABLE_REFUSED;
    if (at < b->n_entries) {
        update_endpoint(t, b, &b->entries[at], node);
        to_front(b->entries, at);
        return TABLE_BUMPED;
    }
    if (!subnet_has_room(t, b, node))
        return TABLE_REFUSED;
    memset(&fresh, 0, sizeof fresh);
    fresh.node = *node;
    fresh.added_us = now_us;
    forget_replacement(b, node->id);
    if (b->n_entries == TABLE_BUCKET_SIZE) {
        list_push(b->replacements, &b->n_replacements, TABLE_MAX_REPLACEMENTS, &fresh);
        return TABLE_AS_REPLACEMENT;
    }
    list_push(b->entries, &b->n_entries, TABLE_BUCKET_SIZE, &fresh);
    t->n_entries++;
    return TABLE_ADDED;
}

struct table_entry *table_find(struct table *t, const uint8_t id[ETH_ID_BYTES])
{
    struct table_bucket *b = bucket_of(t, id);
    unsigned at = index_of(b->entries, b->n_entries, id);

    return at < b->n_entries ? &b->entries[at] : NULL;
}

struct table_entry *table_bump(struct table *t, const uint8_t id[ETH_ID_BYTES])
{
    struct table_bucket *b = bucket_of(t, id);
    unsigned at = index_of(b->entries, b->n_entries, id);

    if (at == b->n_entries)
        return NULL;
    to_front(b->entries, at);
    return &b->entries[0];
}

void table_replace(struct table *t, const uint8_t id[ETH_ID_BYTES])
{
    struct table_bucket *b = bucket_of(t, id);
    unsigned at = index_of(b->entries, b->n_entries, id), pick;

    if (at == b->n_entries)
        return;
    list_remove(b->entries, &b->n_entries, at);
    t->n_entries--;
    if (b->n_replacements == 0)
        return;
    pick = (unsigned)random_below(b->n_replacements);
    b->entries[b->n_entries++] = b->replacements[pick];
    list_remove(b->replacements, &b->n_replacements, pick);
    t->n_entries++;
}

void table_delete(struct table *t, const uint8_t id[ETH_ID_BYTES])
{
    struct table_bucket *b = bucket_of(t, id);
    unsigned at = index_of(b->entries, b->n_entries, id);

    forget_replacement(b, id);
    if (at == b->n_entries)
        return;
    list_remove(b->entries, &b->n_entries, at);
    t->n_entries--;
}

/* Insert e by its distance into a list of at most max. Returns: the new length. */
static unsigned push_by_distance(struct table_entry **out, unsigned n, unsigned max,
                                 const uint8_t target[ETH_ID_BYTES], struct table_entry *e)
{
    unsigned at = n;

    while (at > 0 && eth_distcmp(target, e->node.id, out[at - 1]->node.id) < 0)
        at--;
    if (at == max)
        return n;
    if (n < max)
        n++;
    memmove(&out[at + 1], &out[at], (n - 1 - at) * sizeof(struct table_entry *));
    out[at] = e;
    return n;
}

unsigned table_closest(struct table *t, struct table_entry **out,
                       const uint8_t target[ETH_ID_BYTES], unsigned max)
{
    unsigned n = 0;

    for (struct table_bucket *b = t->buckets; b < t->buckets + TABLE_BUCKETS; b++)
        for (unsigned i = 0; i < b->n_entries; i++)
            n = push_by_distance(out, n, max, target, &b->entries[i]);
    return n;
}

unsigned table_read_random(struct table *t, struct table_entry **out, unsigned max)
{
    struct table_bucket *order[TABLE_BUCKETS];
    unsigned n = 0;

    for (unsigned i = 0; i < TABLE_BUCKETS; i++) { /* a shuffle that grows */
        unsigned j = (unsigned)random_below(i + 1);

        order[i] = order[j];
        order[j] = &t->buckets[i];
    }
    for (unsigned row = 0; row < TABLE_BUCKET_SIZE; row++)
        for (unsigned i = 0; i < TABLE_BUCKETS && n < max; i++)
            if (row < order[i]->n_entries)
                out[n++] = &order[i]->entries[row];
    return n;
}

struct table_entry *table_to_revalidate(struct table *t)
{
    struct table_bucket *filled[TABLE_BUCKETS], *b;
    unsigned n = 0;

    for (unsigned i = 0; i < TABLE_BUCKETS; i++)
        if (t->buckets[i].n_entries > 0)
            filled[n++] = &t->buckets[i];
    if (n == 0)
        return NULL;
    b = filled[random_below(n)];
    return &b->entries[b->n_entries - 1];
}

void table_each(struct table *t, void (*visit)(struct table_entry *e, void *arg), void *arg)
{
    for (struct table_bucket *b = t->buckets; b < t->buckets + TABLE_BUCKETS; b++)
        for (unsigned i = 0; i < b->n_entries; i++)
            visit(&b->entries[i], arg);
}
