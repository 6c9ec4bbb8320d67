/* A binary heap by time; each item knows its place, so that any can be taken out. */
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/txrelay/tx_requests_internal.h"

int request_heap_reserve(struct request_heap *h, size_t n)
{
    size_t cap = h->cap ? h->cap : 64;
    struct announcement **more;

    if (n <= h->cap)
        return 0;
    while (cap < n)
        cap *= 2;
    more = mem_realloc_array(h->items, cap, sizeof(struct announcement *));
    if (!more)
        return PN_ENOMEM;
    h->items = more;
    h->cap = cap;
    return 0;
}

static void put(struct request_heap *h, size_t at, struct announcement *a)
{
    h->items[at] = a;
    a->heap_at = at;
}

static void sift_up(struct request_heap *h, size_t at)
{
    struct announcement *a = h->items[at];

    while (at > 0 && h->items[(at - 1) / 2]->at_us > a->at_us) {
        put(h, at, h->items[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(h, at, a);
}

static void sift_down(struct request_heap *h, size_t at)
{
    struct announcement *a = h->items[at];

    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= h->n)
            break;
        if (child + 1 < h->n && h->items[child + 1]->at_us < h->items[child]->at_us)
            child++;
        if (h->items[child]->at_us >= a->at_us)
            break;
        put(h, at, h->items[child]);
        at = child;
    }
    put(h, at, a);
}

void request_heap_push(struct request_heap *h, struct announcement *a, int64_t at_us)
{
    a->at_us = at_us;
    put(h, h->n++, a);
    sift_up(h, a->heap_at);
}

void request_heap_remove(struct request_heap *h, struct announcement *a)
{
    size_t at = a->heap_at;
    struct announcement *last = h->items[--h->n];

    if (last == a)
        return;
    put(h, at, last);
    sift_up(h, at);
    sift_down(h, last->heap_at);
}
