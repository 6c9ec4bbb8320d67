/* What thread rpc has done on the manager's thread: looks at the chain, transactions of the
 * operator. */
#include <string.h>

#include "base/bug.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "codec/rlp.h"
#include "ethereum/eth/internal.h"

static struct chan_class order_done_class = {
    .name = "eth_order_done", .elem_size = 1, .capacity = 1};

void orders_run(struct eth *e, struct eth_order *order)
{
    char done = 0;

    order->run(e, order->arg);
    (void)BUG(chan_try_send(&order->done, &done) < 0); /* its one place is for this */
}

static int give_order(struct eth *e, void (*run)(struct eth *e, void *arg), void *arg)
{
    struct eth_order order = {.run = run, .arg = arg};
    struct eth_note n = {.event = ETH_EVENT_ORDER, .order = &order};
    int rc = chan_class_register(&order_done_class);
    char done;

    if (rc == 0)
        rc = chan_init(&order.done, &order_done_class);
    if (rc < 0)
        return rc;
    rc = chan_send(&e->inbox, &n, CLOCK_NEVER);
    if (rc == 0)
        rc = chan_recv(&order.done, &done, CLOCK_NEVER); /* it empties its inbox at any rate */
    chan_destroy(&order.done, NULL);
    return rc;
}

/* --- looks --- */

struct look {
    void (*visit)(void *arg, struct eth_chain *chain);
    void *arg;
};

static void look(struct eth *e, void *arg)
{
    struct look *l = arg;

    l->visit(l->arg, e->config.chain);
}

int eth_visit_chain(struct eth *e, void (*visit)(void *arg, struct eth_chain *chain), void *arg)
{
    struct look l = {.visit = visit, .arg = arg};

    return give_order(e, look, &l);
}

/* --- transactions --- */

struct submission {
    struct pool_tx *tx;
    int rc;
};

static void submit(struct eth *e, void *arg)
{
    struct submission *s = arg;

    s->rc = txs_submit(e, s->tx);
}

/* A list carries a transaction with a type as a string, one without as itself. */
static int make(struct pool_tx **out, const struct eth_params *params, struct bytes raw)
{
    struct reader r = reader_of(raw.data, raw.len);
    struct buf item;
    int rc;

    if (raw.len == 0 || rlp_next_is_list(&r))
        return pool_tx_make(out, params, raw);
    buf_init(&item, raw.len + 16);
    rlp_write_bytes(&item, raw.data, raw.len);
    rc = item.err;
    if (rc == 0)
        rc = pool_tx_make(out, params, (struct bytes){item.data, item.len});
    buf_free(&item);
    return rc;
}

int eth_submit(struct eth *e, uint8_t hash[ETH_HASH_BYTES], struct bytes raw)
{
    struct submission s = {.rc = 0};
    int rc = make(&s.tx, e->config.params, raw);

    if (rc < 0)
        return rc;
    memcpy(hash, s.tx->hash, ETH_HASH_BYTES);
    rc = give_order(e, submit, &s);
    if (rc == 0)
        rc = s.rc;
    if (rc < 0)
        pool_tx_free(s.tx);
    return rc;
}

const struct eth_params *eth_network(const struct eth *e)
{
    return e->config.params;
}
