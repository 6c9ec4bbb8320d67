#include "bitcoin/compact/partial.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "bitcoin/block/shortid.h"
#include "bitcoin/mempool/txpool.h"
#include "codec/compact.h"

struct compact_partial {
    uint8_t hash[BTC_HASH_BYTES];
    struct btc_header header;
    size_t n;               /* transactions of the block */
    struct bytes *raw;      /* of each; empty while it is missing */
    struct tx_body **found; /* references: those of the pool, by short id */
    size_t n_found;
    uint16_t *missing;
    size_t n_missing;
    uint8_t *brought; /* copies: the transactions that came with the message, and by blocktxn */
    uint8_t *filled;
};

void compact_partial_free(struct compact_partial *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n_found; i++)
        tx_body_unref(c->found[i]);
    mem_free(c->raw);
    mem_free(c->found);
    mem_free(c->missing);
    mem_free(c->brought);
    mem_free(c->filled);
    mem_free(c);
}

static int compare_ids(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static int load_ids(uint64_t *ids, const struct btc_cmpctblock *m)
{
    uint64_t *sorted = mem_alloc_array(m->short_id_count, sizeof *sorted);
    int rc = 0;

    if (!sorted)
        return PN_ENOMEM;
    for (size_t i = 0; i < m->short_id_count; i++)
        sorted[i] = ids[i] = btc_short_id_load(m->short_ids[i]);
    qsort(sorted, m->short_id_count, sizeof *sorted, compare_ids);
    for (size_t i = 1; i < m->short_id_count; i++)
        if (sorted[i] == sorted[i - 1])
            rc = PN_EDUPLICATE;
    mem_free(sorted);
    return rc;
}

/* The transactions that are in the message, copied out of it. */
static int take_prefilled(struct compact_partial *c, const struct btc_cmpctblock *m)
{
    size_t bytes = 0;
    uint8_t *at;

    for (size_t i = 0; i < m->prefilled_count; i++)
        bytes += m->prefilled[i].tx.raw.len;
    at = c->brought = mem_alloc(bytes);
    if (!at)
        return PN_ENOMEM;
    for (size_t i = 0; i < m->prefilled_count; i++) {
        struct bytes raw = m->prefilled[i].tx.raw;

        memcpy(at, raw.data, raw.len);
        c->raw[m->prefilled[i].index] = (struct bytes){.data = at, .len = raw.len};
        at += raw.len;
    }
    return 0;
}

/* A transaction of the pool as a block has it: without the framing of its message. */
static struct bytes raw_of(const struct tx_body *body)
{
    return (struct bytes){.data = body->frame->data + BTC_FRAME_HEADER_BYTES,
                          .len = body->frame->len - BTC_FRAME_HEADER_BYTES};
}

static int search_pool(struct compact_partial *c, const struct btc_cmpctblock *m,
                       struct txpool *pool)
{
    struct siphash_key key = btc_short_id_key(&m->header, m->nonce);
    uint64_t *ids = mem_alloc_array(m->short_id_count, sizeof *ids);
    long found = 0;
    int rc;

    if (!ids)
        return PN_ENOMEM;
    rc = load_ids(ids, m);
    if (rc == 0 && pool)
        found = txpool_match_short_ids(pool, c->found, &key, ids, m->short_id_count);
    mem_free(ids);
    if (rc == 0 && found < 0)
        rc = (int)found;
    return rc;
}

/* Short ids stand for the places that the message's own transactions leave. */
static void lay_out(struct compact_partial *c)
{
    size_t id = 0;

    for (size_t i = 0; i < c->n; i++) {
        struct tx_body *body;

        if (c->raw[i].len > 0)
            continue;
        body = c->found[id++];
        if (body)
            c->raw[i] = raw_of(body);
        else
            c->missing[c->n_missing++] = (uint16_t)i;
    }
}

int compact_partial_new(struct compact_partial **out, const struct btc_cmpctblock *m,
                        struct txpool *pool)
{
    struct compact_partial *c;
    int rc;

    if (m->short_id_count + m->prefilled_count == 0)
        return PN_EFORMAT;
    c = mem_zalloc(sizeof *c);
    if (!c)
        return PN_ENOMEM;
    c->header = m->header;
    btc_header_hash(c->hash, &m->header);
    c->n = m->short_id_count + m->prefilled_count;
    c->raw = mem_zalloc_array(c->n, sizeof *c->raw);
    c->found = mem_zalloc_array(m->short_id_count, sizeof(struct tx_body *));
    c->missing = mem_alloc_array(m->short_id_count, sizeof *c->missing);
    c->n_found = c->found ? m->short_id_count : 0;
    rc = c->raw && c->found && c->missing ? take_prefilled(c, m) : PN_ENOMEM;
    if (rc == 0)
        rc = search_pool(c, m, pool);
    if (rc < 0) {
        compact_partial_free(c);
        return rc;
    }
    lay_out(c);
    *out = c;
    return 0;
}

const uint8_t *compact_partial_hash(const struct compact_partial *c)
{
    return c->hash;
}

size_t compact_partial_missing(const struct compact_partial *c, const uint16_t **indexes)
{
    *indexes = c->missing;
    return c->n_missing;
}

int compact_partial_fill(struct compact_partial *c, const struct btc_blocktxn *m)
{
    size_t bytes = 0;
    uint8_t *at;

    if (m->count != c->n_missing)
        return PN_ECOUNT;
    for (size_t i = 0; i < m->count; i++)
        bytes += m->txs[i].raw.len;
    mem_free(c->filled);
    at = c->filled = mem_alloc(bytes);
    if (!at)
        return PN_ENOMEM;
    for (size_t i = 0; i < m->count; i++) {
        struct bytes raw = m->txs[i].raw;

        memcpy(at, raw.data, raw.len);
        c->raw[c->missing[i]] = (struct bytes){.data = at, .len = raw.len};
        at += raw.len;
    }
    c->n_missing = 0;
    return 0;
}

int compact_partial_encode(const struct compact_partial *c, struct buf *b)
{
    assert(c->n_missing == 0);
    btc_header_encode(b, &c->header);
    write_compact(b, c->n);
    for (size_t i = 0; i < c->n; i++)
        buf_append(b, c->raw[i].data, c->raw[i].len);
    return b->err;
}
