/* HELLO, then one of: DEST GENERATE; SESSION CREATE; NAMING LOOKUP and STREAM CONNECT; STREAM
 * ACCEPT. The router answers each line with one line, and STREAM ACCEPT with a second one when
 * somebody calls. A refused HELLO is a matter of the version, a refused NAMING of the name. */
#include "net/sam.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
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

static void begin(struct sam *s, enum sam_purpose purpose, const char *id)
{
    s->purpose = purpose;
    s->host[0] = s->options[0] = '\0';
    s->key = s->value = NULL;
    s->value_len = 0;
    snprintf(s->id, sizeof s->id, "%s", id);
    say(s, SAM_HELLO, "HELLO VERSION MIN=3.1 MAX=3.1\n");
}

void sam_init_key(struct sam *s)
{
    begin(s, SAM_FOR_KEY, "");
}

void sam_init_session(struct sam *s, const char *id, const char *key, const char *options)
{
    begin(s, SAM_FOR_SESSION, id);
    assert(strlen(options) < sizeof s->options && (!key || strlen(key) < SAM_KEY_BYTES));
    snprintf(s->options, sizeof s->options, "%s", options);
    s->key = key;
}

void sam_init_stream(struct sam *s, const char *id, const struct net_target *to)
{
    assert(to->kind == TARGET_I2P);
    begin(s, SAM_FOR_STREAM, id);
    snprintf(s->host, sizeof s->host, "%s", to->host);
}

void sam_init_caller(struct sam *s, const char *id)
{
    begin(s, SAM_FOR_CALLER, id);
}

const char *sam_value(const struct sam *s, size_t *len)
{
    *len = s->value_len;
    return s->value;
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
    return s->state == SAM_STREAM || s->state == SAM_ACCEPT || s->state == SAM_CALLER
               ? 1
               : sizeof s->in - s->in_len;
}

/* Signature type 7 is Ed25519, lease set encryption 4 is ECIES with ElGamal (0) beside it: what
 * Bitcoin Core asks for, too. */
static int on_hello(struct sam *s)
{
    int rc = sam_reply_is(s->in, "HELLO REPLY") ? sam_reply_result(s->in) : PN_EPROXY_PROTO;

    if (rc < 0)
        return rc;
    switch (s->purpose) {
    case SAM_FOR_KEY:
        say(s, SAM_GENERATE, "DEST GENERATE SIGNATURE_TYPE=7\n");
        break;
    case SAM_FOR_SESSION:
        say(s, SAM_SESSION,
            "SESSION CREATE STYLE=STREAM ID=%s DESTINATION=%s i2cp.leaseSetEncType=4,0%s%s\n",
            s->id, s->key ? s->key : "TRANSIENT SIGNATURE_TYPE=7", s->options[0] ? " " : "",
            s->options);
        break;
    case SAM_FOR_STREAM:
        say(s, SAM_NAMING, "NAMING LOOKUP NAME=%s\n", s->host);
        break;
    case SAM_FOR_CALLER:
        say(s, SAM_ACCEPT, "STREAM ACCEPT ID=%s SILENT=false\n", s->id);
        break;
    }
    return 0;
}

/* Keep a value that is I2P's base64 to the last character. */
static bool keep_value(struct sam *s, const char *value, size_t len)
{
    static const char base64[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~=";

    s->value = value;
    s->value_len = len;
    return value && len > 0 && strspn(value, base64) >= len;
}

static int on_key(struct sam *s)
{
    size_t len = 0;
    const char *value =
        sam_reply_is(s->in, "DEST REPLY") ? sam_reply_value(&len, s->in, "PRIV") : NULL;

    return keep_value(s, value, len) && len < SAM_KEY_BYTES ? 1 : PN_EPROXY_PROTO;
}

static int on_session(struct sam *s)
{
    int rc = sam_reply_is(s->in, "SESSION STATUS") ? sam_reply_result(s->in) : PN_EPROXY_PROTO;

    return rc < 0 ? rc : 1;
}

static int on_naming(struct sam *s)
{
    int rc = sam_reply_is(s->in, "NAMING REPLY") ? sam_reply_result(s->in) : PN_EPROXY_PROTO;
    const char *value;
    size_t len;

    if (rc < 0)
        return rc;
    value = sam_reply_value(&len, s->in, "VALUE");
    if (!keep_value(s, value, len))
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

static int on_accept(struct sam *s)
{
    int rc = on_stream(s);

    if (rc < 0)
        return rc;
    end(s, SAM_CALLER);
    return 0;
}

/* The destination; newer routers say the ports behind it. An older router that cannot go on says so
 * in a line of the other kind. */
static int on_caller(struct sam *s)
{
    if (sam_reply_is(s->in, "STREAM STATUS")) {
        int rc = sam_reply_result(s->in);

        return rc < 0 ? rc : PN_EPROXY_PROTO;
    }
    return keep_value(s, s->in, strcspn(s->in, " ")) ? 1 : PN_EPROXY_PROTO;
}

static int on_line(struct sam *s)
{
    switch (s->state) {
    case SAM_HELLO:
        return on_hello(s);
    case SAM_GENERATE:
        return on_key(s);
    case SAM_SESSION:
        return on_session(s);
    case SAM_NAMING:
        return on_naming(s);
    case SAM_STREAM:
        return on_stream(s);
    case SAM_ACCEPT:
        return on_accept(s);
    case SAM_CALLER:
        return on_caller(s);
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
