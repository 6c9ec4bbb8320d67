#include "codec/bech32.h"

#include <stdbool.h>
#include <string.h>

#include "base/err.h"

enum { CHECKSUM_VALUES = 6 };

/* BIP173, "Checksum": one more value. */
static uint32_t polymod(uint32_t c, uint8_t value)
{
    static const uint32_t generator[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                          0x2a1462b3};
    uint32_t next = (c & 0x1ffffff) << 5 ^ value;

    for (unsigned i = 0; i < 5; i++)
        if (c >> 25 >> i & 1)
            next ^= generator[i];
    return next;
}

/* The text in lower case. */
static int fold(char out[BECH32_MAX_CHARS + 1], size_t *len, const char *text)
{
    bool lower = false, upper = false;

    for (*len = 0; text[*len]; ++*len) {
        char c = text[*len];

        if (*len == BECH32_MAX_CHARS || c < 33 || c > 126)
            return PN_EFORMAT;
        lower = lower || (c >= 'a' && c <= 'z');
        upper = upper || (c >= 'A' && c <= 'Z');
        out[*len] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    out[*len] = '\0';
    return lower && upper ? PN_EFORMAT : 0;
}

static int value_of(char c)
{
    static const char values[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const char *at = c ? strchr(values, c) : NULL;

    return at ? (int)(at - values) : -1;
}

int bech32_decode(struct bech32 *out, const char *text)
{
    char folded[BECH32_MAX_CHARS + 1], *separator;
    size_t len, prefix;
    uint32_t sum = 1;

    if (fold(folded, &len, text) < 0)
        return PN_EFORMAT;
    separator = strrchr(folded, '1');
    if (!separator || separator == folded)
        return PN_EFORMAT;
    prefix = (size_t)(separator - folded);
    if (len < prefix + 1 + CHECKSUM_VALUES)
        return PN_EFORMAT;
    memcpy(out->prefix, folded, prefix);
    out->prefix[prefix] = '\0';
    for (size_t i = 0; i < prefix; i++)
        sum = polymod(sum, (uint8_t)(folded[i] >> 5));
    sum = polymod(sum, 0);
    for (size_t i = 0; i < prefix; i++)
        sum = polymod(sum, folded[i] & 31);
    out->n = len - prefix - 1 - CHECKSUM_VALUES;
    for (size_t i = 0; i < out->n + CHECKSUM_VALUES; i++) {
        int value = value_of(separator[1 + i]);

        if (value < 0)
            return PN_EFORMAT;
        sum = polymod(sum, (uint8_t)value);
        if (i < out->n)
            out->values[i] = (uint8_t)value;
    }
    out->kind = sum == 1 ? BECH32 : BECH32M;
    return sum == 1 || sum == 0x2bc830a3 ? 0 : PN_ECHECKSUM;
}

int bech32_bytes(uint8_t *out, const uint8_t *values, size_t n)
{
    unsigned held = 0, bits = 0;
    int len = 0;

    for (size_t i = 0; i < n; i++) {
        held = (held << 5 | values[i]) & 0xfff;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            out[len++] = (uint8_t)(held >> bits);
        }
    }
    return bits >= 5 || (held & ((1U << bits) - 1)) ? PN_EFORMAT : len;
}
