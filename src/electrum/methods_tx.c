/* Transactions: sent through our Bitcoin peers, and proven to be in a block whose header we have.
 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "codec/hex.h"
#include "electrum/internal.h"
#include "electrum/proof/merkle.h"

static struct electrum_caller *caller_of(struct jrpc_call *c)
{
    return c->context;
}

static const struct electrum_chain *chain_of(struct jrpc_call *c)
{
    return &caller_of(c)->e->config.chain;
}

static void put_hash(struct buf *out, const uint8_t hash[ELECTRUM_HASH_BYTES])
{
    char hex[65];

    hash_to_hex(hex, hash);
    buf_printf(out, "\"%s\"", hex);
}

/* --- broadcast --- */

static void send_out(struct jrpc_call *c, const uint8_t *tx, size_t len)
{
    const struct electrum_chain *chain = chain_of(c);
    char why[ELECTRUM_WHY_BYTES] = "";
    uint8_t txid[ELECTRUM_HASH_BYTES];
    int rc = chain->ops->broadcast(chain->arg, txid, why, tx, len, caller_of(c)->quit,
                                   clock_deadline_ms(ELECTRUM_WAIT_MAX_MS));

    if (rc == 0)
        put_hash(c->result, txid);
    else if (rc == PN_ENOMEM)
        jrpc_fail(c, JRPC_INTERNAL_ERROR, "internal error");
    else
        jrpc_fail(c, ELECTRUM_BAD_REQUEST, "the transaction was not sent: %.*s", ELECTRUM_WHY_BYTES,
                  why[0] ? why : "no peer took it");
}

void call_broadcast(struct jrpc_call *c)
{
    const char *hex = "";
    uint8_t *tx;
    size_t len;

    if (!jrpc_param_text(c, &hex, 0, 2 * ELECTRUM_TX_MAX_BYTES))
        return;
    len = strlen(hex) / 2;
    caller_of(c)->cost += (double)len / 2500;
    if (!chain_of(c)->ops->broadcast) {
        jrpc_fail(c, ELECTRUM_BAD_REQUEST, "this server sends no transactions");
        return;
    }
    tx = mem_alloc(len + 1);
    if (!tx)
        jrpc_fail(c, JRPC_INTERNAL_ERROR, "internal error");
    else if (strlen(hex) != 2 * len || hex_decode(tx, len, hex) < 0)
        jrpc_fail(c, ELECTRUM_BAD_REQUEST, "raw_tx is not hexadecimal");
    else
        send_out(c, tx, len);
    mem_free(tx);
}

void call_broadcast_package(struct jrpc_call *c)
{
    jrpc_fail(c, ELECTRUM_BAD_REQUEST,
              "packages are not relayed between peers; send the transactions one by one");
}

/* --- one transaction --- */

void call_transaction_get(struct jrpc_call *c)
{
    const struct electrum_chain *chain = chain_of(c);
    uint8_t txid[ELECTRUM_HASH_BYTES], *tx = NULL;
    bool verbose = false;
    size_t len = 0;
    char *at;

    if (!jrpc_param_hash(c, txid, 0) || !jrpc_param_bool(c, &verbose, 1))
        return;
    if (verbose) {
        jrpc_fail(c, ELECTRUM_BAD_REQUEST, "only the raw transaction is given here");
        return;
    }
    if (!chain->ops->transaction || chain->ops->transaction(chain->arg, &tx, &len, txid) < 0) {
        jrpc_fail(c, ELECTRUM_DAEMON_ERROR,
                  "that transaction is not waiting here, and there is no index");
        return;
    }
    buf_puts(c->result, "\"");
    at = (char *)buf_extend(c->result, 2 * len + 1);
    if (at) {
        hex_encode(at, tx, len);
        at[2 * len] = '"'; /* over the terminator */
    }
    mem_free(tx);
}

/* --- proofs --- */

/* Returns: 0, or the call has failed. */
static bool read_txids(struct jrpc_call *c, merkle_hash **ids, size_t *n, uint64_t height)
{
    const struct electrum_chain *chain = chain_of(c);
    int rc = PN_ENOENT;

    if (chain->ops->txids)
        rc = chain->ops->txids(chain->arg, ids, n, (uint32_t)height, caller_of(c)->quit,
                               clock_deadline_ms(ELECTRUM_WAIT_MAX_MS));
    if (rc == 0 && *n > 0)
        return true;
    if (rc == PN_ENOMEM)
        return jrpc_fail(c, JRPC_INTERNAL_ERROR, "internal error");
    if (rc == PN_ENOENT)
        return jrpc_fail(c, ELECTRUM_BAD_REQUEST, "there is no block to be had at that height");
    if (rc == PN_ELIMIT)
        return jrpc_fail(c, ELECTRUM_BUSY, "too many blocks are asked of peers already");
    return jrpc_fail(c, ELECTRUM_BUSY, "no peer sent the block in time");
}

/* The ids are used up. */
static void put_branch(struct jrpc_call *c, merkle_hash *ids, size_t n, size_t at)
{
    merkle_hash root, branch[MERKLE_MAX_BRANCH];
    unsigned depth = merkle_depth(n);

    merkle_fold(root, branch, ids, n, depth, at);
    caller_of(c)->cost += (double)n / 2500;
    buf_puts(c->result, "\"merkle\": [");
    for (unsigned i = 0; i < depth; i++) {
        buf_puts(c->result, i ? ", " : "");
        put_hash(c->result, branch[i]);
    }
    buf_puts(c->result, "]");
}

void call_get_merkle(struct jrpc_call *c)
{
    merkle_hash txid, *ids = NULL;
    uint64_t height = 0;
    size_t n = 0, at = 0;

    if (!jrpc_param_hash(c, txid, 0) || !jrpc_param_uint(c, &height, 1, UINT32_MAX) ||
        !read_txids(c, &ids, &n, height))
        return;
    while (at < n && memcmp(ids[at], txid, sizeof txid) != 0)
        at++;
    if (at == n) {
        jrpc_fail(c, ELECTRUM_BAD_REQUEST, "the block at that height has no such transaction");
    } else {
        buf_printf(c->result, "{\"block_height\": %" PRIu64 ", ", height);
        put_branch(c, ids, n, at);
        buf_printf(c->result, ", \"pos\": %zu}", at);
    }
    mem_free(ids);
}

void call_id_from_pos(struct jrpc_call *c)
{
    uint64_t height = 0, at = 0;
    merkle_hash *ids = NULL;
    bool branch = false;
    size_t n = 0;

    if (!jrpc_param_uint(c, &height, 0, UINT32_MAX) || !jrpc_param_uint(c, &at, 1, UINT32_MAX) ||
        !jrpc_param_bool(c, &branch, 2) || !read_txids(c, &ids, &n, height))
        return;
    if (at >= n) {
        jrpc_fail(c, ELECTRUM_BAD_REQUEST, "the block at that height has fewer transactions");
    } else if (!branch) {
        put_hash(c->result, ids[at]);
    } else {
        buf_puts(c->result, "{\"tx_hash\": ");
        put_hash(c->result, ids[at]);
        buf_puts(c->result, ", ");
        put_branch(c, ids, n, (size_t)at);
        buf_puts(c->result, "}");
    }
    mem_free(ids);
}
