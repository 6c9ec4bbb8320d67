/* Values as the Ethereum JSON-RPC writes them: quantities without leading zeros, data in pairs of
 * digits (https://ethereum.org/en/developers/docs/apis/json-rpc, "Hex encoding"). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "codec/hex.h"
#include "ethereum/rpc/internal.h"

cJSON *rpc_quantity(uint64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "0x%" PRIx64, value);
    return json_new_text(text);
}

cJSON *rpc_quantity_u128(eth_u128 value)
{
    uint8_t be[16];

    eth_u128_store(be, value);
    return rpc_quantity_be((struct bytes){be, sizeof be});
}

cJSON *rpc_data(const void *data, size_t len)
{
    char *text = mem_alloc(2 * len + 3);
    cJSON *value;

    if (!text)
        return json_new_text(NULL);
    memcpy(text, "0x", 2);
    hex_encode(text + 2, data, len);
    value = json_new_text(text);
    mem_free(text);
    return value;
}

cJSON *rpc_quantity_be(struct bytes number)
{
    char digits[2 * 32 + 1], text[sizeof digits + 2];
    const char *at = digits;

    if (number.len > 32)
        number.len = 32; /* none is longer */
    hex_encode(digits, number.data, number.len);
    while (*at == '0' && at[1])
        at++;
    snprintf(text, sizeof text, "0x%s", *at ? at : "0");
    return json_new_text(text);
}

int rpc_unhex_data(uint8_t **out, size_t *len, const char *text)
{
    size_t digits = strlen(text);
    int rc;

    if (digits < 2 || digits % 2 || text[0] != '0' || (text[1] != 'x' && text[1] != 'X'))
        return PN_EFORMAT;
    *len = digits / 2 - 1;
    *out = mem_alloc(*len + 1);
    if (!*out)
        return PN_ENOMEM;
    rc = hex_decode(*out, *len, text + 2);
    if (rc < 0)
        MEM_FREE(*out);
    return rc;
}
