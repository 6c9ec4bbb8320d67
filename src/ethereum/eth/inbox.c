#include "ethereum/eth/inbox.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "thread/thread.h"

enum { INBOX_NOTES = 256, INBOX_BYTES = 64 << 20 };

static size_t note_weight(const void *elem)
{
    const struct eth_note *n = elem;

    return n->payload ? n->payload->weight : 0;
}

struct chan_class eth_inbox_class = {
    .name = "eth_manager_inbox",
    .elem_size = sizeof(struct eth_note),
    .capacity = INBOX_NOTES,
    .max_weight = INBOX_BYTES,
    .weight = note_weight,
    .block_roles = ROLE_BIT(ROLE_PEER_IN) | ROLE_BIT(ROLE_PEER_QUEUE) | ROLE_BIT(ROLE_PEER_OUT) |
                   ROLE_BIT(ROLE_PEER_STALL) | ROLE_BIT(ROLE_PEER_PING) | ROLE_BIT(ROLE_RPC),
};

struct eth_payload *eth_payload_of(unsigned code, const void *data, size_t len)
{
    struct eth_payload *p = mem_alloc(sizeof *p + len);

    if (!p)
        return NULL;
    *p = (struct eth_payload){.weight = sizeof *p + len, .code = code, .len = len};
    if (len > 0)
        memcpy(p->data, data, len);
    return p;
}

struct eth_payload *eth_payload_txs(unsigned code, uint64_t request_id, size_t n)
{
    size_t bytes = n * sizeof(struct pool_tx *);
    struct eth_payload *p = mem_alloc(sizeof *p + bytes);

    if (!p)
        return NULL;
    *p = (struct eth_payload){
        .weight = sizeof *p + bytes, .code = code, .request_id = request_id, .len = bytes};
    p->txs = (struct pool_tx **)(void *)p->data;
    return p;
}

void eth_payload_free(struct eth_payload *p)
{
    for (size_t i = 0; p && i < p->n_txs; i++)
        pool_tx_free(p->txs[i]);
    mem_free(p);
}

int eth_tell(struct chan *inbox, struct peer *p, enum eth_event event, struct eth_payload *payload)
{
    struct eth_note n = {.event = event, .peer = p, .payload = payload};
    int rc = chan_send_or_quit(inbox, &n, peer_quit(p), CLOCK_NEVER);

    if (rc < 0)
        eth_payload_free(payload);
    return rc < 0 ? PN_EQUIT : 0;
}
