/* What time brings: requests time out, nodes that were heard of are pinged, the table is refreshed,
 * its members are checked one after another. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "ethereum/discv4/internal.h"
#include "ethereum/enr/relay.h"
#include "ethereum/nodedb/nodedb.h"
#include "log/log.h"

enum {
    REFRESH_S = 30 * 60,
    REFRESH_RANDOM_LOOKUPS = 3,
    REVALIDATE_MAX_MS = 10 * 1000,
    WALK_MS = 7200,
    THIN_TABLE = 64, /* nodes: below, the table fills by walks */
    SEED_COUNT = 30,
    RECORD_MS = 1000, /* between two questions for records */
    RECORD_RETRY_S = 60,
    RECORD_TRIES = 3,
    PREDICT_S = 10,
};

/* --- nodes that were heard of --- */

static struct eth_node *queued(struct discv4 *d, unsigned i)
{
    return &d->to_verify[(d->verify_head + i) % VERIFY_QUEUE];
}

void upkeep_verify_add(struct discv4 *d, const struct eth_node *node)
{
    if (d->verify_count == VERIFY_QUEUE || memcmp(node->id, d->id, ETH_ID_BYTES) == 0 ||
        table_find(&d->table, node->id))
        return;
    for (unsigned i = 0; i < d->verify_count; i++)
        if (memcmp(queued(d, i)->id, node->id, ETH_ID_BYTES) == 0)
            return;
    *queued(d, d->verify_count++) = *node;
}

void discv4_seed(struct discv4 *d, const struct eth_node *node)
{
    if (node->udp.port != 0 && !eth_addr_is_special(&node->udp) && discv4_reaches(d, &node->udp))
        upkeep_verify_add(d, node);
}

static void run_verification(struct discv4 *d, int64_t now_us)
{
    while (d->verify_count > 0 && d->requests.by_purpose[REQUEST_VERIFY] < MAX_VERIFYING) {
        struct eth_node node = *queued(d, 0);

        d->verify_head = (d->verify_head + 1) % VERIFY_QUEUE;
        d->verify_count--;
        if (!table_find(&d->table, node.id) &&
            output_ping(d, &node, REQUEST_VERIFY, false, now_us) < 0)
            break;
    }
}

/* --- timeouts --- */

static void run_timeouts(struct discv4 *d, int64_t now_us)
{
    struct request *expired;

    while ((expired = requests_expired(&d->requests, now_us))) {
        struct request q = *expired;

        requests_remove(&d->requests, expired);
        if (!q.answered) {
            d->stats.timeouts++;
            d->timeouts_in_row++;
        }
        if (q.type == DISCV4_FINDNODE)
            engine_note_answer(d, &q.node, q.answered, now_us);
        if (q.type == DISCV4_PING && q.purpose == REQUEST_REVALIDATE)
            table_replace(&d->table, q.node.id);
        if (q.type != DISCV4_ENR_REQUEST)
            lookup_on_timeout(d, &q, now_us);
    }
}

/* --- refresh --- */

static void load_seeds(struct discv4 *d)
{
    struct nodedb_row *rows = NULL;
    unsigned n = 0;

    for (unsigned i = 0; i < d->n_bootnodes; i++)
        discv4_seed(d, &d->bootnodes[i]);
    if (d->config.db)
        rows = mem_alloc_array(SEED_COUNT, sizeof *rows);
    if (rows)
        n = nodedb_seeds(d->config.db, rows, SEED_COUNT, clock_wall_s() - NODEDB_SEED_AGE_S);
    for (unsigned i = 0; i < n; i++)
        discv4_seed(d, &rows[i].node);
    mem_free(rows);
}

static void on_refresh_lookup(void *arg, const struct eth_node *nodes, unsigned n)
{
    struct discv4 *d = arg;

    (void)nodes;
    (void)n;
    if (d->refresh == REFRESH_SELF)
        d->refresh_left = REFRESH_RANDOM_LOOKUPS;
    d->refresh = d->refresh_left > 0 ? REFRESH_RANDOM : REFRESH_IDLE;
    d->refresh_running = false;
}

static void run_refresh_lookup(struct discv4 *d, int64_t now_us)
{
    uint8_t target[EC_PUBKEY_BYTES];

    if (d->refresh_running)
        return;
    memcpy(target, d->pubkey, sizeof target);
    if (d->refresh == REFRESH_RANDOM)
        random_bytes(target, sizeof target);
    d->refresh_running = true;
    if (d->refresh == REFRESH_RANDOM)
        d->refresh_left--;
    if (discv4_lookup(d, target, on_refresh_lookup, d, now_us) < 0) {
        d->refresh_running = false; /* all lookups are taken: a later tick tries again */
        if (d->refresh == REFRESH_RANDOM)
            d->refresh_left++;
    }
}

static void run_refresh(struct discv4 *d, int64_t now_us)
{
    if (now_us >= d->next_refresh_us) {
        d->next_refresh_us = now_us + REFRESH_S * US_PER_S;
        if (d->refresh == REFRESH_IDLE)
            d->refresh = REFRESH_SEEDING;
        load_seeds(d);
        run_verification(d, now_us);
    }
    if (d->refresh == REFRESH_SEEDING && d->verify_count == 0 &&
        d->requests.by_purpose[REQUEST_VERIFY] == 0)
        d->refresh = REFRESH_SELF;
    if (d->refresh == REFRESH_SELF || d->refresh == REFRESH_RANDOM)
        run_refresh_lookup(d, now_us);
}

static void run_walk(struct discv4 *d, int64_t now_us)
{
    if (now_us < d->next_walk_us)
        return;
    d->next_walk_us = now_us + WALK_MS * US_PER_MS;
    if (d->table.n_entries == 0)
        load_seeds(d);
    else if (d->table.n_entries < THIN_TABLE)
        lookup_walk(d, now_us);
}

/* --- the table's members --- */

static void run_revalidation(struct discv4 *d, int64_t now_us)
{
    struct table_entry *last;

    if (now_us < d->next_revalidate_us)
        return;
    d->next_revalidate_us = now_us + (int64_t)random_below(REVALIDATE_MAX_MS * (uint64_t)US_PER_MS);
    last = table_to_revalidate(&d->table);
    if (last)
        output_ping(d, &last->node, REQUEST_REVALIDATE, false, now_us);
}

/* What a visit to the table's entries carries along. */
struct due {
    struct table_entry *entry;
    int64_t now_us;
};

static void find_due(struct table_entry *e, void *arg)
{
    struct due *due = arg;

    if (e->record_due_us != 0 && e->record_due_us <= due->now_us &&
        (!due->entry || e->record_due_us < due->entry->record_due_us))
        due->entry = e;
}

/* One record at a time. */
static void run_records(struct discv4 *d, int64_t now_us)
{
    struct due due = {.now_us = now_us};

    if (now_us < d->next_record_us)
        return;
    d->next_record_us = now_us + RECORD_MS * US_PER_MS;
    table_each(&d->table, find_due, &due);
    if (!due.entry || d->requests.by_purpose[REQUEST_RECORD] > 0)
        return;
    due.entry->record_due_us =
        ++due.entry->record_tries < RECORD_TRIES ? now_us + RECORD_RETRY_S * US_PER_S : 0;
    output_enr_request(d, &due.entry->node, now_us);
}

static void predict_reach(struct discv4 *d, enum eth_family family, int64_t now_us)
{
    struct discv4_reach reach = d->config.reach[family];
    char text[NET_ADDR_TEXT_BYTES];

    if (reach.fixed || !predict_endpoint(&d->predictors[family], &reach.at.udp, now_us) ||
        net_addr_equal(&reach.at.udp, &d->config.reach[family].at.udp))
        return;
    log_info("discv4", "other nodes reach us at %s", net_addr_format(text, &reach.at.udp));
    discv4_set_reach(d, family, &reach);
}

static void run_prediction(struct discv4 *d, int64_t now_us)
{
    if (now_us < d->next_predict_us)
        return;
    d->next_predict_us = now_us + PREDICT_S * US_PER_S;
    for (unsigned family = 0; family < ETH_FAMILIES; family++)
        predict_reach(d, (enum eth_family)family, now_us);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t discv4_tick(struct discv4 *d, int64_t now_us)
{
    int64_t at;

    run_timeouts(d, now_us);
    lookup_tick(d, now_us);
    run_refresh(d, now_us);
    run_walk(d, now_us);
    run_verification(d, now_us);
    run_revalidation(d, now_us);
    run_records(d, now_us);
    run_prediction(d, now_us);
    persist_run(d, now_us);
    at = earlier(requests_deadline(&d->requests), lookup_deadline(d));
    at = earlier(at, earlier(d->next_refresh_us, d->next_walk_us));
    at = earlier(at, earlier(d->next_revalidate_us, d->next_record_us));
    return earlier(at, earlier(d->next_copy_us, d->next_expire_us));
}
