#include "server/copies.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

enum { FIRST_ITEMS = 64 };

struct copying {
    struct server_copies *out;
    size_t item_bytes, cap;
    bool (*fill)(void *arg, void *item, struct peer *p);
    void *arg;
    bool ran_out;
};

/* Room for one item more, zeroed. Returns: NULL without memory. */
static void *next_item(struct copying *c)
{
    uint8_t *item;

    if (c->out->n == c->cap) {
        size_t cap = c->cap ? 2 * c->cap : FIRST_ITEMS;
        void *items = mem_realloc_array(c->out->items, cap, c->item_bytes);

        if (!items)
            return NULL;
        c->out->items = items;
        c->cap = cap;
    }
    item = (uint8_t *)c->out->items + c->out->n * c->item_bytes;
    memset(item, 0, c->item_bytes);
    return item;
}

static void copy_peer(void *arg, struct peer *p)
{
    struct copying *c = arg;
    void *item = c->ran_out ? NULL : next_item(c);
    uint64_t id = peer_id(p);

    if (!item) {
        c->ran_out = true;
        return;
    }
    memcpy(item, &id, sizeof id);
    if (c->fill(c->arg, item, p))
        c->out->n++;
}

static int by_id(const void *a, const void *b)
{
    uint64_t x, y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

int server_copy_peers(struct server *s, struct server_copies *out, size_t item_bytes,
                      bool (*fill)(void *arg, void *item, struct peer *p), void *arg)
{
    struct copying c = {.out = out, .item_bytes = item_bytes, .fill = fill, .arg = arg};
    int rc;

    assert(item_bytes >= sizeof(uint64_t));
    *out = (struct server_copies){0};
    rc = server_visit_peers(s, copy_peer, &c);
    if (rc == 0 && c.ran_out)
        rc = PN_ENOMEM;
    if (rc < 0) {
        mem_free(out->items);
        *out = (struct server_copies){0};
    } else if (out->n > 0) {
        qsort(out->items, out->n, item_bytes, by_id);
    }
    return rc;
}
