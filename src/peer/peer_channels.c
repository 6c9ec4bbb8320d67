/* The channels that link the five handlers.
 *
 * output     handlers, manager, server -> queue   what is to be sent, in order
 * inventory  manager, server           -> queue   what is to be announced
 * send       queue                     -> out     the batches that are written
 *            who sends at once         -> out     a wake-up: the rest of a frame is to be written
 * stall      in, out                   -> stall   try-sent only; the truth is peer.expecting
 * quit       closed by peer_disconnect
 * said       closed by out, when it has nothing more to write
 *
 * Capacities follow btcd's outputBufferSize of 50: so many replies, and as many frames of others,
 * so that a peer which reads its answers slowly still has room for news. Bytes are bounded before
 * they get here, by peer_send and peer_rest. An idle peer's channels cost about 4 KiB. */
#include "base/mem.h"
#include "peer/peer_internal.h"

enum { SEND_FRAMES = 32, INVENTORY_ITEMS = 32, STALL_EVENTS = 16 };

/* Half of the default of max_send_bytes. */
enum { STAGE_BYTES = 500000 };

static size_t out_msg_weight(const void *elem)
{
    const struct out_msg *m = elem;

    return m->frame ? m->frame->len : 0;
}

static struct chan_class output_class = {
    .name = "peer_output",
    .elem_size = sizeof(struct out_msg),
    .capacity = PEER_OUTPUT_FRAMES,
};

static struct chan_class inventory_class = {
    .name = "peer_inventory",
    .elem_size = sizeof(struct peer_inventory),
    .capacity = INVENTORY_ITEMS,
};

static struct chan_class send_class = {
    .name = "peer_send",
    .elem_size = sizeof(struct out_msg),
    .capacity = SEND_FRAMES,
    .max_weight = STAGE_BYTES,
    .weight = out_msg_weight,
    .block_roles = ROLE_BIT(ROLE_PEER_QUEUE),
};

static struct chan_class stall_class = {
    .name = "peer_stall",
    .elem_size = sizeof(struct stall_msg),
    .capacity = STALL_EVENTS,
};

static void drop_out_msg(void *elem)
{
    struct out_msg *m = elem;

    frame_unref(m->frame);
}

int peer_channels_init(struct peer *p)
{
    struct {
        struct chan *chan;
        struct chan_class *cls;
    } all[] = {
        {&p->output, &output_class}, {&p->inventory, &inventory_class}, {&p->send, &send_class},
        {&p->stall, &stall_class},   {&p->quit, &quit_class},           {&p->said, &quit_class},
    };
    const unsigned n = sizeof all / sizeof all[0];

    for (unsigned i = 0; i < n; i++) {
        int rc = chan_class_register(all[i].cls);

        if (rc == 0)
            rc = chan_init(all[i].chan, all[i].cls);
        if (rc < 0) {
            while (i-- > 0)
                chan_destroy(all[i].chan, NULL);
            return rc;
        }
    }
    return 0;
}

void peer_channels_close(struct peer *p)
{
    quit_request(&p->quit);
    chan_close(&p->output);
    chan_close(&p->inventory);
    chan_close(&p->send);
    chan_close(&p->stall);
}

void peer_channels_destroy(struct peer *p)
{
    chan_destroy(&p->output, drop_out_msg);
    chan_destroy(&p->inventory, NULL);
    chan_destroy(&p->send, drop_out_msg);
    chan_destroy(&p->stall, NULL);
    chan_destroy(&p->quit, NULL);
    chan_destroy(&p->said, NULL);
}
