#include "base/clock.h"
#include "base/mem.h"
#include "ethereum/eth/internal.h"
#include "metrics/metrics.h"

bool pm_send(struct eth *e, struct pm_peer *p, const struct eth_msg *m)
{
    struct frame *f = NULL;
    struct buf b;

    buf_init(&b, PM_MESSAGE_MAX_BYTES);
    if (eth_msg_encode(&b, m, p->version) == 0)
        f = p2p_frame(e->number, m->code, b.data, b.len);
    buf_free(&b);
    return f && peer_send(p->peer, f, 0) == 0;
}

bool pm_ask(struct eth *e, struct pm_peer *p, enum pm_request kind, struct eth_msg *m)
{
    m->request_id = ++e->last_request_id;
    p->pending[kind] = m->request_id;
    p->sent_us[kind] = clock_mono_us();
    if (kind == PM_TXS)
        atomic_store(&p->link->wants_txs, true);
    if (pm_send(e, p, m))
        return true;
    p->pending[kind] = 0;
    return false;
}

static unsigned answer_to(enum pm_request kind)
{
    switch (kind) {
    case PM_SYNC_HEADERS:
    case PM_FETCH_HEADER:
        return ETH_BLOCK_HEADERS;
    case PM_SYNC_BODIES:
    case PM_FETCH_BODY:
        return ETH_BLOCK_BODIES;
    case PM_SYNC_RECEIPTS:
        return ETH_RECEIPTS;
    case PM_TXS:
    case PM_REQUESTS:
        break;
    }
    return ETH_POOLED_TXS;
}

/* Before eth/66 answers come in the order of the requests. */
enum pm_request pm_answered(struct eth *e, struct pm_peer *p, const struct eth_msg *m)
{
    enum pm_request found = PM_REQUESTS;

    for (enum pm_request k = 0; k < PM_REQUESTS; k++) {
        if (p->pending[k] == 0 || answer_to(k) != m->code)
            continue;
        if (p->version >= 66 ? p->pending[k] == m->request_id
                             : found == PM_REQUESTS || p->pending[k] < p->pending[found])
            found = k;
    }
    if (found != PM_REQUESTS) {
        p->pending[found] = 0;
        return found;
    }
    metric_add(e->metrics.unsolicited, 1);
    if (++p->unsolicited > PM_UNSOLICITED_MAX)
        pm_disconnect(p, PN_EUNSOLICITED);
    return found;
}
