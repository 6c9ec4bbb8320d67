/* Block filters and their headers, in bitcoind's shapes. */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/filter_net.h"
#include "bitcoin/internal.h"
#include "bitcoin/rpc/internal.h"
#include "bitcoin/wire/limits.h"
#include "codec/hex.h"

static struct filter_net *filters_of(const struct rpc_call *c)
{
    return ((const struct btc_rpc *)c->arg)->bitcoin->filters;
}

/* bitcoind, rpc/blockchain.cpp, getblockfilter. */
static void fail_absent(struct rpc_call *c, const struct chain_point *point, int rc)
{
    const char *why = point->best ? "Block filters are still in the process of being indexed."
                                  : "Block was not connected to active chain.";

    if (rc == PN_ENOENT)
        rpc_fail(c, RPC_MISC_ERROR, "Filter not found. %s", why);
    else
        rpc_fail(c, RPC_MISC_ERROR, "Filter not found: %s", pn_strerror(rc));
}

static bool is_basic(struct rpc_call *c)
{
    if (rpc_given(c, 1) && strcmp(rpc_text(c, 1), "basic") != 0)
        rpc_fail(c, RPC_INVALID_ADDRESS_OR_KEY, "Unknown filtertype");
    return !c->code;
}

void rpc_getblockfilter(struct rpc_call *c)
{
    struct filter_progress built;
    struct btc_header header;
    struct chain_point point;
    struct filter_row row;
    struct buf filter;
    char *text;
    int rc;

    if (!is_basic(c))
        return;
    if (!filter_net_progress(filters_of(c), &built, FILTERDB_BUILT)) {
        rpc_fail(c, RPC_MISC_ERROR, "Index is not enabled for filtertype basic");
        return;
    }
    if (!rpc_find_block(c, &point, &header))
        return;
    buf_init(&filter, BTC_BLOCK_MAX_BYTES);
    rc = filter_net_row(filters_of(c), FILTERDB_BUILT, &row, &filter, point.height, point.hash);
    text = rc == 0 ? mem_alloc(2 * filter.len + 1) : NULL;
    if (text) {
        hex_encode(text, filter.data, filter.len);
        c->result = json_new_object();
        json_set(c->result, "filter", json_new_text(text));
        json_set(c->result, "header", rpc_hash(row.header));
    } else {
        fail_absent(c, &point, rc == 0 ? PN_ENOMEM : rc);
    }
    mem_free(text);
    buf_free(&filter);
}

static void describe(struct rpc_call *c, enum filterdb_kind kind, const char *name)
{
    struct filter_progress progress;
    cJSON *o;

    if ((rpc_given(c, 0) && strcmp(rpc_text(c, 0), name) != 0) ||
        !filter_net_progress(filters_of(c), &progress, kind))
        return;
    o = json_set(c->result, name, json_new_object());
    json_set(o, "synced", json_new_bool(progress.synced));
    json_set(o, "best_block_height", json_new_uint(progress.height));
}

void rpc_getindexinfo(struct rpc_call *c)
{
    c->result = json_new_object();
    describe(c, FILTERDB_BUILT, "basic block filter index");
    describe(c, FILTERDB_TOLD, "basic block filter headers");
}

static const char *name_of(enum filterdb_kind kind)
{
    return kind == FILTERDB_BUILT ? "index" : "peers";
}

/* Not one of bitcoind's. */
void rpc_getblockfilterheader(struct rpc_call *c)
{
    struct filter_net *filters = filters_of(c);
    struct btc_header header;
    struct chain_point point;
    struct filter_row row;
    cJSON *o;

    if (!is_basic(c) || !rpc_find_block(c, &point, &header))
        return;
    c->result = json_new_object();
    for (int kind = 0; filters && kind < FILTERDB_KINDS; kind++) {
        if (filter_net_row(filters, (enum filterdb_kind)kind, &row, NULL, point.height,
                           point.hash) < 0)
            continue;
        o = json_set(c->result, name_of((enum filterdb_kind)kind), json_new_object());
        json_set(o, "filterhash", rpc_hash(row.filter_hash));
        json_set(o, "header", rpc_hash(row.header));
    }
}
