/* Methods about the chain that is stored, and for sending transactions. Blocks are read on the
 * manager's thread, which owns the chain, and copied there; all else is done on ours. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "codec/hex.h"
#include "ethereum/chain/chain.h"
#include "ethereum/rpc/internal.h"

enum { SERVER_ERROR = -32000 /* go-ethereum, for whatever has no code of its own */ };

static struct eth *eth_of(const struct rpc_call *c)
{
    const struct eth_rpc *context = c->arg;

    return context->eth;
}

/* --- copying a block, on the manager's thread --- */

struct wanted {
    bool by_hash, latest;
    uint64_t number;
    uint8_t hash[ETH_HASH_BYTES];
    struct rpc_block_parts parts;
    uint8_t *copy; /* all that the parts point into */
    int rc;
};

static struct bytes keep(uint8_t **at, struct bytes b)
{
    struct bytes kept = {*at, b.len};

    if (b.len > 0)
        memcpy(*at, b.data, b.len);
    *at += b.len;
    return kept;
}

static int copy_parts(struct wanted *w, struct bytes header, const struct eth_body *body)
{
    size_t len = header.len + body->txs.len + body->uncles.len + body->withdrawals.len;
    uint8_t *at = w->copy = mem_alloc(len + 1);

    if (!at)
        return PN_ENOMEM;
    w->parts.header_rlp = keep(&at, header);
    w->parts.body = *body;
    w->parts.body.txs = keep(&at, body->txs);
    w->parts.body.uncles = keep(&at, body->uncles);
    w->parts.body.withdrawals = keep(&at, body->withdrawals);
    return eth_header_decode(&w->parts.header, w->parts.header_rlp);
}

/* Blocks whose body is not there yet are not shown: nobody could tell them from empty ones. */
static int find(struct wanted *w, struct eth_chain *chain)
{
    struct eth_body body;
    struct bytes header;
    int rc = 0;

    if (w->latest)
        memcpy(w->hash, eth_chain_head_of_blocks(chain)->hash, ETH_HASH_BYTES);
    else if (!w->by_hash)
        rc = eth_chain_hash_at(chain, w->hash, w->number);
    if (rc == 0)
        rc = eth_chain_header(chain, &header, &w->parts.total_difficulty, w->hash);
    if (rc == 0)
        rc = eth_chain_body(chain, &body, w->hash);
    return rc == 0 ? copy_parts(w, header, &body) : rc;
}

static void visit(void *arg, struct eth_chain *chain)
{
    struct wanted *w = arg;

    w->rc = find(w, chain);
}

/* Returns: whether it is there; otherwise the answer is null, or the call has failed. */
static bool look(struct rpc_call *c, struct wanted *w)
{
    int rc = c->code ? 0 : eth_visit_chain(eth_of(c), visit, w);

    if (rc == 0)
        rc = w->rc;
    if (!c->code && rc < 0 && rc != PN_ENOENT)
        rpc_fail(c, SERVER_ERROR, "%s", pn_strerror(rc));
    return !c->code && rc == 0;
}

/* --- which block --- */

/* A number, or a word for one; "safe" and "finalized" are what only a beacon chain knows, and
 * blocks that are only being made there are none of. Returns: whether there can be such a block. */
static bool read_number(struct rpc_call *c, struct wanted *w)
{
    const char *text = rpc_text(c, 0);
    char *end;

    if (c->code)
        return false;
    w->latest = strcmp(text, "latest") == 0;
    if (w->latest || strcmp(text, "earliest") == 0)
        return true;
    if (strcmp(text, "pending") == 0 || strcmp(text, "safe") == 0 || strcmp(text, "finalized") == 0)
        return false;
    w->number = strtoull(text, &end, 16);
    if (strncmp(text, "0x", 2) != 0 || !text[2] || *end || strlen(text) > 18)
        rpc_fail(c, RPC_INVALID_PARAMS, "invalid argument 0: not a block number: %.40s", text);
    return !c->code;
}

static bool read_hash(struct rpc_call *c, struct wanted *w)
{
    const char *text = rpc_text(c, 0);

    w->by_hash = true;
    if (!c->code &&
        (strncmp(text, "0x", 2) != 0 || hex_decode(w->hash, ETH_HASH_BYTES, text + 2) < 0))
        rpc_fail(c, RPC_INVALID_PARAMS, "invalid argument 0: not a hash: %.80s", text);
    return !c->code;
}

static void answer_block(struct rpc_call *c, bool (*read)(struct rpc_call *, struct wanted *))
{
    struct wanted w = {.rc = 0};
    bool full = rpc_given(c, 1) && rpc_bool(c, 1);

    if (read(c, &w) && look(c, &w))
        c->result = rpc_block(&w.parts, full);
    mem_free(w.copy);
}

static void answer_count(struct rpc_call *c, bool (*read)(struct rpc_call *, struct wanted *))
{
    struct wanted w = {.rc = 0};

    if (read(c, &w) && look(c, &w))
        c->result = rpc_quantity(rpc_count_transactions(&w.parts));
    mem_free(w.copy);
}

void rpc_eth_get_block_by_number(struct rpc_call *c)
{
    answer_block(c, read_number);
}

void rpc_eth_get_block_by_hash(struct rpc_call *c)
{
    answer_block(c, read_hash);
}

void rpc_eth_count_by_number(struct rpc_call *c)
{
    answer_count(c, read_number);
}

void rpc_eth_count_by_hash(struct rpc_call *c)
{
    answer_count(c, read_hash);
}

/* --- the head --- */

void rpc_eth_block_number(struct rpc_call *c)
{
    struct eth_view view;

    eth_look(eth_of(c), &view);
    c->result = rpc_quantity(view.blocks.number);
}

void rpc_eth_chain_id(struct rpc_call *c)
{
    c->result = rpc_quantity(eth_network(eth_of(c))->chain_id);
}

void rpc_eth_syncing(struct rpc_call *c)
{
    struct eth_view view;

    eth_look(eth_of(c), &view);
    if (!view.syncing) {
        c->result = json_new_bool(false);
        return;
    }
    c->result = json_new_object();
    json_set(c->result, "startingBlock", rpc_quantity(view.synced_from));
    json_set(c->result, "currentBlock", rpc_quantity(view.blocks.number));
    json_set(c->result, "highestBlock", rpc_quantity(view.headers.number));
}

/* --- transactions --- */

void rpc_eth_send_raw_transaction(struct rpc_call *c)
{
    const char *text = rpc_text(c, 0);
    uint8_t hash[ETH_HASH_BYTES], *raw = NULL;
    size_t len = 0;
    int rc = c->code ? 0 : rpc_unhex_data(&raw, &len, text);

    if (c->code)
        return;
    if (rc == PN_EFORMAT) {
        rpc_fail(c, RPC_INVALID_PARAMS, "invalid argument 0: not hexadecimal data with 0x before");
        return;
    }
    if (rc == 0)
        rc = eth_submit(eth_of(c), hash, (struct bytes){raw, len});
    mem_free(raw);
    if (rc == 0)
        c->result = rpc_data(hash, ETH_HASH_BYTES);
    else if (rc == PN_EDUPLICATE)
        rpc_fail(c, SERVER_ERROR, "already known");
    else if (rc == PN_ESEQUENCE)
        rpc_fail(c, SERVER_ERROR, "nonce too low");
    else
        rpc_fail(c, SERVER_ERROR, "%s", pn_strerror(rc));
}
