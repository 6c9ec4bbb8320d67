/* Filling a book from records. Tried addresses are placed by the key alone, whatever bucket the
 * file had them in: so files of another geometry or grouping can be read. */
#include "addrbook/book.h"

static bool usable(const struct addrbook *b, const struct addrbook_record *r)
{
    return net_addr_is_routable(b->policy, &r->addr) &&
           (r->addr.port != 0 || r->addr.kind == NET_I2P);
}

/* Try a place in the new table; who is there stays. */
static void put_if_free(struct addrbook *b, struct entry *e, uint16_t slot) REQUIRES(b->mu)
{
    if (e->r.n_refs < ADDRBOOK_MAX_REFS && !book_at(b, ADDRBOOK_NEW, slot))
        book_put(b, e, ADDRBOOK_NEW, slot);
}

static void put_new(struct addrbook *b, struct entry *e, const struct addrbook_record *r,
                    bool keep_buckets) REQUIRES(b->mu)
{
    for (unsigned i = 0; keep_buckets && i < r->n_refs; i++)
        put_if_free(
            b, e,
            placement_in_new_bucket(&b->placement, &r->addr, r->slots[i] / ADDRBOOK_BUCKET_SIZE));
    if (e->r.n_refs == 0)
        put_if_free(b, e, book_new_slot(b, &e->r.addr, &e->r.source));
}

/* A tried address whose place is taken is worth at least one in new. */
static void put_tried(struct addrbook *b, struct entry *e) REQUIRES(b->mu)
{
    uint16_t slot = book_tried_slot(b, &e->r.addr);

    if (!book_at(b, ADDRBOOK_TRIED, slot))
        book_put(b, e, ADDRBOOK_TRIED, slot);
    else
        put_if_free(b, e, book_new_slot(b, &e->r.addr, &e->r.source));
}

/* Returns: whether it found a place. */
static bool restore_one(struct addrbook *b, const struct addrbook_record *r, bool keep_buckets)
    REQUIRES(b->mu)
{
    struct entry *e;

    if (!usable(b, r) || b->n == ADDRBOOK_CAPACITY || book_find(b, &r->addr))
        return false;
    e = book_create(b, r);
    if (r->tried)
        put_tried(b, e);
    else
        put_new(b, e, r, keep_buckets);
    if (e->r.n_refs > 0)
        return true;
    book_delete(b, e);
    return false;
}

size_t book_restore(struct addrbook *b, const uint8_t secret[ADDRBOOK_KEY_BYTES],
                    const struct addrbook_record *records, size_t n, bool keep_buckets)
{
    size_t restored = 0;

    mutex_lock(&b->mu);
    placement_init(&b->placement, secret);
    mutex_unlock(&b->mu);
    for (size_t i = 0; i < n;) {
        size_t end = n - i < BOOK_SLICE ? n : i + BOOK_SLICE;

        mutex_lock(&b->mu);
        for (; i < end; i++)
            restored += restore_one(b, &records[i], keep_buckets);
        mutex_unlock(&b->mu);
    }
    return restored;
}
