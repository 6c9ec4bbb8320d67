#include "electrum/jsonrpc/answer.h"

#include <inttypes.h>

static void put_escaped(struct buf *out, unsigned char c)
{
    switch (c) {
    case '"':
        buf_puts(out, "\\\"");
        break;
    case '\\':
        buf_puts(out, "\\\\");
        break;
    case '\n':
        buf_puts(out, "\\n");
        break;
    case '\r':
        buf_puts(out, "\\r");
        break;
    case '\t':
        buf_puts(out, "\\t");
        break;
    default:
        buf_printf(out, "\\u%04x", c);
        break;
    }
}

/* Bytes of a well-formed multi-byte character, by its first byte and continuations; 0 for others.
 */
static size_t multibyte(const unsigned char *p)
{
    size_t n = p[0] >= 0xf0 && p[0] <= 0xf4 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc2 ? 2 : 0;

    if (p[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80) /* also ends at the terminator */
            return 0;
    return n;
}

void jrpc_put_text(struct buf *out, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;

    buf_append(out, "\"", 1);
    while (*p) {
        const unsigned char *plain = p;

        while (*p >= 0x20 && *p < 0x7f && *p != '"' && *p != '\\')
            p++;
        if (p > plain)
            buf_append(out, plain, (size_t)(p - plain));
        if (*p >= 0x80) {
            size_t n = multibyte(p);

            if (n)
                buf_append(out, p, n);
            else
                buf_puts(out, "\\ufffd");
            p += n ? n : 1;
        } else if (*p) {
            put_escaped(out, *p++);
        }
    }
    buf_append(out, "\"", 1);
}

void jrpc_put_id(struct buf *out, const cJSON *id)
{
    if (cJSON_IsString(id))
        jrpc_put_text(out, id->valuestring);
    else if (cJSON_IsNumber(id))
        buf_printf(out, "%" PRId64, (int64_t)id->valuedouble);
    else
        buf_puts(out, "null");
}

void jrpc_begin_result(struct buf *out, enum jrpc_version version)
{
    buf_puts(out, version == JRPC_V2 ? "{\"jsonrpc\": \"2.0\", \"result\": " : "{\"result\": ");
}

void jrpc_end_result(struct buf *out, enum jrpc_version version, const cJSON *id)
{
    buf_puts(out, version == JRPC_V2 ? ", \"id\": " : ", \"error\": null, \"id\": ");
    jrpc_put_id(out, id);
    buf_append(out, "}", 1);
}

void jrpc_put_error(struct buf *out, enum jrpc_version version, const cJSON *id, int code,
                    const char *message)
{
    buf_puts(out, version == JRPC_V2 ? "{\"jsonrpc\": \"2.0\", " : "{\"result\": null, ");
    buf_printf(out, "\"error\": {\"code\": %d, \"message\": ", code);
    jrpc_put_text(out, message);
    buf_puts(out, "}, \"id\": ");
    jrpc_put_id(out, id);
    buf_append(out, "}", 1);
}

static void put_method(struct buf *out, const char *method, struct bytes params)
{
    buf_puts(out, "\"method\": ");
    jrpc_put_text(out, method);
    buf_puts(out, ", \"params\": ");
    buf_append(out, params.data, params.len);
}

void jrpc_put_notification(struct buf *out, enum jrpc_version version, const char *method,
                           struct bytes params)
{
    buf_puts(out, version == JRPC_V2 ? "{\"jsonrpc\": \"2.0\", " : "{");
    put_method(out, method, params);
    buf_puts(out, version == JRPC_V2 ? "}" : ", \"id\": null}");
}

void jrpc_put_request(struct buf *out, uint64_t id, const char *method, struct bytes params)
{
    buf_puts(out, "{\"jsonrpc\": \"2.0\", ");
    put_method(out, method, params);
    buf_printf(out, ", \"id\": %" PRIu64 "}", id);
}
