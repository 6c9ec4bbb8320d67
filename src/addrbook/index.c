/* Linear probing. Removal moves back what the gap would cut off from its place, so that there are
 * no graves and a search ends at the first empty cell. */
#include "addrbook/index.h"

#include <string.h>

#include "base/bug.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"

enum { CELLS = 1 << 18 };

_Static_assert(CELLS >= 3 * ADDRBOOK_CAPACITY, "searches stay short");

int addr_index_init(struct addr_index *x, addr_index_at *at, const void *entries)
{
    *x = (struct addr_index){
        .key = siphash_random_key(), .mask = CELLS - 1, .at = at, .entries = entries};
    x->cells = mem_zalloc_array(CELLS, sizeof *x->cells);
    return x->cells ? 0 : PN_ENOMEM;
}

void addr_index_free(struct addr_index *x)
{
    MEM_FREE(x->cells);
}

size_t addr_key(uint8_t out[ADDR_KEY_BYTES], const struct net_addr *addr)
{
    size_t len = net_addr_len(addr->kind);

    out[0] = (uint8_t)addr->kind;
    store_be16(out + 1, addr->port);
    memcpy(out + 3, addr->bytes, len);
    return 3 + len;
}

static uint32_t home(const struct addr_index *x, const struct net_addr *addr)
{
    uint8_t key[ADDR_KEY_BYTES];
    size_t len = addr_key(key, addr);

    return (uint32_t)siphash(&x->key, key, len) & x->mask;
}

uint32_t addr_index_find(const struct addr_index *x, const struct net_addr *addr)
{
    for (uint32_t at = home(x, addr);; at = (at + 1) & x->mask) {
        uint32_t id = x->cells[at];

        if (id == 0 || net_addr_equal(x->at(x->entries, id), addr))
            return id;
    }
}

void addr_index_add(struct addr_index *x, uint32_t id)
{
    uint32_t at = home(x, x->at(x->entries, id));

    while (x->cells[at] != 0)
        at = (at + 1) & x->mask;
    x->cells[at] = id;
}

void addr_index_remove(struct addr_index *x, uint32_t id)
{
    uint32_t gap = home(x, x->at(x->entries, id));

    while (x->cells[gap] != id) {
        if (BUG(x->cells[gap] == 0))
            return;
        gap = (gap + 1) & x->mask;
    }
    for (uint32_t at = (gap + 1) & x->mask; x->cells[at] != 0; at = (at + 1) & x->mask) {
        uint32_t from = home(x, x->at(x->entries, x->cells[at]));

        /* It may move into the gap if its search starts there or before. */
        if (((at - from) & x->mask) >= ((at - gap) & x->mask)) {
            x->cells[gap] = x->cells[at];
            gap = at;
        }
    }
    x->cells[gap] = 0;
}
