#include "rpc/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "codec/json_scan.h"

static _Thread_local bool ran_out;

static void *alloc_or_note(size_t size)
{
    void *p = mem_alloc(size);

    ran_out = ran_out || !p;
    return p;
}

void json_init(void)
{
    cJSON_Hooks hooks = {.malloc_fn = alloc_or_note, .free_fn = mem_free};

    cJSON_InitHooks(&hooks);
}

bool json_ran_out(void)
{
    bool was = ran_out;

    ran_out = false;
    return was;
}

/* --- reading --- */

/* The text is valid JSON here: commas and opening brackets outside texts bound its values. */
static size_t count_values(const char *text, size_t len)
{
    size_t n = 1;
    bool inside = false;

    for (size_t i = 0; i < len; i++) {
        if (inside && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            inside = !inside;
        else if (!inside && (text[i] == ',' || text[i] == '[' || text[i] == '{'))
            n++;
    }
    return n;
}

int json_parse(cJSON **out, const char *text, size_t len)
{
    struct json_scan scan = json_scan_of(text, len);
    int rc;

    json_skip(&scan);
    rc = json_finish(&scan);
    if (rc < 0)
        return rc;
    if (count_values(text, len) > JSON_MAX_VALUES)
        return PN_ELIMIT;
    json_ran_out();
    *out = cJSON_ParseWithLength(text, len);
    if (*out)
        return 0;
    /* Valid JSON may still be refused: cJSON takes no lone surrogates. */
    return json_ran_out() ? PN_ENOMEM : PN_EFORMAT;
}

int json_print(struct buf *out, const cJSON *tree)
{
    char *text = cJSON_PrintUnformatted(tree);
    int rc = text ? buf_puts(out, text) : PN_ENOMEM;

    cJSON_free(text);
    return rc;
}

/* --- building --- */

cJSON *json_new_object(void)
{
    return cJSON_CreateObject();
}

cJSON *json_new_array(void)
{
    return cJSON_CreateArray();
}

cJSON *json_new_text(const char *text)
{
    return cJSON_CreateString(text);
}

cJSON *json_new_int(int64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRId64, value);
    return cJSON_CreateRaw(text);
}

cJSON *json_new_uint(uint64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, value);
    return cJSON_CreateRaw(text);
}

cJSON *json_new_number(double value)
{
    return cJSON_CreateNumber(value);
}

cJSON *json_new_bool(bool value)
{
    return cJSON_CreateBool(value);
}

cJSON *json_set(cJSON *object, const char *name, cJSON *value)
{
    if (!object || !value || !cJSON_AddItemToObjectCS(object, name, value)) {
        cJSON_Delete(value);
        return NULL;
    }
    return value;
}

cJSON *json_push(cJSON *array, cJSON *value)
{
    if (!array || !value || !cJSON_AddItemToArray(array, value)) {
        cJSON_Delete(value);
        return NULL;
    }
    return value;
}
