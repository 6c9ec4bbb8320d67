/* Methods about unconfirmed transactions. Nobody here looks at signatures or coins: what is said to
 * be accepted has passed the checks of bitcoin/mempool/tx_check.h and no others. */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/internal.h"
#include "bitcoin/rpc/internal.h"
#include "bitcoin/transactions.h"
#include "codec/hex.h"

enum { SLICE = 256, TEST_MAX = 25 /* as bitcoind */ };

static struct bitcoin *net_of(const struct rpc_call *c)
{
    const struct btc_rpc *context = c->arg;

    return context->bitcoin;
}

/* Owns: the caller frees *out with mem_free. Returns: 0, PN_EFORMAT, PN_ENOMEM. */
static int unhex(uint8_t **out, size_t *len, const char *text)
{
    size_t digits = strlen(text);
    int rc;

    *len = digits / 2;
    *out = mem_alloc(*len + 1);
    if (!*out)
        return PN_ENOMEM;
    rc = digits % 2 ? PN_EFORMAT : hex_decode(*out, *len, text);
    if (rc < 0)
        MEM_FREE(*out);
    return rc;
}

static int parse(struct tx_body **out, const struct rpc_call *c, const char *text)
{
    uint8_t *raw;
    size_t len;
    int rc = unhex(&raw, &len, text);

    if (rc < 0)
        return rc;
    rc = tx_body_parse(out, net_of(c)->config.params.magic, raw, len);
    mem_free(raw);
    return rc;
}

void rpc_sendrawtransaction(struct rpc_call *c)
{
    const char *text = rpc_text(c, 0);
    uint8_t txid[BTC_HASH_BYTES], *raw;
    enum tx_refusal why;
    size_t len;
    int rc;

    if (c->code)
        return;
    rc = unhex(&raw, &len, text);
    if (rc == 0) {
        rc = bitcoin_send_transaction(net_of(c), txid, &why, raw, len);
        mem_free(raw);
    }
    if (rc == 0)
        c->result = rpc_hash(txid);
    else if (rc == PN_EINVAL)
        rpc_fail(c, RPC_VERIFY_REJECTED, "%s", tx_refusal_name(why));
    else if (rc == PN_ENOMEM)
        rpc_fail(c, RPC_OUT_OF_MEMORY, "Out of memory");
    else if (rc == PN_EAGAIN)
        rpc_fail(c, RPC_MISC_ERROR, "There is no room for it right now");
    else
        rpc_fail(c, RPC_DESERIALIZATION_ERROR, "TX decode failed: %s", pn_strerror(rc));
}

static cJSON *verdict(struct rpc_call *c, const char *text)
{
    cJSON *o = json_new_object();
    struct tx_body *body;
    enum tx_refusal why;
    int rc = parse(&body, c, text);

    if (rc < 0) {
        rpc_fail(c, RPC_DESERIALIZATION_ERROR, "TX decode failed: %s", pn_strerror(rc));
        return o;
    }
    why = tx_check(&body->tx);
    json_set(o, "txid", rpc_hash(body->txid));
    json_set(o, "wtxid", rpc_hash(body->wtxid));
    json_set(o, "allowed", json_new_bool(why == TX_OK));
    if (why == TX_OK)
        json_set(o, "vsize", json_new_uint((body->weight + 3) / 4));
    else
        json_set(o, "reject-reason", json_new_text(tx_refusal_name(why)));
    tx_body_unref(body);
    return o;
}

void rpc_testmempoolaccept(struct rpc_call *c)
{
    const cJSON *list = c->params[0], *item;

    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) < 1 ||
        cJSON_GetArraySize(list) > TEST_MAX) {
        rpc_fail(c, RPC_INVALID_PARAMETER, "Array must contain between 1 and %d transactions.",
                 TEST_MAX);
        return;
    }
    c->result = json_new_array();
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item))
            rpc_fail(c, RPC_TYPE_ERROR, "transactions are hexadecimal texts");
        else
            json_push(c->result, verdict(c, item->valuestring));
    }
}

void rpc_getmempoolinfo(struct rpc_call *c)
{
    double fee = (double)bitcoin_relay_fee(net_of(c)) / 1e8;
    struct txpool_counts counts;
    cJSON *o = c->result = json_new_object();

    txpool_counts(bitcoin_txpool(net_of(c)), &counts);
    json_set(o, "loaded", json_new_bool(true));
    json_set(o, "size", json_new_uint(counts.count));
    json_set(o, "bytes", json_new_uint(counts.vbytes));
    json_set(o, "usage", json_new_uint(counts.bytes));
    json_set(o, "maxmempool", json_new_uint(counts.max_bytes));
    json_set(o, "mempoolminfee", json_new_number(fee));
    json_set(o, "minrelaytxfee", json_new_number(fee));
    json_set(o, "incrementalrelayfee", json_new_number(fee));
    json_set(o, "unbroadcastcount", json_new_uint(counts.unasked));
    json_set(o, "fullrbf", json_new_bool(false)); /* the first of two in conflict stays */
}

/* Those of the pool whose outputs it spends, each once. */
static cJSON *parents_of(struct txpool *pool, const struct tx_body *body)
{
    cJSON *list = json_new_array();

    for (uint32_t i = 0; i < body->tx.in_count; i++) {
        const uint8_t *txid = body->tx.in[i].prev_hash;
        bool seen = !txpool_has_txid(pool, txid);

        for (uint32_t j = 0; j < i && !seen; j++)
            seen = memcmp(body->tx.in[j].prev_hash, txid, BTC_HASH_BYTES) == 0;
        if (!seen)
            json_push(list, rpc_hash(txid));
    }
    return list;
}

static cJSON *pool_object(struct txpool *pool, const struct tx_body *body)
{
    cJSON *o = json_new_object();
    struct txpool_info info;

    json_set(o, "vsize", json_new_uint((body->weight + 3) / 4));
    json_set(o, "weight", json_new_uint(body->weight));
    json_set(o, "wtxid", rpc_hash(body->wtxid));
    if (txpool_info(pool, &info, body->wtxid)) {
        json_set(o, "time", json_new_int(rpc_wall_s(info.added_us)));
        json_set(o, "depends", parents_of(pool, body));
        json_set(o, "bip125-replaceable", json_new_bool(false));
        json_set(o, "unbroadcast", json_new_bool(info.own && info.asked == 0));
        if (info.fee_sat != TXPOOL_FEE_UNKNOWN)
            json_set(json_set(o, "fees", json_new_object()), "base", rpc_amount(info.fee_sat));
    }
    return o;
}

void rpc_getmempoolentry(struct rpc_call *c)
{
    struct txpool *pool = bitcoin_txpool(net_of(c));
    const char *text = rpc_text(c, 0);
    uint8_t txid[BTC_HASH_BYTES];
    struct tx_body *body;

    if (c->code)
        return;
    if (hash_from_hex(txid, text) < 0) {
        rpc_fail(c, RPC_INVALID_PARAMETER,
                 "txid must be of length 64 and hexadecimal (not '%.80s')", text);
        return;
    }
    body = txpool_by_txid(pool, txid);
    if (body)
        c->result = pool_object(pool, body);
    else
        rpc_fail(c, RPC_INVALID_ADDRESS_OR_KEY, "Transaction not in mempool");
    tx_body_unref(body);
}

static void add_to_list(cJSON *list, struct txpool *pool, const struct tx_body *body, bool verbose)
{
    char txid[65];
    cJSON *o;

    if (!verbose) {
        json_push(list, rpc_hash(body->txid));
        return;
    }
    hash_to_hex(txid, body->txid);
    o = pool_object(pool, body);
    if (!cJSON_AddItemToObject(list, txid, o))
        cJSON_Delete(o);
}

static cJSON *list_pool(struct txpool *pool, bool verbose)
{
    cJSON *list = verbose ? json_new_object() : json_new_array();
    struct tx_body *bodies[SLICE];
    uint64_t after = 0;
    size_t n;

    do {
        n = txpool_since(pool, bodies, &after, SLICE, after);
        for (size_t i = 0; i < n; i++) {
            add_to_list(list, pool, bodies[i], verbose);
            tx_body_unref(bodies[i]);
        }
    } while (n == SLICE);
    return list;
}

/* The sequence number is, as bitcoind's, the one that will be given next. It is read before the
 * list, so that whoever follows the topic "sequence" from it on misses nothing. */
void rpc_getrawmempool(struct rpc_call *c)
{
    bool verbose = rpc_given(c, 0) && rpc_bool(c, 0);
    bool with_sequence = rpc_given(c, 1) && rpc_bool(c, 1);
    struct txpool *pool = bitcoin_txpool(net_of(c));
    uint64_t next = txpool_seq(pool) + 1;

    if (verbose && with_sequence)
        rpc_fail(c, RPC_INVALID_PARAMETER,
                 "Verbose results cannot contain mempool sequence values.");
    if (c->code)
        return;
    c->result = list_pool(pool, verbose);
    if (with_sequence) {
        cJSON *list = c->result;

        c->result = json_new_object();
        json_set(c->result, "txids", list);
        json_set(c->result, "mempool_sequence", json_new_uint(next));
    }
}
