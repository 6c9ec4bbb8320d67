/* Entries, slots and their accounts. Everything here runs under the book's lock, in constant time
 * but for the search within a bucket and the index. */
#include "addrbook/book.h"

#include <string.h>

#include "base/bug.h"
#include "base/random.h"

struct entry *book_find(struct addrbook *b, const struct net_addr *addr)
{
    uint32_t id = addr_index_find(&b->index, addr);

    return id ? &b->entries[id] : NULL;
}

uint32_t book_id(const struct addrbook *b, const struct entry *e)
{
    return (uint32_t)(e - b->entries);
}

struct entry *book_create(struct addrbook *b, const struct addrbook_record *r)
{
    uint32_t id = b->free_head;
    struct entry *e;

    if (id)
        b->free_head = b->entries[id].order_at;
    else
        id = ++b->n_entries_ever;
    e = &b->entries[id];
    *e = (struct entry){.r = *r, .order_at = b->n};
    e->r.n_refs = 0;
    e->r.tried = false;
    b->order[b->n++] = id;
    addr_index_add(&b->index, id);
    return e;
}

void book_delete(struct addrbook *b, struct entry *e)
{
    uint32_t id = book_id(b, e), last = b->order[b->n - 1];

    if (BUG(e->r.n_refs > 0))
        return;
    b->order[e->order_at] = last;
    b->entries[last].order_at = e->order_at;
    b->n--;
    addr_index_remove(&b->index, id);
    e->r.addr = (struct net_addr){0};
    e->order_at = b->free_head;
    b->free_head = id;
}

static void bucket_set_add(struct bucket_set *s, unsigned bucket)
{
    if (s->count[bucket]++ == 0) {
        s->at[bucket] = s->n;
        s->list[s->n++] = (uint16_t)bucket;
    }
}

static void bucket_set_remove(struct bucket_set *s, unsigned bucket)
{
    if (--s->count[bucket] == 0) {
        uint16_t last = s->list[--s->n];

        s->list[s->at[bucket]] = last;
        s->at[last] = s->at[bucket];
    }
}

struct entry *book_at(struct addrbook *b, enum addrbook_table table, uint16_t slot)
{
    uint32_t id = b->tables[table].slots[slot];

    return id ? &b->entries[id] : NULL;
}

void book_put(struct addrbook *b, struct entry *e, enum addrbook_table table, uint16_t slot)
{
    struct table *t = &b->tables[table];
    enum net_kind kind = e->r.addr.kind;

    if (BUG(t->slots[slot] != 0 || e->r.n_refs == ADDRBOOK_MAX_REFS))
        return;
    t->slots[slot] = book_id(b, e);
    t->slots_used++;
    bucket_set_add(&t->buckets[0], slot / ADDRBOOK_BUCKET_SIZE);
    bucket_set_add(&t->buckets[kind], slot / ADDRBOOK_BUCKET_SIZE);
    e->r.tried = table == ADDRBOOK_TRIED;
    e->r.slots[e->r.n_refs++] = slot;
    if (e->r.n_refs == 1) {
        t->n_addrs[0]++;
        t->n_addrs[kind]++;
    }
}

void book_take(struct addrbook *b, struct entry *e, uint16_t slot)
{
    struct table *t = &b->tables[e->r.tried ? ADDRBOOK_TRIED : ADDRBOOK_NEW];
    enum net_kind kind = e->r.addr.kind;
    unsigned i = 0;

    while (i < e->r.n_refs && e->r.slots[i] != slot)
        i++;
    if (BUG(i == e->r.n_refs || t->slots[slot] != book_id(b, e)))
        return;
    e->r.slots[i] = e->r.slots[--e->r.n_refs];
    t->slots[slot] = 0;
    t->slots_used--;
    bucket_set_remove(&t->buckets[0], slot / ADDRBOOK_BUCKET_SIZE);
    bucket_set_remove(&t->buckets[kind], slot / ADDRBOOK_BUCKET_SIZE);
    if (e->r.n_refs == 0) {
        t->n_addrs[0]--;
        t->n_addrs[kind]--;
        e->r.tried = false;
    }
}

bool book_clear_new(struct addrbook *b, uint16_t slot)
{
    struct entry *e = book_at(b, ADDRBOOK_NEW, slot);

    if (!e)
        return false;
    book_take(b, e, slot);
    if (e->r.n_refs > 0)
        return false;
    book_delete(b, e);
    return true;
}

uint16_t book_new_slot(const struct addrbook *b, const struct net_addr *addr,
                       const struct net_addr *source)
{
    struct net_group group = net_group_of(b->policy, addr);
    struct net_group source_group = net_group_of(b->policy, source);

    return placement_new(&b->placement, addr, &group, &source_group);
}

uint16_t book_tried_slot(const struct addrbook *b, const struct net_addr *addr)
{
    struct net_group group = net_group_of(b->policy, addr);

    return placement_tried(&b->placement, addr, &group);
}

/* Whoever stands in a slot of the new table goes for one who comes back from tried. */
static void empty_for(struct addrbook *b, uint16_t slot) REQUIRES(b->mu)
{
    const struct entry *there = book_at(b, ADDRBOOK_NEW, slot);
    struct net_addr addr;

    if (!there)
        return;
    addr = there->r.addr;
    if (!book_clear_new(b, slot))
        return;
    BOOK_EVENT(b, crowded_out);
    book_note(b, JOURNAL_FORGOTTEN, "crowded_out", "for one that left the tried table", &addr);
}

void book_make_tried(struct addrbook *b, struct entry *e)
{
    uint16_t slot = book_tried_slot(b, &e->r.addr);
    struct entry *old = book_at(b, ADDRBOOK_TRIED, slot);

    while (e->r.n_refs > 0)
        book_take(b, e, e->r.slots[0]);
    if (old) {
        uint16_t back = book_new_slot(b, &old->r.addr, &old->r.source);

        book_take(b, old, slot);
        empty_for(b, back);
        book_put(b, old, ADDRBOOK_NEW, back);
        book_note(b, JOURNAL_DEMOTED, "replaced", "back to the new table", &old->r.addr);
    }
    book_put(b, e, ADDRBOOK_TRIED, slot);
    BOOK_EVENT(b, moved);
}

uint64_t book_random(struct addrbook *b)
{
    if (b->random_left == 0) {
        random_bytes(b->random, sizeof b->random);
        b->random_left = BOOK_RANDOM_WORDS;
    }
    return b->random[--b->random_left];
}

/* By multiplication: uneven by less than one part in 2^32, which no one can notice. */
uint32_t book_random_below(struct addrbook *b, uint32_t limit)
{
    return (uint32_t)((unsigned __int128)book_random(b) * limit >> 64);
}

void book_secret(struct addrbook *b, uint8_t out[ADDRBOOK_KEY_BYTES])
{
    mutex_lock(&b->mu);
    memcpy(out, b->placement.secret, ADDRBOOK_KEY_BYTES);
    mutex_unlock(&b->mu);
}
