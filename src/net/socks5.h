/* The client side of SOCKS5 (RFC 1928, user and password by RFC 1929, Tor's socks-extensions.txt)
 * as a state machine without input or output: whoever drives it writes what socks5_output gives and
 * feeds what arrives to socks5_input, never more than socks5_need, so that the first bytes of the
 * carried stream stay where they are.
 *
 * The proxy is a peer like any other: lengths are unsigned and bounded by the buffers below, and
 * nothing that it sends can reach behind its reply (compare CVE-2017-18350). */
#ifndef NET_SOCKS5_H
#define NET_SOCKS5_H

#include "net/target.h"

#define SOCKS5_FIELD_BYTES 256 /* 255 characters of a user or password, and a terminator */
/* The longest of what is sent: version, user and password, each with its length (RFC 1929). */
#define SOCKS5_OUT_BYTES (1 + 1 + 255 + 1 + 255)
/* The longest of what is received: a reply with a domain name. */
#define SOCKS5_IN_BYTES (4 + 1 + 255 + 2)

enum socks5_command {
    SOCKS5_CONNECT = 0x01,
    SOCKS5_RESOLVE = 0xf0, /* Tor: the address of a name; no stream follows */
};

/* No authentication when the user is empty. */
struct socks5_auth {
    char user[SOCKS5_FIELD_BYTES];
    char password[SOCKS5_FIELD_BYTES];
};

enum socks5_state {
    SOCKS5_METHOD, /* which way to authenticate the proxy has chosen */
    SOCKS5_AUTH,   /* whether it takes the user and the password */
    SOCKS5_CODE,   /* the first two bytes of its reply: how it came out */
    SOCKS5_HEAD,   /* up to the first byte of the address, which may be its length */
    SOCKS5_BODY,   /* the rest of the reply */
    SOCKS5_DONE,
    SOCKS5_BROKEN,
};

struct socks5 {
    enum socks5_state state;
    enum socks5_command command;
    struct net_target to;
    struct socks5_auth auth;
    uint8_t out[SOCKS5_OUT_BYTES];
    size_t out_pos, out_len;
    uint8_t in[SOCKS5_IN_BYTES];
    size_t in_len, in_want; /* of the message that is being received */
    struct net_addr bound;
};

/* Begin; `to` is copied, and so is `auth`, which may be NULL. With a user both methods are offered,
 * and the proxy chooses. Thread: the owner's, as for all of these. */
void socks5_init(struct socks5 *s, enum socks5_command command, const struct net_target *to,
                 const struct socks5_auth *auth);

/* What is to be written now. Returns: the bytes, valid until the next call; *len is 0 when there is
 * nothing to write. */
const uint8_t *socks5_output(const struct socks5 *s, size_t *len);

/* So many of these bytes have been written. */
void socks5_sent(struct socks5 *s, size_t len);

/* How many bytes to read next at most: what is surely part of a reply. */
size_t socks5_need(const struct socks5 *s);

/* Bytes from the proxy. *used tells how many belong to its replies; what follows is not touched.
 * Returns: 0 needs more; 1 done; PN_EPROXY_* or PN_EONION_* when the proxy refused, and
 * PN_EPROXY_PROTO when it does not speak SOCKS5 or speaks before it is asked. */
int socks5_input(struct socks5 *s, size_t *used, const uint8_t *data, size_t len);

/* After it is done: where the proxy's own socket is bound; for SOCKS5_RESOLVE the answer, with port
 * 0. Its kind is NET_NONE when the proxy gave a name. */
const struct net_addr *socks5_bound(const struct socks5 *s);

#endif
