/* Headers and proofs that they belong below a checkpoint. */
#include <inttypes.h>

#include "base/err.h"
#include "base/mem.h"
#include "codec/hex.h"
#include "electrum/internal.h"
#include "electrum/version.h"

enum {
    HEADERS_MAX = 2016, /* in one answer; clients leave a server that has less */
    HEADER_HEX = 2 * ELECTRUM_HEADER_BYTES,
    PROOF_TRIES = 3,
};

static struct electrum_caller *caller_of(struct jrpc_call *c)
{
    return c->context;
}

static const struct electrum_chain *chain_of(struct jrpc_call *c)
{
    return &caller_of(c)->e->config.chain;
}

static void put_hex(struct buf *out, const uint8_t *data, size_t len)
{
    char *at = (char *)buf_extend(out, 2 * len + 1);

    if (!at)
        return;
    hex_encode(at, data, len);
    out->len--; /* the terminator */
}

static void put_hash(struct buf *out, const uint8_t hash[ELECTRUM_HASH_BYTES])
{
    char hex[65];

    hash_to_hex(hex, hash);
    buf_printf(out, "\"%s\"", hex);
}

static void put_header(struct buf *out, const uint8_t header[ELECTRUM_HEADER_BYTES])
{
    buf_puts(out, "\"");
    put_hex(out, header, ELECTRUM_HEADER_BYTES);
    buf_puts(out, "\"");
}

void put_tip(struct buf *out, const struct electrum *e)
{
    struct electrum_tip tip;

    e->config.chain.ops->tip(e->config.chain.arg, &tip);
    buf_puts(out, "{\"hex\": ");
    put_header(out, tip.header);
    buf_printf(out, ", \"height\": %" PRIu32 "}", tip.height);
}

/* A tip that moves between the two is told twice rather than not at all. */
void call_headers_subscribe(struct jrpc_call *c)
{
    struct electrum_caller *who = caller_of(c);

    atomic_store(&who->session->subscribed, 1 + (int)who->rpc);
    put_tip(c->result, who->e);
}

void call_headers_unsubscribe(struct jrpc_call *c)
{
    bool was = atomic_exchange(&caller_of(c)->session->subscribed, 0) != 0;

    buf_puts(c->result, was ? "true" : "false");
}

void call_headers_get_tip(struct jrpc_call *c)
{
    put_tip(c->result, caller_of(c)->e);
}

void call_header_get(struct jrpc_call *c)
{
    uint8_t header[1][ELECTRUM_HEADER_BYTES];
    uint64_t height = 0;

    if (!jrpc_param_uint(c, &height, 0, UINT32_MAX))
        return;
    if (chain_of(c)->ops->headers(chain_of(c)->arg, header, (uint32_t)height, 1) != 1) {
        jrpc_fail(c, ELECTRUM_BAD_REQUEST, "there is no block at that height");
        return;
    }
    buf_puts(c->result, "{\"hex\": ");
    put_header(c->result, header[0]);
    buf_printf(c->result, ", \"height\": %" PRIu64 "}", height);
}

static void put_proof(struct buf *out, const struct header_proof *proof)
{
    buf_puts(out, "\"branch\": [");
    for (unsigned i = 0; i < proof->depth; i++) {
        buf_puts(out, i ? ", " : "");
        put_hash(out, proof->branch[i]);
    }
    buf_puts(out, "], \"root\": ");
    put_hash(out, proof->root);
}

static bool make_proof(struct jrpc_call *c, struct header_proof *proof, uint64_t height,
                       uint64_t cp)
{
    int rc = height > cp ? PN_ENOENT : PN_EAGAIN;

    for (int i = 0; i < PROOF_TRIES && rc == PN_EAGAIN; i++)
        rc = header_prove(caller_of(c)->e->prover, proof, (uint32_t)height, (uint32_t)cp);
    caller_of(c)->cost += 1;
    switch (rc) {
    case 0:
        return true;
    case PN_ENOENT:
        return jrpc_fail(c, ELECTRUM_BAD_REQUEST,
                         "cp_height must not be below the header nor above the tip");
    case PN_EAGAIN:
        return jrpc_fail(c, ELECTRUM_BUSY, "the chain is changing; try again");
    default:
        return jrpc_fail(c, JRPC_INTERNAL_ERROR, "internal error");
    }
}

void call_block_header(struct jrpc_call *c)
{
    uint8_t header[1][ELECTRUM_HEADER_BYTES];
    struct header_proof proof;
    uint64_t height = 0, cp = 0;

    if (!jrpc_param_uint(c, &height, 0, UINT32_MAX) || !jrpc_param_uint(c, &cp, 1, UINT32_MAX) ||
        (cp && !make_proof(c, &proof, height, cp)))
        return;
    if (chain_of(c)->ops->headers(chain_of(c)->arg, header, (uint32_t)height, 1) != 1) {
        jrpc_fail(c, ELECTRUM_BAD_REQUEST, "there is no block at that height");
        return;
    }
    if (!cp) {
        put_header(c->result, header[0]);
        return;
    }
    buf_puts(c->result, "{");
    put_proof(c->result, &proof);
    buf_puts(c->result, ", \"header\": ");
    put_header(c->result, header[0]);
    buf_puts(c->result, "}");
}

/* One long text up to protocol 1.5, a list of texts since. */
static void put_headers(struct jrpc_call *c, const uint8_t (*headers)[ELECTRUM_HEADER_BYTES],
                        uint32_t n)
{
    struct buf *out = c->result;

    if (caller_of(c)->protocol < PROTOCOL(1, 6, 0)) {
        buf_puts(out, "\"hex\": \"");
        put_hex(out, headers[0], (size_t)n * ELECTRUM_HEADER_BYTES);
        buf_puts(out, "\"");
        return;
    }
    buf_puts(out, "\"headers\": [");
    for (uint32_t i = 0; i < n; i++) {
        buf_puts(out, i ? ", " : "");
        put_header(out, headers[i]);
    }
    buf_puts(out, "]");
}

static void put_block_headers(struct jrpc_call *c, uint8_t (*headers)[ELECTRUM_HEADER_BYTES],
                              uint64_t first, uint32_t count, uint64_t cp)
{
    struct header_proof proof;
    uint32_t n = 0;

    if (first <= UINT32_MAX && count > 0)
        n = chain_of(c)->ops->headers(chain_of(c)->arg, headers, (uint32_t)first, count);
    caller_of(c)->cost += n / 50.0;
    if (cp && n && !make_proof(c, &proof, first + n - 1, cp))
        return;
    buf_printf(c->result, "{\"count\": %" PRIu32 ", ", n);
    put_headers(c, (const uint8_t(*)[ELECTRUM_HEADER_BYTES])headers, n);
    buf_printf(c->result, ", \"max\": %d", HEADERS_MAX);
    if (cp && n) {
        buf_puts(c->result, ", ");
        put_proof(c->result, &proof);
    }
    buf_puts(c->result, "}");
}

void call_block_headers(struct jrpc_call *c)
{
    uint8_t(*headers)[ELECTRUM_HEADER_BYTES];
    uint64_t first = 0, count = 0, cp = 0;

    if (!jrpc_param_uint(c, &first, 0, UINT32_MAX) || !jrpc_param_uint(c, &count, 1, UINT32_MAX) ||
        !jrpc_param_uint(c, &cp, 2, UINT32_MAX))
        return;
    if (count > HEADERS_MAX)
        count = HEADERS_MAX;
    headers = mem_alloc_array(count ? (size_t)count : 1, sizeof *headers);
    if (!headers) {
        jrpc_fail(c, JRPC_INTERNAL_ERROR, "internal error");
        return;
    }
    put_block_headers(c, headers, first, (uint32_t)count, cp);
    mem_free(headers);
}
