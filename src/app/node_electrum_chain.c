/* The Bitcoin network as the Electrum server sees it: the only place where the two meet. */
#include <stdio.h>

#include "app/node_electrum.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/bitcoin.h"
#include "bitcoin/chain/view.h"
#include "bitcoin/transactions.h"
#include "electrum/chain/chain_source.h"
#include "thread/chan.h"

enum { LOOK_MS = 20 }; /* between two looks at what became of a transaction */

_Static_assert(ELECTRUM_HEADER_BYTES == BTC_HEADER_BYTES, "headers are Bitcoin's");
_Static_assert(ELECTRUM_HASH_BYTES == BTC_HASH_BYTES, "hashes are Bitcoin's");

static void tip(void *arg, struct electrum_tip *out)
{
    struct chain *chain = bitcoin_chain(arg);
    struct chain_point point;
    struct btc_header header;

    /* A header that was the tip stays known, so it is found in whatever chain there is by then. */
    do
        chain_view_tip(chain, &point);
    while (!chain_view_header(chain, &header, point.hash));
    out->height = point.height;
    btc_header_store(out->header, &header);
}

static uint32_t headers(void *arg, uint8_t (*out)[ELECTRUM_HEADER_BYTES], uint32_t first,
                        uint32_t n)
{
    return (uint32_t)chain_view_raw(bitcoin_chain(arg), out, first, n);
}

static uint32_t hashes(void *arg, uint8_t (*out)[ELECTRUM_HASH_BYTES], uint32_t first, uint32_t n)
{
    return (uint32_t)chain_view_headers(bitcoin_chain(arg), NULL, out, first, n);
}

static int txids(void *arg, uint8_t (**out)[ELECTRUM_HASH_BYTES], size_t *n, uint32_t height,
                 struct chan *quit, int64_t deadline_us)
{
    struct chain_point point;
    int rc;

    if (!chain_view_at(bitcoin_chain(arg), &point, height))
        return PN_ENOENT;
    rc = bitcoin_fetch_txids(arg, out, n, point.hash, height, quit, deadline_us);
    return rc == PN_ENOENT ? PN_ETIMEDOUT : rc; /* there is one, and nobody sends it */
}

/* --- transactions --- */

/* Whether a peer has asked for it; one that has left the pool is in a block or was displaced. */
static int look_at_fate(struct bitcoin *b, const uint8_t txid[BTC_HASH_BYTES])
{
    struct tx_body *body = txpool_by_txid(bitcoin_txpool(b), txid);
    struct txpool_info info;
    int rc = PN_EAGAIN;

    if (!body || !txpool_info(bitcoin_txpool(b), &info, body->wtxid) || info.asked > 0)
        rc = 0;
    tx_body_unref(body);
    return rc;
}

static int broadcast(void *arg, uint8_t txid[ELECTRUM_HASH_BYTES], char why[ELECTRUM_WHY_BYTES],
                     const uint8_t *tx, size_t len, struct chan *quit, int64_t deadline_us)
{
    enum tx_refusal refusal = TX_OK;
    int rc = bitcoin_send_transaction(arg, txid, &refusal, tx, len);

    if (rc == PN_EINVAL)
        snprintf(why, ELECTRUM_WHY_BYTES, "%s", tx_refusal_name(refusal));
    else if (rc < 0)
        snprintf(why, ELECTRUM_WHY_BYTES, "%s",
                 rc == PN_EAGAIN ? "too many wait already" : "it is malformed");
    if (rc < 0)
        return rc;
    while ((rc = look_at_fate(arg, txid)) == PN_EAGAIN && clock_mono_us() < deadline_us)
        if (quit && chan_recv(quit, NULL, clock_deadline_ms(LOOK_MS)) == PN_ECLOSED)
            return PN_EQUIT;
    if (rc == 0)
        return 0;
    snprintf(why, ELECTRUM_WHY_BYTES, "no peer has asked for it yet; it is offered on");
    return PN_ETIMEDOUT;
}

static int transaction(void *arg, uint8_t **out, size_t *len,
                       const uint8_t txid[ELECTRUM_HASH_BYTES])
{
    struct tx_body *body = txpool_by_txid(bitcoin_txpool(arg), txid);

    if (!body)
        return PN_ENOENT;
    *len = body->tx.raw.len;
    *out = mem_dup(body->tx.raw.data, *len);
    tx_body_unref(body);
    return *out ? 0 : PN_ENOMEM;
}

static int64_t relay_fee(void *arg)
{
    return bitcoin_relay_fee(arg);
}

static bool in_sync(void *arg)
{
    return bitcoin_in_sync(arg) && bitcoin_peers(arg) > 0; /* alone nobody knows */
}

const struct electrum_chain_ops node_electrum_chain_ops = {
    .tip = tip,
    .headers = headers,
    .hashes = hashes,
    .txids = txids,
    .broadcast = broadcast,
    .transaction = transaction,
    .relay_fee = relay_fee,
    .in_sync = in_sync,
};
