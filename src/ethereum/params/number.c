#include "ethereum/params/number.h"

#include <stdbool.h>
#include <string.h>

#include "base/err.h"

enum { WIDE = 32 };

static int digit_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool strip_0x(struct bytes *text)
{
    if (text->len < 2 || text->data[0] != '0' || (text->data[1] | 0x20) != 'x')
        return false;
    text->data += 2;
    text->len -= 2;
    return true;
}

/* out = out × base + digit. Returns: what does not fit. */
static unsigned multiply_add(uint8_t out[WIDE], unsigned base, unsigned digit)
{
    unsigned carry = digit;

    for (size_t i = WIDE; i-- > 0;) {
        carry += out[i] * base;
        out[i] = (uint8_t)carry;
        carry >>= 8;
    }
    return carry;
}

int number_parse_256(uint8_t out[32], struct bytes text)
{
    int base = strip_0x(&text) ? 16 : 10;

    memset(out, 0, WIDE);
    if (text.len == 0)
        return PN_EFORMAT;
    for (size_t i = 0; i < text.len; i++) {
        int digit = digit_of(text.data[i]);

        if (digit < 0 || digit >= base)
            return PN_EFORMAT;
        if (multiply_add(out, (unsigned)base, (unsigned)digit))
            return PN_ETOOLARGE;
    }
    return 0;
}

int number_parse_64(uint64_t *out, struct bytes text)
{
    uint8_t wide[WIDE];
    int rc = number_parse_256(wide, text);

    *out = 0;
    for (size_t i = 0; rc == 0 && i < WIDE; i++) {
        if (i < WIDE - sizeof *out && wide[i])
            return PN_ETOOLARGE;
        *out = *out << 8 | wide[i];
    }
    return rc;
}

int number_parse_fixed(uint8_t *out, size_t len, struct bytes text)
{
    (void)strip_0x(&text);
    memset(out, 0, len);
    if (text.len > 2 * len)
        return PN_ETOOLARGE;
    for (size_t i = 0; i < text.len; i++) {
        int digit = digit_of(text.data[text.len - 1 - i]);

        if (digit < 0)
            return PN_EFORMAT;
        out[len - 1 - i / 2] |= (uint8_t)(i % 2 ? digit << 4 : digit);
    }
    return 0;
}

int number_parse_bytes(uint8_t *out, struct bytes text)
{
    (void)strip_0x(&text);
    if (text.len % 2)
        return PN_EFORMAT;
    return number_parse_fixed(out, text.len / 2, text) < 0 ? PN_EFORMAT : (int)(text.len / 2);
}
