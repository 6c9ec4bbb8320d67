/* A transaction as go-ethereum shows it (internal/ethapi/api.go, RPCTransaction). The fields are
 * those of its type, in the order of its encoding, so one walk over a text of letters shows them.
 */
#include <string.h>

#include "codec/rlp.h"
#include "ethereum/rpc/internal.h"
#include "ethereum/types/tx.h"

enum { KEY_BYTES = 32 };

/* Kinds: n number, a address or nothing, d data, A access list, B blob hashes, S authorisations. */
static const struct {
    char kind;
    const char *name;
} fields[] = {
    ['a'] = {'a', "to"},
    ['b'] = {'n', "maxFeePerBlobGas"},
    ['c'] = {'n', "chainId"},
    ['d'] = {'d', "input"},
    ['f'] = {'n', "maxFeePerGas"},
    ['g'] = {'n', "gas"},
    ['h'] = {'B', "blobVersionedHashes"},
    ['l'] = {'A', "accessList"},
    ['n'] = {'n', "nonce"},
    ['p'] = {'n', "gasPrice"},
    ['t'] = {'n', "maxPriorityFeePerGas"},
    ['u'] = {'S', "authorizationList"},
    ['w'] = {'n', "value"},
    ['r'] = {'n', "r"},
    ['s'] = {'n', "s"},
    ['v'] = {'n', "v"},
    ['y'] = {'n', "yParity"},
};

/* EIP-2718: 2930, 1559, 4844, 7702. */
static const char *const layouts[] = {
    [ETH_TX_LEGACY] = "npgawdvrs",   [ETH_TX_ACCESS] = "cnpgawdlyrs",
    [ETH_TX_FEE] = "cntfgawdlyrs",   [ETH_TX_BLOB] = "cntfgawdlbhyrs",
    [ETH_TX_CODE] = "cntfgawdluyrs",
};

static cJSON *data(struct reader *r)
{
    struct bytes b = rlp_read_bytes(r, SIZE_MAX);

    return rpc_data(b.data, b.len);
}

static cJSON *list_of_data(struct reader *r)
{
    struct reader list = rlp_read_list(r);
    cJSON *array = json_new_array();

    while (reader_left(&list) > 0 && !list.err)
        json_push(array, data(&list));
    return array;
}

static cJSON *access_list(struct reader *r)
{
    struct reader list = rlp_read_list(r);
    cJSON *array = json_new_array();

    while (reader_left(&list) > 0 && !list.err) {
        struct reader entry = rlp_read_list(&list);
        cJSON *o = json_push(array, json_new_object());

        json_set(o, "address", data(&entry));
        json_set(o, "storageKeys", list_of_data(&entry));
    }
    return array;
}

static cJSON *authorisations(struct reader *r)
{
    static const char *const names[] = {"chainId", "address", "nonce", "yParity", "r", "s"};
    struct reader list = rlp_read_list(r);
    cJSON *array = json_new_array();

    while (reader_left(&list) > 0 && !list.err) {
        struct reader entry = rlp_read_list(&list);
        cJSON *o = json_push(array, json_new_object());

        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            struct bytes b = rlp_read_bytes(&entry, KEY_BYTES);

            json_set(o, names[i], i == 1 ? rpc_data(b.data, b.len) : rpc_quantity_be(b));
        }
    }
    return array;
}

static cJSON *value_of(struct reader *r, char kind)
{
    struct bytes b;

    switch (kind) {
    case 'A':
        return access_list(r);
    case 'B':
        return list_of_data(r);
    case 'S':
        return authorisations(r);
    case 'd':
        return data(r);
    default:
        b = rlp_read_bytes(r, KEY_BYTES);
        if (kind == 'a')
            return b.len > 0 ? rpc_data(b.data, b.len) : cJSON_CreateNull();
        return rpc_quantity_be(b);
    }
}

static void set_fields(cJSON *o, const struct eth_tx *t)
{
    struct reader r = reader_of(t->fields.data, t->fields.len);
    struct reader list = rlp_read_list(&r);

    for (const char *f = layouts[t->type]; *f && !list.err; f++)
        json_set(o, fields[(unsigned char)*f].name,
                 value_of(&list, fields[(unsigned char)*f].kind));
}

/* What go-ethereum shows besides, so that those who know one type of transaction only find it. */
static void set_in_other_words(cJSON *o, const struct eth_tx *t)
{
    if (t->type == ETH_TX_LEGACY && t->is_protected)
        json_set(o, "chainId", rpc_quantity(t->chain_id));
    if (t->type != ETH_TX_LEGACY)
        json_set(o, "v", rpc_quantity(t->signature[64]));
    if (t->type > ETH_TX_ACCESS)
        json_set(o, "gasPrice", rpc_quantity_be(t->fee_cap));
}

cJSON *rpc_transaction(const struct eth_tx *t, const struct eth_header *in, unsigned index)
{
    uint8_t sender[ETH_ADDRESS_BYTES];
    cJSON *o = json_new_object();

    json_set(o, "blockHash", rpc_data(in->hash, ETH_HASH_BYTES));
    json_set(o, "blockNumber", rpc_quantity(in->number));
    json_set(o, "transactionIndex", rpc_quantity(index));
    json_set(o, "hash", rpc_data(t->hash, ETH_HASH_BYTES));
    json_set(o, "type", rpc_quantity(t->type));
    if (eth_tx_sender(sender, t) == 0)
        json_set(o, "from", rpc_data(sender, sizeof sender));
    set_fields(o, t);
    set_in_other_words(o, t);
    return o;
}
