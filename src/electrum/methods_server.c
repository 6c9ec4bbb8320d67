/* server.*: who we are and whom we know. */
#include "codec/hex.h"
#include "electrum/internal.h"
#include "electrum/jsonrpc/answer.h"
#include "electrum/version.h"

enum { CLIENT_NAME_MAX = 200 };

static struct electrum_caller *caller_of(struct jrpc_call *c)
{
    return c->context;
}

/* One string is the only version the client speaks; a pair is a range. */
static bool read_versions(struct jrpc_call *c, unsigned *least, unsigned *most)
{
    const cJSON *v = jrpc_param(c, 1);

    *least = *most = PROTOCOL_MIN;
    if (!v)
        return true;
    if (cJSON_IsString(v)) {
        *least = *most = protocol_parse(v->valuestring);
    } else if (cJSON_IsArray(v) && cJSON_GetArraySize(v) == 2 && cJSON_IsString(v->child) &&
               cJSON_IsString(v->child->next)) {
        *least = protocol_parse(v->child->valuestring);
        *most = protocol_parse(v->child->next->valuestring);
    } else {
        *most = 0;
    }
    return *least && *most;
}

/* Ports by host, as the operator announces them; none by default. */
static void put_hosts(struct buf *out, const struct electrum *e)
{
    buf_puts(out, "{");
    for (unsigned i = 0; i < e->config.n_announce; i++) {
        const struct electrum_host *h = &e->config.announce[i];

        buf_puts(out, i ? ", " : "");
        jrpc_put_text(out, h->name);
        buf_puts(out, ": {");
        if (h->tcp_port)
            buf_printf(out, "\"tcp_port\": %u%s", h->tcp_port, h->ssl_port ? ", " : "");
        if (h->ssl_port)
            buf_printf(out, "\"ssl_port\": %u", h->ssl_port);
        buf_puts(out, "}");
    }
    buf_puts(out, "}");
}

void put_features(struct buf *out, const struct electrum *e)
{
    char genesis[65], least[PROTOCOL_TEXT_BYTES], most[PROTOCOL_TEXT_BYTES];

    hash_to_hex(genesis, e->config.genesis_hash);
    buf_puts(out, "{\"hosts\": ");
    put_hosts(out, e);
    buf_puts(out, ", \"server_version\": ");
    jrpc_put_text(out, e->software);
    buf_printf(out,
               ", \"protocol_min\": \"%s\", \"protocol_max\": \"%s\", \"genesis_hash\": \"%s\", "
               "\"hash_function\": \"sha256\", \"pruning\": null, "
               "\"services\": [\"headers\", \"peers\", \"broadcast\", \"merkle\"]}",
               protocol_format(least, PROTOCOL_MIN), protocol_format(most, PROTOCOL_MAX), genesis);
}

void call_server_version(struct jrpc_call *c)
{
    struct electrum_caller *who = caller_of(c);
    const char *name = "";
    char text[PROTOCOL_TEXT_BYTES];
    unsigned least, most, version;

    if (who->session->protocol) {
        jrpc_fail(c, ELECTRUM_BAD_REQUEST, "server.version already sent");
        return;
    }
    who->part = true;
    if (!jrpc_param_text(c, &name, 0, CLIENT_NAME_MAX))
        return;
    version = read_versions(c, &least, &most) ? protocol_negotiate(least, most) : 0;
    if (!version) {
        jrpc_fail(c, ELECTRUM_BAD_REQUEST,
                  "unsupported protocol version: 1.4 to 1.6 are spoken here");
        return;
    }
    who->part = false;
    who->session->protocol = who->protocol = version;
    buf_puts(c->result, "[");
    jrpc_put_text(c->result, who->e->software);
    buf_printf(c->result, ", \"%s\"]", protocol_format(text, version));
}

void call_server_ping(struct jrpc_call *c)
{
    buf_puts(c->result, "null");
}

void call_server_banner(struct jrpc_call *c)
{
    struct electrum *e = caller_of(c)->e;

    mutex_lock(&e->texts_mu);
    jrpc_put_text(c->result, e->banner ? e->banner : "");
    mutex_unlock(&e->texts_mu);
}

void call_server_donation_address(struct jrpc_call *c)
{
    struct electrum *e = caller_of(c)->e;

    mutex_lock(&e->texts_mu);
    jrpc_put_text(c->result, e->donation_address ? e->donation_address : "");
    mutex_unlock(&e->texts_mu);
}

void call_server_features(struct jrpc_call *c)
{
    put_features(c->result, caller_of(c)->e);
}
