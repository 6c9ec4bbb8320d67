#include "codec/base32.h"

#include "base/err.h"

enum { BITS_PER_CHAR = 5 };

void base32_encode(char *out, const uint8_t *data, size_t len)
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint32_t bits = 0;
    unsigned n_bits = 0;

    for (size_t i = 0; i < len; i++) {
        bits = (bits << 8 | data[i]) & 0xfff; /* at most 4 are left of the byte before */
        for (n_bits += 8; n_bits >= BITS_PER_CHAR; n_bits -= BITS_PER_CHAR)
            *out++ = digits[bits >> (n_bits - BITS_PER_CHAR) & 31];
    }
    if (n_bits > 0)
        *out++ = digits[bits << (BITS_PER_CHAR - n_bits) & 31];
    *out = '\0';
}

/* Returns: 0 to 31, or -1 for what is no digit. */
static int digit_value(char c)
{
    if (c >= 'a' && c <= 'z')
        return c - 'a';
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= '2' && c <= '7')
        return c - '2' + 26;
    return -1;
}

int base32_decode(uint8_t *out, size_t len, const char *text)
{
    size_t chars = BASE32_CHARS(len);
    uint32_t bits = 0;
    unsigned n_bits = 0;

    for (size_t i = 0; i < chars; i++) {
        int value = digit_value(text[i]);

        if (value < 0)
            return PN_EFORMAT;
        bits = (bits << BITS_PER_CHAR | (uint32_t)value) & 0xfff;
        n_bits += BITS_PER_CHAR;
        if (n_bits >= 8) {
            n_bits -= 8;
            *out++ = (uint8_t)(bits >> n_bits);
        }
    }
    return (bits & ((1u << n_bits) - 1)) == 0 ? 0 : PN_EFORMAT;
}
