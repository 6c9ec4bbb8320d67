#include "electrum/jsonrpc/method.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "codec/hex.h"
#include "electrum/jsonrpc/request.h"

const struct jrpc_method *jrpc_method_find(const void *table, size_t rows, size_t stride,
                                           const char *name)
{
    size_t low = 0, high = rows;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct jrpc_method *m = (const void *)((const unsigned char *)table + mid * stride);
        int order = strcmp(name, m->name);

        if (order == 0)
            return m;
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

bool jrpc_fail(struct jrpc_call *c, int code, const char *fmt, ...)
{
    va_list ap;

    c->code = code;
    va_start(ap, fmt);
    vsnprintf(c->message, sizeof c->message, fmt, ap);
    va_end(ap);
    return false;
}

static unsigned names(const struct jrpc_method *m)
{
    unsigned n = 0;

    while (n < JRPC_PARAMS_MAX && m->params[n])
        n++;
    return n;
}

static bool is_name_of(const struct jrpc_method *m, const char *name)
{
    for (unsigned i = 0; i < names(m); i++)
        if (strcmp(m->params[i], name) == 0)
            return true;
    return false;
}

const cJSON *jrpc_param(const struct jrpc_call *c, unsigned i)
{
    if (!c->params)
        return NULL;
    if (cJSON_IsArray(c->params))
        return cJSON_GetArrayItem(c->params, (int)i);
    return cJSON_GetObjectItemCaseSensitive(c->params, c->method->params[i]);
}

static bool check_params(struct jrpc_call *c)
{
    const struct jrpc_method *m = c->method;

    for (unsigned i = 0; i < m->required; i++)
        if (!jrpc_param(c, i))
            return jrpc_fail(c, JRPC_INVALID_PARAMS, "parameter %s is missing", m->params[i]);
    if (!c->params || m->more)
        return true;
    if (cJSON_IsArray(c->params)) {
        if (cJSON_GetArraySize(c->params) > (int)names(m))
            return jrpc_fail(c, JRPC_INVALID_PARAMS, "at most %u parameters are taken", names(m));
        return true;
    }
    for (const cJSON *item = c->params->child; item; item = item->next)
        if (!is_name_of(m, item->string))
            return jrpc_fail(c, JRPC_INVALID_PARAMS, "there is no parameter of that name");
    return true;
}

int jrpc_method_run(struct jrpc_call *c)
{
    c->code = 0;
    if (check_params(c))
        c->method->run(c);
    if (c->code == 0 && c->result->err)
        jrpc_fail(c, JRPC_INTERNAL_ERROR, "internal error");
    return c->code;
}

bool jrpc_param_uint(struct jrpc_call *c, uint64_t *out, unsigned i, uint64_t max)
{
    const cJSON *p = jrpc_param(c, i);

    if (!p)
        return true;
    if (!cJSON_IsNumber(p) || !(p->valuedouble >= 0) || p->valuedouble > (double)max ||
        floor(p->valuedouble) != p->valuedouble)
        return jrpc_fail(c, JRPC_INVALID_PARAMS, "%s must be a whole number that is not negative",
                         c->method->params[i]);
    *out = (uint64_t)p->valuedouble;
    return true;
}

bool jrpc_param_bool(struct jrpc_call *c, bool *out, unsigned i)
{
    const cJSON *p = jrpc_param(c, i);

    if (!p)
        return true;
    if (!cJSON_IsBool(p))
        return jrpc_fail(c, JRPC_INVALID_PARAMS, "%s must be true or false", c->method->params[i]);
    *out = cJSON_IsTrue(p);
    return true;
}

bool jrpc_param_text(struct jrpc_call *c, const char **out, unsigned i, size_t max_len)
{
    const cJSON *p = jrpc_param(c, i);

    if (!p)
        return true;
    if (!cJSON_IsString(p))
        return jrpc_fail(c, JRPC_INVALID_PARAMS, "%s must be a string", c->method->params[i]);
    if (strlen(p->valuestring) > max_len)
        return jrpc_fail(c, JRPC_INVALID_PARAMS, "%s is too long", c->method->params[i]);
    *out = p->valuestring;
    return true;
}

bool jrpc_param_hash(struct jrpc_call *c, uint8_t out[32], unsigned i)
{
    const char *text = NULL;

    if (!jrpc_param_text(c, &text, i, 64))
        return false;
    if (text && hash_from_hex(out, text) < 0)
        return jrpc_fail(c, JRPC_INVALID_PARAMS, "%s must be 64 hexadecimal digits",
                         c->method->params[i]);
    return true;
}
