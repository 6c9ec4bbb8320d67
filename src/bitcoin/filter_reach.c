/* How far the filters reach, as the thread for filters notes it and others ask. */
#include <string.h>

#include "base/err.h"
#include "bitcoin/filter_net_internal.h"

enum { LAG_MAX = 2 }; /* blocks that have just come */

void filter_net_note_reach(struct filter_net *n, enum filterdb_kind kind, uint32_t rows,
                           bool synced)
{
    atomic_store(&n->reach[kind].rows, rows);
    atomic_store(&n->reach[kind].synced, synced);
}

bool filter_net_progress(const struct filter_net *n, struct filter_progress *out,
                         enum filterdb_kind kind)
{
    unsigned rows;

    if (!n ||
        !(kind == FILTERDB_BUILT ? n->net->config.build_filters : n->net->config.compare_filters))
        return false;
    rows = atomic_load(&n->reach[kind].rows);
    *out = (struct filter_progress){
        .height = rows > 0 ? rows - 1 : 0,
        .any = rows > 0,
        .synced = atomic_load(&n->reach[kind].synced),
    };
    return true;
}

bool filter_net_offers(const struct filter_net *n)
{
    struct filter_progress built;

    return n && n->net->config.serve_filters && filter_net_progress(n, &built, FILTERDB_BUILT) &&
           built.any && built.height + LAG_MAX >= atomic_load(&n->net->height);
}

int filter_net_row(struct filter_net *n, enum filterdb_kind kind, struct filter_row *out,
                   struct buf *filter, uint32_t height, const uint8_t hash[BTC_HASH_BYTES])
{
    int rc = filterdb_row(n->db, kind, out, filter, height);

    return rc == 0 && memcmp(out->block, hash, BTC_HASH_BYTES) != 0 ? PN_ENOENT : rc;
}
