/* Lists in messages: counted when they are read, walked through by whoever wants them. */
#include <string.h>

#include "codec/rlp.h"
#include "ethereum/wire/internal.h"

struct eth_items items_rest(struct reader *r, size_t max)
{
    struct eth_items items = {.n = rlp_count(r, max)};

    items.payload = read_slice(r, reader_left(r));
    return items;
}

struct eth_items items_read(struct reader *r, size_t max)
{
    struct reader list = rlp_read_list(r);
    struct eth_items items = items_rest(&list, max);

    rlp_leave(r, &list);
    return items;
}

void items_write(struct buf *b, const struct eth_items *items)
{
    uint8_t header[9];

    buf_append(b, header, rlp_list_header(header, items->payload.len));
    buf_append(b, items->payload.data, items->payload.len);
}

static struct reader walk(const struct eth_items *items)
{
    return reader_of(items->payload.data, items->payload.len);
}

static bool stepped(struct eth_items *items, const struct reader *r)
{
    if (r->err) {
        *items = (struct eth_items){0};
        return false;
    }
    items->payload = (struct bytes){r->pos, reader_left(r)};
    items->n--;
    return true;
}

bool eth_items_next(struct eth_items *items, struct bytes *item)
{
    struct reader r = walk(items);

    if (items->n == 0)
        return false;
    *item = rlp_read_raw(&r);
    return stepped(items, &r);
}

bool eth_items_next_hash(struct eth_items *items, uint8_t hash[ETH_HASH_BYTES])
{
    struct reader r = walk(items);

    if (items->n == 0)
        return false;
    rlp_read_fixed(&r, hash, ETH_HASH_BYTES);
    return stepped(items, &r);
}

bool eth_items_next_block_hash(struct eth_items *items, uint8_t hash[ETH_HASH_BYTES],
                               uint64_t *number)
{
    struct reader r = walk(items), one;

    if (items->n == 0)
        return false;
    one = rlp_read_list(&r);
    rlp_read_fixed(&one, hash, ETH_HASH_BYTES);
    *number = rlp_read_u64(&one);
    rlp_leave(&r, &one);
    return stepped(items, &r);
}

bool eth_announce_next(struct eth_tx_announce *a, uint8_t hash[ETH_HASH_BYTES], uint8_t *type,
                       uint64_t *size)
{
    struct reader sizes = reader_of(a->sizes.data, a->sizes.len);

    *type = 0;
    *size = 0;
    if (!eth_items_next_hash(&a->hashes, hash))
        return false;
    if (a->types.len == 0)
        return true;
    *type = *a->types.data++;
    a->types.len--;
    *size = rlp_read_u64(&sizes);
    a->sizes = (struct bytes){sizes.pos, reader_left(&sizes)};
    return true;
}

void items_check_hashes(struct reader *r, const struct eth_items *items)
{
    struct reader all = walk(items);
    uint8_t hash[ETH_HASH_BYTES];

    while (reader_left(&all) > 0)
        rlp_read_fixed(&all, hash, sizeof hash);
    if (all.err)
        reader_fail(r, all.err);
}

void items_check_block_hashes(struct reader *r, const struct eth_items *items)
{
    struct eth_items all = *items;
    uint8_t hash[ETH_HASH_BYTES];
    uint64_t number;
    size_t n = items->n;

    while (n > 0 && eth_items_next_block_hash(&all, hash, &number))
        n--;
    if (n > 0)
        reader_fail(r, PN_EFORMAT);
}

static void check_sizes(struct reader *r, struct bytes sizes)
{
    struct reader all = reader_of(sizes.data, sizes.len);

    while (reader_left(&all) > 0)
        rlp_read_u64(&all);
    if (all.err)
        reader_fail(r, all.err);
}

void announce_read(struct reader *r, struct eth_tx_announce *a, unsigned version, size_t max)
{
    struct eth_items sizes;

    if (version < 68) {
        a->hashes = items_rest(r, max);
        items_check_hashes(r, &a->hashes);
        return;
    }
    a->types = rlp_read_bytes(r, SIZE_MAX);
    sizes = items_read(r, max);
    a->sizes = sizes.payload;
    check_sizes(r, a->sizes);
    a->hashes = items_read(r, max);
    items_check_hashes(r, &a->hashes);
    if (a->types.len != a->hashes.n || sizes.n != a->hashes.n)
        reader_fail(r, PN_ECOUNT);
}

void announce_write(struct buf *b, const struct eth_tx_announce *a, unsigned version)
{
    const struct eth_items sizes = {.payload = a->sizes};

    if (version < 68) {
        buf_append(b, a->hashes.payload.data, a->hashes.payload.len);
        return;
    }
    rlp_write_bytes(b, a->types.data, a->types.len);
    items_write(b, &sizes);
    items_write(b, &a->hashes);
}
