#include "bitcoin/txrelay/outbox.h"

#include "base/mem.h"

enum { FIRST_ITEMS = 16 };

void outbox_init(struct outbox *b, bool by_wtxid)
{
    *b = (struct outbox){.by_wtxid = by_wtxid};
    known_init(&b->known, OUTBOX_KNOWN_MAX);
}

void outbox_free(struct outbox *b)
{
    known_free(&b->known);
    MEM_FREE(b->items);
    b->n = b->cap = 0;
}

void outbox_know(struct outbox *b, const uint8_t hash[32])
{
    known_add(&b->known, hash, 32);
}

const uint8_t *outbox_hash(const struct outbox *b, const struct outbox_item *item)
{
    return b->by_wtxid ? item->wtxid : item->txid;
}

static bool make_room(struct outbox *b)
{
    unsigned cap = b->cap ? b->cap * 2 : FIRST_ITEMS;
    struct outbox_item *more;

    if (b->n < b->cap)
        return true;
    if (cap > OUTBOX_MAX)
        cap = OUTBOX_MAX;
    more = mem_alloc_array(cap, sizeof *more);
    if (!more)
        return false;
    for (unsigned i = 0; i < b->n; i++)
        more[i] = b->items[(b->first + i) % b->cap];
    mem_free(b->items);
    b->items = more;
    b->first = 0;
    b->cap = cap;
    return true;
}

bool outbox_push(struct outbox *b, uint64_t *lost, const struct outbox_item *item)
{
    if (known_has(&b->known, outbox_hash(b, item), 32))
        return false;
    if (b->n == OUTBOX_MAX) {
        b->first = (b->first + 1) % b->cap;
        b->n--;
        ++*lost;
    } else if (!make_room(b)) {
        return false;
    }
    b->items[(b->first + b->n++) % b->cap] = *item;
    return true;
}

unsigned outbox_take(struct outbox *b, struct outbox_item out[OUTBOX_BATCH_MAX])
{
    unsigned batch = OUTBOX_BATCH_MIN + b->n / 1000 * 5, taken = 0;

    while (b->n > 0 && taken < batch) {
        const struct outbox_item *item = &b->items[b->first];

        b->first = (b->first + 1) % b->cap;
        b->n--;
        if (known_has(&b->known, outbox_hash(b, item), 32))
            continue;
        known_add(&b->known, outbox_hash(b, item), 32);
        out[taken++] = *item;
    }
    if (b->n == 0) {
        MEM_FREE(b->items); /* most peers have nothing waiting most of the time */
        b->first = b->cap = 0;
    }
    return taken;
}
