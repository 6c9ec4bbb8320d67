#include "app/option_syntax.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/config_file.h"

static bool only_digits(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0';
}

/* A decimal number without sign of at most max_digits, or -1. */
static long small_number(const char *text, size_t max_digits)
{
    return only_digits(text) && strlen(text) <= max_digits ? strtol(text, NULL, 10) : -1;
}

/* Whether the first `len` characters are a numeric address of the family. */
static bool is_address(int family, const char *text, size_t len)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr addr;

    if (len >= sizeof copy)
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return inet_pton(family, copy, &addr) == 1;
}

static const char *not_an_address(const char *text)
{
    bool named = false;

    for (const char *at = text; *at && *at != ':'; at++)
        named = named || (isalpha((unsigned char)*at) && !isxdigit((unsigned char)*at));
    return named ? "a name: only numeric addresses are accepted, names are not resolved"
                 : "not a numeric IPv4 or IPv6 address";
}

static const char *check_port(const char *text, bool zero_port_allowed)
{
    long port = small_number(text, 5);

    if (port < 0 || port > UINT16_MAX)
        return "without a port between 1 and 65535 after the colon";
    if (port == 0 && !zero_port_allowed)
        return "with port 0, which nobody can be reached on";
    return NULL;
}

const char *option_check_address(const char *text, enum option_port port, bool zero_port_allowed)
{
    const char *colon;
    size_t len;

    if (*text == '[') {
        const char *close = strchr(text, ']');

        if (!close || !is_address(AF_INET6, text + 1, (size_t)(close - text) - 1))
            return "not an IPv6 address in brackets";
        colon = close + 1;
        if (*colon && *colon != ':')
            return "followed by something other than :PORT";
    } else if (is_address(AF_INET6, text, strlen(text))) {
        return port == OPTION_PORT_REQUIRED ? "without a port: write [ADDR]:PORT" : NULL;
    } else {
        len = strcspn(text, ":");
        if (!is_address(AF_INET, text, len))
            return not_an_address(text);
        colon = text + len;
    }
    if (*colon)
        return check_port(colon + 1, zero_port_allowed);
    return port == OPTION_PORT_REQUIRED ? "without a port: write ADDR:PORT" : NULL;
}

const char *option_check_subnet(const char *text)
{
    size_t len = strcspn(text, "/");
    long bits, max_bits = 32;

    if (!is_address(AF_INET, text, len)) {
        if (!is_address(AF_INET6, text, len))
            return "not a numeric subnet such as 10.0.0.0/8 or fd00::/8";
        max_bits = 128;
    }
    if (!text[len])
        return NULL;
    bits = small_number(text + len + 1, 3);
    if (bits < 0 || bits > max_bits)
        return max_bits == 32 ? "without a prefix length between 0 and 32 after the slash"
                              : "without a prefix length between 0 and 128 after the slash";
    return NULL;
}

const char *option_check_hex(const char *text, size_t max_bytes)
{
    size_t len = strspn(text, "0123456789abcdefABCDEF");

    if (text[len] || len == 0 || len % 2)
        return "not a whole number of bytes in hexadecimal";
    return len / 2 > max_bytes ? "too long" : NULL;
}

const char *option_check_comment(const char *text, size_t max_chars)
{
    size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                              " .,;-_?@");

    if (text[len])
        return "not made of letters, digits, spaces and .,;-_?@ only";
    return len > max_chars ? "too long" : NULL;
}

const char *option_check_writable(const char *text)
{
    size_t len = strlen(text);

    for (const char *at = text; *at; at++) {
        if (iscntrl((unsigned char)*at))
            return "not usable: it contains a control character";
        if (*at == ';' && (at == text || isspace((unsigned char)at[-1])))
            return "not usable: a configuration file takes a blank and a semicolon for a comment";
    }
    if (len > 0 && (isspace((unsigned char)text[0]) || isspace((unsigned char)text[len - 1])))
        return "not usable: it begins or ends in a blank";
    return len > CONFIG_VALUE_MAX_BYTES ? "too long" : NULL;
}
