/* What there is to say about fees: no mempool is kept, so nothing is estimated; what peers relay at
 * least is known from their filters. */
#include <inttypes.h>

#include "electrum/internal.h"

static int64_t relay_fee(struct jrpc_call *c)
{
    const struct electrum_caller *who = c->context;
    const struct electrum_chain *chain = &who->e->config.chain;

    return chain->ops->relay_fee(chain->arg);
}

/* Satoshi as bitcoin, exactly. */
static void put_coins(struct buf *out, int64_t sat)
{
    buf_printf(out, "%" PRId64 ".%08" PRId64, sat / 100000000, sat % 100000000);
}

/* The protocol's own word for not enough information. */
void call_estimatefee(struct jrpc_call *c)
{
    uint64_t blocks = 0;

    if (jrpc_param_uint(c, &blocks, 0, UINT32_MAX))
        buf_puts(c->result, "-1");
}

void call_relayfee(struct jrpc_call *c)
{
    put_coins(c->result, relay_fee(c));
}

void call_mempool_info(struct jrpc_call *c)
{
    int64_t fee = relay_fee(c);

    buf_puts(c->result, "{\"mempoolminfee\": ");
    put_coins(c->result, fee);
    buf_puts(c->result, ", \"minrelaytxfee\": ");
    put_coins(c->result, fee);
    buf_puts(c->result, ", \"incrementalrelayfee\": 0.00001000}");
}

void call_fee_histogram(struct jrpc_call *c)
{
    buf_puts(c->result, "[]");
}
