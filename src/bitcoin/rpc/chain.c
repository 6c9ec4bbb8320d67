/* Methods about the header chain, all of them through its view. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "bitcoin/chain/view.h"
#include "bitcoin/internal.h"
#include "bitcoin/rpc/internal.h"
#include "bitcoin/wire/frame.h"
#include "codec/compact.h"
#include "codec/hex.h"

static struct chain *chain_of(const struct rpc_call *c)
{
    const struct btc_rpc *context = c->arg;

    return bitcoin_chain(context->bitcoin);
}

/* How many times harder than the easiest block of the first network (bitcoind, GetDifficulty). */
static double difficulty(uint32_t bits)
{
    return ldexp((double)0xffff / (double)(bits & 0xffffff), 8 * (0x1d - (int)(bits >> 24)));
}

static void set_target(cJSON *o, uint32_t bits)
{
    char bits_text[9], text[65];
    uint8_t bytes[32];
    struct u256 target;

    snprintf(bits_text, sizeof bits_text, "%08" PRIx32, bits);
    json_set(o, "bits", json_new_text(bits_text));
    if (u256_from_compact(&target, bits) == 0) {
        u256_to_le(bytes, &target);
        hash_to_hex(text, bytes);
        json_set(o, "target", json_new_text(text));
    }
    json_set(o, "difficulty", json_new_number(difficulty(bits)));
}

static void set_work(cJSON *o, btc_work work)
{
    char text[65];

    work_to_hex(text, work);
    json_set(o, "chainwork", json_new_text(text));
}

/* bitcoind's names: BIP70, and its own for what came later. */
static const char *chain_name(const struct btc_params *params)
{
    static const char *const names[][2] = {
        {"mainnet", "main"},  {"testnet3", "test"},   {"testnet4", "testnet4"},
        {"signet", "signet"}, {"regtest", "regtest"},
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i][0], params->name) == 0)
            return names[i][1];
    return params->name;
}

/* Which part of the time since the first block the headers cover. */
static double progress(const struct btc_params *params, const struct chain_point *tip)
{
    double begin = params->genesis.time, now = (double)clock_wall_s();
    double part = now > begin ? ((double)tip->time - begin) / (now - begin) : 1;

    return part < 0 ? 0 : part > 1 ? 1 : part;
}

/* Blocks are always pruned here; bitcoind's target is in bytes, ours is a number of blocks. */
static void set_pruning(cJSON *o, struct bitcoin *b, const struct chain_point *tip)
{
    struct block_store *store = b->blocks.store;
    uint32_t lowest = tip->height + 1; /* nothing is kept */

    if (store)
        block_store_lowest(store, &lowest);
    json_set(o, "size_on_disk", json_new_uint(store ? block_store_bytes(store) : 0));
    json_set(o, "pruned", json_new_bool(true));
    json_set(o, "pruneheight", json_new_uint(lowest));
    json_set(o, "automatic_pruning", json_new_bool(store != NULL));
    if (store)
        json_set(o, "prune_target_size",
                 json_new_uint((uint64_t)b->config.keep_blocks * BTC_BLOCK_MAX_BYTES));
}

void rpc_getblockchaininfo(struct rpc_call *c)
{
    const struct btc_rpc *context = c->arg;
    const struct btc_params *params = &context->bitcoin->config.params;
    struct chain_point tip;
    cJSON *o = c->result = json_new_object();

    chain_view_tip(chain_of(c), &tip);
    json_set(o, "chain", json_new_text(chain_name(params)));
    json_set(o, "blocks", json_new_uint(tip.height));
    json_set(o, "headers", json_new_uint(tip.height));
    json_set(o, "bestblockhash", rpc_hash(tip.hash));
    set_target(o, tip.bits);
    json_set(o, "time", json_new_uint(tip.time));
    json_set(o, "mediantime", json_new_uint(tip.median_time));
    json_set(o, "verificationprogress", json_new_number(progress(params, &tip)));
    json_set(o, "initialblockdownload", json_new_bool(!bitcoin_in_sync(context->bitcoin)));
    set_work(o, tip.work);
    set_pruning(o, context->bitcoin, &tip);
    json_set(o, "warnings", json_new_array());
}

void rpc_getblockcount(struct rpc_call *c)
{
    struct chain_point tip;

    chain_view_tip(chain_of(c), &tip);
    c->result = json_new_uint(tip.height);
}

void rpc_getbestblockhash(struct rpc_call *c)
{
    struct chain_point tip;

    chain_view_tip(chain_of(c), &tip);
    c->result = rpc_hash(tip.hash);
}

void rpc_getdifficulty(struct rpc_call *c)
{
    struct chain_point tip;

    chain_view_tip(chain_of(c), &tip);
    c->result = json_new_number(difficulty(tip.bits));
}

void rpc_getblockhash(struct rpc_call *c)
{
    int64_t height = rpc_int(c, 0, INT32_MIN, INT32_MAX);
    struct chain_point point;

    if (c->code)
        return;
    if (height < 0 || !chain_view_at(chain_of(c), &point, (uint32_t)height))
        rpc_fail(c, RPC_INVALID_PARAMETER, "Block height out of range");
    else
        c->result = rpc_hash(point.hash);
}

/* Names of things that a header refers to by height. */
static void set_neighbour(cJSON *o, struct chain *chain, const char *name, uint32_t height)
{
    struct chain_point point;

    if (chain_view_at(chain, &point, height))
        json_set(o, name, rpc_hash(point.hash));
}

/* Of a block that is kept; 0, as in bitcoind, while that is not known. */
static uint64_t transactions_of(const struct rpc_call *c, const struct chain_point *point)
{
    const struct btc_rpc *context = c->arg;
    struct block_store *store = context->bitcoin->blocks.store;
    struct frame *f = store ? block_store_get(store, NULL, point->hash) : NULL;
    const size_t before = BTC_FRAME_HEADER_BYTES + BTC_HEADER_BYTES;
    uint64_t n = 0;

    if (f && f->len > before) {
        struct reader r = reader_of(f->data + before, f->len - before);

        n = read_compact_u64(&r);
    }
    frame_unref(f);
    return n;
}

cJSON *rpc_header_object(struct rpc_call *c, const struct chain_point *point,
                         const struct btc_header *h)
{
    struct chain *chain = chain_of(c);
    struct chain_point tip;
    cJSON *o = json_new_object();
    char version[9];

    chain_view_tip(chain, &tip);
    snprintf(version, sizeof version, "%08" PRIx32, (uint32_t)h->version);
    json_set(o, "hash", rpc_hash(point->hash));
    json_set(o, "confirmations",
             json_new_int(point->best ? (int64_t)tip.height - point->height + 1 : -1));
    json_set(o, "height", json_new_uint(point->height));
    json_set(o, "version", json_new_int(h->version));
    json_set(o, "versionHex", json_new_text(version));
    json_set(o, "merkleroot", rpc_hash(h->merkle_root));
    json_set(o, "time", json_new_uint(h->time));
    json_set(o, "mediantime", json_new_uint(point->median_time));
    json_set(o, "nonce", json_new_uint(h->nonce));
    set_target(o, h->bits);
    set_work(o, point->work);
    json_set(o, "nTx", json_new_uint(transactions_of(c, point)));
    if (point->height > 0)
        json_set(o, "previousblockhash", rpc_hash(h->prev));
    if (point->best)
        set_neighbour(o, chain, "nextblockhash", point->height + 1);
    return o;
}

bool rpc_find_block(struct rpc_call *c, struct chain_point *point, struct btc_header *header)
{
    const char *text = rpc_text(c, 0);
    uint8_t hash[BTC_HASH_BYTES];

    if (c->code)
        return false;
    if (hash_from_hex(hash, text) < 0)
        rpc_fail(c, RPC_INVALID_PARAMETER,
                 "hash must be of length 64 and hexadecimal (not '%.80s')", text);
    else if (!chain_view_find(chain_of(c), point, hash) ||
             !chain_view_header(chain_of(c), header, hash))
        rpc_fail(c, RPC_INVALID_ADDRESS_OR_KEY, "Block not found");
    return !c->code;
}

void rpc_getblockheader(struct rpc_call *c)
{
    bool verbose = !rpc_given(c, 1) || rpc_bool(c, 1);
    char hex[2 * BTC_HEADER_BYTES + 1];
    uint8_t raw[BTC_HEADER_BYTES];
    struct chain_point point;
    struct btc_header header;

    if (!rpc_find_block(c, &point, &header))
        return;
    if (verbose) {
        c->result = rpc_header_object(c, &point, &header);
        return;
    }
    btc_header_store(raw, &header);
    hex_encode(hex, raw, sizeof raw);
    c->result = json_new_text(hex);
}

/* bitcoind's words for how far a branch has been looked at. Blocks are checked here as far as that
 * goes without coins, which is less than "valid-fork" says. */
static const char *branch_status(const struct bitcoin *b, const struct chain_branch *branch)
{
    if (branch->length == 0)
        return "active";
    if (branch->end.invalid)
        return "invalid";
    return b->blocks.store && block_store_has(b->blocks.store, branch->end.hash) ? "valid-headers"
                                                                                 : "headers-only";
}

void rpc_getchaintips(struct rpc_call *c)
{
    enum { TIPS_MAX = 1000 };
    const struct btc_rpc *context = c->arg;
    struct chain_branch *branches = mem_alloc_array(TIPS_MAX, sizeof *branches);
    size_t n;

    if (!branches) {
        rpc_fail(c, RPC_OUT_OF_MEMORY, "Out of memory");
        return;
    }
    n = chain_view_branches(chain_of(c), branches, TIPS_MAX);
    c->result = json_new_array();
    for (size_t i = 0; i < n; i++) {
        cJSON *o = json_push(c->result, json_new_object());

        json_set(o, "height", json_new_uint(branches[i].end.height));
        json_set(o, "hash", rpc_hash(branches[i].end.hash));
        json_set(o, "branchlen", json_new_uint(branches[i].length));
        json_set(o, "status", json_new_text(branch_status(context->bitcoin, &branches[i])));
    }
    mem_free(branches);
}
