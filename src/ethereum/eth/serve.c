/* Answers, within go-ethereum's limits (eth/protocols/eth/handlers.go). An answer is matched by
 * place, so that an item which could be written only in part is taken back, and is the last. */
#include "ethereum/eth/serve.h"

#include <string.h>

/* A message's code, request id and list header stand beside the items. */
enum { ITEMS_MAX_BYTES = ETH_MESSAGE_MAX_BYTES - 1024 };

/* Returns: 0, which answers nothing, for what is no request. */
static unsigned answer_to(unsigned code)
{
    switch (code) {
    case ETH_GET_BLOCK_HEADERS:
        return ETH_BLOCK_HEADERS;
    case ETH_GET_BLOCK_BODIES:
        return ETH_BLOCK_BODIES;
    case ETH_GET_RECEIPTS:
        return ETH_RECEIPTS;
    case ETH_GET_POOLED_TXS:
        return ETH_POOLED_TXS;
    case ETH_GET_NODE_DATA:
        return ETH_NODE_DATA;
    default:
        return 0;
    }
}

bool serve_is_request(unsigned code)
{
    return answer_to(code) != 0;
}

static bool has_room(const struct serve_answer *a)
{
    return !a->items.err && a->items.len < SERVE_SOFT_BYTES;
}

/* What stands behind `mark` is an item, if it is whole. */
static void count_item(struct serve_answer *a, size_t mark)
{
    if (a->items.err)
        a->items.len = mark;
    else
        a->n++;
}

/* --- headers --- */

/* Where a query stands. */
struct walk {
    uint64_t number;
    uint8_t hash[ETH_HASH_BYTES];
    bool canonical; /* on the best branch, where numbers suffice */
};

static bool walk_begin(struct eth_chain *c, struct walk *w, const struct eth_header_query *q)
{
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
static bool walk_back_by_parents(struct eth_chain *c, struct walk *w, uint64_t steps)
{
    enum { MAX_NON_CANONICAL = 100 };
    uint8_t there[ETH_HASH_BYTES];

    for (uint64_t i = 0; i < steps; i++) {
        struct eth_header h;
        struct bytes rlp;

        if (i == MAX_NON_CANONICAL || w->number == 0 ||
            eth_chain_header(c, &rlp, NULL, w->hash) < 0 || eth_header_decode(&h, rlp) < 0)
            return false;
        memcpy(w->hash, h.parent, ETH_HASH_BYTES);
        w->number--;
    }
    w->canonical =
        eth_chain_hash_at(c, there, w->number) == 0 && memcmp(there, w->hash, sizeof there) == 0;
    return true;
}

static bool walk_step(struct eth_chain *c, struct walk *w, const struct eth_header_query *q)
{
    uint64_t step;

    if (__builtin_add_overflow(q->skip, 1, &step))
        return false;
    if (q->reverse) {
        if (step > w->number)
            return false;
        if (!w->canonical)
            return walk_back_by_parents(c, w, step);
        w->number -= step;
    } else {
        if (!w->canonical || __builtin_add_overflow(w->number, step, &w->number))
            return false;
    }
    return eth_chain_hash_at(c, w->hash, w->number) == 0;
}

static void make_headers(struct serve_answer *a, struct eth_chain *c,
                         const struct eth_header_query *q)
{
    struct walk w;
    bool more = q->amount > 0 && walk_begin(c, &w, q);

    while (more) {
        struct bytes rlp;
        size_t mark = a->items.len;

        if (eth_chain_header(c, &rlp, NULL, w.hash) < 0)
            break;
        buf_append(&a->items, rlp.data, rlp.len);
        count_item(a, mark);
        more = a->n < q->amount && a->n < SERVE_HEADERS_MAX && has_room(a) && walk_step(c, &w, q);
    }
}

/* --- bodies, receipts, transactions --- */

static void make_bodies(struct serve_answer *a, struct eth_chain *c, struct eth_items hashes)
{
    uint8_t hash[ETH_HASH_BYTES];
    struct eth_body body;

    for (size_t i = 0; i < SERVE_BODIES_MAX && has_room(a) && eth_items_next_hash(&hashes, hash);
         i++) {
        size_t mark = a->items.len;

        if (eth_chain_body(c, &body, hash) < 0)
            continue;
        eth_body_encode(&a->items, &body);
        count_item(a, mark);
    }
}

static void make_receipts(struct serve_answer *a, struct eth_chain *c, struct eth_items hashes,
                          enum eth_receipt_form form)
{
    uint8_t hash[ETH_HASH_BYTES];
    struct bytes flat;

    for (size_t i = 0; i < SERVE_RECEIPTS_MAX && has_room(a) && eth_items_next_hash(&hashes, hash);
         i++) {
        size_t mark = a->items.len;

        if (eth_chain_receipts(c, &flat, hash) < 0)
            break;
        if (eth_receipts_write(&a->items, flat, form) < 0) {
            a->items.len = mark;
            break;
        }
        a->n++;
    }
}

static void make_pooled_txs(struct serve_answer *a, const struct pool *pool,
                            struct eth_items hashes)
{
    uint8_t hash[ETH_HASH_BYTES];

    while (has_room(a) && !a->hashes.err && eth_items_next_hash(&hashes, hash)) {
        const struct pool_tx *t = pool_find(pool, hash);
        size_t mark = a->items.len;

        if (!t)
            continue;
        buf_append(&a->items, t->item, t->len);
        count_item(a, mark);
        if (!a->items.err)
            buf_append(&a->hashes, hash, sizeof hash);
    }
}

/* --- the answer --- */

void serve_make(struct serve_answer *a, const struct serve_source *from,
                const struct eth_msg *request, unsigned version)
{
    struct eth_items items;

    *a = (struct serve_answer){.msg.code = answer_to(request->code)};
    a->msg.request_id = request->request_id;
    buf_init(&a->items, ITEMS_MAX_BYTES);
    buf_init(&a->hashes, SERVE_SOFT_BYTES);
    switch (request->code) {
    case ETH_GET_BLOCK_HEADERS:
        make_headers(a, from->chain, &request->query);
        break;
    case ETH_GET_BLOCK_BODIES:
        make_bodies(a, from->chain, request->items);
        break;
    case ETH_GET_RECEIPTS:
        /* Since eth/70 a peer may ask from the middle of the first block's receipts; the lists sent
         * here are always whole, so that only from their beginning is there an answer. */
        if (request->get_receipts.first_index == 0)
            make_receipts(a, from->chain, request->get_receipts.hashes,
                          version >= 69 ? ETH_RECEIPTS_FLAT : ETH_RECEIPTS_CONSENSUS);
        break;
    case ETH_GET_POOLED_TXS:
        make_pooled_txs(a, from->pool, request->items);
        break;
    default: /* GetNodeData: there is no state here */
        break;
    }
    items = (struct eth_items){{a->items.data, a->items.len}, a->n};
    if (request->code == ETH_GET_RECEIPTS)
        a->msg.receipts.lists = items;
    else
        a->msg.items = items;
}

void serve_answer_free(struct serve_answer *a)
{
    buf_free(&a->items);
    buf_free(&a->hashes);
}
