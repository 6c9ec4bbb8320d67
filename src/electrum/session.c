/* A client's connection as the peer runtime knows it. */
#include "base/err.h"
#include "base/mem.h"
#include "electrum/internal.h"
#include "electrum/lines.h"

int session_attach(void *arg, struct peer_setup *setup)
{
    struct electrum *e = arg;
    struct electrum_session *s;

    if (!address_count_take(e->addresses, &setup->addr))
        return PN_ELIMIT;
    s = mem_zalloc(sizeof *s);
    setup->transport_ops = &lines_transport_ops;
    setup->transport = lines_transport_new();
    setup->proto_data = s;
    if (!s || !setup->transport) {
        mem_free(s);
        mem_free(setup->transport);
        address_count_give(e->addresses, &setup->addr);
        return PN_ENOMEM;
    }
    s->e = e;
    s->addr = setup->addr;
    session_cost_begin(&s->cost, e->costs, &setup->addr);
    metric_add(e->sessions_open, 1);
    return 0;
}

static void session_free(struct electrum_session *s)
{
    metric_add(s->e->sessions_open, -1);
    session_cost_end(&s->cost);
    address_count_give(s->e->addresses, &s->addr);
    frame_unref(atomic_load(&s->last_words));
    buf_free(&s->answer);
    mem_free(s);
}

void session_detach(void *arg, struct peer_setup *setup)
{
    (void)arg;
    session_free(setup->proto_data);
    setup->transport_ops->free(setup->transport);
}

/* Until the client has said who it is, thread `in` is alone and writes itself. */
static int negotiate(struct peer *p)
{
    struct electrum_session *s = peer_proto_data(p);
    int rc = 0;

    while (rc == 0 && !s->protocol) {
        struct peer_message line;
        struct frame *f;

        rc = peer_read_message(p, &line);
        if (rc < 0)
            return rc;
        rc = session_answer_line(s, p, &f, &line);
        if (f) {
            int sent = peer_write_message(p, f);

            rc = rc < 0 ? rc : sent;
        }
    }
    return rc;
}

static int handle(struct peer *p, const struct peer_message *line)
{
    struct electrum_session *s = peer_proto_data(p);
    struct frame *f;
    int rc = session_answer_line(s, p, &f, line);

    if (rc == 0)
        return f ? peer_reply(p, f, 0) : 0;
    frame_unref(atomic_exchange(&s->last_words, f));
    return rc;
}

/* The answer that goes with the reason to part, if there is one. */
static struct frame *farewell(struct peer *p, int reason)
{
    struct electrum_session *s = peer_proto_data(p);

    (void)reason;
    return atomic_exchange(&s->last_words, NULL);
}

static void gone(struct peer *p)
{
    (void)p;
}

static void release(struct peer *p)
{
    session_free(peer_proto_data(p));
}

const struct peer_proto_ops session_ops = {
    .network = "electrum",
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
    .farewell = farewell,
};
