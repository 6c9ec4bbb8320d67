/* While there is anybody to tell, the loop looks into the journal every TICK_MS and passes on what
 * is new, so that a burst is one write. A client whose socket is behind is passed over until it has
 * read; the journal keeps its place, and counts what it misses. */
#include "api/events.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/event_json.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "log/log.h"
#include "metrics/metrics.h"

enum {
    TICK_MS = 200,
    ALIVE_MS = 15000, /* a comment as often, so that a client that has gone is noticed */
    BATCH = 64,       /* records */
    TEXT_MAX_BYTES = 1 << 20,
    BEHIND_BYTES = 64 * 1024,
};

/* What is the same for a client and for the file. */
struct reader {
    struct journal_cursor cursor;
    uint64_t told_lost;
    uint32_t events; /* JOURNAL_BITs */
};

struct client {
    struct evhttp_request *req; /* NULL: the place is free */
    struct evhttp_connection *connection;
    struct reader reader;
    int64_t spoke_us;
};

struct events {
    struct journal *journal;
    struct event *tick;
    struct client clients[EVENTS_CLIENTS_MAX];
    unsigned n_clients;
    char *log_path;
    int log_fd; /* -1: none */
    struct reader log;
    struct journal_record batch[BATCH];
};

static struct metric_family clients_family = {
    .name = "p2pnode_event_clients",
    .help = "Clients that follow the stream of events.",
    .type = METRIC_GAUGE,
};

static struct metric_family lost_family = {
    .name = "p2pnode_events_lost_total",
    .help = "Events that a reader of the stream was too slow for.",
    .type = METRIC_COUNTER,
    .labels = {"reader"},
};

/* --- texts --- */

static void put_json(struct buf *out, cJSON *tree)
{
    json_print(out, tree);
    cJSON_Delete(tree);
}

static void put_stream(struct buf *out, const struct journal_record *r)
{
    buf_printf(out, "id: %" PRIu64 "\ndata: ", r->seq);
    put_json(out, event_json(r));
    buf_puts(out, "\n\n");
}

static void put_line(struct buf *out, const struct journal_record *r)
{
    put_json(out, event_json(r));
    buf_puts(out, "\n");
}

/* What is new for a reader, at most one batch of it. Returns: whether there may be more. */
static bool read_some(struct buf *out, struct events *e, struct reader *r,
                      void (*put)(struct buf *, const struct journal_record *))
{
    size_t n = journal_read(e->journal, e->batch, BATCH, &r->cursor);

    for (size_t i = 0; i < n; i++)
        if (r->events & JOURNAL_BIT(e->batch[i].event))
            put(out, &e->batch[i]);
    (void)json_ran_out(); /* a record that could not be written is one that is missed */
    return n == BATCH;
}

static uint64_t newly_lost(struct reader *r, const char *label)
{
    uint64_t lost = r->cursor.lost - r->told_lost;

    if (lost > 0)
        metric_add(metric_get(&lost_family, label, NULL), (int64_t)lost);
    r->told_lost = r->cursor.lost;
    return lost;
}

/* --- clients --- */

static void forget(struct events *e, struct client *c)
{
    /* When writing fails evhttp lets go of a request that is still being answered. */
    if (!evhttp_request_get_connection(c->req))
        evhttp_request_free(c->req);
    c->req = NULL;
    e->n_clients--;
    metric_set(metric_get(&clients_family, NULL), e->n_clients);
}

static void on_gone(struct evhttp_connection *connection, void *arg)
{
    struct events *e = arg;

    for (unsigned i = 0; i < EVENTS_CLIENTS_MAX; i++)
        if (e->clients[i].req && e->clients[i].connection == connection)
            forget(e, &e->clients[i]);
}

static size_t unsent_bytes(const struct client *c)
{
    struct bufferevent *bev = evhttp_connection_get_bufferevent(c->connection);

    return evbuffer_get_length(bufferevent_get_output(bev));
}

static void send_text(struct client *c, const struct buf *text)
{
    struct evbuffer *chunk = evbuffer_new();

    if (chunk && evbuffer_add(chunk, text->data, text->len) == 0)
        evhttp_send_reply_chunk(c->req, chunk);
    if (chunk)
        evbuffer_free(chunk);
    c->spoke_us = clock_mono_us();
}

static void tell_client(struct events *e, struct client *c)
{
    struct buf text;
    uint64_t lost;
    bool more = true;

    if (unsent_bytes(c) > BEHIND_BYTES)
        return;
    buf_init(&text, TEXT_MAX_BYTES);
    while (more && text.len < BEHIND_BYTES)
        more = read_some(&text, e, &c->reader, put_stream);
    lost = newly_lost(&c->reader, "http");
    if (lost > 0)
        buf_printf(&text, "event: lost\ndata: {\"count\":%" PRIu64 "}\n\n", lost);
    if (text.len == 0 && clock_mono_us() - c->spoke_us > (int64_t)ALIVE_MS * 1000)
        buf_puts(&text, ":\n\n");
    if (text.len > 0)
        send_text(c, &text);
    buf_free(&text);
}

/* Returns: a set of JOURNAL_BITs; 0 when one of the topics is none. */
static uint32_t parse_topics(const char *topics)
{
    uint32_t set = 0;

    if (!topics)
        return UINT32_MAX;
    do {
        size_t len = strcspn(topics, ",");
        uint32_t bit = 0;

        for (unsigned e = 0; e < JOURNAL_EVENT_COUNT; e++) {
            const char *name = journal_event_name((enum journal_event)e);

            if (strlen(name) == len && memcmp(name, topics, len) == 0)
                bit = JOURNAL_BIT(e);
        }
        if (!bit)
            return 0;
        set |= bit;
        topics += len + (topics[len] == ',');
    } while (*topics);
    return set;
}

static struct journal_cursor start_of(struct events *e, struct evhttp_request *req)
{
    const char *last = evhttp_find_header(evhttp_request_get_input_headers(req), "Last-Event-ID");
    struct journal_cursor cursor = journal_subscribe(e->journal);
    uint64_t id;
    char *end;

    errno = 0;
    id = last ? strtoull(last, &end, 10) : 0;
    if (last && errno == 0 && *end == '\0' && id < cursor.next)
        cursor.next = id + 1;
    return cursor;
}

static struct client *free_place(struct events *e)
{
    for (unsigned i = 0; i < EVENTS_CLIENTS_MAX; i++)
        if (!e->clients[i].req)
            return &e->clients[i];
    return NULL;
}

static void keep_ticking(struct events *e)
{
    const struct timeval soon = {.tv_usec = TICK_MS * 1000};

    if ((e->n_clients > 0 || e->log_fd >= 0) && !event_pending(e->tick, EV_TIMEOUT, NULL))
        event_add(e->tick, &soon);
}

int events_subscribe(struct events *e, struct evhttp_request *req, const char *topics)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
    uint32_t wanted = parse_topics(topics);
    struct client *c = free_place(e);

    if (!wanted)
        return PN_EINVAL;
    if (!c)
        return PN_ELIMIT;
    *c = (struct client){.req = req,
                         .connection = evhttp_request_get_connection(req),
                         .reader = {.cursor = start_of(e, req), .events = wanted},
                         .spoke_us = clock_mono_us()};
    e->n_clients++;
    metric_set(metric_get(&clients_family, NULL), e->n_clients);
    evhttp_add_header(headers, "Content-Type", "text/event-stream");
    evhttp_add_header(headers, "Cache-Control", "no-store");
    evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
    evhttp_connection_set_closecb(c->connection, on_gone, e);
    evhttp_send_reply_start(req, 200, NULL);
    send_text(c, &(struct buf){.data = (uint8_t *)":\n\n", .len = 3});
    keep_ticking(e);
    return 0;
}

/* --- the file --- */

int events_open_log(int *fd, const char *path)
{
    *fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    return *fd < 0 ? PN_EIO : 0;
}

/* A full disk costs events, as a slow reader does; what was written in part stays a line of its
 * own.
 */
static void write_log(struct events *e)
{
    struct buf text;
    bool more = true;
    uint64_t lost;

    buf_init(&text, TEXT_MAX_BYTES);
    while (more && text.len < TEXT_MAX_BYTES / 2)
        more = read_some(&text, e, &e->log, put_line);
    lost = newly_lost(&e->log, "file");
    if (lost > 0)
        buf_printf(&text, "{\"event\":\"lost\",\"count\":%" PRIu64 "}\n", lost);
    if (text.len > 0 && write(e->log_fd, text.data, text.len) != (ssize_t)text.len)
        log_error("api", "cannot write all events to %s", e->log_path);
    buf_free(&text);
}

int events_reopen(struct events *e)
{
    int fd, rc = e->log_path ? events_open_log(&fd, e->log_path) : 0;

    if (!e->log_path || rc < 0)
        return rc;
    close(e->log_fd);
    e->log_fd = fd;
    return 0;
}

void events_set_log(struct events *e, char *path, int fd)
{
    if (e->log_fd >= 0) {
        write_log(e); /* what happened until now belongs to the old one */
        close(e->log_fd);
    } else {
        e->log.cursor = journal_subscribe(e->journal);
    }
    mem_free(e->log_path);
    e->log_path = path;
    e->log_fd = fd;
    keep_ticking(e);
}

/* --- life --- */

static void on_tick(evutil_socket_t fd, short events, void *arg)
{
    struct events *e = arg;

    (void)fd;
    (void)events;
    for (unsigned i = 0; i < EVENTS_CLIENTS_MAX; i++)
        if (e->clients[i].req)
            tell_client(e, &e->clients[i]);
    if (e->log_fd >= 0)
        write_log(e);
    keep_ticking(e);
}

int events_new(struct events **out, struct event_base *base, struct journal *journal,
               const char *log_path)
{
    struct events *e = mem_zalloc(sizeof *e);
    int rc = PN_ENOMEM;

    if (!e)
        return rc;
    e->journal = journal;
    e->log_fd = -1;
    e->log = (struct reader){.cursor = {.next = 0}, .events = UINT32_MAX};
    e->tick = evtimer_new(base, on_tick, e);
    e->log_path = log_path ? mem_strdup(log_path) : NULL;
    if (!e->tick || (log_path && !e->log_path))
        goto fail;
    rc = log_path ? events_open_log(&e->log_fd, log_path) : 0;
    if (rc < 0)
        goto fail;
    keep_ticking(e);
    *out = e;
    return 0;
fail:
    events_free(e);
    return rc;
}

void events_free(struct events *e)
{
    if (!e)
        return;
    for (unsigned i = 0; i < EVENTS_CLIENTS_MAX; i++)
        if (e->clients[i].req)
            evhttp_connection_set_closecb(e->clients[i].connection, NULL, NULL);
    if (e->log_fd >= 0) {
        write_log(e);
        close(e->log_fd);
    }
    if (e->tick)
        event_free(e->tick);
    mem_free(e->log_path);
    mem_free(e);
}
