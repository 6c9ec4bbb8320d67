#include "bitcoin/mempool/tx_check.h"

#include <stdlib.h>

#include "base/mem.h"
#include "bitcoin/mempool/script.h"
#include "bitcoin/wire/limits.h"

static const struct {
    const char *name;
    bool by_txid;
} refusals[TX_REFUSALS] = {
#define TX_REFUSAL_ROW_(id, name, by_txid) [id] = {name, by_txid},
    TX_REFUSAL_LIST(TX_REFUSAL_ROW_)
#undef TX_REFUSAL_ROW_
};

const char *tx_refusal_name(enum tx_refusal r)
{
    return refusals[r].name;
}

bool tx_refusal_is_by_txid(enum tx_refusal r)
{
    return refusals[r].by_txid;
}

/* --- consensus/tx_check.cpp --- */

static enum tx_refusal check_values(const struct btc_tx *tx)
{
    int64_t sum = 0;

    for (uint32_t i = 0; i < tx->out_count; i++) {
        int64_t value = tx->out[i].value_sat;

        if (value < 0 || value > TX_MAX_MONEY_SAT)
            return TX_BAD_VALUE;
        sum += value;
        if (sum > TX_MAX_MONEY_SAT)
            return TX_BAD_VALUE;
    }
    return TX_OK;
}

static int compare_outpoints(const void *a, const void *b)
{
    const struct btc_txin *x = *(const struct btc_txin *const *)a;
    const struct btc_txin *y = *(const struct btc_txin *const *)b;
    int order = memcmp(x->prev_hash, y->prev_hash, BTC_HASH_BYTES);

    return order ? order : (x->prev_index > y->prev_index) - (x->prev_index < y->prev_index);
}

static enum tx_refusal check_distinct(const struct btc_tx *tx)
{
    const struct btc_txin **sorted;
    enum tx_refusal r = TX_OK;

    if (tx->in_count < 2)
        return TX_OK;
    sorted = mem_alloc_array(tx->in_count, sizeof *sorted);
    if (!sorted)
        return TX_NO_MEMORY;
    for (uint32_t i = 0; i < tx->in_count; i++)
        sorted[i] = &tx->in[i];
    qsort(sorted, tx->in_count, sizeof *sorted, compare_outpoints);
    for (uint32_t i = 1; i < tx->in_count && r == TX_OK; i++)
        if (compare_outpoints(&sorted[i - 1], &sorted[i]) == 0)
            r = TX_DUPLICATE_INPUT;
    mem_free(sorted);
    return r;
}

static bool refers_to_nothing(const struct btc_txin *in)
{
    static const uint8_t none[BTC_HASH_BYTES];

    return in->prev_index == UINT32_MAX && memcmp(in->prev_hash, none, sizeof none) == 0;
}

static enum tx_refusal check_consensus(const struct btc_tx *tx)
{
    enum tx_refusal r;

    if (tx->in_count == 0 || tx->out_count == 0)
        return TX_EMPTY;
    if (btc_tx_stripped_size(tx) * BTC_WITNESS_SCALE > BTC_BLOCK_MAX_WEIGHT)
        return TX_OVERSIZE;
    r = check_values(tx);
    if (r == TX_OK)
        r = check_distinct(tx);
    if (r == TX_OK && btc_tx_is_coinbase(tx))
        r = TX_COINBASE;
    for (uint32_t i = 0; i < tx->in_count && r == TX_OK; i++)
        if (refers_to_nothing(&tx->in[i]))
            r = TX_NULL_INPUT;
    return r;
}

/* --- policy/policy.cpp, IsStandardTx --- */

static enum tx_refusal check_inputs(const struct btc_tx *tx)
{
    for (uint32_t i = 0; i < tx->in_count; i++) {
        if (tx->in[i].script.len > TX_SCRIPTSIG_MAX)
            return TX_SCRIPTSIG_SIZE;
        if (!script_is_push_only(tx->in[i].script))
            return TX_SCRIPTSIG_PUSH;
    }
    return TX_OK;
}

static enum tx_refusal check_outputs(const struct btc_tx *tx)
{
    size_t carried = 0;
    unsigned dust = 0;

    for (uint32_t i = 0; i < tx->out_count; i++) {
        const struct btc_txout *out = &tx->out[i];
        enum script_type type = script_type(out->script);

        if (type == SCRIPT_NONSTANDARD)
            return TX_OUTPUT_TYPE;
        if (type == SCRIPT_NULL_DATA)
            carried += out->script.len;
        if (carried > TX_DATA_CARRIER_MAX)
            return TX_DATA_CARRIER;
        dust += out->value_sat < script_dust_limit_sat(out->script);
    }
    return dust > TX_DUST_OUTPUTS_MAX ? TX_DUST : TX_OK;
}

/* Those that do not depend on the coins spent. */
static enum tx_refusal check_sigops(const struct btc_tx *tx)
{
    size_t sigops = 0;

    for (uint32_t i = 0; i < tx->in_count; i++)
        sigops += script_sigops(tx->in[i].script);
    for (uint32_t i = 0; i < tx->out_count; i++)
        sigops += script_sigops(tx->out[i].script);
    return sigops * BTC_WITNESS_SCALE > TX_SIGOPS_COST_MAX ? TX_SIGOPS : TX_OK;
}

enum tx_refusal tx_check(const struct btc_tx *tx)
{
    enum tx_refusal r = check_consensus(tx);

    if (r != TX_OK)
        return r;
    if (tx->version < 1 || tx->version > TX_STANDARD_VERSION_MAX)
        return TX_VERSION;
    if (btc_tx_weight(tx) > TX_STANDARD_WEIGHT_MAX)
        return TX_WEIGHT;
    if (btc_tx_stripped_size(tx) < TX_STRIPPED_MIN)
        return TX_SMALL;
    r = check_inputs(tx);
    if (r == TX_OK)
        r = check_outputs(tx);
    return r == TX_OK ? check_sigops(tx) : r;
}

/* consensus/tx_verify.cpp, IsFinalTx. */
enum tx_refusal tx_check_final(const struct btc_tx *tx, uint32_t height, int64_t median_time_s)
{
    enum { HEIGHT_LIMIT = 500000000 }; /* lock times from here on are times */

    if (tx->lock_time == 0 ||
        tx->lock_time < (tx->lock_time < HEIGHT_LIMIT ? (int64_t)height : median_time_s))
        return TX_OK;
    for (uint32_t i = 0; i < tx->in_count; i++)
        if (tx->in[i].sequence != UINT32_MAX)
            return TX_NOT_FINAL;
    return TX_OK;
}
