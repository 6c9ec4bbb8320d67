/* Our connection to another server, as the peer runtime knows it: it says what the check wants
 * said, and ends when the check has come to a verdict. */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "electrum/internal.h"
#include "electrum/lines.h"
#include "electrum/looks.h"

enum { SAY_MAX_BYTES = 16384 };

int check_attach(void *arg, struct peer_setup *setup)
{
    setup->transport_ops = &lines_transport_ops;
    setup->transport = lines_transport_new();
    setup->proto_data = look_of(arg, setup->request_id);
    return setup->transport ? 0 : PN_ENOMEM;
}

void check_detach(void *arg, struct peer_setup *setup)
{
    (void)arg;
    setup->transport_ops->free(setup->transport);
}

void check_closed(void *arg, uint64_t request_id, bool was_ready)
{
    struct electrum *e = arg;

    (void)was_ready;
    chan_try_send(&e->closed, &request_id); /* there is room for every look */
}

/* Over Tor everything takes longer. */
static unsigned request_cmd(const struct look *l)
{
    return l->host.kind == TARGET_ONION ? ELECTRUM_ONION_REQUEST : ELECTRUM_REQUEST;
}

/* Take a line; *out is what to say to it, or NULL. Returns: as check_line. */
static int take_line(struct look *l, struct frame **out, const struct peer_message *line)
{
    struct buf say;
    int rc;

    *out = NULL;
    if (line->cmd == ELECTRUM_OVERLONG) {
        check_fail(&l->check, "a line of a million bytes");
        return PN_ETOOLARGE;
    }
    buf_init(&say, SAY_MAX_BYTES);
    rc = check_line(&l->check, &say, (const char *)line->payload, line->len);
    if (rc == 0 && say.len > 0 && !say.err)
        *out = frame_new(request_cmd(l), say.data, say.len);
    if (rc == 0 && say.len > 0 && !*out)
        rc = PN_ENOMEM;
    buf_free(&say);
    return rc;
}

static int say_first(struct peer *p, struct look *l)
{
    struct frame *f = NULL;
    struct buf say;

    buf_init(&say, SAY_MAX_BYTES);
    check_begin(&l->check, &say);
    if (!say.err)
        f = frame_new(request_cmd(l), say.data, say.len);
    buf_free(&say);
    return peer_write_message(p, f);
}

/* Up to the answer to server.version. */
static int negotiate(struct peer *p)
{
    struct look *l = peer_proto_data(p);
    struct frame *f = NULL;
    int rc = say_first(p, l);

    while (rc == 0 && !f) {
        struct peer_message line;

        rc = peer_read_message(p, &line);
        if (rc == 0)
            rc = take_line(l, &f, &line);
    }
    return rc == 0 ? peer_write_message(p, f) : rc;
}

static int handle(struct peer *p, const struct peer_message *line)
{
    struct frame *f;
    int rc = take_line(peer_proto_data(p), &f, line);

    return f ? peer_reply(p, f, 0) : rc;
}

static void gone(struct peer *p)
{
    struct look *l = peer_proto_data(p);

    check_fail(&l->check, pn_strerror(peer_reason(p)));
}

/* The look is the thread electrum's again. */
static void release(struct peer *p)
{
    (void)p;
}

/* ElectrumX: 30 s for an answer, 120 s over Tor. */
static const struct peer_stall_rule stall_rules[] = {
    {.sent_cmd = ELECTRUM_REQUEST, .answers = UINT64_C(1) << ELECTRUM_LINE, .factor = 1},
    {.sent_cmd = ELECTRUM_ONION_REQUEST, .answers = UINT64_C(1) << ELECTRUM_LINE, .factor = 4},
};

const struct peer_proto_ops check_ops = {
    .network = "electrum-peers",
    .cmd_count = ELECTRUM_MESSAGES,
    .cmd_name = electrum_message_name,
    .negotiate = negotiate,
    .ready = lines_ready,
    .handle = handle,
    .gone = gone,
    .release = release,
    .ping = lines_ping,
    .ping_cmd = ELECTRUM_MESSAGES,
    .inventory = lines_inventory,
    .stall_rules = stall_rules,
    .n_stall_rules = sizeof stall_rules / sizeof stall_rules[0],
};
