#include "electrum/lines.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"

enum { ROOM_BYTES = 1024, KEEP_BYTES = 64 * 1024 };

struct lines {
    uint8_t *data;
    size_t cap, len;
    size_t taken;   /* handed out */
    size_t scanned; /* no LF before */
    bool skipping;  /* within a line that is too long */
};

void *lines_transport_new(void)
{
    return mem_zalloc(sizeof(struct lines));
}

static void lines_free(void *transport)
{
    struct lines *l = transport;

    mem_free(l->data);
    mem_free(l);
}

/* Move what is left to the front. */
static void tidy(struct lines *l)
{
    if (l->taken > 0 && l->len > l->taken)
        memmove(l->data, l->data + l->taken, l->len - l->taken);
    l->len -= l->taken;
    l->scanned -= l->taken;
    l->taken = 0;
    if (l->len == 0 && l->cap > KEEP_BYTES) {
        MEM_FREE(l->data);
        l->cap = 0;
    }
}

static uint8_t *lines_space(void *transport, size_t *len)
{
    struct lines *l = transport;

    tidy(l);
    if (l->len == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : ROOM_BYTES;
        uint8_t *more;

        if (cap > LINE_MAX_BYTES + ROOM_BYTES)
            cap = LINE_MAX_BYTES + ROOM_BYTES;
        more = mem_realloc_array(l->data, cap, 1);
        if (!more)
            return NULL;
        l->data = more;
        l->cap = cap;
    }
    *len = l->cap - l->len;
    return l->data + l->len;
}

static void lines_commit(void *transport, size_t len)
{
    struct lines *l = transport;

    l->len += len;
}

/* Throw away everything before `end`. */
static int overlong(struct lines *l, struct peer_message *out, size_t end)
{
    *out = (struct peer_message){.cmd = ELECTRUM_OVERLONG, .wire_bytes = end - l->taken};
    l->taken = l->scanned = end;
    return 1;
}

static int lines_next(void *transport, struct peer_message *out)
{
    struct lines *l = transport;
    size_t unseen = l->len - l->scanned;
    const uint8_t *lf = unseen ? memchr(l->data + l->scanned, '\n', unseen) : NULL;
    size_t end = lf ? (size_t)(lf - l->data) + 1 : l->len;
    bool too_long = l->skipping || end - l->taken > LINE_MAX_BYTES;

    l->scanned = end;
    if (too_long && (lf || end - l->taken > LINE_MAX_BYTES)) {
        l->skipping = !lf;
        return overlong(l, out, end);
    }
    if (!lf)
        return 0;
    *out = (struct peer_message){.cmd = ELECTRUM_LINE,
                                 .payload = l->data + l->taken,
                                 .len = end - l->taken - 1,
                                 .wire_bytes = end - l->taken};
    l->taken = end;
    return 1;
}

const struct peer_transport_ops lines_transport_ops = {
    .space = lines_space,
    .commit = lines_commit,
    .next = lines_next,
    .free = lines_free,
};

const char *electrum_message_name(unsigned cmd)
{
    static const char *const names[ELECTRUM_MESSAGES] = {
        "line", "overlong", "answer", "request", "onion_request", "notification"};

    return names[cmd];
}

int lines_ready(struct peer *p)
{
    (void)p;
    return 0;
}

struct frame *lines_ping(struct peer *p, uint64_t nonce)
{
    (void)p;
    (void)nonce;
    return NULL;
}

struct frame *lines_inventory(struct peer *p, const struct peer_inventory *items, unsigned n)
{
    (void)p;
    (void)items;
    (void)n;
    return NULL;
}
