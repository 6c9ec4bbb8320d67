/* Four short messages in turn: greeting and chosen method, credentials and verdict when the proxy
 * wants them, request and reply. A refusal is known from the second byte of the reply and ends it
 * there: Tor sends an address of type 0 behind it, dante one with a name, and neither matters. */
#include "net/socks5.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"

enum {
    VERSION = 5,
    AUTH_VERSION = 1,
    METHOD_NONE = 0x00,
    METHOD_PASSWORD = 0x02,
    METHOD_NOT_ANY = 0xff,
    ATYP_IPV4 = 1,
    ATYP_NAME = 3,
    ATYP_IPV6 = 4,
    MESSAGE_BYTES = 2, /* the chosen method; the verdict; version and code of a reply */
    HEAD_BYTES = 5,    /* version, code, reserved, type, first byte of the address */
    PORT_BYTES = 2,
    ADDRESS_AT = 4,
};

static void put_u8(struct socks5 *s, uint8_t v)
{
    s->out[s->out_len++] = v;
}

static void put(struct socks5 *s, const void *data, size_t len)
{
    memcpy(s->out + s->out_len, data, len);
    s->out_len += len;
}

/* Text of at most 255 characters, its length first. */
static void put_text(struct socks5 *s, const char *text)
{
    size_t len = strlen(text);

    assert(len < SOCKS5_FIELD_BYTES);
    put_u8(s, (uint8_t)len);
    put(s, text, len);
}

static void next_message(struct socks5 *s, enum socks5_state state)
{
    s->state = state;
    s->in_len = 0;
    s->in_want = MESSAGE_BYTES;
    s->out_pos = s->out_len = 0;
}

void socks5_init(struct socks5 *s, enum socks5_command command, const struct net_target *to,
                 const struct socks5_auth *auth)
{
    *s = (struct socks5){.command = command, .to = *to};
    if (auth)
        s->auth = *auth;
    next_message(s, SOCKS5_METHOD);
    put_u8(s, VERSION);
    put_u8(s, s->auth.user[0] ? 2 : 1);
    put_u8(s, METHOD_NONE);
    if (s->auth.user[0])
        put_u8(s, METHOD_PASSWORD);
}

const uint8_t *socks5_output(const struct socks5 *s, size_t *len)
{
    *len = s->out_len - s->out_pos;
    return s->out + s->out_pos;
}

void socks5_sent(struct socks5 *s, size_t len)
{
    assert(len <= s->out_len - s->out_pos);
    s->out_pos += len;
}

size_t socks5_need(const struct socks5 *s)
{
    return s->in_want - s->in_len;
}

const struct net_addr *socks5_bound(const struct socks5 *s)
{
    return &s->bound;
}

/* Numbers go as numbers, everything else by name: the proxy resolves it, not we. */
static void ask(struct socks5 *s)
{
    const struct net_target *to = &s->to;
    uint8_t port[PORT_BYTES];

    next_message(s, SOCKS5_CODE);
    put_u8(s, VERSION);
    put_u8(s, (uint8_t)s->command);
    put_u8(s, 0);
    if (to->kind == TARGET_ADDR) {
        put_u8(s, to->addr.kind == NET_IPV4 ? ATYP_IPV4 : ATYP_IPV6);
        put(s, to->addr.bytes, net_addr_len(to->addr.kind));
    } else {
        put_u8(s, ATYP_NAME);
        put_text(s, to->host);
    }
    store_be16(port, s->command == SOCKS5_RESOLVE ? 0 : to->port);
    put(s, port, sizeof port);
}

static int on_method(struct socks5 *s)
{
    if (s->in[0] != VERSION)
        return PN_EPROXY_PROTO;
    switch (s->in[1]) {
    case METHOD_NONE:
        ask(s);
        return 0;
    case METHOD_PASSWORD:
        if (!s->auth.user[0])
            return PN_EPROXY_PROTO; /* it was not offered */
        next_message(s, SOCKS5_AUTH);
        put_u8(s, AUTH_VERSION);
        put_text(s, s->auth.user);
        put_text(s, s->auth.password);
        return 0;
    case METHOD_NOT_ANY:
        return PN_EPROXY_METHOD;
    default:
        return PN_EPROXY_PROTO;
    }
}

static int on_auth(struct socks5 *s)
{
    if (s->in[0] != AUTH_VERSION)
        return PN_EPROXY_PROTO;
    if (s->in[1] != 0)
        return PN_EPROXY_AUTH;
    ask(s);
    return 0;
}

/* RFC 1928, section 6; from 0xf0 on Tor's ExtendedErrors. */
static int error_of(uint8_t code)
{
    static const int errors[UINT8_MAX + 1] = {
        [0x01] = PN_EPROXY_FAILED,     [0x02] = PN_EPROXY_DENIED,  [0x03] = PN_EPROXY_NETWORK,
        [0x04] = PN_EPROXY_HOST,       [0x05] = PN_EPROXY_REFUSED, [0x06] = PN_EPROXY_TTL,
        [0x07] = PN_EPROXY_COMMAND,    [0x08] = PN_EPROXY_ATYP,    [0xf0] = PN_EONION_NOTFOUND,
        [0xf1] = PN_EONION_DESCRIPTOR, [0xf2] = PN_EONION_INTRO,   [0xf3] = PN_EONION_RENDEZVOUS,
        [0xf4] = PN_EONION_AUTH,                                 /* credentials are missing */
        [0xf5] = PN_EONION_AUTH,                                 /* credentials are wrong */
        [0xf6] = PN_EONION_ADDRESS,    [0xf7] = PN_EONION_INTRO, /* timed out */
    };

    return errors[code] ? errors[code] : PN_EPROXY_CODE;
}

static int on_code(struct socks5 *s)
{
    if (s->in[0] != VERSION)
        return PN_EPROXY_PROTO;
    if (s->in[1] != 0)
        return error_of(s->in[1]);
    s->state = SOCKS5_HEAD;
    s->in_want = HEAD_BYTES;
    return 0;
}

static int on_head(struct socks5 *s)
{
    size_t address_len;

    if (s->in[2] != 0)
        return PN_EPROXY_PROTO;
    switch (s->in[3]) {
    case ATYP_IPV4:
        address_len = net_addr_len(NET_IPV4);
        break;
    case ATYP_IPV6:
        address_len = net_addr_len(NET_IPV6);
        break;
    case ATYP_NAME:
        address_len = 1 + (size_t)s->in[ADDRESS_AT];
        break;
    default:
        return PN_EPROXY_PROTO;
    }
    s->state = SOCKS5_BODY;
    s->in_want = ADDRESS_AT + address_len + PORT_BYTES;
    return 0;
}

static int on_body(struct socks5 *s)
{
    const uint8_t *address = s->in + ADDRESS_AT;
    uint16_t port = load_be16(s->in + s->in_len - PORT_BYTES);

    if (s->in[3] == ATYP_IPV6) {
        net_addr_from_ipv6_bytes(&s->bound, address, port);
    } else if (s->in[3] == ATYP_IPV4) {
        s->bound = (struct net_addr){.kind = NET_IPV4, .port = port};
        memcpy(s->bound.bytes, address, net_addr_len(NET_IPV4));
    } else if (s->command == SOCKS5_RESOLVE) {
        return PN_EPROXY_PROTO; /* an address was asked for */
    }
    if (s->command == SOCKS5_RESOLVE)
        s->bound.port = 0;
    next_message(s, SOCKS5_DONE);
    s->in_want = 0;
    return 1;
}

/* As many bytes as were wanted are there. */
static int on_complete(struct socks5 *s)
{
    switch (s->state) {
    case SOCKS5_METHOD:
        return on_method(s);
    case SOCKS5_AUTH:
        return on_auth(s);
    case SOCKS5_CODE:
        return on_code(s);
    case SOCKS5_HEAD:
        return on_head(s);
    case SOCKS5_BODY:
        return on_body(s);
    case SOCKS5_DONE:
    case SOCKS5_BROKEN:
        break;
    }
    return PN_EPROXY_PROTO;
}

int socks5_input(struct socks5 *s, size_t *used, const uint8_t *data, size_t len)
{
    int rc = 0;

    *used = 0;
    if (s->state == SOCKS5_DONE)
        return 1;
    while (rc == 0 && *used < len) {
        size_t n = socks5_need(s) < len - *used ? socks5_need(s) : len - *used;

        if (s->out_pos < s->out_len || n == 0) {
            rc = PN_EPROXY_PROTO; /* an answer to what was not asked yet, or after a failure */
            break;
        }
        memcpy(s->in + s->in_len, data + *used, n);
        s->in_len += n;
        *used += n;
        if (s->in_len == s->in_want)
            rc = on_complete(s);
    }
    if (rc < 0) {
        next_message(s, SOCKS5_BROKEN);
        s->in_want = 0;
    }
    return rc;
}
