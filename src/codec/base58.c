#include "codec/base58.h"

#include <string.h>

#include "base/err.h"

static int digit_of(char c)
{
    static const char digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* out, of which the last `used` bytes are a number in base 256, times 58 plus digit. */
static int append(uint8_t *out, size_t *used, size_t max, unsigned digit)
{
    unsigned carry = digit;

    for (size_t i = 0; i < *used || carry; i++) {
        if (i == max)
            return PN_ETOOLARGE;
        if (i == *used)
            out[max - 1 - (*used)++] = 0;
        carry += 58U * out[max - 1 - i];
        out[max - 1 - i] = (uint8_t)carry;
        carry >>= 8;
    }
    return 0;
}

int base58_decode(uint8_t *out, size_t *len, size_t max, const char *text)
{
    size_t zeros = strspn(text, "1"), used = 0;

    if (zeros > max)
        return PN_ETOOLARGE;
    for (const char *c = text + zeros; *c; c++) {
        int digit = digit_of(*c), rc;

        if (digit < 0)
            return PN_EFORMAT;
        rc = append(out + zeros, &used, max - zeros, (unsigned)digit);
        if (rc < 0)
            return rc;
    }
    memmove(out + zeros, out + max - used, used);
    memset(out, 0, zeros);
    *len = zeros + used;
    return 0;
}
