/* Publishing by ZeroMQ: PUB sockets on which whoever wants subscribes to topics. A message has
 * three parts, as bitcoind's have: the topic, a body, and the topic's own count of messages in 4
 * bytes, the least significant first.
 *
 * Whoever has something to tell offers an event, which never waits: it goes into a bounded channel.
 * The publisher's thread takes it out and has it made into messages (`publish`), so that the work
 * that takes, such as reading a block from disk, is nobody else's. An event that finds no room is
 * dropped and counted; then every topic's count leaves one number out, by which subscribers see
 * that something is missing. A subscriber that does not read loses messages beyond its place's
 * bound (ZMQ_SNDHWM); nobody waits for it either.
 *
 * What the topics and events mean is the caller's business. */
#ifndef ZMQ_PUBLISHER_H
#define ZMQ_PUBLISHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PUBLISHER_PLACES_MAX 32
#define PUBLISHER_TOPICS_MAX 8

struct publisher;

/* A topic and where it is published. */
struct publisher_place {
    unsigned topic; /* an index into publisher_config.topics */
    const char
        *address; /* "tcp://127.0.0.1:28332", "ipc:///run/p2pnode/blocks"; several may share one */
    int high_water; /* messages that wait for one subscriber at most; of places that share an
                       address the first one's counts */
};

struct publisher_event {
    unsigned kind; /* the caller's, as all that follows */
    uint8_t hash[32];
    uint64_t number;
    void *object;
    size_t bytes; /* of memory that the object keeps */
};

struct publisher_config {
    const char *const *topics; /* borrowed for good */
    unsigned n_topics;
    const struct publisher_place *places; /* copied; the addresses are borrowed for good */
    unsigned n_places;
    /* Make messages of an event with publisher_send. Thread: the publisher's. */
    void (*publish)(void *arg, struct publisher *p, const struct publisher_event *e);
    /* The event's object is needed no more. Thread: any that offers, and the publisher's. */
    void (*drop)(void *arg, void *object);
    void *arg;
};

/* Whether the build has libzmq; without it publisher_new fails. Thread: any. */
bool publisher_is_built_in(void);

/* Bind all places. What fails is logged. Thread: the main thread. Returns: 0; PN_ENOENT without
 * libzmq; PN_EINVAL, PN_ELIMIT; PN_EBUSY when an address cannot be bound; PN_ENOMEM; PN_ESYS. */
int publisher_new(struct publisher **out, const struct publisher_config *config);

/* Thread: the main thread. Returns: 0 or a pn_err. */
int publisher_start(struct publisher *p);

/* End the thread; what is offered from then on is dropped. Thread: the main thread. */
void publisher_stop(struct publisher *p);

/* Thread: the main thread, when nobody can offer any more. Accepts NULL. */
void publisher_free(struct publisher *p);

/* Whether a topic has a place. Thread: any. */
bool publisher_has(const struct publisher *p, unsigned topic);

/* Thread: any; never waits. Owns: takes the event's object in every case. */
void publisher_offer(struct publisher *p, const struct publisher_event *e);

/* Send a message at all places of the topic. Thread: the publisher's, within `publish`. */
void publisher_send(struct publisher *p, unsigned topic, const void *body, size_t len);

#endif
