/* How the addresses are spread over groups: who could eclipse us, should one group be one party. */
#include <stdlib.h>
#include <string.h>

#include "addrbook/addrbook.h"
#include "base/err.h"
#include "base/mem.h"

static int by_group(const void *a, const void *b)
{
    const struct addrbook_group_count *x = a, *y = b;

    return memcmp(&x->group, &y->group, sizeof x->group);
}

static int by_size(const void *a, const void *b)
{
    const struct addrbook_group_count *x = a, *y = b;
    uint32_t n = x->n_new + x->n_tried, m = y->n_new + y->n_tried;

    return n != m ? (n < m ? 1 : -1) : by_group(a, b);
}

/* One count an address becomes one a group. Returns: how many groups. */
static size_t merge(struct addrbook_group_count *counts, size_t n)
{
    size_t groups = 0;

    qsort(counts, n, sizeof *counts, by_group);
    for (size_t i = 0; i < n; i++) {
        if (groups > 0 && net_group_equal(&counts[groups - 1].group, &counts[i].group)) {
            counts[groups - 1].n_new += counts[i].n_new;
            counts[groups - 1].n_tried += counts[i].n_tried;
        } else {
            counts[groups++] = counts[i];
        }
    }
    qsort(counts, groups, sizeof *counts, by_size);
    return groups;
}

int addrbook_groups(struct addrbook *b, struct addrbook_group_count *out, size_t *n_groups,
                    size_t max)
{
    struct addrbook_group_count *counts;
    struct addrbook_record *records;
    size_t n;
    int rc = addrbook_snapshot(b, &records, &n);

    *n_groups = 0;
    if (rc < 0)
        return rc;
    counts = mem_alloc_array(n, sizeof *counts);
    if (!counts) {
        mem_free(records);
        return PN_ENOMEM;
    }
    for (size_t i = 0; i < n; i++)
        counts[i] = (struct addrbook_group_count){
            .group = net_group_of(addrbook_policy(b), &records[i].addr),
            .n_new = !records[i].tried,
            .n_tried = records[i].tried,
        };
    mem_free(records);
    *n_groups = merge(counts, n);
    if (*n_groups < max)
        max = *n_groups;
    memcpy(out, counts, max * sizeof *out);
    mem_free(counts);
    return (int)max;
}
