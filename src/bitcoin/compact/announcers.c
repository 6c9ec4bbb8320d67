#include "bitcoin/compact/announcers.h"

#include <string.h>

void announcers_remove(struct announcers *a, uint64_t id)
{
    unsigned i = 0;

    while (i < a->n && a->ids[i] != id)
        i++;
    if (i == a->n)
        return;
    a->n--;
    memmove(&a->ids[i], &a->ids[i + 1], (a->n - i) * sizeof a->ids[0]);
}

bool announcers_first(struct announcers *a, uint64_t *gone, uint64_t id)
{
    unsigned before = a->n;
    bool is_new;

    *gone = 0;
    announcers_remove(a, id);
    is_new = a->n == before;
    if (a->n == ANNOUNCERS_MAX) {
        *gone = a->ids[0];
        announcers_remove(a, *gone);
    }
    a->ids[a->n++] = id;
    return is_new;
}
