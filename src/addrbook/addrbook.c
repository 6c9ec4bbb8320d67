/* The book's life, and looking at it. What it learns is in learn.c and collide.c, what it gives in
 * choose.c and getaddr.c, its inside in book.c. */
#include "addrbook/addrbook.h"

#include <string.h>

#include "addrbook/book.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"

static const struct net_addr *entry_addr(const void *entries, uint32_t id)
{
    return &((const struct entry *)entries)[id].r.addr;
}

/* Returns: whether there was memory for everything. */
static bool allocate(struct addrbook *b) REQUIRES(b->mu)
{
    struct table *new = &b->tables[ADDRBOOK_NEW], *tried = &b->tables[ADDRBOOK_TRIED];

    b->entries = mem_zalloc_array(ADDRBOOK_CAPACITY + 1, sizeof *b->entries);
    b->order = mem_zalloc_array(ADDRBOOK_CAPACITY, sizeof *b->order);
    new->slots = mem_zalloc_array(ADDRBOOK_NEW_BUCKETS * ADDRBOOK_BUCKET_SIZE, sizeof *new->slots);
    tried->slots =
        mem_zalloc_array(ADDRBOOK_TRIED_BUCKETS * ADDRBOOK_BUCKET_SIZE, sizeof *tried->slots);
    return addr_index_init(&b->index, entry_addr, b->entries) == 0 && b->entries && b->order &&
           new->slots && tried->slots;
}

struct addrbook *addrbook_new(const struct net_policy *policy)
{
    struct addrbook *b = mem_zalloc(sizeof *b);
    uint8_t secret[ADDRBOOK_KEY_BYTES];
    bool complete;

    if (!b)
        return NULL;
    mutex_init(&b->mu);
    b->policy = policy;
    random_bytes(secret, sizeof secret);
    mutex_lock(&b->mu);
    placement_init(&b->placement, secret);
    b->last_good_s = 1; /* later than the never of last_counted_s */
    complete = allocate(b);
    mutex_unlock(&b->mu);
    if (!complete) {
        addrbook_free(b);
        return NULL;
    }
    return b;
}

void addrbook_free(struct addrbook *b)
{
    if (!b)
        return;
    mutex_lock(&b->mu);
    for (unsigned i = 0; i < BOOK_ANSWERS_MAX; i++)
        mem_free(b->answers[i].list);
    addr_index_free(&b->index);
    mem_free(b->tables[ADDRBOOK_NEW].slots);
    mem_free(b->tables[ADDRBOOK_TRIED].slots);
    mem_free(b->order);
    mem_free(b->entries);
    mutex_unlock(&b->mu);
    mutex_destroy(&b->mu);
    mem_free(b);
}

const struct net_policy *addrbook_policy(const struct addrbook *b)
{
    return b->policy;
}

static unsigned count_answers(const struct addrbook *b) REQUIRES(b->mu)
{
    unsigned n = 0;

    for (unsigned i = 0; i < BOOK_ANSWERS_MAX; i++)
        n += b->answers[i].list != NULL;
    return n;
}

void addrbook_counts(struct addrbook *b, struct addrbook_counts *out)
{
    mutex_lock(&b->mu);
    *out = b->counts;
    for (unsigned kind = 0; kind < ADDRBOOK_KINDS; kind++) {
        out->n_new[kind] = b->tables[ADDRBOOK_NEW].n_addrs[kind];
        out->n_tried[kind] = b->tables[ADDRBOOK_TRIED].n_addrs[kind];
        out->new_buckets_used[kind] = b->tables[ADDRBOOK_NEW].buckets[kind].n;
        out->tried_buckets_used[kind] = b->tables[ADDRBOOK_TRIED].buckets[kind].n;
    }
    out->new_slots_used = b->tables[ADDRBOOK_NEW].slots_used;
    out->collisions = b->n_collisions;
    out->samples = count_answers(b);
    mutex_unlock(&b->mu);
}

size_t addrbook_size(struct addrbook *b)
{
    size_t n;

    mutex_lock(&b->mu);
    n = b->n;
    mutex_unlock(&b->mu);
    return n;
}

bool addrbook_find(struct addrbook *b, struct addrbook_record *out, const struct net_addr *addr)
{
    const struct entry *e;

    mutex_lock(&b->mu);
    e = book_find(b, addr);
    if (e)
        *out = e->r;
    mutex_unlock(&b->mu);
    return e != NULL;
}

/* The live entries among a slice of numbers that begins at `from`.
 * Returns: the number behind the slice; 0 when no entries are left. */
static uint32_t copy_slice(struct addrbook *b, struct addrbook_record *out, size_t *n, size_t max,
                           uint32_t from)
{
    uint32_t id = from, end;

    mutex_lock(&b->mu);
    end = b->n_entries_ever + 1;
    for (; id < end && id < from + BOOK_SLICE && *n < max; id++)
        if (b->entries[id].r.n_refs > 0)
            out[(*n)++] = b->entries[id].r;
    mutex_unlock(&b->mu);
    return id < end && *n < max ? id : 0;
}

int addrbook_snapshot(struct addrbook *b, struct addrbook_record **out, size_t *n)
{
    size_t max = addrbook_size(b) + BOOK_SLICE; /* for some that come meanwhile */
    uint32_t id = 1;

    *n = 0;
    *out = mem_alloc_array(max, sizeof **out);
    if (!*out)
        return PN_ENOMEM;
    while (id != 0)
        id = copy_slice(b, *out, n, max, id);
    return 0;
}
