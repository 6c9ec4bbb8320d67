/* Construction of an engine, its own record, and what callers ask of it. */
#include "ethereum/discv4/discv4.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "ethereum/discv4/internal.h"
#include "ethereum/nodedb/nodedb.h"
#include "log/log.h"

enum { MS_PER_S = 1000, FIRST_EXPIRY_S = 3600, FIRST_COPY_S = 30, FIRST_WALK_MS = 1000 };

const char *discv4_drop_name(enum discv4_drop drop)
{
    static const char *const names[] = {
#define DISCV4_DROP_NAME_(id, name) name,
        DISCV4_DROP_LIST(DISCV4_DROP_NAME_)
#undef DISCV4_DROP_NAME_
    };

    return names[drop];
}

bool discv4_reaches(const struct discv4 *d, const struct net_addr *a)
{
    if (d->config.family != NET_NONE && a->kind != d->config.family)
        return false;
    return !d->config.permitted || subnet_list_permits(d->config.permitted, a);
}

/* --- our own record --- */

/* Sign a record with the next number. The number is kept in the database; without one it starts
 * from the time in milliseconds, so that it is not behind what an earlier run gave out. */
static int sign_record(struct discv4 *d)
{
    const struct discv4_config *c = &d->config;
    const struct eth_endpoint at[ETH_FAMILIES] = {c->reach[ETH_IPV4].at, c->reach[ETH_IPV6].at};
    struct enr next;
    int rc;

    rc = enr_sign(&next, c->secret, d->own.seq + 1, at, d->has_fork_id ? &d->fork_id : NULL);
    if (rc < 0)
        return rc;
    d->own = next;
    if (c->db && (rc = nodedb_set_local_seq(c->db, d->id, d->own.seq)) < 0)
        log_warn("discv4", "cannot keep the record's number: %s", pn_strerror(rc));
    return 0;
}

static void load_seq(struct discv4 *d)
{
    if (d->config.db)
        d->own.seq = nodedb_local_seq(d->config.db, d->id);
    if (d->own.seq == 0)
        d->own.seq = (uint64_t)clock_wall_s() * MS_PER_S;
}

static void renew_record(struct discv4 *d)
{
    int rc = sign_record(d);

    if (rc < 0)
        log_warn("discv4", "cannot sign a new node record: %s", pn_strerror(rc));
}

void discv4_set_reach(struct discv4 *d, enum eth_family family, const struct discv4_reach *reach)
{
    struct discv4_reach *own = &d->config.reach[family];
    bool same =
        net_addr_equal(&reach->at.udp, &own->at.udp) && reach->at.tcp_port == own->at.tcp_port;

    *own = *reach;
    if (!same)
        renew_record(d);
}

const struct eth_endpoint *discv4_endpoint(const struct discv4 *d, enum eth_family family)
{
    return &d->config.reach[family].at;
}

void discv4_set_fork_id(struct discv4 *d, const struct eth_fork_id *fork_id)
{
    if (d->has_fork_id && d->fork_id.next == fork_id->next &&
        memcmp(d->fork_id.hash, fork_id->hash, sizeof fork_id->hash) == 0)
        return;
    d->has_fork_id = true;
    d->fork_id = *fork_id;
    renew_record(d);
}

/* --- proofs --- */

/* A stored wall time as monotonic time; what lies in the future was another clock's. */
static int64_t mono_of(int64_t wall_s, int64_t now_us)
{
    int64_t ago_s = clock_wall_s() - wall_s, at_us;

    if (wall_s <= 0 || ago_s < 0 || ago_s > BOND_EXPIRY_US / US_PER_S)
        return 0;
    at_us = now_us - ago_s * US_PER_S;
    return at_us ? at_us : 1;
}

/* The addresses of which proofs are stored are known from the start. */
static void prove_stored(void *arg, const struct nodedb_row *row)
{
    struct discv4 *d = arg;
    int64_t now_us = d->next_refresh_us, at_us = mono_of(row->last_pong_s, now_us);

    if (at_us)
        limits_prove(&d->limits, &row->node.udp, at_us + BOND_EXPIRY_US);
}

struct bond *engine_bond(struct discv4 *d, const struct eth_node *node, int64_t now_us)
{
    struct bond *b = bonds_find(&d->bonds, node->id, &node->udp);
    struct nodedb_row row;

    if (b || !d->config.db || nodedb_get(d->config.db, &row, node->id, &node->udp) < 0)
        return b;
    b = bonds_get(&d->bonds, &row.node, true, now_us);
    if (!b)
        return NULL;
    b->last_ping_us = mono_of(row.last_ping_s, now_us);
    b->last_pong_us = mono_of(row.last_pong_s, now_us);
    b->find_fails = row.find_fails;
    if (bond_is_proven(b, now_us))
        limits_prove(&d->limits, &node->udp, b->last_pong_us + BOND_EXPIRY_US);
    return b;
}

void engine_note_answer(struct discv4 *d, const struct eth_node *node, bool answered,
                        int64_t now_us)
{
    struct bond *b = engine_bond(d, node, now_us);

    if (!b || (answered && b->find_fails == 0))
        return;
    b->find_fails = answered ? 0 : b->find_fails + 1;
    b->dirty = true;
    if (b->find_fails >= MAX_FIND_FAILURES)
        table_delete(&d->table, node->id);
}

/* --- construction --- */

int discv4_new(struct discv4 **out, const struct discv4_config *config, int64_t now_us)
{
    struct discv4 *d = mem_zalloc(sizeof *d);
    int rc;

    if (!d)
        return PN_ENOMEM;
    d->config = *config;
    rc = ec_pubkey(d->pubkey, config->secret);
    if (rc == 0)
        rc = bonds_init(&d->bonds, config->max_bonds ? config->max_bonds : DISCV4_MAX_BONDS);
    if (rc < 0)
        goto fail;
    keccak256(d->id, d->pubkey, sizeof d->pubkey);
    buf_init(&d->out, 2 * DISCV4_MAX_PACKET_BYTES);
    table_init(&d->table, d->id, config->limit_local);
    requests_init(&d->requests);
    limits_init(&d->limits, &config->limits);
    load_seq(d);
    rc = sign_record(d);
    if (rc < 0)
        goto fail;
    d->next_refresh_us = d->next_revalidate_us = d->next_record_us = d->next_predict_us = now_us;
    d->next_walk_us = now_us + FIRST_WALK_MS * US_PER_MS;
    d->next_copy_us = now_us + FIRST_COPY_S * US_PER_S;
    d->next_expire_us = now_us + FIRST_EXPIRY_S * US_PER_S;
    if (config->db)
        nodedb_each(config->db, prove_stored, d);
    *out = d;
    return 0;
fail:
    bonds_free(&d->bonds);
    explicit_bzero(d->config.secret, sizeof d->config.secret);
    mem_free(d);
    return rc;
}

void discv4_free(struct discv4 *d, int64_t now_us)
{
    if (!d)
        return;
    persist_store(d, now_us);
    buf_free(&d->out);
    bonds_free(&d->bonds);
    explicit_bzero(d->config.secret, sizeof d->config.secret);
    mem_free(d);
}

int discv4_add_bootnode(struct discv4 *d, const struct eth_node *node)
{
    if (d->n_bootnodes == DISCV4_MAX_BOOTNODES)
        return PN_ELIMIT;
    d->bootnodes[d->n_bootnodes++] = *node;
    discv4_seed(d, node);
    return 0;
}

/* --- questions --- */

bool discv4_is_bonded(struct discv4 *d, const uint8_t id[ETH_ID_BYTES], const struct net_addr *ip,
                      int64_t now_us)
{
    return bond_is_proven(bonds_find(&d->bonds, id, ip), now_us);
}

static void describe(struct discv4_candidate *out, const struct table_entry *e)
{
    *out = (struct discv4_candidate){
        .node = e->node, .has_fork_id = e->has_fork_id, .fork_id = e->fork_id};
}

unsigned discv4_random(struct discv4 *d, struct discv4_candidate *out, unsigned max)
{
    struct table_entry *picked[TABLE_BUCKET_SIZE];
    unsigned n =
        table_read_random(&d->table, picked, max < TABLE_BUCKET_SIZE ? max : TABLE_BUCKET_SIZE);

    for (unsigned i = 0; i < n; i++)
        describe(&out[i], picked[i]);
    return n;
}

int discv4_find(struct discv4 *d, struct discv4_candidate *out, const uint8_t id[ETH_ID_BYTES])
{
    const struct table_entry *e = table_find(&d->table, id);

    if (!e)
        return PN_ENOENT;
    describe(out, e);
    return 0;
}

unsigned discv4_closest(struct discv4 *d, struct eth_node *out, const uint8_t id[ETH_ID_BYTES],
                        unsigned max)
{
    struct table_entry *closest[TABLE_BUCKET_SIZE];
    unsigned n =
        table_closest(&d->table, closest, id, max < TABLE_BUCKET_SIZE ? max : TABLE_BUCKET_SIZE);

    for (unsigned i = 0; i < n; i++)
        out[i] = closest[i]->node;
    return n;
}

const struct enr *discv4_record(const struct discv4 *d)
{
    return &d->own;
}

const struct discv4_stats *discv4_stats(const struct discv4 *d)
{
    return &d->stats;
}

unsigned discv4_table_size(const struct discv4 *d)
{
    return d->table.n_entries;
}

void discv4_bucket_sizes(const struct discv4 *d, unsigned out[DISCV4_BUCKETS])
{
    _Static_assert(DISCV4_BUCKETS == TABLE_BUCKETS && DISCV4_BUCKET_ROOM == TABLE_BUCKET_SIZE,
                   "the figures are the table's");
    for (unsigned i = 0; i < DISCV4_BUCKETS; i++)
        out[i] = d->table.buckets[i].n_entries;
}

unsigned discv4_timeouts_in_row(const struct discv4 *d)
{
    return d->timeouts_in_row;
}
