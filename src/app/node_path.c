#include <stdio.h>
#include <string.h>

#include "app/node_parts.h"
#include "base/mem.h"

char *node_path(const struct node *n, const char *name)
{
    size_t size = strlen(n->options->datadir) + strlen(name) + 2;
    char *path = mem_alloc(size);

    if (path)
        snprintf(path, size, "%s/%s", n->options->datadir, name);
    return path;
}
