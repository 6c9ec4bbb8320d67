#include "chain_double.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "crypto/sha256.h"

void chain_double_extend(struct chain_double *c, uint32_t first, uint32_t n, uint32_t salt)
{
    mutex_lock(&c->mu);
    ck_assert_uint_le(first + n, CHAIN_DOUBLE_MAX);
    for (uint32_t i = first; i < first + n; i++) {
        uint8_t *h = c->headers[i];

        memset(h, 0, ELECTRUM_HEADER_BYTES);
        store_le32(h, 1);
        if (i > 0)
            memcpy(h + 4, c->hashes[i - 1], ELECTRUM_HASH_BYTES);
        store_le32(h + 68, salt);
        store_le32(h + 76, i);
        sha256d(c->hashes[i], h, ELECTRUM_HEADER_BYTES);
    }
    c->n = first + n;
    mutex_unlock(&c->mu);
}

struct chain_double *chain_double_new(uint32_t n)
{
    struct chain_double *c = calloc(1, sizeof *c);

    ck_assert_ptr_nonnull(c);
    mutex_init(&c->mu);
    c->in_sync = true;
    c->n_txids = 5;
    chain_double_extend(c, 0, n, 0);
    return c;
}

void chain_double_free(struct chain_double *c)
{
    mutex_destroy(&c->mu);
    free(c);
}

static void tip(void *arg, struct electrum_tip *out)
{
    struct chain_double *c = arg;

    mutex_lock(&c->mu);
    out->height = c->n - 1;
    memcpy(out->header, c->headers[c->n - 1], ELECTRUM_HEADER_BYTES);
    mutex_unlock(&c->mu);
}

static uint32_t available(struct chain_double *c, uint32_t first, uint32_t n) REQUIRES(c->mu)
{
    if (first >= c->n)
        return 0;
    return c->n - first < n ? c->n - first : n;
}

static uint32_t headers(void *arg, uint8_t (*out)[ELECTRUM_HEADER_BYTES], uint32_t first,
                        uint32_t n)
{
    struct chain_double *c = arg;

    mutex_lock(&c->mu);
    n = available(c, first, n);
    memcpy(out, c->headers[first < CHAIN_DOUBLE_MAX ? first : 0], n * sizeof *out);
    mutex_unlock(&c->mu);
    return n;
}

static uint32_t hashes(void *arg, uint8_t (*out)[ELECTRUM_HASH_BYTES], uint32_t first, uint32_t n)
{
    struct chain_double *c = arg;

    mutex_lock(&c->mu);
    n = available(c, first, n);
    memcpy(out, c->hashes[first < CHAIN_DOUBLE_MAX ? first : 0], n * sizeof *out);
    mutex_unlock(&c->mu);
    return n;
}

/* The ids of a block's transactions: hashes of its height and their places. */
static int txids(void *arg, uint8_t (**out)[ELECTRUM_HASH_BYTES], size_t *n, uint32_t height,
                 struct chan *quit, int64_t deadline_us)
{
    struct chain_double *c = arg;

    (void)quit;
    (void)deadline_us;
    if (c->txids_rc < 0)
        return c->txids_rc;
    *n = c->n_txids;
    *out = mem_alloc_array(*n, sizeof **out);
    ck_assert_ptr_nonnull(*out);
    for (uint32_t i = 0; i < *n; i++) {
        uint32_t seed[2] = {height, i};

        sha256d((*out)[i], seed, sizeof seed);
    }
    return 0;
}

static int broadcast(void *arg, uint8_t txid[ELECTRUM_HASH_BYTES], char why[ELECTRUM_WHY_BYTES],
                     const uint8_t *tx, size_t len, struct chan *quit, int64_t deadline_us)
{
    struct chain_double *c = arg;

    (void)quit;
    (void)deadline_us;
    if (c->broadcast_rc < 0)
        snprintf(why, ELECTRUM_WHY_BYTES, "no peer asked for it");
    sha256d(txid, tx, len);
    return c->broadcast_rc;
}

static int64_t relay_fee(void *arg)
{
    (void)arg;
    return 1000;
}

static bool in_sync(void *arg)
{
    const struct chain_double *c = arg;

    return c->in_sync;
}

const struct electrum_chain_ops chain_double_ops = {
    .tip = tip,
    .headers = headers,
    .hashes = hashes,
    .txids = txids,
    .broadcast = broadcast,
    .relay_fee = relay_fee,
    .in_sync = in_sync,
};
