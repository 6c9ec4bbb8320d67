/* The sockets belong to the main thread until the publisher's starts, and again once it has ended:
 * the start and the join of a thread are the barriers that libzmq asks for. */
#include "zmq/publisher.h"

#include "base/err.h"
#include "config.h"

#ifdef HAVE_LIBZMQ

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <zmq.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "thread/chan.h"
#include "thread/thread.h"

enum {
    QUEUE_EVENTS = 4096,
    QUEUE_BYTES = 16 << 20,
    COUNT_BYTES = 4,
};

struct publisher {
    struct publisher_config config;
    struct publisher_place places[PUBLISHER_PLACES_MAX];
    void *sockets[PUBLISHER_PLACES_MAX]; /* of each place; NULL: not yet bound */
    void *context;
    bool is_wanted[PUBLISHER_TOPICS_MAX];
    struct metric *sent[PUBLISHER_TOPICS_MAX], *dropped;
    struct chan queue, quit;
    struct thread thread;
    atomic_uint lost; /* events, since the last one that was published */

    uint32_t counts[PUBLISHER_TOPICS_MAX]; /* the publisher's thread alone */
};

static struct metric_family sent_family = {
    .name = "p2pnode_zmq_messages_total",
    .help = "Messages published by ZeroMQ.",
    .type = METRIC_COUNTER,
    .labels = {"topic"},
};

static struct metric_family dropped_family = {
    .name = "p2pnode_zmq_dropped_total",
    .help = "Events that were not published by ZeroMQ because too many waited.",
    .type = METRIC_COUNTER,
};

static size_t event_weight(const void *elem)
{
    return ((const struct publisher_event *)elem)->bytes;
}

static struct chan_class queue_class = {
    .name = "zmq_events",
    .elem_size = sizeof(struct publisher_event),
    .capacity = QUEUE_EVENTS,
    .max_weight = QUEUE_BYTES,
    .weight = event_weight,
};

bool publisher_is_built_in(void)
{
    return true;
}

/* --- sockets --- */

static int set_option(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value) < 0 ? PN_ESYS : 0;
}

static void *find_bound(const struct publisher *p, const char *address)
{
    for (unsigned i = 0; i < p->config.n_places; i++)
        if (p->sockets[i] && strcmp(p->places[i].address, address) == 0)
            return p->sockets[i];
    return NULL;
}

static int bind_one(struct publisher *p, void **socket, const struct publisher_place *place)
{
    int rc;

    *socket = find_bound(p, place->address);
    if (*socket)
        return 0;
    *socket = zmq_socket(p->context, ZMQ_PUB);
    if (!*socket)
        return PN_ESYS;
    rc = set_option(*socket, ZMQ_SNDHWM, place->high_water);
    if (rc == 0)
        rc = set_option(*socket, ZMQ_LINGER, 0); /* what nobody has read by the end is gone */
    if (rc == 0)
        rc = set_option(*socket, ZMQ_TCP_KEEPALIVE, 1);
    if (rc == 0)
        rc = set_option(*socket, ZMQ_IPV6, strchr(place->address, '[') != NULL);
    if (rc == 0 && zmq_bind(*socket, place->address) < 0)
        rc = PN_EBUSY;
    return rc;
}

static int bind_all(struct publisher *p)
{
    for (unsigned i = 0; i < p->config.n_places; i++) {
        const struct publisher_place *place = &p->places[i];
        int rc = bind_one(p, &p->sockets[i], place);

        if (rc < 0) {
            log_error("zmq", "cannot publish at %s: %s", place->address, zmq_strerror(errno));
            return rc;
        }
        log_info("zmq", "publishing %s at %s", p->config.topics[place->topic], place->address);
    }
    return 0;
}

static void close_all(struct publisher *p)
{
    for (unsigned i = 0; i < p->config.n_places; i++) {
        void *socket = p->sockets[i];

        for (unsigned k = i; socket && k < p->config.n_places; k++)
            if (p->sockets[k] == socket)
                p->sockets[k] = NULL;
        if (socket)
            zmq_close(socket);
    }
    if (p->context)
        zmq_ctx_term(p->context);
}

/* --- the thread --- */

/* Each event that was lost would have been at least one message of some topic. */
static void leave_gap(struct publisher *p)
{
    uint32_t lost = atomic_exchange(&p->lost, 0);

    for (unsigned t = 0; lost > 0 && t < p->config.n_topics; t++)
        p->counts[t]++;
}

static void run(void *arg)
{
    struct publisher *p = arg;
    struct publisher_event e;
    struct chan_case cases[] = {
        {.chan = &p->queue, .op = CHAN_RECV, .elem = &e},
        {.chan = &p->quit, .op = CHAN_RECV},
    };

    while (chan_select(cases, 2, CLOCK_NEVER) == 0) {
        leave_gap(p);
        p->config.publish(p->config.arg, p, &e);
        if (e.object)
            p->config.drop(p->config.arg, e.object);
    }
}

static bool send_at(void *socket, const char *topic, const void *body, size_t len, uint32_t count)
{
    uint8_t number[COUNT_BYTES];

    store_le32(number, count);
    return zmq_send(socket, topic, strlen(topic), ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 &&
           zmq_send(socket, body, len, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 &&
           zmq_send(socket, number, sizeof number, ZMQ_DONTWAIT) >= 0;
}

void publisher_send(struct publisher *p, unsigned topic, const void *body, size_t len)
{
    bool sent = false;

    for (unsigned i = 0; i < p->config.n_places; i++) {
        if (p->places[i].topic != topic)
            continue;
        if (send_at(p->sockets[i], p->config.topics[topic], body, len, p->counts[topic]))
            sent = true;
        else
            log_warn("zmq", "cannot send at %s: %s", p->places[i].address, zmq_strerror(errno));
    }
    if (sent)
        metric_add(p->sent[topic], 1);
    p->counts[topic] += p->is_wanted[topic];
}

bool publisher_has(const struct publisher *p, unsigned topic)
{
    return p->is_wanted[topic];
}

void publisher_offer(struct publisher *p, const struct publisher_event *e)
{
    if (chan_try_send(&p->queue, e) == 0)
        return;
    atomic_fetch_add(&p->lost, 1);
    metric_add(p->dropped, 1);
    if (e->object)
        p->config.drop(p->config.arg, e->object);
}

/* --- life --- */

static int take_config(struct publisher *p, const struct publisher_config *config)
{
    if (config->n_places > PUBLISHER_PLACES_MAX || config->n_topics > PUBLISHER_TOPICS_MAX)
        return PN_ELIMIT;
    p->config = *config;
    for (unsigned i = 0; i < config->n_places; i++) {
        if (config->places[i].topic >= config->n_topics)
            return PN_EINVAL;
        p->places[i] = config->places[i];
        p->is_wanted[config->places[i].topic] = true;
    }
    p->config.places = p->places;
    for (unsigned t = 0; t < config->n_topics; t++)
        if (p->is_wanted[t])
            p->sent[t] = metric_get(&sent_family, config->topics[t], NULL);
    p->dropped = metric_get(&dropped_family, NULL);
    return 0;
}

int publisher_new(struct publisher **out, const struct publisher_config *config)
{
    struct publisher *p = mem_zalloc(sizeof *p);
    int rc;

    if (!p)
        return PN_ENOMEM;
    rc = take_config(p, config);
    if (rc < 0)
        goto fail;
    rc = PN_ENOMEM;
    if (chan_class_register(&queue_class) < 0 || chan_init(&p->queue, &queue_class) < 0)
        goto fail;
    if (chan_init(&p->quit, &quit_class) < 0)
        goto fail_queue;
    p->context = zmq_ctx_new();
    rc = p->context ? bind_all(p) : PN_ENOMEM;
    if (rc < 0)
        goto fail_sockets;
    *out = p;
    return 0;
fail_sockets:
    close_all(p);
    chan_destroy(&p->quit, NULL);
fail_queue:
    chan_destroy(&p->queue, NULL);
fail:
    mem_free(p);
    return rc;
}

int publisher_start(struct publisher *p)
{
    return thread_start(&p->thread, "publisher", ROLE_PUBLISHER, run, p);
}

void publisher_stop(struct publisher *p)
{
    quit_request(&p->quit);
    thread_join(&p->thread);
}

void publisher_free(struct publisher *p)
{
    struct publisher_event e;

    if (!p)
        return;
    publisher_stop(p);
    while (chan_try_recv(&p->queue, &e) == 0)
        if (e.object)
            p->config.drop(p->config.arg, e.object);
    close_all(p);
    chan_destroy(&p->queue, NULL);
    chan_destroy(&p->quit, NULL);
    mem_free(p);
}

#else

bool publisher_is_built_in(void)
{
    return false;
}

int publisher_new(struct publisher **out, const struct publisher_config *config)
{
    (void)out;
    (void)config;
    return PN_ENOENT;
}

int publisher_start(struct publisher *p)
{
    (void)p;
    return PN_ENOENT;
}

void publisher_stop(struct publisher *p)
{
    (void)p;
}

void publisher_free(struct publisher *p)
{
    (void)p;
}

bool publisher_has(const struct publisher *p, unsigned topic)
{
    (void)p;
    (void)topic;
    return false;
}

void publisher_offer(struct publisher *p, const struct publisher_event *e)
{
    (void)p;
    (void)e;
}

void publisher_send(struct publisher *p, unsigned topic, const void *body, size_t len)
{
    (void)p;
    (void)topic;
    (void)body;
    (void)len;
}

#endif
