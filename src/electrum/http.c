/* The methods over HTTP, GET and POST /electrum/METHOD, in the form of the proxies that stand
 * before ElectrumX servers: {"success": true, "response": ...}, or {"success": false, "code": 1,
 * "message":
 * "..."} with a status of 400 and above. Parameters are those of the line protocol: an array or an
 * object, in the query as params=... or in the body as {"params": ...}. Answers have the form of
 * protocol 1.4. What changes something is called by POST with the credential of the API. */
#include <string.h>

#include "base/err.h"
#include "electrum/internal.h"
#include "electrum/jsonrpc/answer.h"

enum { RESULT_MAX_BYTES = 8100000, FAILURE_CODE = 1 };

enum http_status {
    HTTP_OK = 200,
    HTTP_BAD_REQUEST = 400,
    HTTP_UNAUTHORIZED = 401,
    HTTP_NOT_FOUND = 404,
    HTTP_BAD_METHOD = 405,
    HTTP_INTERNAL = 500,
    HTTP_UNAVAILABLE = 503,
};

static void fail(void *arg, struct buf *out, int status, const char *why)
{
    (void)arg;
    (void)status;
    buf_printf(out, "{\"success\": false, \"code\": %d, \"message\": ", FAILURE_CODE);
    jrpc_put_text(out, why);
    buf_puts(out, "}\n");
}

static int failed(struct buf *out, enum http_status status, const char *why)
{
    fail(NULL, out, (int)status, why);
    return (int)status;
}

/* --- parameters --- */

/* Of a body, what stands there as "params"; of a query, all of it.
 * Returns: false when that is no list of parameters. */
static bool find_params(const cJSON **params, const cJSON *tree, bool post)
{
    *params = tree;
    if (post && !cJSON_IsObject(tree))
        return false;
    if (post)
        *params = cJSON_GetObjectItemCaseSensitive(tree, "params");
    return !*params || cJSON_IsArray(*params) || cJSON_IsObject(*params);
}

/* Owns: the caller frees *tree with cJSON_Delete. Returns: 0 or a status. */
static int read_params(cJSON **tree, const cJSON **params, struct buf *out,
                       const struct route_request *r)
{
    int rc = r->len > 0 ? jrpc_parse(tree, r->text, r->len) : 0;

    if (rc == PN_ENOMEM)
        return failed(out, HTTP_INTERNAL, "internal error");
    if (rc < 0)
        return failed(out, HTTP_BAD_REQUEST, "the parameters are not JSON, or too many");
    if (*tree && !find_params(params, *tree, r->post))
        return failed(out, HTTP_BAD_REQUEST,
                      r->post ? "the body is {\"params\": [...]}" : "params is [...] or {...}");
    return 0;
}

/* --- calls --- */

static int status_of(int code)
{
    switch (code) {
    case JRPC_UNKNOWN_METHOD:
        return HTTP_NOT_FOUND;
    case JRPC_INTERNAL_ERROR:
        return HTTP_INTERNAL;
    case ELECTRUM_BUSY:
        return HTTP_UNAVAILABLE;
    default:
        return HTTP_BAD_REQUEST;
    }
}

static int call(struct electrum *e, struct buf *out, const struct route_request *r,
                const cJSON *params)
{
    struct electrum_caller caller = {.e = e, .addr = &r->from, .quit = r->quit};
    struct jrpc_call c;
    struct buf result;
    int status = HTTP_OK;

    buf_init(&result, RESULT_MAX_BYTES);
    if (electrum_call(&caller, &c, r->path, params, &result)) {
        status = failed(out, (enum http_status)status_of(c.code), c.message);
    } else {
        buf_puts(out, "{\"success\": true, \"response\": ");
        buf_append(out, result.data, result.len);
        buf_puts(out, "}\n");
    }
    buf_free(&result);
    return status;
}

static int run(void *arg, struct buf *out, const struct route_request *r)
{
    const struct electrum_method *m = electrum_method_find(r->path, 0);
    const cJSON *params = NULL;
    cJSON *tree = NULL;
    int status;

    if (!m || (m->flags & METHOD_SESSION))
        return failed(out, HTTP_NOT_FOUND, "unknown method");
    if ((m->flags & METHOD_CHANGES) && !r->post)
        return failed(out, HTTP_BAD_METHOD, "this method is called by POST");
    if ((m->flags & METHOD_CHANGES) && !r->has_credential)
        return failed(out, HTTP_UNAUTHORIZED, "send the cookie, or user and password");
    status = read_params(&tree, &params, out, r);
    if (status == 0)
        status = call(arg, out, r, params);
    cJSON_Delete(tree);
    return status;
}

/* --- turns --- */

static enum route_turn turn(void *arg, int64_t *wait_ms, const struct net_addr *from, bool again)
{
    struct rate_answer a = pace_take(arg, from, again);

    *wait_ms = a.wait_ms;
    switch (a.verdict) {
    case RATE_ALLOWED:
        return ROUTE_NOW;
    case RATE_DELAYED:
        return ROUTE_LATER;
    case RATE_REFUSED:
        break;
    }
    return ROUTE_NEVER;
}

static void leave(void *arg, const struct net_addr *from)
{
    const struct electrum *e = arg;

    rate_limiter_leave(e->limiter, from);
}

struct route electrum_route(struct electrum *e)
{
    return (struct route){
        .prefix = "/electrum/",
        .label = "electrum",
        .arg = e,
        .turn = turn,
        .leave = leave,
        .run = run,
        .fail = fail,
    };
}
