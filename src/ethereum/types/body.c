#include "ethereum/types/body.h"

#include <string.h>

#include "base/mem.h"
#include "codec/rlp.h"
#include "crypto/keccak.h"
#include "ethereum/trie/trie.h"

enum {
    /* No transaction costs less: 21,000 gas, of which at most a fifth is refunded (EIP-3529), and
     * a half before London. */
    TX_MIN_GAS = 10500,
    /* A list of nine items, each at least a byte. */
    TX_MIN_BYTES = 10,
    /* [index, validator, address, amount] */
    WITHDRAWAL_MIN_BYTES = 25,
};

static const uint8_t empty_list[] = {0xc0};

static void read_body(struct reader *list, struct eth_body *out)
{
    out->txs = rlp_read_raw(list);
    out->uncles = rlp_read_raw(list);
    out->has_withdrawals = reader_left(list) > 0;
    if (out->has_withdrawals)
        out->withdrawals = rlp_read_raw(list);
}

static void write_body(struct buf *b, const struct eth_body *body)
{
    buf_append(b, body->txs.data, body->txs.len);
    buf_append(b, body->uncles.data, body->uncles.len);
    if (body->has_withdrawals)
        buf_append(b, body->withdrawals.data, body->withdrawals.len);
}

static int check_lists(const struct eth_body *body)
{
    const struct bytes parts[] = {body->txs, body->uncles, body->withdrawals};

    for (size_t i = 0; i < 2u + body->has_withdrawals; i++)
        if (parts[i].len == 0 || parts[i].data[0] < 0xc0)
            return PN_EFORMAT;
    return 0;
}

int eth_body_decode(struct eth_body *out, struct bytes rlp)
{
    struct reader r = reader_of(rlp.data, rlp.len);
    struct reader list = rlp_read_list(&r);
    int rc;

    *out = (struct eth_body){0};
    read_body(&list, out);
    rlp_leave(&r, &list);
    rc = reader_finish(&r);
    return rc < 0 ? rc : check_lists(out);
}

void eth_body_encode(struct buf *b, const struct eth_body *body)
{
    size_t mark = rlp_list_begin(b);

    write_body(b, body);
    rlp_list_end(b, mark);
}

int eth_block_decode(struct eth_block *out, struct bytes rlp)
{
    struct reader r = reader_of(rlp.data, rlp.len);
    struct reader list = rlp_read_list(&r);
    int rc;

    *out = (struct eth_block){0};
    out->header = rlp_read_raw(&list);
    read_body(&list, &out->body);
    rlp_leave(&r, &list);
    rc = reader_finish(&r);
    return rc < 0 ? rc : check_lists(&out->body);
}

void eth_block_encode(struct buf *b, const struct eth_block *block)
{
    size_t mark = rlp_list_begin(b);

    buf_append(b, block->header.data, block->header.len);
    write_body(b, &block->body);
    rlp_list_end(b, mark);
}

/* The root over a list's items; `unwrap` takes the content of those that are strings, as typed
 * transactions are (EIP-2718). */
static int list_root(uint8_t root[ETH_HASH_BYTES], struct bytes item, size_t max, bool unwrap)
{
    struct reader r = reader_of(item.data, item.len);
    struct reader list = rlp_read_list(&r);
    size_t n = rlp_count(&list, max);
    struct bytes *values;
    int rc = list.err ? list.err : r.err;

    if (rc < 0)
        return rc;
    values = mem_alloc_array(n, sizeof *values);
    if (!values)
        return PN_ENOMEM;
    for (size_t i = 0; i < n; i++)
        values[i] = unwrap && !rlp_next_is_list(&list) ? rlp_read_bytes(&list, item.len)
                                                       : rlp_read_raw(&list);
    rlp_leave(&r, &list);
    rc = reader_finish(&r);
    if (rc == 0)
        rc = trie_list_root(root, values, n);
    mem_free(values);
    return rc;
}

static int check_withdrawals(const struct eth_body *body, const struct eth_header *h)
{
    uint8_t root[ETH_HASH_BYTES];
    int rc;

    if (body->has_withdrawals != (h->n_fields >= ETH_FIELDS_SHANGHAI))
        return PN_EWITHDRAWALS;
    if (!body->has_withdrawals)
        return 0;
    rc = list_root(root, body->withdrawals, body->withdrawals.len / WITHDRAWAL_MIN_BYTES, false);
    if (rc < 0)
        return rc;
    return memcmp(root, h->withdrawals_root, sizeof root) == 0 ? 0 : PN_EWITHDRAWALS;
}

int eth_body_check(const struct eth_body *body, const struct eth_header *h)
{
    uint8_t hash[ETH_HASH_BYTES];
    size_t max = eth_header_max_txs(h);
    int rc;

    /* The header of a pushed block may claim any gas: what it costs us follows from its bytes. */
    if (max > body->txs.len / TX_MIN_BYTES)
        max = body->txs.len / TX_MIN_BYTES;
    rc = list_root(hash, body->txs, max, true);
    if (rc < 0)
        return rc;
    if (memcmp(hash, h->tx_root, sizeof hash) != 0)
        return PN_EMERKLE;
    keccak256(hash, body->uncles.data, body->uncles.len);
    if (memcmp(hash, h->uncles_hash, sizeof hash) != 0)
        return PN_EUNCLES;
    return check_withdrawals(body, h);
}

bool eth_header_is_empty(const struct eth_header *h)
{
    return memcmp(h->tx_root, trie_empty_root, ETH_HASH_BYTES) == 0 &&
           memcmp(h->uncles_hash, eth_empty_list_hash, ETH_HASH_BYTES) == 0 &&
           (h->n_fields < ETH_FIELDS_SHANGHAI ||
            memcmp(h->withdrawals_root, trie_empty_root, ETH_HASH_BYTES) == 0);
}

struct eth_body eth_body_empty(const struct eth_header *h)
{
    const struct bytes none = {empty_list, sizeof empty_list};

    return (struct eth_body){.txs = none,
                             .uncles = none,
                             .withdrawals = none,
                             .has_withdrawals = h->n_fields >= ETH_FIELDS_SHANGHAI};
}

size_t eth_header_max_txs(const struct eth_header *h)
{
    return (size_t)(h->gas_used / TX_MIN_GAS) + 1;
}
