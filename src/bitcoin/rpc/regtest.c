/* Making blocks on regtest, one after the other, each through the manager. */
#include <string.h>

#include "base/err.h"
#include "bitcoin/address/address.h"
#include "bitcoin/internal.h"
#include "bitcoin/rpc/internal.h"
#include "codec/hex.h"

enum { BLOCKS_MAX = 10000, SCRIPT_MAX_BYTES = 1000 };

static void generate(struct rpc_call *c, int64_t n, struct bytes pay_to)
{
    struct btc_rpc *context = c->arg;
    uint8_t hash[BTC_HASH_BYTES];

    c->result = json_new_array();
    for (int64_t i = 0; i < n && !c->code; i++) {
        int rc = bitcoin_generate(context->bitcoin, hash, pay_to);

        if (rc == 0)
            json_push(c->result, rpc_hash(hash));
        else if (rc == PN_ENOENT)
            rpc_fail(c, RPC_MISC_ERROR, "Blocks are made on regtest only");
        else
            rpc_fail(c, RPC_INTERNAL_ERROR, "No block was made: %s", pn_strerror(rc));
    }
}

void rpc_generate(struct rpc_call *c)
{
    int64_t n = rpc_int(c, 0, 0, BLOCKS_MAX);

    if (!c->code)
        generate(c, n, (struct bytes){.data = NULL});
}

/* "raw(HEX)", of which a checksum may follow: the one kind of descriptor that needs no keys.
 * Returns: the script's length, or -1. */
static long script_of(uint8_t out[SCRIPT_MAX_BYTES], const char *descriptor)
{
    const char *end = strchr(descriptor, ')');
    char hex[2 * SCRIPT_MAX_BYTES + 1];
    size_t digits;

    if (strncmp(descriptor, "raw(", 4) != 0 || !end || (end[1] != '\0' && end[1] != '#'))
        return -1;
    digits = (size_t)(end - descriptor) - 4;
    if (digits % 2 || digits == 0 || digits >= sizeof hex)
        return -1;
    memcpy(hex, descriptor + 4, digits);
    hex[digits] = '\0';
    return hex_decode(out, digits / 2, hex) == 0 ? (long)(digits / 2) : -1;
}

void rpc_generatetoaddress(struct rpc_call *c)
{
    const struct btc_rpc *context = c->arg;
    int64_t n = rpc_int(c, 0, 0, BLOCKS_MAX);
    const char *address = rpc_text(c, 1);
    uint8_t script[BTC_ADDRESS_SCRIPT_MAX];
    int len = c->code ? 0 : btc_address_script(script, &context->bitcoin->config.params, address);

    if (len < 0)
        rpc_fail(c, RPC_INVALID_ADDRESS_OR_KEY, "Error: Invalid address");
    if (!c->code)
        generate(c, n, (struct bytes){.data = script, .len = (size_t)len});
}

void rpc_generatetodescriptor(struct rpc_call *c)
{
    int64_t n = rpc_int(c, 0, 0, BLOCKS_MAX);
    const char *descriptor = rpc_text(c, 1);
    uint8_t script[SCRIPT_MAX_BYTES];
    long len = c->code ? 0 : script_of(script, descriptor);

    if (len < 0)
        rpc_fail(c, RPC_INVALID_ADDRESS_OR_KEY, "The descriptor is not raw(HEX)");
    if (!c->code)
        generate(c, n, (struct bytes){.data = script, .len = (size_t)len});
}
