#include "bitcoin/filter/basic.h"

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "crypto/sha256.h"

enum { OP_RETURN = 0x6a };

struct siphash_key basic_filter_key(const uint8_t block_hash[BTC_HASH_BYTES])
{
    return (struct siphash_key){.k0 = load_le64(block_hash), .k1 = load_le64(block_hash + 8)};
}

bool basic_filter_holds_output(struct bytes script)
{
    return script.len > 0 && script.data[0] != OP_RETURN;
}

static size_t count_outputs(const struct btc_block *block)
{
    size_t n = 0;

    for (size_t i = 0; i < block->tx_count; i++)
        n += block->txs[i].out_count;
    return n;
}

/* Inputs that spend something. */
static size_t count_spent(const struct btc_block *block)
{
    size_t n = 0;

    for (size_t i = 0; i < block->tx_count; i++)
        n += btc_tx_is_coinbase(&block->txs[i]) ? 0 : block->txs[i].in_count;
    return n;
}

/* Returns: how many; `items` has room for all outputs. */
static size_t collect_outputs(struct bytes *items, const struct btc_block *block)
{
    size_t n = 0;

    for (size_t i = 0; i < block->tx_count; i++)
        for (uint32_t k = 0; k < block->txs[i].out_count; k++)
            if (basic_filter_holds_output(block->txs[i].out[k].script))
                items[n++] = block->txs[i].out[k].script;
    return n;
}

int basic_filter_build(struct buf *out, const uint8_t block_hash[BTC_HASH_BYTES],
                       const struct btc_block *block, const struct bytes *spent, size_t n_spent)
{
    const struct siphash_key key = basic_filter_key(block_hash);
    struct bytes *items = mem_alloc_array(count_outputs(block) + n_spent + 1, sizeof *items);
    size_t n;
    int rc;

    if (!items)
        return PN_ENOMEM;
    n = collect_outputs(items, block);
    for (size_t i = 0; i < n_spent; i++)
        if (spent[i].len > 0)
            items[n++] = spent[i];
    rc = gcs_build(out, &key, items, n);
    mem_free(items);
    return rc;
}

/* How many different outputs' scripts a filter holds. Returns: 0 or PN_ENOMEM. */
static int count_different(size_t *count, const struct siphash_key *key, const struct bytes *items,
                           size_t n)
{
    struct buf set;
    int rc;

    buf_init(&set, SIZE_MAX);
    rc = gcs_build(&set, key, items, n);
    if (rc == 0)
        rc = gcs_check(count, (struct bytes){.data = set.data, .len = set.len});
    buf_free(&set);
    return rc;
}

static int compare_with_outputs(const struct siphash_key *key, const struct btc_block *block,
                                struct bytes filter, struct bytes *items)
{
    size_t n = collect_outputs(items, block), different, elements, matched;
    int rc = gcs_check(&elements, filter);

    if (rc == 0)
        rc = gcs_match(&matched, key, filter, items, n);
    if (rc == 0)
        rc = count_different(&different, key, items, n);
    if (rc == 0 && (matched < n || elements > different + count_spent(block)))
        rc = PN_EFILTER;
    return rc;
}

int basic_filter_fits(const uint8_t block_hash[BTC_HASH_BYTES], const struct btc_block *block,
                      struct bytes filter)
{
    const struct siphash_key key = basic_filter_key(block_hash);
    struct bytes *items = mem_alloc_array(count_outputs(block) + 1, sizeof *items);
    int rc = items ? compare_with_outputs(&key, block, filter, items) : PN_ENOMEM;

    mem_free(items);
    return rc;
}

void basic_filter_hash(uint8_t out[BTC_HASH_BYTES], struct bytes filter)
{
    sha256d(out, filter.data, filter.len);
}

void basic_filter_header(uint8_t out[BTC_HASH_BYTES], const uint8_t filter_hash[BTC_HASH_BYTES],
                         const uint8_t prev[BTC_HASH_BYTES])
{
    sha256d_pair(out, filter_hash, BTC_HASH_BYTES, prev, BTC_HASH_BYTES);
}
