/* What handlers ask of a call. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "rpc/rpc.h"

void rpc_fail(struct rpc_call *c, int code, const char *fmt, ...)
{
    va_list ap;

    if (c->code)
        return;
    c->code = code;
    va_start(ap, fmt);
    vsnprintf(c->message, sizeof c->message, fmt, ap);
    va_end(ap);
}

bool rpc_put_off(struct rpc_call *c)
{
    c->put_off = c->alone && !c->wait && !c->code;
    return c->put_off;
}

bool rpc_given(const struct rpc_call *c, unsigned i)
{
    return c->params[i] != NULL;
}

static const cJSON *typed(struct rpc_call *c, unsigned i, cJSON_bool (*is)(const cJSON *),
                          const char *type)
{
    const cJSON *p = c->params[i];

    if (p && is(p))
        return p;
    if (p)
        rpc_fail(c, RPC_TYPE_ERROR, "parameter %u of %s is not of type %s", i + 1, c->method->name,
                 type);
    else
        rpc_fail(c, RPC_MISC_ERROR, "%s %s", c->method->name, c->method->params);
    return NULL;
}

const char *rpc_text(struct rpc_call *c, unsigned i)
{
    const cJSON *p = typed(c, i, cJSON_IsString, "string");

    return p ? p->valuestring : "";
}

int64_t rpc_int(struct rpc_call *c, unsigned i, int64_t min, int64_t max)
{
    const cJSON *p = typed(c, i, cJSON_IsNumber, "number");
    double value = p ? p->valuedouble : 0;

    if (!p)
        return min;
    if (floor(value) != value) {
        rpc_fail(c, RPC_TYPE_ERROR, "parameter %u of %s is not a whole number", i + 1,
                 c->method->name);
        return min;
    }
    if (value < (double)min || value > (double)max || fabs(value) > 9007199254740992.0) {
        rpc_fail(c, RPC_INVALID_PARAMETER,
                 "parameter %u of %s is not between %" PRId64 " and %" PRId64, i + 1,
                 c->method->name, min, max);
        return min;
    }
    return (int64_t)value;
}

bool rpc_bool(struct rpc_call *c, unsigned i)
{
    const cJSON *p = typed(c, i, cJSON_IsBool, "boolean");

    return p && cJSON_IsTrue(p);
}
