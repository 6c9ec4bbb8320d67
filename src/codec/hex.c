#include "codec/hex.h"

#include <string.h>

#include "base/err.h"

enum { HASH_BYTES = 32 };

/* Both digits of each byte at once: a table of 512 bytes that the cache holds. */
#define ROW(h) \
    h "0" h "1" h "2" h "3" h "4" h "5" h "6" h "7" h "8" h "9" h "a" h "b" h "c" h "d" h "e" h "f"

static const char pairs[] = ROW("0") ROW("1") ROW("2") ROW("3") ROW("4") ROW("5") ROW("6") ROW("7")
    ROW("8") ROW("9") ROW("a") ROW("b") ROW("c") ROW("d") ROW("e") ROW("f");

void hex_encode(char *out, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++, out += 2)
        memcpy(out, pairs + 2 * data[i], 2);
    *out = '\0';
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int hex_decode(uint8_t *out, size_t len, const char *text)
{
    if (strlen(text) != 2 * len)
        return PN_EFORMAT;
    for (size_t i = 0; i < len; i++) {
        int high = digit_value(text[2 * i]), low = digit_value(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return PN_EFORMAT;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

static void reverse(uint8_t out[HASH_BYTES], const uint8_t in[HASH_BYTES])
{
    for (size_t i = 0; i < HASH_BYTES; i++)
        out[i] = in[HASH_BYTES - 1 - i];
}

void hash_to_hex(char out[65], const uint8_t hash[32])
{
    uint8_t shown[HASH_BYTES];

    reverse(shown, hash);
    hex_encode(out, shown, HASH_BYTES);
}

int hash_from_hex(uint8_t out[32], const char *text)
{
    uint8_t shown[HASH_BYTES];
    int rc = hex_decode(shown, HASH_BYTES, text);

    if (rc == 0)
        reverse(out, shown);
    return rc;
}
