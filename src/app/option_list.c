#include "app/option_list.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"

int option_list_add(struct option_list *list, const char *text, size_t len)
{
    char **items, *copy;

    if (list->n >= OPTION_LIST_MAX)
        return PN_ELIMIT;
    copy = mem_alloc(len + 1);
    if (!copy)
        return PN_ENOMEM;
    memcpy(copy, text, len);
    copy[len] = '\0';
    items = mem_realloc_array(list->items, list->n + 1, sizeof *items);
    if (!items) {
        mem_free(copy);
        return PN_ENOMEM;
    }
    items[list->n++] = copy;
    list->items = items;
    return 0;
}

void option_list_free(struct option_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        mem_free(list->items[i]);
    MEM_FREE(list->items);
    list->n = 0;
}

bool option_list_has(const struct option_list *list, const char *item)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i], item) == 0)
            return true;
    return false;
}

bool option_list_equal(const struct option_list *a, const struct option_list *b)
{
    bool equal = a->n == b->n;

    for (size_t i = 0; i < a->n && equal; i++)
        equal = strcmp(a->items[i], b->items[i]) == 0;
    return equal;
}
