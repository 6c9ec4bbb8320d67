#include "electrum/peers/check.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/random.h"
#include "codec/hex.h"
#include "electrum/jsonrpc/answer.h"

/* Also the ids of the requests. */
enum check_request { ASK_VERSION, ASK_TIP, ASK_FEATURES, ASK_PEERS, ASK_HEADER, ASK_ADD, ASKS };

void check_init(struct check *c, const struct check_setup *setup)
{
    *c = (struct check){.setup = *setup};
    c->verdict.kind = VERDICT_FAILED;
}

static void ask(struct check *c, struct buf *out, enum check_request what, const char *method,
                const char *params)
{
    c->waiting |= 1u << what;
    jrpc_put_request(out, what, method, (struct bytes){(const uint8_t *)params, strlen(params)});
    buf_puts(out, "\n");
}

void check_begin(struct check *c, struct buf *out)
{
    struct buf params;

    buf_init(&params, 256);
    buf_puts(&params, "[");
    jrpc_put_text(&params, c->setup.software);
    buf_puts(&params, ", [\"1.4\", \"1.6\"]]");
    if (buf_cstr(&params))
        ask(c, out, ASK_VERSION, "server.version", buf_cstr(&params));
    buf_free(&params);
}

void check_fail(struct check *c, const char *reason)
{
    if (c->verdict.reason[0] || c->verdict.kind != VERDICT_FAILED)
        return;
    snprintf(c->verdict.reason, sizeof c->verdict.reason, "%s", reason);
}

/* Its word is false. */
static int bad(struct check *c, const char *reason)
{
    c->verdict.kind = VERDICT_BAD;
    snprintf(c->verdict.reason, sizeof c->verdict.reason, "%s", reason);
    return PN_EPROTO;
}

/* --- the answers --- */

static int on_version(struct check *c, struct buf *out, const cJSON *r)
{
    const cJSON *software = cJSON_GetArrayItem(r, 0), *version = cJSON_GetArrayItem(r, 1);

    if (!cJSON_IsArray(r) || cJSON_GetArraySize(r) != 2 || !cJSON_IsString(software) ||
        !cJSON_IsString(version))
        return bad(c, "bad answer to server.version");
    snprintf(c->verdict.software, sizeof c->verdict.software, "%.60s", software->valuestring);
    ask(c, out, ASK_TIP, "blockchain.headers.subscribe", "[]");
    ask(c, out, ASK_FEATURES, "server.features", "[]");
    ask(c, out, ASK_PEERS, "server.peers.subscribe", "[]");
    return 0;
}

static int on_tip(struct check *c, struct buf *out, const cJSON *r)
{
    const cJSON *height = cJSON_GetObjectItemCaseSensitive(r, "height");
    const struct electrum_chain *chain = c->setup.chain;
    struct electrum_tip tip;
    char params[32];
    int64_t theirs, ours, lower;

    if (!cJSON_IsObject(r) || !cJSON_IsNumber(height) || !(height->valuedouble >= 0) ||
        height->valuedouble > UINT32_MAX)
        return bad(c, "bad answer to headers.subscribe");
    chain->ops->tip(chain->arg, &tip);
    theirs = (int64_t)height->valuedouble;
    ours = tip.height;
    if (llabs(ours - theirs) > CHECK_MAX_HEIGHT_DIFF)
        return bad(c, "its height is off by more than 5");
    lower = ours < theirs ? ours : theirs;
    c->header_height = lower > CHECK_SPLIT_DEPTH ? (uint32_t)(lower - CHECK_SPLIT_DEPTH) : 0;
    snprintf(params, sizeof params, "[%" PRIu32 "]", c->header_height);
    ask(c, out, ASK_HEADER, "blockchain.block.header", params);
    return 0;
}

static int on_header(struct check *c, const cJSON *r)
{
    uint8_t header[1][ELECTRUM_HEADER_BYTES];
    const struct electrum_chain *chain = c->setup.chain;
    char hex[2 * ELECTRUM_HEADER_BYTES + 1];
    size_t len = cJSON_IsString(r) ? strlen(r->valuestring) : 0;

    if (chain->ops->headers(chain->arg, header, c->header_height, 1) != 1) {
        check_fail(c, "our own chain changed");
        return PN_EAGAIN;
    }
    hex_encode(hex, header[0], ELECTRUM_HEADER_BYTES);
    if (len != sizeof hex - 1)
        return bad(c, "bad answer to block.header");
    for (size_t i = 0; i < len; i++)
        if (tolower((unsigned char)r->valuestring[i]) != hex[i])
            return bad(c, "another header: it follows another chain");
    return 0;
}

static bool names_host(const cJSON *hosts, const char *host)
{
    for (const cJSON *item = hosts->child; item; item = item->next)
        if (strcasecmp(item->string, host) == 0)
            return true;
    return false;
}

static int on_features(struct check *c, const cJSON *r)
{
    const cJSON *genesis = cJSON_GetObjectItemCaseSensitive(r, "genesis_hash");
    const cJSON *hosts = cJSON_GetObjectItemCaseSensitive(r, "hosts");
    char ours[65];

    hash_to_hex(ours, c->setup.genesis_hash);
    if (!cJSON_IsObject(r) || !cJSON_IsString(genesis))
        return bad(c, "bad answer to server.features");
    if (strcmp(genesis->valuestring, ours) != 0)
        return bad(c, "another genesis: it serves another network");
    if (!cJSON_IsObject(hosts) || !names_host(hosts, c->setup.host))
        return bad(c, "it does not list itself among its hosts");
    return 0;
}

/* "s50002" and "t50001"; without a number the usual port. */
static void read_ports(struct check_named *n, const cJSON *features)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, features)
    {
        const char *text = cJSON_IsString(item) ? item->valuestring : "";
        unsigned long port = text[0] ? strtoul(text + 1, NULL, 10) : 0;

        if (port > 65535)
            continue;
        if (text[0] == 's')
            n->ssl_port = (uint16_t)(port ? port : 50002);
        if (text[0] == 't')
            n->tcp_port = (uint16_t)(port ? port : 50001);
    }
}

/* A fair choice of a few out of however many come. */
static void keep_named(struct check *c, const struct check_named *n)
{
    uint64_t at = c->seen_named++;

    if (c->n_named < PEERS_NOTED_EACH)
        c->named[c->n_named++] = *n;
    else if ((at = random_below(at + 1)) < PEERS_NOTED_EACH)
        c->named[at] = *n;
}

static int on_peers(struct check *c, const cJSON *r)
{
    const cJSON *item;

    if (!cJSON_IsArray(r))
        return bad(c, "bad answer to peers.subscribe");
    cJSON_ArrayForEach(item, r)
    {
        const cJSON *host = cJSON_GetArrayItem(item, 1), *features = cJSON_GetArrayItem(item, 2);
        struct check_named n = {0};

        if (!cJSON_IsArray(item) || cJSON_GetArraySize(item) != 3 || !cJSON_IsString(host) ||
            !cJSON_IsArray(features) || strlen(host->valuestring) >= sizeof n.host)
            return bad(c, "bad answer to peers.subscribe");
        snprintf(n.host, sizeof n.host, "%s", host->valuestring);
        read_ports(&n, features);
        if (c->setup.our_host && strcasecmp(n.host, c->setup.our_host) == 0)
            c->knows_us = true;
        else
            keep_named(c, &n);
    }
    return 0;
}

static int take_result(struct check *c, struct buf *out, enum check_request what, const cJSON *r)
{
    switch (what) {
    case ASK_VERSION:
        return on_version(c, out, r);
    case ASK_TIP:
        return on_tip(c, out, r);
    case ASK_FEATURES:
        return on_features(c, r);
    case ASK_PEERS:
        return on_peers(c, r);
    case ASK_HEADER:
        return on_header(c, r);
    case ASK_ADD:
    case ASKS:
        break;
    }
    return 0;
}

/* Everything has been answered. */
static int conclude(struct check *c, struct buf *out)
{
    if (c->verdict.kind != VERDICT_GOOD) {
        c->verdict.kind = VERDICT_GOOD;
        c->verdict.reason[0] = '\0';
        if (c->setup.our_features && !c->knows_us) {
            ask(c, out, ASK_ADD, "server.add_peer", c->setup.our_features);
            return 0;
        }
    }
    return PN_EDONE;
}

static int take_answer(struct check *c, struct buf *out, const struct jrpc_request *r)
{
    unsigned what = cJSON_IsNumber(r->id) && r->id->valuedouble >= 0 && r->id->valuedouble < ASKS
                        ? (unsigned)r->id->valuedouble
                        : ASKS;
    int rc;

    if (what == ASKS || !(c->waiting >> what & 1))
        return bad(c, "an answer that nobody asked for");
    c->waiting &= ~(1u << what);
    if (!r->result && what != ASK_ADD) {
        check_fail(c, "an error in place of an answer");
        return PN_EPROTO;
    }
    rc = take_result(c, out, (enum check_request)what, r->result);
    if (rc == 0 && c->waiting == 0)
        rc = conclude(c, out);
    return rc;
}

int check_line(struct check *c, struct buf *out, const char *line, size_t len)
{
    struct jrpc_request r;
    cJSON *tree = NULL;
    int rc;

    if (++c->lines > CHECK_LINES_MAX)
        return bad(c, "it talks without end");
    rc = jrpc_parse(&tree, line, len);
    if (rc == 0 && jrpc_request_read(&r, tree) == 0)
        rc = r.method ? 0 : take_answer(c, out, &r); /* notifications are passed over */
    else
        rc = bad(c, "what it says is no JSON-RPC");
    cJSON_Delete(tree);
    return rc;
}
