#include "net/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "crypto/sha256.h"

enum { LABEL_MAX = 63, ONION_V3_CHARS = 56 + sizeof ".onion" - 1 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
}

/* Labels between dots, none empty; one dot at the end is not taken. */
static bool is_name(const char *host)
{
    size_t label = 0;
    bool digits = true; /* nothing but digits in this label so far */

    for (const char *p = host; *p; p++) {
        if (*p == '.') {
            if (label == 0)
                return false;
            label = 0;
            digits = true;
            continue;
        }
        if (!is_name_char(*p) || ++label > LABEL_MAX)
            return false;
        digits = digits && is_digit(*p);
    }
    return label > 0 && !digits;
}

static bool ends_in(const char *host, const char *suffix)
{
    size_t len = strlen(host), tail = strlen(suffix);

    return len > tail && strcmp(host + len - tail, suffix) == 0;
}

/* The last label before ".onion" is the address; what stands before it is the service's matter.
 * Returns: 0, PN_EFORMAT, PN_ENOMEM. */
static int check_onion(const char *host)
{
    struct net_addr addr;
    size_t len = strlen(host);

    if (len < ONION_V3_CHARS || (len > ONION_V3_CHARS && host[len - ONION_V3_CHARS - 1] != '.'))
        return PN_EFORMAT;
    return net_addr_parse(&addr, host + len - ONION_V3_CHARS, 0);
}

static int classify(struct net_target *t)
{
    t->kind = TARGET_NAME;
    if (!is_name(t->host))
        return PN_EFORMAT;
    if (ends_in(t->host, ".i2p"))
        t->kind = TARGET_I2P;
    else if (ends_in(t->host, ".onion"))
        t->kind = TARGET_ONION;
    return t->kind == TARGET_ONION ? check_onion(t->host) : 0;
}

static int parse_port(uint16_t *out, const char *text)
{
    char *end;
    unsigned long v;

    if (!is_digit(*text))
        return PN_EFORMAT;
    v = strtoul(text, &end, 10);
    if (*end != '\0' || v > UINT16_MAX)
        return PN_EFORMAT;
    *out = (uint16_t)v;
    return 0;
}

int net_target_parse(struct net_target *out, const char *text, uint16_t default_port)
{
    const char *colon = strchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : strlen(text);
    struct net_addr addr;

    if (net_addr_parse(&addr, text, default_port) == 0)
        return net_target_from_addr(out, &addr);
    *out = (struct net_target){.port = default_port};
    if (len >= sizeof out->host)
        return PN_EFORMAT;
    for (size_t i = 0; i < len; i++)
        out->host[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + ('a' - 'A') : text[i]);
    if (colon && parse_port(&out->port, colon + 1) < 0)
        return PN_EFORMAT;
    return classify(out);
}

int net_target_from_addr(struct net_target *out, const struct net_addr *a)
{
    char text[NET_ADDR_TEXT_BYTES];
    const char *host = text;
    size_t len;

    *out = (struct net_target){.kind = TARGET_ADDR, .addr = *a, .port = a->port};
    if (a->kind == NET_NONE)
        return PN_EINVAL;
    net_addr_format(text, a);
    len = (size_t)(strrchr(text, ':') - text);
    if (*host == '[') {
        host++;
        len -= 2;
    }
    memcpy(out->host, host, len);
    if (a->kind == NET_TORV3)
        out->kind = TARGET_ONION;
    else if (a->kind == NET_I2P)
        out->kind = TARGET_I2P;
    return out->kind == TARGET_ADDR || strchr(out->host, '.') ? 0 : PN_ENOMEM;
}

bool net_target_equal(const struct net_target *a, const struct net_target *b)
{
    return a->kind == b->kind && a->port == b->port && strcmp(a->host, b->host) == 0;
}

void net_target_stand_in(struct net_addr *out, const struct net_target *t)
{
    static const uint8_t prefix[] = {0xfd, 0x6b, 0x88, 0xc0, 0x87, 0x24};
    uint8_t hash[SHA256_BYTES];

    *out = (struct net_addr){.kind = NET_IPV6, .port = t->port};
    sha256(hash, t->host, strlen(t->host));
    memcpy(out->bytes, prefix, sizeof prefix);
    memcpy(out->bytes + sizeof prefix, hash, 16 - sizeof prefix);
}

const char *net_target_format(char out[NET_TARGET_TEXT_BYTES], const struct net_target *t)
{
    bool colons = strchr(t->host, ':') != NULL;

    snprintf(out, NET_TARGET_TEXT_BYTES, colons ? "[%s]:%u" : "%s:%u", t->host, t->port);
    return out;
}
