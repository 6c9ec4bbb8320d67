#include "datafile.h"

#include <check.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "codec/hex.h"
#include "harness.h"

enum { HEADER_DIGITS = 2 * BTC_HEADER_BYTES };

static void decode(struct btc_header *out, const uint8_t raw[BTC_HEADER_BYTES])
{
    struct reader r = reader_of(raw, BTC_HEADER_BYTES);

    btc_header_decode(&r, out);
    ck_assert_int_eq(reader_finish(&r), 0);
}

bool datafile_load(struct datafile *out, const char *name)
{
    size_t len;
    uint8_t *raw = harness_data(&len, name);

    if (!raw)
        return false;
    ck_assert_uint_eq(len % BTC_HEADER_BYTES, 0);
    out->count = len / BTC_HEADER_BYTES;
    out->headers = calloc(out->count, sizeof *out->headers);
    for (size_t i = 0; i < out->count; i++)
        decode(&out->headers[i], raw + i * BTC_HEADER_BYTES);
    free(raw);
    return true;
}

static size_t digits_at(const char *text)
{
    size_t n = 0;

    while (isxdigit((unsigned char)text[n]))
        n++;
    return n;
}

void datafile_scan(struct datafile *out, const char *text)
{
    out->headers = calloc(strlen(text) / HEADER_DIGITS + 1, sizeof *out->headers);
    out->count = 0;
    while (*text) {
        size_t n = digits_at(text);
        char digits[HEADER_DIGITS + 1] = {0};
        uint8_t raw[BTC_HEADER_BYTES];

        if (n == HEADER_DIGITS) {
            memcpy(digits, text, HEADER_DIGITS);
            ck_assert_int_eq(hex_decode(raw, sizeof raw, digits), 0);
            decode(&out->headers[out->count++], raw);
        }
        text += n ? n : 1;
    }
}

void datafile_free(struct datafile *file)
{
    free(file->headers);
    *file = (struct datafile){0};
}
