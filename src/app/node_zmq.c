/* An event of the chain or the pool is only queued where it happens (on the manager's thread, or
 * under the pool's lock) -> the publisher's thread makes messages of it; a block is read there,
 * too.
 *
 * As bitcoind's, hashes are published with their last byte first, and the body of `sequence` is a
 * hash, a letter, and for the pool its sequence number. Unlike bitcoind, a block is told when it is
 * held, and `hashblock` names every one that joins rather than the last of several. */
#include "app/node_zmq.h"

#include <stdio.h>
#include <string.h>

#include "app/node_parts.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/mempool/txpool.h"
#include "bitcoin/transactions.h"
#include "log/log.h"
#include "rpc/json.h"
#include "zmq/publisher.h"

enum topic { HASHBLOCK, RAWBLOCK, HASHTX, RAWTX, SEQUENCE, TOPICS };

static const char *const topics[TOPICS] = {"hashblock", "rawblock", "hashtx", "rawtx", "sequence"};

/* The letters of `sequence` are the kinds of events. */
enum kind { CONNECTED = 'C', DISCONNECTED = 'D', CAME = 'A', WENT = 'R' };

struct node_zmq {
    struct bitcoin *bitcoin;
    struct publisher *publisher;
    struct publisher_place places[PUBLISHER_PLACES_MAX];
    unsigned n_places;
};

_Static_assert(TOPICS *OPTION_PUBLISH_MAX <= PUBLISHER_PLACES_MAX, "every place has room");

/* --- where things happen --- */

static void on_block(void *arg, const uint8_t hash[32], bool connected)
{
    struct node_zmq *z = arg;
    struct publisher_event e = {.kind = connected ? CONNECTED : DISCONNECTED};

    memcpy(e.hash, hash, sizeof e.hash);
    publisher_offer(z->publisher, &e);
}

/* A transaction that went is only named. */
static void on_transaction(void *arg, struct tx_body *body, uint64_t seq, bool came)
{
    struct node_zmq *z = arg;
    struct publisher_event e = {.kind = came ? CAME : WENT, .number = seq};

    memcpy(e.hash, body->txid, sizeof e.hash);
    if (came && publisher_has(z->publisher, RAWTX)) {
        e.object = tx_body_ref(body);
        e.bytes = body->bytes;
    }
    publisher_offer(z->publisher, &e);
}

/* --- the publisher's thread --- */

static void reverse(uint8_t out[32], const uint8_t hash[32])
{
    for (unsigned i = 0; i < 32; i++)
        out[i] = hash[31 - i];
}

static void send_hash(struct publisher *p, enum topic topic, const uint8_t hash[32])
{
    uint8_t shown[32];

    reverse(shown, hash);
    publisher_send(p, topic, shown, sizeof shown);
}

static void send_sequence(struct publisher *p, const struct publisher_event *e)
{
    uint8_t body[32 + 1 + 8];
    bool is_pools = e->kind == CAME || e->kind == WENT;

    reverse(body, e->hash);
    body[32] = (uint8_t)e->kind;
    store_le64(body + 33, e->number);
    publisher_send(p, SEQUENCE, body, is_pools ? sizeof body : 33);
}

static void on_raw_block(void *arg, struct bytes raw)
{
    publisher_send(arg, RAWBLOCK, raw.data, raw.len);
}

static void on_block_transaction(void *arg, const uint8_t txid[32], struct bytes raw)
{
    send_hash(arg, HASHTX, txid);
    publisher_send(arg, RAWTX, raw.data, raw.len);
}

static void publish_block(struct node_zmq *z, const struct publisher_event *e)
{
    struct publisher *p = z->publisher;
    bool joins = e->kind == CONNECTED;
    const struct bitcoin_block_visitor visitor = {
        .block = joins && publisher_has(p, RAWBLOCK) ? on_raw_block : NULL,
        .tx = publisher_has(p, HASHTX) || publisher_has(p, RAWTX) ? on_block_transaction : NULL,
        .arg = p,
    };
    int rc = 0;

    send_sequence(p, e);
    if (joins)
        send_hash(p, HASHBLOCK, e->hash);
    if (visitor.block || visitor.tx)
        rc = bitcoin_visit_block(z->bitcoin, &visitor, e->hash);
    if (rc < 0 && (joins || rc != PN_ENOENT)) /* one that leaves may not be kept any more */
        log_warn("zmq", "a block cannot be published: %s", pn_strerror(rc));
}

static void publish(void *arg, struct publisher *p, const struct publisher_event *e)
{
    if (e->kind == CONNECTED || e->kind == DISCONNECTED) {
        publish_block(arg, e);
        return;
    }
    send_sequence(p, e);
    if (e->kind == WENT)
        return;
    send_hash(p, HASHTX, e->hash);
    if (e->object) {
        const struct tx_body *body = e->object;

        publisher_send(p, RAWTX, body->frame->data + BTC_FRAME_HEADER_BYTES,
                       body->frame->len - BTC_FRAME_HEADER_BYTES);
    }
}

static void drop(void *arg, void *object)
{
    (void)arg;
    tx_body_unref(object);
}

/* --- life --- */

static void add_places(struct node_zmq *z, enum topic topic, const struct option_list *addresses,
                       int64_t high_water)
{
    for (size_t i = 0; i < addresses->n; i++)
        z->places[z->n_places++] = (struct publisher_place){
            .topic = topic, .address = addresses->items[i], .high_water = (int)high_water};
}

static int open_publisher(struct node_zmq *z)
{
    const struct publisher_config config = {
        .topics = topics,
        .n_topics = TOPICS,
        .places = z->places,
        .n_places = z->n_places,
        .publish = publish,
        .drop = drop,
        .arg = z,
    };
    int rc = publisher_new(&z->publisher, &config);

    if (rc < 0)
        return rc;
    bitcoin_follow(z->bitcoin, on_block, z);
    txpool_watch(bitcoin_txpool(z->bitcoin), on_transaction, z);
    return publisher_start(z->publisher);
}

int node_zmq_open(struct node *n)
{
    const struct options *o = n->options;
    struct node_zmq *z = mem_zalloc(sizeof *z);
    int rc = 0;

    if (!z)
        return PN_ENOMEM;
    n->zmq = z;
    z->bitcoin = n->bitcoin;
    add_places(z, HASHBLOCK, &o->zmqpubhashblock, o->zmqpubhashblockhwm);
    add_places(z, RAWBLOCK, &o->zmqpubrawblock, o->zmqpubrawblockhwm);
    add_places(z, HASHTX, &o->zmqpubhashtx, o->zmqpubhashtxhwm);
    add_places(z, RAWTX, &o->zmqpubrawtx, o->zmqpubrawtxhwm);
    add_places(z, SEQUENCE, &o->zmqpubsequence, o->zmqpubsequencehwm);
    if (z->n_places > 0)
        rc = open_publisher(z);
    if (rc < 0)
        log_error("app", "cannot publish by ZeroMQ: %s", pn_strerror(rc));
    return rc;
}

void node_zmq_close(struct node *n)
{
    if (n->zmq)
        publisher_free(n->zmq->publisher);
    MEM_FREE(n->zmq);
}

void node_zmq_notifications(struct rpc_call *c)
{
    const struct node *n = c->arg;
    const struct node_zmq *z = n->zmq;

    c->result = json_new_array();
    for (unsigned i = 0; i < z->n_places; i++) {
        char type[16];
        cJSON *o = json_push(c->result, json_new_object());

        snprintf(type, sizeof type, "pub%s", topics[z->places[i].topic]);
        json_set(o, "type", json_new_text(type));
        json_set(o, "address", json_new_text(z->places[i].address));
        json_set(o, "hwm", json_new_int(z->places[i].high_water));
    }
}
