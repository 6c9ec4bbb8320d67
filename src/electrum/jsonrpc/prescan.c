#include "electrum/jsonrpc/prescan.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

/* Bytes of the UTF-8 character at the front (RFC 3629: shortest form, no surrogates), or 0. */
static size_t utf8_length(const uint8_t *p, size_t left)
{
    uint8_t low = 0x80, high = 0xbf;
    size_t n;

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (left < n)
        return 0;
    switch (p[0]) {
    case 0xe0:
        low = 0xa0;
        break;
    case 0xed:
        high = 0x9f;
        break;
    case 0xf0:
        low = 0x90;
        break;
    case 0xf4:
        high = 0x8f;
        break;
    default:
        break;
    }
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if (p[i] < 0x80 || p[i] > 0xbf)
            return 0;
    return n;
}

/* From behind the opening quotation mark to behind the closing one. Returns: NULL for a bad one. */
static const uint8_t *pass_string(const uint8_t *p, const uint8_t *end)
{
    while (p < end) {
        size_t n;

        if (*p == '"')
            return p + 1;
        if (*p == '\\') {
            if (end - p >= 6 && memcmp(p, "\\u0000", 6) == 0)
                return NULL;
            p += 2;
            continue;
        }
        n = *p < 0x20 ? 0 : utf8_length(p, (size_t)(end - p));
        if (n == 0)
            return NULL;
        p += n;
    }
    return NULL;
}

int jrpc_prescan(const char *text, size_t len)
{
    const uint8_t *p = (const uint8_t *)text, *end = p + len;
    unsigned depth = 0, values = 1;

    while (p < end) {
        switch (*p++) {
        case '[':
        case '{':
            if (++depth > JRPC_MAX_DEPTH)
                return PN_ETOOLARGE;
            values++;
            break;
        case ']':
        case '}':
            if (depth > 0)
                depth--;
            break;
        case ',':
        case ':':
            values++;
            break;
        case '"':
            p = pass_string(p, end);
            if (!p)
                return PN_EFORMAT;
            break;
        default:
            break;
        }
        if (values > JRPC_MAX_VALUES)
            return PN_ECOUNT;
    }
    return 0;
}
