/* The client side of SAM 3.1 (geti2p.net/en/docs/api/samv3), the line protocol with which an I2P
 * router carries streams, as a state machine without input or output; driven like net/socks5.h.
 *
 * A session is made on a connection of its own and lasts as long as that stays open. Each stream
 * then takes another connection and names the session. Going out, it has the router look the name
 * up, and becomes the stream once the router has said so. Coming in, it waits until the router says
 * who calls, and is the stream from there on. Bitcoin Core's i2p.cpp does it in the same order.
 *
 * Replies are lines of printable ASCII with a bound. What a reply says is never written back but
 * for the destination found, and that only when it is I2P's base64 to the last character. */
#ifndef NET_SAM_H
#define NET_SAM_H

#include <stddef.h>
#include <stdint.h>

#include "net/target.h"

#define SAM_ID_BYTES 17 /* 16 characters and a terminator */
/* A destination has 516 characters of base64 or, with a large key certificate, some hundred more;
 * the private one in the answer to SESSION CREATE about twice that. */
#define SAM_LINE_BYTES 4096
/* Room for STREAM CONNECT with a destination. */
#define SAM_OUT_BYTES (SAM_LINE_BYTES + 128)
/* What an operator adds to SESSION CREATE, such as "inbound.length=2". */
#define SAM_OPTIONS_BYTES 256
/* The text of a private key, with a terminator. */
#define SAM_KEY_BYTES 3072

enum sam_state {
    SAM_HELLO,
    SAM_GENERATE,
    SAM_SESSION, /* the router builds tunnels, which takes up to minutes */
    SAM_NAMING,
    SAM_STREAM,
    SAM_ACCEPT,
    SAM_CALLER, /* for as long as nobody calls */
    SAM_DONE,
    SAM_BROKEN,
};

/* What the conversation is for. */
enum sam_purpose { SAM_FOR_KEY, SAM_FOR_SESSION, SAM_FOR_STREAM, SAM_FOR_CALLER };

struct sam {
    enum sam_purpose purpose;
    enum sam_state state;
    char id[SAM_ID_BYTES];
    char host[NET_HOST_BYTES];       /* of a stream */
    char options[SAM_OPTIONS_BYTES]; /* of a session */
    const char *key;                 /* of a session; borrowed */
    char out[SAM_OUT_BYTES];
    size_t out_pos, out_len;
    char in[SAM_LINE_BYTES];
    size_t in_len;
    const char *value; /* in `in`: see sam_value */
    size_t value_len;
};

/* A new private key. Thread: the owner's, as for all of these. */
void sam_init_key(struct sam *s);

/* A session with the destination of a private key (at most SAM_KEY_BYTES, which outlives the
 * machine) or, with NULL, with a new one that nobody can know again; `options` is appended to the
 * command. */
void sam_init_session(struct sam *s, const char *id, const char *key, const char *options);

/* A stream to a "….i2p" name in the session `id`. SAM 3.1 has no ports: the target's is ignored. */
void sam_init_stream(struct sam *s, const char *id, const struct net_target *to);

/* The next stream that somebody opens to the session's destination. */
void sam_init_caller(struct sam *s, const char *id);

/* When it is done: the private key that was made, or the caller's destination; I2P's base64, not
 * terminated. Good until the machine is used again. */
const char *sam_value(const struct sam *s, size_t *len);

/* As of net/socks5.h. Only the last reply of a stream can have other bytes behind it, so only there
 * sam_need is 1. */
const uint8_t *sam_output(const struct sam *s, size_t *len);
void sam_sent(struct sam *s, size_t len);
size_t sam_need(const struct sam *s);

/* Bytes from the router. *used tells how many belong to its replies. Returns: 0 needs more; 1 done;
 * PN_ESAM_* when the router refused (PN_ESAM_SESSION: the session must be made anew), PN_ETIMEDOUT
 * when the router waited in vain, PN_EPROXY_PROTO when it does not speak SAM. */
int sam_input(struct sam *s, size_t *used, const uint8_t *data, size_t len);

#endif
