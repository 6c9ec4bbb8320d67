#include "codec/json_scan.h"

#include <string.h>

#include "base/err.h"

struct json_scan json_scan_of(const void *text, size_t len)
{
    const char *p = text;

    return (struct json_scan){.start = p, .pos = p, .end = p + len};
}

int json_fail(struct json_scan *s, int err)
{
    if (!s->err) {
        s->err = err;
        s->err_at = (size_t)(s->pos - s->start);
    }
    s->pos = s->end;
    return s->err;
}

static void skip_space(struct json_scan *s)
{
    while (s->pos < s->end &&
           (*s->pos == ' ' || *s->pos == '\n' || *s->pos == '\t' || *s->pos == '\r'))
        s->pos++;
}

/* The next character that is no space; 0, which JSON has nowhere, at the end. */
static char peek(struct json_scan *s)
{
    skip_space(s);
    return s->pos < s->end ? *s->pos : '\0';
}

static int unexpected(struct json_scan *s)
{
    return json_fail(s, s->pos < s->end ? PN_EFORMAT : PN_ETRUNCATED);
}

/* Returns: whether c stood next. */
static bool expect(struct json_scan *s, char c)
{
    if (peek(s) != c) {
        unexpected(s);
        return false;
    }
    s->pos++;
    return true;
}

static void enter(struct json_scan *s, char bracket)
{
    if (expect(s, bracket))
        s->first = true;
}

/* Returns: whether another member comes rather than the closing bracket. */
static bool has_next(struct json_scan *s, char bracket)
{
    bool first = s->first;

    s->first = false;
    if (peek(s) == bracket) {
        s->pos++;
        return false;
    }
    return first ? peek(s) != '\0' || unexpected(s) == 0 : expect(s, ',');
}

/* The inside of a string, escapes and all. */
static struct bytes take_string(struct json_scan *s)
{
    const char *start;

    if (!expect(s, '"'))
        return (struct bytes){0};
    start = s->pos;
    for (; s->pos < s->end && *s->pos != '"'; s->pos++) {
        if ((unsigned char)*s->pos < 0x20)
            break; /* control characters must be escaped */
        if (*s->pos == '\\' && s->pos + 1 < s->end)
            s->pos++;
    }
    if (s->pos >= s->end || *s->pos != '"') {
        unexpected(s);
        return (struct bytes){0};
    }
    s->pos++;
    return (struct bytes){(const uint8_t *)start, (size_t)(s->pos - 1 - start)};
}

void json_object(struct json_scan *s)
{
    enter(s, '{');
}

bool json_next_key(struct json_scan *s, struct bytes *key)
{
    if (!has_next(s, '}'))
        return false;
    *key = take_string(s);
    return expect(s, ':');
}

bool json_key_is(struct bytes key, const char *name)
{
    return key.len == strlen(name) && memcmp(key.data, name, key.len) == 0;
}

void json_array(struct json_scan *s)
{
    enter(s, '[');
}

bool json_next(struct json_scan *s)
{
    return has_next(s, ']');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_number_part(char c)
{
    return c == '+' || c == '-' || c == '.' || c == 'e' || c == 'E';
}

/* The digits of a whole number without leading zeros, and nothing that would go on with it. */
static uint64_t take_digits(struct json_scan *s)
{
    const char *start = s->pos;
    uint64_t v = 0;

    for (; s->pos < s->end && is_digit(*s->pos); s->pos++) {
        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(*s->pos - '0'), &v))
            goto fail;
    }
    if (s->pos == start || (*start == '0' && s->pos - start > 1))
        goto fail;
    if (s->pos < s->end && is_number_part(*s->pos))
        goto fail;
    return v;
fail:
    unexpected(s);
    return 0;
}

uint64_t json_uint(struct json_scan *s)
{
    skip_space(s);
    return take_digits(s);
}

int64_t json_int(struct json_scan *s)
{
    bool negative = peek(s) == '-';
    uint64_t v;

    if (negative)
        s->pos++;
    v = take_digits(s);
    if (v > (uint64_t)INT64_MAX) {
        json_fail(s, PN_EFORMAT);
        return 0;
    }
    return negative ? -(int64_t)v : (int64_t)v;
}

static bool take_word(struct json_scan *s, const char *word)
{
    size_t len = strlen(word);

    skip_space(s);
    if ((size_t)(s->end - s->pos) < len || memcmp(s->pos, word, len) != 0)
        return false;
    s->pos += len;
    return true;
}

bool json_bool(struct json_scan *s)
{
    if (take_word(s, "true"))
        return true;
    if (!take_word(s, "false"))
        unexpected(s);
    return false;
}

bool json_null(struct json_scan *s)
{
    return take_word(s, "null");
}

const char *json_text(struct json_scan *s, char *out, size_t out_size)
{
    struct bytes text = take_string(s);

    out[0] = '\0';
    if (text.len == 0)
        return out;
    if (text.len >= out_size || memchr(text.data, '\\', text.len)) {
        json_fail(s, PN_EFORMAT);
        return out;
    }
    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
    return out;
}

/* At least one digit. */
static void skip_digits(struct json_scan *s)
{
    const char *start = s->pos;

    while (s->pos < s->end && is_digit(*s->pos))
        s->pos++;
    if (s->pos == start)
        unexpected(s);
}

static bool take_one_of(struct json_scan *s, const char *set)
{
    if (s->pos == s->end || !*s->pos || !strchr(set, *s->pos))
        return false;
    s->pos++;
    return true;
}

/* -1.5e+7, without leading zeros. */
static void skip_number(struct json_scan *s)
{
    take_one_of(s, "-");
    if (!take_one_of(s, "0"))
        skip_digits(s);
    if (take_one_of(s, "."))
        skip_digits(s);
    if (take_one_of(s, "eE")) {
        take_one_of(s, "+-");
        skip_digits(s);
    }
    if (s->pos < s->end && (is_digit(*s->pos) || is_number_part(*s->pos)))
        unexpected(s);
}

static void skip_value(struct json_scan *s, unsigned depth)
{
    struct bytes key;

    if (depth > JSON_MAX_DEPTH) {
        json_fail(s, PN_EFORMAT);
        return;
    }
    switch (peek(s)) {
    case '{':
        json_object(s);
        while (json_next_key(s, &key))
            skip_value(s, depth + 1);
        return;
    case '[':
        json_array(s);
        while (json_next(s))
            skip_value(s, depth + 1);
        return;
    case '"':
        take_string(s);
        return;
    case 't':
    case 'f':
        json_bool(s);
        return;
    case 'n':
        if (!json_null(s))
            unexpected(s);
        return;
    default:
        skip_number(s);
    }
}

void json_skip(struct json_scan *s)
{
    skip_value(s, 0);
}

int json_finish(struct json_scan *s)
{
    skip_space(s);
    if (s->pos < s->end)
        json_fail(s, PN_EFORMAT);
    return s->err;
}
