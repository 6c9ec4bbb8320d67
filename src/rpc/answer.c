/* From the text of a request to the text of its answer: check the form, find the method, sort the
 * parameters by position, run it, wrap what came out. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "rpc/rpc.h"

/* One request within the text. */
struct request {
    const cJSON *id; /* NULL: none was given */
    bool v2;
};

const struct rpc_method *rpc_find(const struct rpc_set *set, const struct rpc_table **table,
                                  const char *name)
{
    for (size_t t = 0; t < set->n; t++)
        for (size_t m = 0; m < set->tables[t]->n; m++)
            if (strcmp(set->tables[t]->methods[m].name, name) == 0) {
                *table = set->tables[t];
                return &set->tables[t]->methods[m];
            }
    return NULL;
}

/* --- parameters --- */

/* The position of a named parameter, or -1. `optional` tells of the one at the position. */
static int position_of(const struct rpc_method *m, const char *name)
{
    const char *at = m->params;
    int i = 0;

    while (*at) {
        const char *word = at + strspn(at, "[ ");
        size_t len = strcspn(word, "] ");

        if (len == strlen(name) && memcmp(word, name, len) == 0)
            return i;
        at = word + len + strspn(word + len, "] ");
        i++;
    }
    return -1;
}

static unsigned count_params(const struct rpc_method *m)
{
    unsigned n = *m->params != '\0';

    for (const char *at = m->params; *at; at++)
        n += *at == ' ';
    return n;
}

static const cJSON *unless_null(const cJSON *value)
{
    return cJSON_IsNull(value) ? NULL : value;
}

static void take_params(struct rpc_call *c, const cJSON *params)
{
    const cJSON *p;
    unsigned n = 0;

    cJSON_ArrayForEach(p, params)
    {
        int at = cJSON_IsObject(params) ? position_of(c->method, p->string) : (int)n;

        if (at < 0)
            rpc_fail(c, RPC_INVALID_PARAMETER, "Unknown named parameter %.100s", p->string);
        else if (n == count_params(c->method))
            rpc_fail(c, RPC_MISC_ERROR, "%s %s", c->method->name, c->method->params);
        if (c->code)
            return;
        c->params[at] = unless_null(p);
        n++;
    }
}

/* --- one call --- */

static void run(struct rpc_call *c, const struct rpc_set *set, const cJSON *request)
{
    const cJSON *method = cJSON_GetObjectItemCaseSensitive(request, "method");
    const cJSON *params = cJSON_GetObjectItemCaseSensitive(request, "params");
    const struct rpc_table *table = NULL;

    if (!method) {
        rpc_fail(c, RPC_INVALID_REQUEST, "Missing method");
        return;
    }
    if (!cJSON_IsString(method)) {
        rpc_fail(c, RPC_INVALID_REQUEST, "Method must be a string");
        return;
    }
    if (params && !cJSON_IsArray(params) && !cJSON_IsObject(params) && !cJSON_IsNull(params)) {
        rpc_fail(c, RPC_INVALID_REQUEST, "Params must be an array or object");
        return;
    }
    c->method = rpc_find(set, &table, method->valuestring);
    if (!c->method) {
        rpc_fail(c, RPC_METHOD_NOT_FOUND, "Method not found");
        return;
    }
    c->arg = table->arg;
    take_params(c, params);
    if (!c->code)
        c->method->run(c);
    if (json_ran_out())
        rpc_fail(c, RPC_OUT_OF_MEMORY, "Out of memory");
}

static enum rpc_status status_of(int code)
{
    switch (code) {
    case 0:
        return RPC_STATUS_OK;
    case RPC_INVALID_REQUEST:
        return RPC_STATUS_BAD_REQUEST;
    case RPC_METHOD_NOT_FOUND:
        return RPC_STATUS_NOT_FOUND;
    default:
        return RPC_STATUS_ERROR;
    }
}

static cJSON *error_object(const struct rpc_call *c)
{
    cJSON *error = json_new_object();

    json_set(error, "code", json_new_int(c->code));
    json_set(error, "message", json_new_text(c->message));
    return error;
}

/* Returns: the answer, or NULL when there is no memory for it. Owns: frees the call's result. */
static cJSON *wrap(struct rpc_call *c, const struct request *r)
{
    cJSON *answer = json_new_object();
    cJSON *result = c->result ? c->result : cJSON_CreateNull();

    if (r->v2)
        json_set(answer, "jsonrpc", json_new_text("2.0"));
    if (c->code)
        cJSON_Delete(result);
    if (!c->code)
        json_set(answer, "result", result);
    else if (!r->v2)
        json_set(answer, "result", cJSON_CreateNull());
    if (c->code)
        json_set(answer, "error", error_object(c));
    else if (!r->v2)
        json_set(answer, "error", cJSON_CreateNull());
    json_set(answer, "id", r->id ? cJSON_Duplicate(r->id, true) : cJSON_CreateNull());
    if (!json_ran_out())
        return answer;
    cJSON_Delete(answer);
    return NULL;
}

static const char OUT_OF_MEMORY[] =
    "{\"result\":null,\"error\":{\"code\":-7,\"message\":\"Out of memory\"},\"id\":null}";

/* Append an answer, or why there is none. Owns: frees it. Returns: whether there was one. */
static bool put(struct buf *out, cJSON *answer)
{
    bool there = answer && json_print(out, answer) != PN_ENOMEM;

    if (!there)
        buf_puts(out, OUT_OF_MEMORY);
    cJSON_Delete(answer);
    return there;
}

/* Returns: the status; RPC_STATUS_NO_CONTENT when nothing was appended, for a notification. */
static enum rpc_status answer_one(struct buf *out, const struct rpc_set *set, const cJSON *tree,
                                  const struct rpc_wait *wait, bool alone)
{
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(tree, "jsonrpc");
    struct request r = {.id = cJSON_GetObjectItemCaseSensitive(tree, "id")};
    struct rpc_call c = {.set = set, .started_us = clock_mono_us(), .wait = wait, .alone = alone};

    if (!cJSON_IsObject(tree))
        rpc_fail(&c, RPC_INVALID_REQUEST, "Invalid Request object");
    else if (version && !cJSON_IsString(version))
        rpc_fail(&c, RPC_INVALID_REQUEST, "jsonrpc field must be a string");
    r.v2 = cJSON_IsString(version) && strcmp(version->valuestring, "2.0") == 0;
    if (!c.code)
        run(&c, set, tree);
    if (c.put_off) {
        cJSON_Delete(c.result);
        return RPC_STATUS_LATER;
    }
    if (set->observe)
        set->observe(set->observe_arg, c.method ? c.method->name : "unknown", c.code);
    if (r.v2 && !r.id) {
        cJSON_Delete(c.result);
        return RPC_STATUS_NO_CONTENT;
    }
    if (!put(out, wrap(&c, &r)))
        return RPC_STATUS_ERROR;
    return r.v2 ? RPC_STATUS_OK : status_of(c.code);
}

/* --- batches --- */

static enum rpc_status answer_batch(struct buf *out, const struct rpc_set *set, const cJSON *batch,
                                    const struct rpc_wait *wait)
{
    const size_t before = out->len;
    const cJSON *tree;

    cJSON_ArrayForEach(tree, batch)
    {
        size_t comma = out->len;

        buf_puts(out, comma == before ? "[" : ",");
        if (answer_one(out, set, tree, wait, false) == RPC_STATUS_NO_CONTENT)
            out->len = comma;
    }
    if (out->len == before && cJSON_GetArraySize(batch) > 0)
        return RPC_STATUS_NO_CONTENT;
    buf_puts(out, out->len == before ? "[]" : "]");
    return RPC_STATUS_OK;
}

static enum rpc_status refuse(struct buf *out, int code, const char *message,
                              enum rpc_status status)
{
    struct rpc_call c = {.code = 0};
    struct request r = {.id = NULL};

    rpc_fail(&c, code, "%s", message);
    put(out, wrap(&c, &r));
    return status;
}

static enum rpc_status answer_tree(struct buf *out, const struct rpc_set *set, const cJSON *tree,
                                   const struct rpc_wait *wait)
{
    if (!cJSON_IsArray(tree))
        return answer_one(out, set, tree, wait, true);
    if (cJSON_GetArraySize(tree) > RPC_BATCH_MAX)
        return refuse(out, RPC_INVALID_REQUEST, "Too many calls in one batch",
                      RPC_STATUS_BAD_REQUEST);
    return answer_batch(out, set, tree, wait);
}

static enum rpc_status answer_text(struct buf *out, const struct rpc_set *set, const char *body,
                                   size_t len, const struct rpc_wait *wait)
{
    cJSON *tree = NULL;
    enum rpc_status status;
    int rc = json_parse(&tree, body, len);

    if (rc == PN_ENOMEM)
        return refuse(out, RPC_OUT_OF_MEMORY, "Out of memory", RPC_STATUS_ERROR);
    if (rc < 0)
        return refuse(out, RPC_PARSE_ERROR, "Parse error", RPC_STATUS_ERROR);
    status = answer_tree(out, set, tree, wait);
    cJSON_Delete(tree);
    return status;
}

enum rpc_status rpc_answer(struct buf *out, const struct rpc_set *set, const char *body, size_t len,
                           const struct rpc_wait *wait)
{
    enum rpc_status status = answer_text(out, set, body, len, wait);

    if (out->err) {
        buf_reset(out);
        status = refuse(out, RPC_MISC_ERROR, "The answer is too large", RPC_STATUS_ERROR);
    }
    if (status != RPC_STATUS_NO_CONTENT && status != RPC_STATUS_LATER)
        buf_puts(out, "\n");
    return status;
}
