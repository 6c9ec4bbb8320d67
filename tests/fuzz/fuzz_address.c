/* Addresses: what is one gives a short script, in either case of Bech32 the same, and is of one
 * network, or of the test networks that share their prefixes. */
#include <ctype.h>

#include "bitcoin/address/address.h"
#include "codec/base58.h"
#include "codec/bech32.h"
#include "fuzz.h"

static void check_either_case(const struct btc_params *params, const char *text,
                              const uint8_t *script, int len)
{
    char upper[BECH32_MAX_CHARS + 1];
    uint8_t again[BTC_ADDRESS_SCRIPT_MAX];
    struct bech32 b;
    size_t i;

    if (bech32_decode(&b, text) != 0)
        return;
    for (i = 0; text[i]; i++)
        upper[i] = (char)toupper((unsigned char)text[i]);
    upper[i] = '\0';
    FUZZ_REQUIRE(btc_address_script(again, params, upper) == len);
    FUZZ_REQUIRE(memcmp(again, script, (size_t)len) == 0);
}

static void check_base58(const char *text)
{
    uint8_t out[64], tight[64];
    size_t len, again;

    if (base58_decode(out, &len, sizeof out, text) != 0)
        return;
    FUZZ_REQUIRE(len <= strlen(text));
    FUZZ_REQUIRE(base58_decode(tight, &again, len, text) == 0);
    FUZZ_REQUIRE(again == len && memcmp(out, tight, len) == 0);
    FUZZ_REQUIRE(len == 0 || base58_decode(tight, &again, len - 1, text) != 0);
}

void fuzz_address(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    char *text = malloc(len + 1);
    unsigned networks = 0;

    (void)t;
    FUZZ_REQUIRE(text);
    memcpy(text, data, len);
    text[len] = '\0';
    check_base58(text);
    for (unsigned i = 0; btc_params_at(i); i++) {
        uint8_t script[BTC_ADDRESS_SCRIPT_MAX];
        int n = btc_address_script(script, btc_params_at(i), text);

        FUZZ_REQUIRE(n < 0 || (n >= 4 && n <= BTC_ADDRESS_SCRIPT_MAX));
        if (n > 0)
            check_either_case(btc_params_at(i), text, script, n);
        networks += n > 0;
    }
    FUZZ_REQUIRE(networks <= 1 || networks == 3 || networks == 4);
    free(text);
}
