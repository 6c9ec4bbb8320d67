/* What outlives the engine: proofs, and the nodes worth starting from, go to the node database. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "ethereum/discv4/internal.h"
#include "ethereum/nodedb/nodedb.h"
#include "log/log.h"

enum {
    COPY_S = 30,
    SEED_MIN_TABLE_S = 5 * 60, /* in the table for so long: worth starting from next time */
    EXPIRE_S = 3600,
};

/* What a visit to the table's entries carries along. */
struct moment {
    struct discv4 *engine;
    int64_t now_us;
};

static int64_t wall_of(int64_t at_us, int64_t now_us)
{
    return at_us ? clock_wall_s() - (now_us - at_us) / US_PER_S : 0;
}

static void store_bond(struct discv4 *d, struct bond *b, int64_t now_us)
{
    struct nodedb_row row = {.node = b->node,
                             .last_ping_s = wall_of(b->last_ping_us, now_us),
                             .last_pong_s = wall_of(b->last_pong_us, now_us),
                             .find_fails = b->find_fails};
    struct table_entry *e = table_find(&d->table, b->node.id);

    if (e) {
        row.is_seed = now_us - e->added_us >= SEED_MIN_TABLE_S * US_PER_S;
        row.record_len = e->record_len;
        memcpy(row.record, e->record, e->record_len);
    }
    nodedb_put(d->config.db, &row);
    b->dirty = false;
}

/* A node that has become a seed is written even when its bond has not changed. */
static void mark_seed(struct table_entry *e, void *arg)
{
    struct moment *m = arg;
    struct discv4 *d = m->engine;
    struct bond *b;

    if (e->is_stored || m->now_us - e->added_us < SEED_MIN_TABLE_S * US_PER_S)
        return;
    b = bonds_find(&d->bonds, e->node.id, &e->node.udp);
    if (b)
        b->dirty = true;
    e->is_stored = true;
}

void persist_store(struct discv4 *d, int64_t now_us)
{
    struct moment m = {.engine = d, .now_us = now_us};
    int rc;

    if (!d->config.db)
        return;
    table_each(&d->table, mark_seed, &m);
    rc = nodedb_begin(d->config.db);
    for (size_t i = 0; rc == 0 && i < (size_t)d->bonds.sets * BONDS_WAYS; i++) {
        struct bond *b = &d->bonds.ways[i];

        /* Who has proven nothing leaves no trace on the disk. */
        if (b->used && b->dirty && b->last_pong_us != 0)
            store_bond(d, b, now_us);
    }
    if (rc == 0)
        rc = nodedb_commit(d->config.db);
    if (rc < 0)
        log_warn("discv4", "cannot write the node database: %s", pn_strerror(rc));
}

void persist_run(struct discv4 *d, int64_t now_us)
{
    if (now_us >= d->next_copy_us) {
        d->next_copy_us = now_us + COPY_S * US_PER_S;
        persist_store(d, now_us);
    }
    if (now_us >= d->next_expire_us) {
        d->next_expire_us = now_us + EXPIRE_S * US_PER_S;
        if (d->config.db)
            nodedb_expire(d->config.db, clock_wall_s() - NODEDB_EXPIRY_S);
    }
}
