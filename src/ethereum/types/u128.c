#include "ethereum/types/u128.h"

#include "codec/rlp.h"

enum { WIDTH = 16 };

eth_u128 eth_u128_read(struct reader *r)
{
    struct bytes b = rlp_read_bytes(r, WIDTH);
    eth_u128 v = 0;

    if (b.len > 0 && b.data[0] == 0)
        reader_fail(r, PN_ENONCANONICAL);
    for (size_t i = 0; i < b.len; i++)
        v = v << 8 | b.data[i];
    return v;
}

void eth_u128_store(uint8_t out[16], eth_u128 v)
{
    for (size_t i = WIDTH; i-- > 0; v >>= 8)
        out[i] = (uint8_t)v;
}

eth_u128 eth_u128_load(const uint8_t in[16])
{
    eth_u128 v = 0;

    for (size_t i = 0; i < WIDTH; i++)
        v = v << 8 | in[i];
    return v;
}

void eth_u128_write(struct buf *b, eth_u128 v)
{
    uint8_t be[WIDTH];

    eth_u128_store(be, v);
    rlp_write_uint(b, be, sizeof be);
}

static unsigned digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A') + 10;
    return UINT32_MAX;
}

int eth_u128_parse(eth_u128 *out, const char *text, size_t len)
{
    unsigned base = 10;
    eth_u128 v = 0;

    *out = 0;
    if (len > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
        len -= 2;
    }
    if (len == 0)
        return PN_EFORMAT;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = digit_of(text[i]);

        if (digit >= base)
            return PN_EFORMAT;
        if (v > (ETH_U128_MAX - digit) / base)
            return PN_ETOOLARGE;
        v = v * base + digit;
    }
    *out = v;
    return 0;
}

const char *eth_u128_text(char out[ETH_U128_TEXT_BYTES], eth_u128 v)
{
    char digits[ETH_U128_TEXT_BYTES];
    size_t n = 0, len = 0;

    do {
        digits[n++] = (char)('0' + (int)(v % 10));
        v /= 10;
    } while (v > 0);
    while (n > 0)
        out[len++] = digits[--n];
    out[len] = '\0';
    return out;
}
