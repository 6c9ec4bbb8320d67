/* The thread `electrum`: tells subscribers of a new tip. It waits on its ring and its quit token,
 * and blocks on the server's inbox alone. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "electrum/internal.h"
#include "electrum/jsonrpc/answer.h"
#include "electrum/lines.h"

enum { HEARTBEAT_MS = 1000, NOTIFICATION_MAX_BYTES = 1024 };

static bool has_subscribed(struct peer *p, const uint8_t key[32])
{
    const struct electrum_session *s = peer_proto_data(p);

    return atomic_load(&s->subscribed) == key[0];
}

static void notify(struct electrum *e, enum jrpc_version version)
{
    struct server_broadcast b = {
        .network = e->sessions_network, .want = has_subscribed, .key = {(uint8_t)(1 + version)}};
    struct buf params, text;

    buf_init(&params, NOTIFICATION_MAX_BYTES);
    buf_init(&text, NOTIFICATION_MAX_BYTES);
    buf_puts(&params, "[");
    put_tip(&params, e);
    buf_puts(&params, "]");
    jrpc_put_notification(&text, version, "blockchain.headers.subscribe",
                          (struct bytes){params.data, params.len});
    buf_puts(&text, "\n");
    if (!params.err && !text.err)
        b.frame = frame_new(ELECTRUM_NOTIFICATION, text.data, text.len);
    if (b.frame)
        server_broadcast(e->server, &b);
    buf_free(&params);
    buf_free(&text);
}

static void run(void *arg)
{
    struct electrum *e = arg;
    struct chan_case cases[] = {
        {.chan = &e->ring, .op = CHAN_RECV},
        {.chan = &e->quit, .op = CHAN_RECV},
    };

    for (;;) {
        int which = chan_select(cases, 2, clock_deadline_ms(HEARTBEAT_MS));

        atomic_store(&e->beat_us, clock_mono_us());
        if (which == 1)
            return;
        if (which == 0) {
            notify(e, JRPC_V1);
            notify(e, JRPC_V2);
        }
    }
}

int electrum_start(struct electrum *e)
{
    atomic_store(&e->beat_us, clock_mono_us());
    return thread_start(&e->thread, "electrum", ROLE_MANAGER, run, e);
}

void electrum_stop(struct electrum *e)
{
    quit_request(&e->quit);
    thread_join(&e->thread);
}
