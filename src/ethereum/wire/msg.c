#include "ethereum/wire/msg.h"

#include <string.h>

#include "base/bug.h"
#include "codec/rlp.h"
#include "ethereum/wire/internal.h"

struct row {
    const char *name;
    unsigned code, first, last;
    enum eth_part part;
    size_t max;
    bool has_id;
};

static const struct row rows[] = {
#define ETH_MSG(id, code, name, first, last, part, max, has_id) \
    {name, code, first, last, part, max, has_id},
#include "ethereum/wire/msgs.def"
#undef ETH_MSG
};

static const struct row *find_row(unsigned code)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].code == code)
            return &rows[i];
    return NULL;
}

unsigned eth_version_codes(unsigned version)
{
    if (version < 63)
        return 8;
    return version < 69 ? 17 : 18;
}

const char *eth_code_name(unsigned code)
{
    const struct row *row = find_row(code);

    return row ? row->name : "unknown";
}

static bool wraps(const struct row *row, unsigned version)
{
    return row->has_id && version >= 66;
}

static void query_read(struct reader *r, struct eth_header_query *q)
{
    struct reader ahead = *r;
    struct bytes origin = rlp_read_bytes(r, ETH_HASH_BYTES);
    uint64_t reverse;

    q->by_hash = origin.len == ETH_HASH_BYTES;
    if (q->by_hash)
        memcpy(q->hash, origin.data, ETH_HASH_BYTES);
    else
        q->number = rlp_read_u64(&ahead);
    if (ahead.err)
        reader_fail(r, ahead.err);
    q->amount = rlp_read_u64(r);
    q->skip = rlp_read_u64(r);
    reverse = rlp_read_u64(r);
    q->reverse = reverse == 1;
    if (reverse > 1)
        reader_fail(r, PN_EFORMAT);
}

static void query_write(struct buf *b, const struct eth_header_query *q)
{
    if (q->by_hash)
        rlp_write_bytes(b, q->hash, sizeof q->hash);
    else
        rlp_write_u64(b, q->number);
    rlp_write_u64(b, q->amount);
    rlp_write_u64(b, q->skip);
    rlp_write_u64(b, q->reverse);
}

static void block_read(struct reader *r, struct eth_msg *m)
{
    int rc = eth_block_decode(&m->new_block.block, rlp_read_raw(r));

    if (rc < 0)
        reader_fail(r, rc);
    m->new_block.total_difficulty = eth_u128_read(r);
}

static void receipts_read(struct reader *r, struct eth_msg *m, const struct row *row,
                          unsigned version)
{
    uint64_t incomplete = version >= 70 ? rlp_read_u64(r) : 0;

    m->receipts.last_incomplete = incomplete == 1;
    if (incomplete > 1)
        reader_fail(r, PN_EFORMAT);
    m->receipts.lists = version >= 66 ? items_read(r, row->max) : items_rest(r, row->max);
}

/* Before eth/66 the message is the list; since then the list stands behind the request's id. */
static struct eth_items take_list(struct reader *r, const struct row *row, unsigned version)
{
    return wraps(row, version) ? items_read(r, row->max) : items_rest(r, row->max);
}

static void query_take(struct reader *r, struct eth_msg *m, const struct row *row, unsigned version)
{
    struct reader list;

    if (!wraps(row, version)) {
        query_read(r, &m->query);
        return;
    }
    list = rlp_read_list(r);
    query_read(&list, &m->query);
    rlp_leave(r, &list);
}

static void part_read(struct reader *r, struct eth_msg *m, const struct row *row, unsigned version)
{
    switch (row->part) {
    case ETH_PART_STATUS:
        status_read(r, &m->status, version);
        break;
    case ETH_PART_BLOCK_HASHES:
        m->items = take_list(r, row, version);
        items_check_block_hashes(r, &m->items);
        break;
    case ETH_PART_ITEMS:
        m->items = take_list(r, row, version);
        break;
    case ETH_PART_HASHES:
        m->items = take_list(r, row, version);
        items_check_hashes(r, &m->items);
        break;
    case ETH_PART_QUERY:
        query_take(r, m, row, version);
        break;
    case ETH_PART_BLOCK:
        block_read(r, m);
        break;
    case ETH_PART_ANNOUNCE:
        announce_read(r, &m->announce, version, row->max);
        break;
    case ETH_PART_GET_RECEIPTS:
        m->get_receipts.first_index = version >= 70 ? rlp_read_u64(r) : 0;
        m->get_receipts.hashes = take_list(r, row, version);
        items_check_hashes(r, &m->get_receipts.hashes);
        break;
    case ETH_PART_RECEIPTS:
        receipts_read(r, m, row, version);
        break;
    case ETH_PART_RANGE:
        range_read(r, &m->range);
        break;
    }
}

int eth_msg_decode(struct eth_msg *out, unsigned version, unsigned code, const void *payload,
                   size_t len)
{
    const struct row *row = find_row(code);
    struct reader r = reader_of(payload, len), list;

    memset(out, 0, sizeof *out);
    out->code = code;
    if (!row || version < row->first || version > row->last)
        return PN_ECOMMAND;
    list = rlp_read_list(&r);
    if (wraps(row, version))
        out->request_id = rlp_read_u64(&list);
    part_read(&list, out, row, version);
    rlp_leave(&r, &list);
    return reader_finish(&r);
}

static void list_write(struct buf *b, const struct eth_items *items, const struct row *row,
                       unsigned version)
{
    if (wraps(row, version))
        items_write(b, items);
    else
        buf_append(b, items->payload.data, items->payload.len);
}

static void query_put(struct buf *b, const struct eth_msg *m, const struct row *row,
                      unsigned version)
{
    size_t mark;

    if (!wraps(row, version)) {
        query_write(b, &m->query);
        return;
    }
    mark = rlp_list_begin(b);
    query_write(b, &m->query);
    rlp_list_end(b, mark);
}

static void part_write(struct buf *b, const struct eth_msg *m, const struct row *row,
                       unsigned version)
{
    switch (row->part) {
    case ETH_PART_STATUS:
        status_write(b, &m->status, version);
        break;
    case ETH_PART_BLOCK_HASHES:
    case ETH_PART_ITEMS:
    case ETH_PART_HASHES:
        list_write(b, &m->items, row, version);
        break;
    case ETH_PART_QUERY:
        query_put(b, m, row, version);
        break;
    case ETH_PART_BLOCK:
        eth_block_encode(b, &m->new_block.block);
        eth_u128_write(b, m->new_block.total_difficulty);
        break;
    case ETH_PART_ANNOUNCE:
        announce_write(b, &m->announce, version);
        break;
    case ETH_PART_GET_RECEIPTS:
        if (version >= 70)
            rlp_write_u64(b, m->get_receipts.first_index);
        list_write(b, &m->get_receipts.hashes, row, version);
        break;
    case ETH_PART_RECEIPTS:
        if (version >= 70)
            rlp_write_u64(b, m->receipts.last_incomplete);
        list_write(b, &m->receipts.lists, row, version);
        break;
    case ETH_PART_RANGE:
        range_write(b, &m->range);
        break;
    }
}

int eth_msg_encode(struct buf *b, const struct eth_msg *m, unsigned version)
{
    const struct row *row = find_row(m->code);
    size_t mark = rlp_list_begin(b);

    if (BUG(!row || version < row->first || version > row->last))
        return PN_EINVAL;
    if (wraps(row, version))
        rlp_write_u64(b, m->request_id);
    part_write(b, m, row, version);
    rlp_list_end(b, mark);
    return b->err;
}
