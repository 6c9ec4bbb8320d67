/* HELLO, then SESSION CREATE; or HELLO, NAMING LOOKUP and STREAM CONNECT. The router answers each
 * line with one line. A refused HELLO is a matter of the version, a refused NAMING of the name. */
#include "net/sam.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "net/sam_reply.h"

static void __attribute__((format(printf, 3, 4)))
say(struct sam *s, enum sam_state state, const char *fmt, ...)
{
    va_list ap;
    int len;

    s->state = state;
    s->in_len = 0;
    s->out_pos = 0;
    va_start(ap, fmt);
    len = vsnprintf(s->out, sizeof s->out, fmt, ap);
    va_end(ap);
    assert(len >= 0 && (size_t)len < sizeof s->out);
    s->out_len = (size_t)len;
}

static void end(struct sam *s, enum sam_state state)
{
    s->state = state;
    s->in_len = 0;
    s->out_pos = s->out_len = 0;
}

static void begin(struct sam *s, const char *id)
{
    s->host[0] = s->options[0] = '\0';
    snprintf(s->id, sizeof s->id, "%s", id);
    say(s, SAM_HELLO, "HELLO VERSION MIN=3.1 MAX=3.1\n");
}

void sam_init_session(struct sam *s, const char *id, const char *options)
{
    begin(s, id);
    assert(strlen(options) < sizeof s->options);
    snprintf(s->options, sizeof s->options, "%s", options);
}

void sam_init_stream(struct sam *s, const char *id, const struct net_target *to)
{
    assert(to->kind == TARGET_I2P);
    begin(s, id);
    snprintf(s->host, sizeof s->host, "%s", to->host);
}

const uint8_t *sam_output(const struct sam *s, size_t *len)
{
    *len = s->out_len - s->out_pos;
    return (const uint8_t *)s->out + s->out_pos;
}

void sam_sent(struct sam *s, size_t len)
{
    assert(len <= s->out_len - s->out_pos);
    s->out_pos += len;
}

size_t sam_need(const struct sam *s)
{
    if (s->state == SAM_DONE || s->state == SAM_BROKEN)
        return 0;
    return s->state == SAM_STREAM ? 1 : sizeof s->in - s->in_len;
}

/* Signature type 7 is Ed25519, lease set encryption 4 is ECIES with ElGamal (0) beside it: what
 * Bitcoin Core asks for, too. */
static int on_hello(struct sam *s)
{
    int rc = sam_reply_is(s->in, "HELLO REPLY") ? sam_reply_result(s->in) : PN_EPROXY_PROTO;

    if (rc < 0)
        return rc;
    if (s->host[0])
        say(s, SAM_NAMING, "NAMING LOOKUP NAME=%s\n", s->host);
    else
        say(s, SAM_SESSION,
            "SESSION CREATE STYLE=STREAM ID=%s DESTINATION=TRANSIENT SIGNATURE_TYPE=7 "
            "i2cp.leaseSetEncType=4,0%s%s\n",
            s->id, s->options[0] ? " " : "", s->options);
    return 0;
}

static int on_session(struct sam *s)
{
    int rc = sam_reply_is(s->in, "SESSION STATUS") ? sam_reply_result(s->in) : PN_EPROXY_PROTO;

    return rc < 0 ? rc : 1;
}

static int on_naming(struct sam *s)
{
    static const char base64[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~=";
    int rc = sam_reply_is(s->in, "NAMING REPLY") ? sam_reply_result(s->in) : PN_EPROXY_PROTO;
    const char *value;
    size_t len;

    if (rc < 0)
        return rc;
    value = sam_reply_value(&len, s->in, "VALUE");
    if (!value || len == 0 || strspn(value, base64) < len)
        return PN_EPROXY_PROTO;
    say(s, SAM_STREAM, "STREAM CONNECT ID=%s DESTINATION=%.*s SILENT=false\n", s->id, (int)len,
        value);
    return 0;
}

static int on_stream(struct sam *s)
{
    int rc = sam_reply_is(s->in, "STREAM STATUS") ? sam_reply_result(s->in) : PN_EPROXY_PROTO;

    return rc < 0 ? rc : 1;
}

static int on_line(struct sam *s)
{
    switch (s->state) {
    case SAM_HELLO:
        return on_hello(s);
    case SAM_SESSION:
        return on_session(s);
    case SAM_NAMING:
        return on_naming(s);
    case SAM_STREAM:
        return on_stream(s);
    case SAM_DONE:
    case SAM_BROKEN:
        break;
    }
    return PN_EPROXY_PROTO;
}

/* One byte of a reply. A line ends at its newline; a zero byte would end the text before that. */
static int take(struct sam *s, char c)
{
    if (s->out_pos < s->out_len || s->state == SAM_BROKEN || c == '\0')
        return PN_EPROXY_PROTO;
    if (c != '\n') {
        if (s->in_len == sizeof s->in - 1)
            return PN_EPROXY_PROTO;
        s->in[s->in_len++] = c;
        return 0;
    }
    s->in[s->in_len] = '\0';
    return on_line(s);
}

int sam_input(struct sam *s, size_t *used, const uint8_t *data, size_t len)
{
    int rc = 0;

    *used = 0;
    if (s->state == SAM_DONE)
        return 1;
    while (rc == 0 && *used < len)
        rc = take(s, (char)data[(*used)++]);
    if (rc != 0)
        end(s, rc < 0 ? SAM_BROKEN : SAM_DONE);
    return rc;
}
