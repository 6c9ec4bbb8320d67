#include "codec/base64url.h"

#include "base/err.h"

enum { SEXTET_BITS = 6, OCTET_BITS = 8 };

void base64url_encode(char *out, const uint8_t *data, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0;
    unsigned have = 0;

    for (size_t i = 0; i < len; i++) {
        bits = bits << OCTET_BITS | data[i];
        for (have += OCTET_BITS; have >= SEXTET_BITS; have -= SEXTET_BITS)
            *out++ = digits[bits >> (have - SEXTET_BITS) & 63];
    }
    if (have > 0)
        *out++ = digits[bits << (SEXTET_BITS - have) & 63];
    *out = '\0';
}

static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '-')
        return 62;
    return c == '_' ? 63 : -1;
}

int base64url_decode(uint8_t *out, size_t *len, size_t cap, const char *text, size_t text_len)
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t n = 0;

    if (text_len % 4 == 1) /* no number of bytes ends so */
        return PN_EFORMAT;
    for (size_t i = 0; i < text_len; i++) {
        int v = digit_value(text[i]);

        if (v < 0)
            return PN_EFORMAT;
        bits = bits << SEXTET_BITS | (uint32_t)v;
        have += SEXTET_BITS;
        if (have < OCTET_BITS)
            continue;
        if (n == cap)
            return PN_ETOOLARGE;
        have -= OCTET_BITS;
        out[n++] = (uint8_t)(bits >> have);
    }
    if (bits & ((1u << have) - 1))
        return PN_EFORMAT;
    *len = n;
    return 0;
}
