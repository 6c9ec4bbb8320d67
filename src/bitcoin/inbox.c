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
                   ROLE_BIT(ROLE_PEER_STALL) | ROLE_BIT(ROLE_PEER_PING),
};

struct manager_payload *manager_payload_new(size_t n, bool with_headers)
{
    size_t each = BTC_HASH_BYTES + (with_headers ? sizeof(struct btc_header) : 0);
    size_t bytes = sizeof(struct manager_payload) + n * each;
    struct manager_payload *m = mem_alloc(bytes);

    if (!m)
        return NULL;
    *m = (struct manager_payload){.bytes = bytes, .n = n};
    if (with_headers)
        m->headers = (struct btc_header *)(void *)(m + 1);
    m->hashes = with_headers ? (void *)(m->headers + n) : (void *)(m + 1);
    return m;
}

struct manager_payload *manager_payload_addrs(size_t n)
{
    size_t bytes = sizeof(struct manager_payload) + n * sizeof(struct addrbook_seen);
    struct manager_payload *m = mem_alloc(bytes);

    if (!m)
        return NULL;
    *m = (struct manager_payload){
        .bytes = bytes, .n = n, .addrs = (struct addrbook_seen *)(void *)(m + 1)};
    return m;
}

int manager_tell(struct chan *inbox, struct peer *p, enum manager_event event,
                 struct manager_payload *payload)
{
    struct manager_msg m = {.event = event, .peer = p, .payload = payload};
    int rc = chan_send_or_quit(inbox, &m, peer_quit(p), CLOCK_NEVER);

    if (rc < 0)
        mem_free(payload);
    return rc < 0 ? PN_EQUIT : 0;
}
