/* The Bitcoin network as the Electrum server sees it: the only place where the two meet. */
#include <string.h>

#include "app/node_electrum.h"
#include "base/mem.h"
#include "bitcoin/bitcoin.h"
#include "bitcoin/chain/view.h"
#include "electrum/chain/chain_source.h"

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

/* A span of headers, of hashes, or of both. Returns: how many. */
static uint32_t look(void *arg, uint8_t (*raw)[ELECTRUM_HEADER_BYTES],
                     uint8_t (*hashes)[ELECTRUM_HASH_BYTES], uint32_t first, uint32_t n)
{
    struct btc_header *headers;
    uint32_t got;

    if (n > CHAIN_VIEW_MAX)
        n = CHAIN_VIEW_MAX;
    headers = mem_alloc_array(n ? n : 1, sizeof *headers);
    if (!headers)
        return 0;
    got = (uint32_t)chain_view_headers(bitcoin_chain(arg), headers, hashes, first, n);
    for (uint32_t i = 0; raw && i < got; i++)
        btc_header_store(raw[i], &headers[i]);
    mem_free(headers);
    return got;
}

static uint32_t headers(void *arg, uint8_t (*out)[ELECTRUM_HEADER_BYTES], uint32_t first,
                        uint32_t n)
{
    return look(arg, out, NULL, first, n);
}

static uint32_t hashes(void *arg, uint8_t (*out)[ELECTRUM_HASH_BYTES], uint32_t first, uint32_t n)
{
    return look(arg, NULL, out, first, n);
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
    .relay_fee = relay_fee,
    .in_sync = in_sync,
};
