#include "electrum/peers/blacklist.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "rpc/json.h"

enum { ENTRY_MAX = 256 };

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void blacklist_free(struct blacklist *b)
{
    for (size_t i = 0; i < b->n; i++)
        mem_free(b->entries[i]);
    mem_free(b->entries);
    *b = (struct blacklist){0};
}

static int add(struct blacklist *b, const cJSON *item)
{
    char *copy;

    if (!cJSON_IsString(item) || strlen(item->valuestring) > ENTRY_MAX)
        return PN_EFORMAT;
    copy = mem_strdup(item->valuestring);
    if (!copy)
        return PN_ENOMEM;
    for (char *c = copy; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    b->entries[b->n++] = copy;
    return 0;
}

static int fill(struct blacklist *b, const cJSON *array)
{
    int n = cJSON_IsArray(array) ? cJSON_GetArraySize(array) : -1;
    const cJSON *item;
    int rc = 0;

    if (n < 0 || n > BLACKLIST_MAX_ENTRIES)
        return n < 0 ? PN_EFORMAT : PN_ELIMIT;
    b->entries = mem_alloc_array((size_t)n + 1, sizeof *b->entries);
    if (!b->entries)
        return PN_ENOMEM;
    cJSON_ArrayForEach(item, array)
    {
        if (rc == 0)
            rc = add(b, item);
    }
    qsort(b->entries, b->n, sizeof *b->entries, compare);
    return rc;
}

int blacklist_load(struct blacklist *b, const char *json, size_t len)
{
    struct blacklist fresh = {0};
    cJSON *tree = NULL;
    int rc = json_parse(&tree, json, len);

    if (rc == 0)
        rc = fill(&fresh, tree);
    cJSON_Delete(tree);
    if (rc < 0) {
        blacklist_free(&fresh);
        return rc;
    }
    blacklist_free(b);
    *b = fresh;
    return 0;
}

static bool has(const struct blacklist *b, const char *key)
{
    return b->n > 0 && bsearch(&key, b->entries, b->n, sizeof *b->entries, compare);
}

bool blacklist_has(const struct blacklist *b, const char *host, const char *address)
{
    const char *last = strrchr(host, '.'), *second = last;
    char wildcard[ENTRY_MAX + 3] = "*.";

    if (has(b, host) || (address && has(b, address)))
        return true;
    if (!last)
        return false;
    while (second > host && second[-1] != '.')
        second--;
    if (strlen(second) > ENTRY_MAX)
        return false;
    memcpy(wildcard + 2, second, strlen(second) + 1);
    return has(b, wildcard);
}
