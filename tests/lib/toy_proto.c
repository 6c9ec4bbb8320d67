#include "toy_proto.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

/* --- transport --- */

struct toy_transport {
    uint8_t data[4096];
    size_t len, taken;
};

static uint8_t *toy_space(void *transport, size_t *len)
{
    struct toy_transport *t = transport;

    memmove(t->data, t->data + t->taken, t->len - t->taken);
    t->len -= t->taken;
    t->taken = 0;
    *len = sizeof t->data - t->len;
    return t->data + t->len;
}

static void toy_commit(void *transport, size_t len)
{
    struct toy_transport *t = transport;

    t->len += len;
}

static int toy_next(void *transport, struct peer_message *out)
{
    struct toy_transport *t = transport;
    const uint8_t *at = t->data + t->taken;
    size_t left = t->len - t->taken;

    if (left < 2 || left < 2u + at[1])
        return 0;
    if (at[0] >= TOY_CMDS)
        return PN_ECOMMAND;
    *out = (struct peer_message){
        .cmd = at[0], .payload = at + 2, .len = at[1], .wire_bytes = 2u + at[1]};
    t->taken += out->wire_bytes;
    return 1;
}

void *toy_transport_new(void)
{
    return mem_zalloc(sizeof(struct toy_transport));
}

const struct peer_transport_ops toy_transport_ops = {
    .space = toy_space,
    .commit = toy_commit,
    .next = toy_next,
    .free = mem_free,
};

/* --- protocol --- */

struct frame *toy_frame(enum toy_cmd cmd, const void *payload, size_t len)
{
    uint8_t raw[2 + 255] = {(uint8_t)cmd, (uint8_t)len};

    if (len)
        memcpy(raw + 2, payload, len);
    return frame_new(cmd, raw, 2 + len);
}

static const char *toy_name(unsigned cmd)
{
    static const char *const names[TOY_CMDS] = {"hello", "ping",   "pong", "echo",
                                                "ask",   "answer", "inv",  "linger"};

    return names[cmd];
}

static int toy_negotiate(struct peer *p)
{
    struct peer_message m;
    int rc = peer_write_message(p, toy_frame(TOY_HELLO, NULL, 0));

    if (rc == 0)
        rc = peer_read_message(p, &m);
    if (rc == 0 && m.cmd != TOY_HELLO)
        rc = PN_EPROTO;
    return rc;
}

static struct toy_counts *counts_of(struct peer *p)
{
    return *(struct toy_counts **)peer_proto_data(p);
}

static int toy_ready(struct peer *p)
{
    atomic_fetch_add(&counts_of(p)->ready_calls, 1);
    return 0;
}

static int toy_handle(struct peer *p, const struct peer_message *m)
{
    uint64_t nonce;

    switch (m->cmd) {
    case TOY_ECHO:
        return peer_reply(p, toy_frame(TOY_ANSWER, m->payload, m->len), 0);
    case TOY_PONG:
        memcpy(&nonce, m->payload, sizeof nonce);
        peer_pong(p, nonce);
        return 0;
    case TOY_LINGER:
        clock_test_advance_ms(60000);
        return 0;
    default:
        return 0;
    }
}

static void toy_gone(struct peer *p)
{
    atomic_fetch_add(&counts_of(p)->gone_calls, 1);
}

static void toy_release(struct peer *p)
{
    atomic_fetch_add(&counts_of(p)->released, 1);
    mem_free(peer_proto_data(p));
}

static struct frame *toy_ping(struct peer *p, uint64_t nonce)
{
    (void)p;
    return toy_frame(TOY_PING, &nonce, sizeof nonce);
}

static struct frame *toy_inventory(struct peer *p, const struct peer_inventory *items, unsigned n)
{
    uint8_t first[255];

    (void)p;
    for (unsigned i = 0; i < n; i++)
        first[i] = items[i].hash[0];
    return toy_frame(TOY_INV, first, n);
}

void *toy_proto_data_new(struct toy_counts *counts)
{
    return mem_dup(&counts, sizeof counts);
}

static const struct peer_stall_rule rules[] = {
    {.sent_cmd = TOY_ASK, .answers = UINT64_C(1) << TOY_ANSWER, .factor = 2},
};

const struct peer_proto_ops toy_proto_ops = {
    .network = "toy",
    .cmd_count = TOY_CMDS,
    .cmd_name = toy_name,
    .negotiate = toy_negotiate,
    .ready = toy_ready,
    .handle = toy_handle,
    .gone = toy_gone,
    .release = toy_release,
    .ping = toy_ping,
    .ping_cmd = TOY_PING,
    .inventory = toy_inventory,
    .stall_rules = rules,
    .n_stall_rules = 1,
};
