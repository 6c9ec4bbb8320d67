/* Answers, within go-ethereum's limits (eth/protocols/eth/handlers.go): what is missing is left out
 * or ends the answer, and an answer is always sent, if need be an empty one. */
#include <string.h>

#include "base/mem.h"
#include "codec/rlp.h"
#include "ethereum/eth/internal.h"
#include "metrics/metrics.h"

/* An answer that collects items. */
struct answer {
    struct buf items;
    size_t n;
};

static void answer_begin(struct answer *a)
{
    buf_init(&a->items, PM_MESSAGE_MAX_BYTES - 1024);
    a->n = 0;
}

static void answer_send(struct eth *e, struct pm_peer *p, struct answer *a, unsigned code,
                        uint64_t request_id)
{
    struct eth_msg m = {.code = code, .request_id = request_id};
    struct eth_items items = {{a->items.data, a->items.len}, a->n};

    if (code == ETH_RECEIPTS)
        m.receipts.lists = items;
    else
        m.items = items;
    metric_add(e->metrics.served, (int64_t)a->n);
    (void)pm_send(e, p, &m);
    buf_free(&a->items);
}

/* --- headers --- */

/* Where a query stands. */
struct walk {
    uint64_t number;
    uint8_t hash[ETH_HASH_BYTES];
    bool canonical; /* on the best branch, where numbers suffice */
};

static bool walk_begin(struct eth *e, struct walk *w, const struct eth_header_query *q)
{
    struct eth_chain *c = e->config.chain;
    uint8_t there[ETH_HASH_BYTES];

    w->canonical = !q->by_hash;
    w->number = q->number;
    if (!q->by_hash)
        return eth_chain_hash_at(c, w->hash, q->number) == 0;
    memcpy(w->hash, q->hash, ETH_HASH_BYTES);
    if (eth_chain_number_of(c, &w->number, w->hash) < 0)
        return false;
    w->canonical =
        eth_chain_hash_at(c, there, w->number) == 0 && memcmp(there, w->hash, sizeof there) == 0;
    return true;
}

/* From a block off the best branch only its ancestors can be told. */
static bool walk_back_by_parents(struct eth *e, struct walk *w, uint64_t steps)
{
    enum { MAX_NON_CANONICAL = 100 };
    uint8_t there[ETH_HASH_BYTES];

    for (uint64_t i = 0; i < steps; i++) {
        struct eth_header h;
        struct bytes rlp;

        if (i == MAX_NON_CANONICAL || w->number == 0 ||
            eth_chain_header(e->config.chain, &rlp, NULL, w->hash) < 0 ||
            eth_header_decode(&h, rlp) < 0)
            return false;
        memcpy(w->hash, h.parent, ETH_HASH_BYTES);
        w->number--;
    }
    w->canonical = eth_chain_hash_at(e->config.chain, there, w->number) == 0 &&
                   memcmp(there, w->hash, sizeof there) == 0;
    return true;
}

static bool walk_step(struct eth *e, struct walk *w, const struct eth_header_query *q)
{
    uint64_t step;

    if (__builtin_add_overflow(q->skip, 1, &step))
        return false;
    if (q->reverse) {
        if (step > w->number)
            return false;
        if (!w->canonical)
            return walk_back_by_parents(e, w, step);
        w->number -= step;
    } else {
        if (!w->canonical || __builtin_add_overflow(w->number, step, &w->number))
            return false;
    }
    return eth_chain_hash_at(e->config.chain, w->hash, w->number) == 0;
}

void serve_headers(struct eth *e, struct pm_peer *p, const struct eth_msg *m)
{
    const struct eth_header_query *q = &m->query;
    struct answer a;
    struct walk w;
    bool more;

    answer_begin(&a);
    more = q->amount > 0 && walk_begin(e, &w, q);
    while (more) {
        struct bytes rlp;

        if (eth_chain_header(e->config.chain, &rlp, NULL, w.hash) < 0)
            break;
        buf_append(&a.items, rlp.data, rlp.len);
        a.n++;
        more = a.n < q->amount && a.n < PM_HEADERS_SERVE && a.items.len < PM_SOFT_RESPONSE_BYTES &&
               walk_step(e, &w, q);
    }
    answer_send(e, p, &a, ETH_BLOCK_HEADERS, m->request_id);
}

/* --- bodies, receipts, transactions --- */

void serve_bodies(struct eth *e, struct pm_peer *p, const struct eth_msg *m)
{
    struct eth_items hashes = m->items;
    uint8_t hash[ETH_HASH_BYTES];
    struct eth_body body;
    struct answer a;

    answer_begin(&a);
    for (size_t i = 0; i < PM_BODIES_SERVE && a.items.len < PM_SOFT_RESPONSE_BYTES &&
                       eth_items_next_hash(&hashes, hash);
         i++)
        if (eth_chain_body(e->config.chain, &body, hash) == 0) {
            eth_body_encode(&a.items, &body);
            a.n++;
        }
    answer_send(e, p, &a, ETH_BLOCK_BODIES, m->request_id);
}

/* Since eth/70 a peer may ask from the middle of the first block's receipts; the lists sent here
 * are always whole, so that only from their beginning is there an answer. */
void serve_receipts(struct eth *e, struct pm_peer *p, const struct eth_msg *m)
{
    enum eth_receipt_form form = p->version >= 69 ? ETH_RECEIPTS_FLAT : ETH_RECEIPTS_CONSENSUS;
    struct eth_items hashes = m->get_receipts.hashes;
    uint8_t hash[ETH_HASH_BYTES];
    struct bytes flat;
    struct answer a;

    answer_begin(&a);
    for (size_t i = 0; i < PM_RECEIPTS_SERVE && m->get_receipts.first_index == 0 &&
                       a.items.len < PM_SOFT_RESPONSE_BYTES && eth_items_next_hash(&hashes, hash);
         i++) {
        if (eth_chain_receipts(e->config.chain, &flat, hash) < 0)
            break; /* answers are matched by place */
        if (eth_receipts_write(&a.items, flat, form) < 0)
            break;
        a.n++;
    }
    answer_send(e, p, &a, ETH_RECEIPTS, m->request_id);
}

void serve_pooled_txs(struct eth *e, struct pm_peer *p, const struct eth_msg *m)
{
    struct eth_items hashes = m->items;
    uint8_t hash[ETH_HASH_BYTES];
    struct answer a;

    answer_begin(&a);
    while (a.items.len < PM_SOFT_RESPONSE_BYTES && eth_items_next_hash(&hashes, hash)) {
        const struct pool_tx *t = pool_find(&e->pool, hash);

        if (!t)
            continue;
        buf_append(&a.items, t->item, t->len);
        a.n++;
        peer_add_known(p->peer, hash);
    }
    answer_send(e, p, &a, ETH_POOLED_TXS, m->request_id);
}
