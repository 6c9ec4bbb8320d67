/* Flags, numbers and bits: fields without memory of their own. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/option_type.h"
#include "base/err.h"

static const char decimal_digits[] = "0123456789";

static int flag_parse(void *field, struct option_why *why, const struct option_def *def,
                      const char *text)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"yes", true}, {"true", true},   {"on", true},   {"1", true},
                 {"no", false}, {"false", false}, {"off", false}, {"0", false}};

    (void)def;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(text, words[i].word) == 0) {
            *(bool *)field = words[i].value;
            return 0;
        }
    snprintf(why->text, sizeof why->text, "\"%.60s\" is neither yes nor no", text);
    return PN_EFORMAT;
}

static void flag_clear(void *field)
{
    *(bool *)field = false;
}

static size_t flag_count(const void *field, const struct option_def *def)
{
    (void)field;
    (void)def;
    return 1;
}

static int flag_print(struct buf *out, const void *field, const struct option_def *def, size_t i)
{
    (void)def;
    (void)i;
    return buf_puts(out, *(const bool *)field ? "yes" : "no");
}

static bool flag_equal(const void *a, const void *b)
{
    return *(const bool *)a == *(const bool *)b;
}

const struct option_type option_type_flag = {flag_parse, flag_clear, flag_count,
                                             flag_print, flag_equal, sizeof(bool)};

/* How a kind of number is written. */
struct notation {
    int64_t unit;      /* what 1 as written is worth in the field */
    unsigned decimals; /* digits allowed after the point */
};

static struct notation notation_of(const struct option_def *def)
{
    switch (def->kind) {
    case OPTION_KIND_DURATION:
        return (struct notation){1000, 3};
    case OPTION_KIND_KILOBYTES:
        return (struct notation){1000, 0};
    default:
        return (struct notation){1, 0};
    }
}

/* Digits, and a point with a few more, in units of the field. At most 12 digits before the point,
 * so that nothing overflows. Returns: -1 for anything else. */
static int64_t read_decimal(const char *text, struct notation as)
{
    size_t whole = strspn(text, decimal_digits), fraction;
    int64_t value, place = as.unit;

    if (whole == 0 || whole > 12)
        return -1;
    value = strtoll(text, NULL, 10) * as.unit;
    text += whole;
    if (*text == '.' && as.decimals > 0) {
        fraction = strspn(++text, decimal_digits);
        if (fraction == 0 || fraction > as.decimals)
            return -1;
        for (; fraction > 0; fraction--)
            value += (*text++ - '0') * (place /= 10);
    }
    return *text ? -1 : value;
}

static int number_parse(void *field, struct option_why *why, const struct option_def *def,
                        const char *text)
{
    const struct notation as = notation_of(def);
    int64_t value = read_decimal(text, as);

    if (value >= llround(def->min * (double)as.unit) &&
        value <= llround(def->max * (double)as.unit)) {
        *(int64_t *)field = value;
        return 0;
    }
    if (value < 0)
        snprintf(why->text, sizeof why->text, "\"%.60s\" is not a %s", text,
                 as.decimals > 0 ? "number with at most three decimals" : "whole number");
    else
        snprintf(why->text, sizeof why->text, "%.60s is not between %.10g and %.10g", text,
                 def->min, def->max);
    return PN_EFORMAT;
}

static void number_clear(void *field)
{
    *(int64_t *)field = 0;
}

/* Only where zero cannot be written does it mean "off". */
static size_t number_count(const void *field, const struct option_def *def)
{
    return *(const int64_t *)field != 0 || def->min <= 0;
}

static int number_print(struct buf *out, const void *field, const struct option_def *def, size_t i)
{
    const struct notation as = notation_of(def);
    int64_t value = *(const int64_t *)field, rest = value % as.unit;

    (void)i;
    buf_printf(out, "%" PRId64, value / as.unit);
    if (rest > 0)
        buf_puts(out, ".");
    for (int64_t place = as.unit / 10; rest > 0; place /= 10) {
        buf_printf(out, "%" PRId64, rest / place);
        rest %= place;
    }
    return out->err;
}

static bool number_equal(const void *a, const void *b)
{
    return *(const int64_t *)a == *(const int64_t *)b;
}

const struct option_type option_type_number = {number_parse, number_clear, number_count,
                                               number_print, number_equal, sizeof(int64_t)};

static int bits_parse(void *field, struct option_why *why, const struct option_def *def,
                      const char *text)
{
    const char *digits = strncmp(text, "0x", 2) == 0 ? text + 2 : text;
    size_t len = strspn(digits, "0123456789abcdefABCDEF");

    (void)def;
    if (len == 0 || len > 16 || digits[len]) {
        snprintf(why->text, sizeof why->text,
                 "\"%.60s\" is not a hexadecimal number of up to 64 bits", text);
        return PN_EFORMAT;
    }
    *(struct option_bits *)field =
        (struct option_bits){.set = true, .bits = strtoull(digits, NULL, 16)};
    return 0;
}

static void bits_clear(void *field)
{
    *(struct option_bits *)field = (struct option_bits){.set = false};
}

static size_t bits_count(const void *field, const struct option_def *def)
{
    (void)def;
    return ((const struct option_bits *)field)->set;
}

static int bits_print(struct buf *out, const void *field, const struct option_def *def, size_t i)
{
    (void)def;
    (void)i;
    return buf_printf(out, "%" PRIx64, ((const struct option_bits *)field)->bits);
}

static bool bits_equal(const void *a, const void *b)
{
    const struct option_bits *x = a, *y = b;

    return x->set == y->set && x->bits == y->bits;
}

const struct option_type option_type_bits = {bits_parse, bits_clear, bits_count,
                                             bits_print, bits_equal, sizeof(struct option_bits)};
