/* A block as go-ethereum shows it (internal/ethapi/api.go, RPCMarshalBlock). */
#include "base/err.h"
#include "codec/rlp.h"
#include "ethereum/rpc/internal.h"
#include "ethereum/types/tx.h"

static cJSON *hash(const uint8_t bytes[ETH_HASH_BYTES])
{
    return rpc_data(bytes, ETH_HASH_BYTES);
}

static void set_header(cJSON *o, const struct eth_header *h)
{
    json_set(o, "number", rpc_quantity(h->number));
    json_set(o, "hash", hash(h->hash));
    json_set(o, "parentHash", hash(h->parent));
    json_set(o, "nonce", rpc_data(h->nonce, sizeof h->nonce));
    json_set(o, "mixHash", hash(h->mix));
    json_set(o, "sha3Uncles", hash(h->uncles_hash));
    json_set(o, "logsBloom", rpc_data(h->bloom, sizeof h->bloom));
    json_set(o, "stateRoot", hash(h->state_root));
    json_set(o, "miner", rpc_data(h->coinbase, sizeof h->coinbase));
    json_set(o, "difficulty", rpc_quantity_u128(h->difficulty));
    json_set(o, "extraData", rpc_data(h->extra.data, h->extra.len));
    json_set(o, "gasLimit", rpc_quantity(h->gas_limit));
    json_set(o, "gasUsed", rpc_quantity(h->gas_used));
    json_set(o, "timestamp", rpc_quantity(h->time));
    json_set(o, "transactionsRoot", hash(h->tx_root));
    json_set(o, "receiptsRoot", hash(h->receipts_root));
}

static void set_what_forks_added(cJSON *o, const struct eth_header *h)
{
    if (h->n_fields >= ETH_FIELDS_LONDON)
        json_set(o, "baseFeePerGas", rpc_quantity(h->base_fee));
    if (h->n_fields >= ETH_FIELDS_SHANGHAI)
        json_set(o, "withdrawalsRoot", hash(h->withdrawals_root));
    if (h->n_fields >= ETH_FIELDS_CANCUN) {
        json_set(o, "blobGasUsed", rpc_quantity(h->blob_gas_used));
        json_set(o, "excessBlobGas", rpc_quantity(h->excess_blob_gas));
        json_set(o, "parentBeaconBlockRoot", hash(h->beacon_root));
    }
    if (h->n_fields >= ETH_FIELDS_PRAGUE)
        json_set(o, "requestsHash", hash(h->requests_hash));
}

static cJSON *transactions(const struct eth_body *body, const struct eth_header *h, bool full)
{
    struct reader r = reader_of(body->txs.data, body->txs.len);
    struct reader list = rlp_read_list(&r);
    cJSON *array = json_new_array();

    for (unsigned i = 0; reader_left(&list) > 0 && !list.err; i++) {
        struct eth_tx t;

        if (eth_tx_decode(&t, rlp_read_raw(&list)) == 0)
            json_push(array, full ? rpc_transaction(&t, h, i) : hash(t.hash));
    }
    return array;
}

static cJSON *uncles(const struct eth_body *body)
{
    struct reader r = reader_of(body->uncles.data, body->uncles.len);
    struct reader list = rlp_read_list(&r);
    cJSON *array = json_new_array();

    while (reader_left(&list) > 0 && !list.err) {
        struct eth_header h;

        if (eth_header_decode(&h, rlp_read_raw(&list)) == 0)
            json_push(array, hash(h.hash));
    }
    return array;
}

static cJSON *withdrawals(const struct eth_body *body)
{
    struct reader r = reader_of(body->withdrawals.data, body->withdrawals.len);
    struct reader list = rlp_read_list(&r);
    cJSON *array = json_new_array();

    while (reader_left(&list) > 0 && !list.err) {
        struct reader entry = rlp_read_list(&list);
        cJSON *o = json_push(array, json_new_object());
        struct bytes address;

        json_set(o, "index", rpc_quantity(rlp_read_u64(&entry)));
        json_set(o, "validatorIndex", rpc_quantity(rlp_read_u64(&entry)));
        address = rlp_read_bytes(&entry, ETH_ADDRESS_BYTES);
        json_set(o, "address", rpc_data(address.data, address.len));
        json_set(o, "amount", rpc_quantity(rlp_read_u64(&entry)));
    }
    return array;
}

/* Bytes of the whole block as it is encoded. */
static size_t size_of(struct bytes header, const struct eth_body *body)
{
    uint8_t scratch[9];
    size_t inside = header.len + body->txs.len + body->uncles.len;

    if (body->has_withdrawals)
        inside += body->withdrawals.len;
    return inside + rlp_list_header(scratch, inside);
}

cJSON *rpc_block(const struct rpc_block_parts *parts, bool full)
{
    const struct eth_header *h = &parts->header;
    cJSON *o = json_new_object();

    set_header(o, h);
    set_what_forks_added(o, h);
    json_set(o, "totalDifficulty", rpc_quantity_u128(parts->total_difficulty));
    json_set(o, "size", rpc_quantity(size_of(parts->header_rlp, &parts->body)));
    json_set(o, "transactions", transactions(&parts->body, h, full));
    json_set(o, "uncles", uncles(&parts->body));
    if (parts->body.has_withdrawals)
        json_set(o, "withdrawals", withdrawals(&parts->body));
    return o;
}

size_t rpc_count_transactions(const struct rpc_block_parts *parts)
{
    struct reader r = reader_of(parts->body.txs.data, parts->body.txs.len);
    struct reader list = rlp_read_list(&r);
    size_t n = 0;

    for (; reader_left(&list) > 0 && !list.err; n++)
        rlp_read_raw(&list);
    return n;
}
