/* Who spends whom in the pool. Walks are breadth first along `work`; `mark` says that a walk came
 * by already. A walk over a cluster is bounded by TXPOOL_CLUSTER_COUNT and, for the outputs looked
 * up on it, by TXPOOL_CLUSTER_WEIGHT. */
#include "bitcoin/mempool/txpool_internal.h"

struct walk {
    struct pool_entry *first, *last;
    unsigned count;
    size_t weight;
};

static void visit(struct txpool *p, struct walk *w, struct pool_entry *e) REQUIRES(p->mu)
{
    if (!e || e->mark == p->walk)
        return;
    e->mark = p->walk;
    e->work = NULL;
    if (w->last)
        w->last->work = e;
    else
        w->first = e;
    w->last = e;
    w->count++;
    w->weight += e->body->weight;
}

static void visit_parents(struct txpool *p, struct walk *w, const struct btc_tx *tx) REQUIRES(p->mu)
{
    for (uint32_t i = 0; i < tx->in_count; i++)
        visit(p, w, pool_find_txid(p, tx->in[i].prev_hash));
}

/* `left` inputs of the pool are known to spend it. */
static void visit_children(struct txpool *p, struct walk *w, const struct tx_body *body,
                           unsigned left) REQUIRES(p->mu)
{
    for (uint32_t i = 0; i < body->tx.out_count && left > 0; i++) {
        struct pool_entry *child = pool_spender(p, body->txid, i);

        left -= child != NULL;
        visit(p, w, child);
    }
}

/* Core v31: the cluster that the newcomer would make (kernel/mempool_limits.h). */
static bool fits_cluster(struct txpool *p, const struct tx_body *body, unsigned children)
    REQUIRES(p->mu)
{
    struct walk w = {.count = 1, .weight = body->weight};

    p->walk++;
    visit_parents(p, &w, &body->tx);
    visit_children(p, &w, body, children);
    for (struct pool_entry *e = w.first; e; e = e->work) {
        if (w.count > TXPOOL_CLUSTER_COUNT || w.weight > TXPOOL_CLUSTER_WEIGHT)
            return false;
        visit_parents(p, &w, &e->body->tx);
        visit_children(p, &w, e->body, e->children);
    }
    return w.count <= TXPOOL_CLUSTER_COUNT && w.weight <= TXPOOL_CLUSTER_WEIGHT;
}

/* Its inputs, as far as the pool knows them. */
static enum tx_refusal sum_inputs(struct txpool *p, struct pool_place *out, int64_t *sum_sat,
                                  const struct btc_tx *tx) REQUIRES(p->mu)
{
    *sum_sat = 0;
    out->parents = 0;
    for (uint32_t i = 0; i < tx->in_count; i++) {
        const struct pool_entry *parent = pool_find_txid(p, tx->in[i].prev_hash);
        int64_t value;

        if (!parent)
            continue;
        if (tx->in[i].prev_index >= parent->body->tx.out_count)
            return TX_NO_OUTPUT;
        value = parent->body->tx.out[tx->in[i].prev_index].value_sat;
        if (*sum_sat > TX_MAX_MONEY_SAT - value)
            return TX_BAD_VALUE;
        *sum_sat += value;
        out->parents++;
    }
    return TX_OK;
}

/* Those that came before it: whoever spends an unknown output is taken to spend a confirmed one. */
static unsigned count_children(struct txpool *p, const struct tx_body *body) REQUIRES(p->mu)
{
    unsigned n = 0;

    for (uint32_t i = 0; i < body->tx.out_count; i++)
        n += pool_spender(p, body->txid, i) != NULL;
    return n;
}

enum tx_refusal pool_place(struct txpool *p, struct pool_place *out, const struct tx_body *body)
{
    const struct btc_tx *tx = &body->tx;
    int64_t in_sat;
    enum tx_refusal r = sum_inputs(p, out, &in_sat, tx);

    if (r != TX_OK)
        return r;
    out->fee_sat = TXPOOL_FEE_UNKNOWN;
    out->children = count_children(p, body);
    if (out->parents == 0 && out->children == 0)
        return TX_OK;
    if (out->parents == tx->in_count) {
        for (uint32_t i = 0; i < tx->out_count; i++)
            in_sat -= tx->out[i].value_sat;
        if (in_sat < 0)
            return TX_NEGATIVE_FEE;
        out->fee_sat = in_sat;
    }
    return fits_cluster(p, body, out->children) ? TX_OK : TX_CLUSTER;
}

/* An input may name an output that its parent, which came later, does not have: not counted. */
void pool_tell_parents(struct txpool *p, const struct pool_entry *e, int by)
{
    for (uint32_t i = 0; e->parents > 0 && i < e->body->tx.in_count; i++) {
        const struct btc_txin *in = &e->body->tx.in[i];
        struct pool_entry *parent = pool_find_txid(p, in->prev_hash);

        if (parent && in->prev_index < parent->body->tx.out_count)
            parent->children += (unsigned)by;
    }
}

void pool_tell_children(struct txpool *p, const struct pool_entry *e, int by)
{
    unsigned left = e->children;

    for (uint32_t i = 0; i < e->body->tx.out_count && left > 0; i++) {
        struct pool_entry *child = pool_spender(p, e->body->txid, i);

        if (!child)
            continue;
        child->parents += (unsigned)by;
        left--;
    }
}

struct pool_entry *pool_descendants(struct txpool *p, struct pool_entry *e)
{
    struct walk w = {0};

    p->walk++;
    visit(p, &w, e);
    for (e = w.first; e; e = e->work)
        visit_children(p, &w, e->body, e->children);
    return w.first;
}
