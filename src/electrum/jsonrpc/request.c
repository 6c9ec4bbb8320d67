#include "electrum/jsonrpc/request.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "electrum/jsonrpc/prescan.h"
#include "rpc/json.h"

enum { EXACT_BITS = 53 }; /* whole numbers up to 2^53 survive being a double */

int jrpc_parse(cJSON **out, const char *text, size_t len)
{
    int rc = jrpc_prescan(text, len);

    *out = NULL;
    return rc < 0 ? rc : json_parse(out, text, len);
}

static bool good_id(const cJSON *id)
{
    if (cJSON_IsNull(id))
        return true;
    if (cJSON_IsString(id))
        return strlen(id->valuestring) <= JRPC_ID_MAX;
    return cJSON_IsNumber(id) && fabs(id->valuedouble) <= (double)(UINT64_C(1) << EXACT_BITS) &&
           floor(id->valuedouble) == id->valuedouble;
}

enum member { JSONRPC, METHOD, PARAMS, ID, RESULT, ERROR, MEMBERS };

static enum member member_of(const char *key)
{
    static const char *const names[MEMBERS] = {"jsonrpc", "method", "params",
                                               "id",      "result", "error"};
    int m = 0;

    while (m < MEMBERS && strcmp(names[m], key) != 0)
        m++;
    return (enum member)m;
}

/* Returns: whether no member that matters stands there twice. */
static bool collect(const cJSON *members[MEMBERS], const cJSON *message)
{
    bool once = true;

    for (const cJSON *item = message->child; item; item = item->next) {
        enum member m = member_of(item->string);

        if (m == MEMBERS)
            continue;
        once = once && !members[m];
        members[m] = item;
    }
    return once;
}

static bool is_version_2(const cJSON *jsonrpc)
{
    return cJSON_IsString(jsonrpc) && strcmp(jsonrpc->valuestring, "2.0") == 0;
}

int jrpc_request_read(struct jrpc_request *out, const cJSON *message)
{
    const cJSON *m[MEMBERS] = {0};
    bool clean;

    *out = (struct jrpc_request){.version = JRPC_V2};
    if (!cJSON_IsObject(message))
        return PN_EPROTO;
    clean = collect(m, message);
    out->version = is_version_2(m[JSONRPC]) ? JRPC_V2 : JRPC_V1;
    if (m[ID] && !good_id(m[ID]))
        return PN_EPROTO;
    /* In version 1 a null id marks a notification. */
    out->id = out->version == JRPC_V1 && cJSON_IsNull(m[ID]) ? NULL : m[ID];
    if (!clean || (m[PARAMS] && !cJSON_IsArray(m[PARAMS]) && !cJSON_IsObject(m[PARAMS])))
        return PN_EPROTO;
    if (!m[METHOD]) {
        out->result = m[RESULT];
        out->error = cJSON_IsNull(m[ERROR]) ? NULL : m[ERROR];
        return m[ID] && (m[RESULT] || out->error) ? 0 : PN_EPROTO;
    }
    if (!cJSON_IsString(m[METHOD]))
        return PN_EPROTO;
    out->method = m[METHOD]->valuestring;
    out->params = m[PARAMS];
    return 0;
}
