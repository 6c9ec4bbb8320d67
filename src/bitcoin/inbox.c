#include "bitcoin/inbox.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "thread/thread.h"

enum { INBOX_MESSAGES = 256, INBOX_BYTES = 8 << 20 };

static size_t msg_weight(const void *elem)
{
    const struct manager_msg *m = elem;

    return m->payload ? m->payload->bytes : 0;
}

struct chan_class manager_inbox_class = {
    .name = "bitcoin_manager_inbox",
    .elem_size = sizeof(struct manager_msg),
    .capacity = INBOX_MESSAGES,
    .max_weight = INBOX_BYTES,
    .weight = msg_weight,
    .block_roles = ROLE_BIT(ROLE_PEER_IN) | ROLE_BIT(ROLE_PEER_QUEUE) | ROLE_BIT(ROLE_PEER_OUT) |
                   ROLE_BIT(ROLE_PEER_STALL) | ROLE_BIT(ROLE_PEER_PING) | ROLE_BIT(ROLE_RPC),
};

struct manager_headers *manager_headers_new(size_t n)
{
    size_t bytes =
        sizeof(struct manager_headers) + n * (sizeof(struct btc_header) + BTC_HASH_BYTES);
    struct manager_headers *m = mem_alloc(bytes);

    if (!m)
        return NULL;
    *m = (struct manager_headers){.head.bytes = bytes, .n = n};
    m->headers = (struct btc_header *)(void *)(m + 1);
    m->hashes = (void *)(m->headers + n);
    return m;
}

struct manager_hashes *manager_hashes_new(size_t n)
{
    size_t bytes = sizeof(struct manager_hashes) + n * BTC_HASH_BYTES;
    struct manager_hashes *m = mem_alloc(bytes);

    if (m)
        *m = (struct manager_hashes){.head.bytes = bytes, .n = n};
    return m;
}

struct manager_addrs *manager_addrs_new(size_t n)
{
    size_t bytes = sizeof(struct manager_addrs) + n * sizeof(struct addrbook_seen);
    struct manager_addrs *m = mem_alloc(bytes);

    if (m)
        *m = (struct manager_addrs){.head.bytes = bytes, .n = n};
    return m;
}

void manager_payload_free(struct manager_payload *m)
{
    if (m && m->free)
        m->free(m);
    else
        mem_free(m);
}

int manager_tell(struct chan *inbox, struct peer *p, enum manager_event event,
                 struct manager_payload *payload)
{
    struct manager_msg m = {.event = event, .peer = p, .payload = payload};
    int rc = chan_send_or_quit(inbox, &m, peer_quit(p), CLOCK_NEVER);

    if (rc < 0)
        manager_payload_free(payload);
    return rc < 0 ? PN_EQUIT : 0;
}
