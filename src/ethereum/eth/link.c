/* The peer's side of the protocol, on its thread `in`: Status there and back, messages decoded and
 * checked, transactions' senders recovered, and all of it handed to the manager. What is expensive
 * (signatures) is done here, so that a peer that sends much keeps its own thread busy and not the
 * manager's. */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "codec/rlp.h"
#include "ethereum/eth/internal.h"
#include "ethereum/eth/serve.h"
#include "log/log.h"
#include "metrics/metrics.h"

static int link_attach(void *arg, void **state)
{
    struct eth_link *l = mem_zalloc(sizeof *l);

    if (!l)
        return PN_ENOMEM;
    l->net = arg;
    *state = l;
    return 0;
}

static void link_release(void *state)
{
    mem_free(state);
}

/* --- Status --- */

static void make_status(struct eth_status *s, struct eth *e, unsigned version)
{
    const struct eth_params *params = e->config.params;
    struct eth_view view;

    eth_look(e, &view);
    memset(s, 0, sizeof *s);
    s->version = version;
    s->network_id = params->network_id;
    s->total_difficulty = view.blocks.total_difficulty;
    memcpy(s->head, view.blocks.hash, ETH_HASH_BYTES);
    memcpy(s->genesis, params->genesis.hash, ETH_HASH_BYTES);
    eth_forkid_make(&s->fork, params, view.blocks.number, view.blocks.time);
    s->range.latest = view.blocks.number;
    memcpy(s->range.latest_hash, view.blocks.hash, ETH_HASH_BYTES);
}

static int send_status(struct peer *p, struct eth_link *l)
{
    struct eth_msg m = {.code = ETH_STATUS};
    unsigned version = l->version;
    struct eth *e = l->net;
    struct frame *f;
    struct buf b;

    make_status(&m.status, e, version);
    memcpy(l->told_head, m.status.head, sizeof l->told_head);
    buf_init(&b, PM_MESSAGE_MAX_BYTES);
    f = eth_msg_encode(&b, &m, version) == 0 ? p2p_frame(e->number, ETH_STATUS, b.data, b.len)
                                             : NULL;
    buf_free(&b);
    return f ? peer_write_message(p, f) : PN_ENOMEM;
}

static bool range_is_sane(const struct eth_range *r)
{
    static const uint8_t zero[ETH_HASH_BYTES];

    return r->earliest <= r->latest && memcmp(r->latest_hash, zero, sizeof zero) != 0;
}

static int check_status(const struct eth_status *s, struct eth *e, unsigned version)
{
    const struct eth_params *params = e->config.params;
    struct eth_view view;

    if (s->network_id != params->network_id)
        return PN_ENETWORK;
    if (s->version != version)
        return PN_EVERSION;
    if (memcmp(s->genesis, params->genesis.hash, ETH_HASH_BYTES) != 0)
        return PN_EGENESIS;
    if (version >= 69 && !range_is_sane(&s->range))
        return PN_EPROTO;
    if (version < 64)
        return 0;
    eth_look(e, &view);
    return eth_forkid_check(&s->fork, params, view.blocks.number, view.blocks.time);
}

static int link_negotiate(struct peer *p, void *state)
{
    struct eth_link *l = state;
    struct p2p_message in;
    struct eth_msg m;
    int rc;

    l->version = p2p_peer_version(p, l->net->number);
    rc = send_status(p, l);
    if (rc == 0)
        rc = p2p_read(p, l->net->number, &in);
    if (rc == 0 && in.code != ETH_STATUS)
        rc = PN_EPROTO;
    if (rc == 0)
        rc = eth_msg_decode(&m, l->version, in.code, in.payload, in.len);
    if (rc == 0)
        rc = check_status(&m.status, l->net, l->version);
    if (rc == 0)
        l->status = m.status;
    return rc;
}

static int link_ready(struct peer *p, void *state)
{
    struct eth_link *l = state;
    int rc;

    peer_ref(p);
    rc = eth_tell(&l->net->inbox, p, ETH_EVENT_READY, NULL);
    l->told = rc == 0;
    if (rc < 0)
        peer_unref(p);
    return rc;
}

/* The one message that must arrive: the manager drains its inbox until the last peer is gone. */
static void link_gone(struct peer *p, void *state)
{
    struct eth_link *l = state;
    struct eth_note n = {.event = ETH_EVENT_GONE, .peer = p};

    if (l->told)
        (void)chan_send(&l->net->inbox, &n, CLOCK_NEVER);
}

/* --- messages --- */

/* Whose transactions are merely invalid is not at fault: it may know other rules or blocks. Who
 * sends what no transaction is, or what no signature can be under, is. */
static bool is_fault(int rc)
{
    return rc != PN_ENOMEM && rc != PN_ECHAINID && rc != PN_EGAS && rc != PN_ETOOLARGE;
}

static int take_txs(struct peer *p, struct eth_link *l, const struct eth_msg *m)
{
    struct eth_items items = m->items;
    struct eth_payload *out;
    struct bytes item;

    if (m->code == ETH_POOLED_TXS && !atomic_exchange(&l->wants_txs, false))
        return 0; /* nobody asked: not worth a look */
    out = eth_payload_txs(m->code, m->request_id, items.n);
    if (!out)
        return PN_ENOMEM;
    while (eth_items_next(&items, &item)) {
        struct pool_tx *t;
        int rc = pool_tx_make(&t, l->net->config.params, item);

        if (rc < 0 && is_fault(rc)) {
            eth_payload_free(out);
            return rc;
        }
        if (rc < 0)
            continue;
        out->txs[out->n_txs++] = t;
        out->weight += sizeof *t + t->len;
        peer_add_known(p, t->hash);
    }
    return eth_tell(&l->net->inbox, p, ETH_EVENT_TXS, out);
}

/* One header's work. What is wrong with it otherwise is said by whoever wants it. */
static int check_seal(struct peer *p, struct eth *e, struct bytes rlp, uint64_t head)
{
    struct eth_header h;
    int rc;

    if (eth_header_decode(&h, rlp) < 0 || h.number == e->config.params->genesis.number ||
        h.number >= e->config.params->ethash_end || h.difficulty == 0)
        return 0;
    rc = seals_verify(e->seals, &h, head, peer_quit(p));
    if (rc == 0)
        metric_add(e->metrics.seals, 1);
    return rc;
}

/* Where the operator wants it, headers have cost what they claim, or they do not reach the manager.
 */
static int check_seals(struct peer *p, struct eth *e, const struct eth_msg *m)
{
    struct eth_items headers = m->items;
    struct eth_view view;
    struct bytes rlp;
    int rc = 0;

    if (!e->seals || (m->code != ETH_BLOCK_HEADERS && m->code != ETH_NEW_BLOCK))
        return 0;
    eth_look(e, &view);
    if (m->code == ETH_NEW_BLOCK)
        return check_seal(p, e, m->new_block.block.header, view.headers.number);
    while (rc == 0 && eth_items_next(&headers, &rlp))
        rc = check_seal(p, e, rlp, view.headers.number);
    return rc;
}

static int link_message(struct peer *p, void *state, const struct p2p_message *in)
{
    struct eth_link *l = state;
    struct eth_payload *payload;
    struct eth_msg m;
    int rc = eth_msg_decode(&m, l->version, in->code, in->payload, in->len);

    if (rc < 0)
        return rc;
    if (m.code == ETH_STATUS)
        return PN_EPROTO; /* a second one */
    if (m.code == ETH_BLOCK_RANGE_UPDATE && !range_is_sane(&m.range))
        return PN_EPROTO;
    if (m.code == ETH_TRANSACTIONS || m.code == ETH_POOLED_TXS)
        return take_txs(p, l, &m);
    rc = check_seals(p, l->net, &m);
    if (rc < 0)
        return rc;
    payload = eth_payload_of(m.code, in->payload, in->len);
    if (!payload)
        return PN_ENOMEM;
    if (serve_is_request(m.code))
        peer_hold(p); /* until the manager has answered */
    return eth_tell(&l->net->inbox, p, ETH_EVENT_MESSAGE, payload);
}

void link_fill_protocol(struct eth *e)
{
    struct p2p_protocol *proto = &e->protocol;

    *proto = (struct p2p_protocol){
        .name = "eth",
        .max_message_bytes = ETH_MESSAGE_MAX_BYTES,
        .code_name = eth_code_name,
        .attach = link_attach,
        .negotiate = link_negotiate,
        .ready = link_ready,
        .message = link_message,
        .gone = link_gone,
        .release = link_release,
        .arg = e,
    };
    /* Since eth/69 nobody says how much difficulty he has, by which a chain with work is chosen. */
    for (unsigned v = e->config.legacy ? ETH_VERSION_MIN : 66;
         v <= (e->config.params->merged ? ETH_VERSION_MAX : 68); v++)
        if (v != 64 && v != 65)
            proto->versions[proto->n_versions++] =
                (struct p2p_version){.version = v, .codes = eth_version_codes(v)};
}
