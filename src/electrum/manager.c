/* The thread `electrum`: tells subscribers of a new tip, and keeps looks at other servers going. It
 * waits in one poll(2) for its channels (by an eventfd), its dials, and the next time; it blocks on
 * the server's inbox, with its quit token as the way out of the wait that matters. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "electrum/internal.h"
#include "electrum/jsonrpc/answer.h"
#include "electrum/lines.h"
#include "electrum/looks.h"
#include "log/log.h"
#include "store/atomic_file.h"
#include "thread/pulse.h"

enum {
    HEARTBEAT_MS = 1000,
    DUMP_MS = 60000,
    DUMP_MAX_BYTES = 4 << 20,
    NOTIFICATION_MAX_BYTES = 1024,
};

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

/* --- files --- */

static void write_dump(struct electrum *e)
{
    struct buf text;
    int rc;

    buf_init(&text, DUMP_MAX_BYTES);
    rc = peers_put_dump(&text, e->peers);
    if (rc == 0)
        rc = atomic_file_replace(e->dump_path, text.data, text.len);
    if (rc < 0)
        log_warn("electrum", "cannot write %s: %s", e->dump_path, pn_strerror(rc));
    buf_free(&text);
}

static void save(struct electrum *e)
{
    int rc = e->store ? peers_store_save(e->store, e->peers) : 0;

    if (rc < 0)
        log_warn("electrum", "cannot store what is known of servers: %s", pn_strerror(rc));
}

/* --- the loop --- */

static void keep_house(struct electrum *e)
{
    int64_t now_us = clock_mono_us();

    if (!e->peers)
        return;
    blacklist_source_take(e->blacklist_source);
    save(e);
    if (e->dump_path && now_us >= e->dump_due_us) {
        write_dump(e);
        e->dump_due_us = clock_deadline_ms(DUMP_MS);
    }
}

static void wait_for_more(struct electrum *e, int64_t due_us)
{
    struct pollfd fds[1 + LOOKS_MAX] = {{.fd = e->wake_fd, .events = POLLIN}};
    int64_t heartbeat_us = clock_deadline_ms(HEARTBEAT_MS);
    int64_t deadline_us = due_us < heartbeat_us ? due_us : heartbeat_us;
    unsigned n = looks_poll(e, fds + 1, &deadline_us);
    uint64_t woken;

    if (pulse_poll(fds, 1 + n, deadline_us) < 0)
        return;
    if ((fds[0].revents & POLLIN) && read(e->wake_fd, &woken, sizeof woken) < 0 && errno != EAGAIN)
        log_warn("electrum", "cannot read an eventfd");
    looks_step(e, fds + 1, n);
}

static void run(void *arg)
{
    struct electrum *e = arg;

    while (!quit_requested(&e->quit)) {
        int64_t due_us;

        if (chan_try_recv(&e->ring, NULL) == 0) {
            notify(e, JRPC_V1);
            notify(e, JRPC_V2);
        }
        looks_receive(e);
        keep_house(e);
        due_us = looks_start(e);
        wait_for_more(e, due_us);
    }
    looks_receive(e);
    looks_stop(e);
    if (e->peers) {
        save(e);
        if (e->dump_path)
            write_dump(e);
    }
}

int electrum_start(struct electrum *e)
{
    int rc = blacklist_source_start(e->blacklist_source);

    if (rc == 0)
        rc = thread_start(&e->thread, "electrum", ROLE_MANAGER, run, e);
    if (rc < 0)
        blacklist_source_stop(e->blacklist_source);
    return rc;
}

void electrum_stop(struct electrum *e)
{
    quit_request(&e->quit);
    blacklist_source_stop(e->blacklist_source);
    thread_join(&e->thread);
}
