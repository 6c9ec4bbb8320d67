#include "nat/port_map.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/random.h"

#define US_PER_S  INT64_C(1000000)
#define US_PER_MS INT64_C(1000)

enum {
    PCP_FIRST_WAIT_MS = 3000, /* RFC 6887 section 8.1.1; each wait doubles */
    PCP_TRIES = 4,            /* then the gateway is taken not to know it */
    PMP_FIRST_WAIT_MS = 250,  /* RFC 6886 section 3.1 */
    PMP_TRIES = 9,
    REST_S = 300,
    LIFETIME_MIN_S = 120, /* RFC 6887 section 11.2.1 lets nobody renew more often */
    LIFETIME_MAX_S = 86400,
    ADDRESS_S = 60, /* an address is asked for again when a mapping is, but not for each one */
};

void port_map_init(struct port_map *m, const struct port_map_ops *ops, bool pcp, bool pmp)
{
    assert(pcp || pmp);
    memset(m, 0, sizeof *m);
    m->ops = *ops;
    m->allows_pcp = pcp;
    m->allows_pmp = pmp;
    m->protocol = pcp ? NAT_PCP : NAT_PMP;
}

int port_map_add(struct port_map *m, const struct nat_port *inside)
{
    struct port_mapping *new = &m->mappings[m->n];

    if (m->n == PORT_MAP_MAX)
        return PN_ELIMIT;
    m->n++;
    *new = (struct port_mapping){.inside = *inside};
    random_bytes(new->nonce, sizeof new->nonce);
    return 0;
}

static void set_outside(struct port_map *m, unsigned i, const struct net_addr *outside)
{
    static const struct net_addr none = {.kind = NET_NONE};
    struct port_mapping *at = &m->mappings[i];

    if (net_addr_equal(&at->outside, outside ? outside : &none))
        return;
    at->outside = outside ? *outside : none;
    m->ops.changed(m->ops.arg, i, outside);
}

/* --- questions --- */

static int64_t first_wait_us(const struct port_map *m)
{
    int64_t ms = m->protocol == NAT_PCP ? PCP_FIRST_WAIT_MS : PMP_FIRST_WAIT_MS;

    /* By up to a tenth more, so that hosts that were switched on together part ways. */
    return ms * US_PER_MS + (int64_t)random_below((uint64_t)(ms * US_PER_MS / 10));
}

static void transmit(struct port_map *m, int64_t now_us)
{
    uint8_t packet[NAT_REQUEST_BYTES];
    size_t len = nat_encode(packet, &m->question);

    m->resend_us = now_us + (first_wait_us(m) << m->sent);
    m->sent++;
    m->ops.send(m->ops.arg, packet, len);
}

static void rest(struct port_map *m, int64_t now_us)
{
    for (struct port_mapping *at = m->mappings; at < m->mappings + m->n; at++)
        if (at->renew_us < now_us + REST_S * US_PER_S)
            at->renew_us = now_us + REST_S * US_PER_S;
    m->protocol = m->allows_pcp ? NAT_PCP : NAT_PMP;
}

static void end_question(struct port_map *m)
{
    m->asking = false;
    m->ops.close(m->ops.arg);
}

/* The gateway does not answer by this protocol, or not as we wish. */
static void give_up(struct port_map *m, int why, int64_t now_us)
{
    end_question(m);
    if (m->protocol == NAT_PCP && m->allows_pmp) {
        m->protocol = NAT_PMP;
        return;
    }
    m->error = why;
    rest(m, now_us);
}

static void ask(struct port_map *m, unsigned i, int64_t now_us)
{
    struct port_mapping *at = &m->mappings[i];
    bool address_first = m->protocol == NAT_PMP && now_us >= m->address_until_us;
    int rc;

    m->which = i;
    m->sent = 0;
    m->question = (struct nat_request){
        .protocol = m->protocol,
        .question = address_first ? NAT_ADDRESS : NAT_MAPPING,
        .inside = at->inside,
        .lifetime_s = PORT_MAP_LIFETIME_S,
        .outside = at->outside,
    };
    if (at->outside.port == 0) /* the same port outside as inside, if it can be had */
        m->question.outside.port = at->inside.port;
    memcpy(m->question.nonce, at->nonce, sizeof at->nonce);
    rc = m->ops.open(m->ops.arg, &m->question.client);
    if (rc < 0) {
        m->error = rc;
        rest(m, now_us);
        return;
    }
    m->asking = true;
    transmit(m, now_us);
}

static void run_question(struct port_map *m, int64_t now_us)
{
    unsigned tries = m->protocol == NAT_PCP ? PCP_TRIES : PMP_TRIES;

    if (now_us < m->resend_us)
        return;
    if (m->sent < tries)
        transmit(m, now_us);
    else
        give_up(m, PN_ETIMEDOUT, now_us);
}

static void ask_next(struct port_map *m, int64_t now_us)
{
    for (unsigned i = 0; i < m->n && !m->asking; i++)
        if (m->mappings[i].renew_us <= now_us)
            ask(m, i, now_us);
}

int64_t port_map_tick(struct port_map *m, int64_t now_us)
{
    int64_t at_us = INT64_MAX;

    for (unsigned i = 0; i < m->n; i++)
        if (m->mappings[i].outside.kind != NET_NONE && now_us >= m->mappings[i].expire_us)
            set_outside(m, i, NULL);
    if (m->asking)
        run_question(m, now_us);
    if (!m->asking)
        ask_next(m, now_us);
    if (m->asking)
        at_us = m->resend_us;
    for (const struct port_mapping *p = m->mappings; p < m->mappings + m->n; p++) {
        if (!m->asking && p->renew_us < at_us)
            at_us = p->renew_us;
        if (p->outside.kind != NET_NONE && p->expire_us < at_us)
            at_us = p->expire_us;
    }
    return at_us;
}

/* --- answers --- */

/* RFC 6887 section 8.5: whether the gateway's clock has gone on as ours has. NAT-PMP's rule differs
 * in a fraction (RFC 6886 section 3.6). */
static bool epoch_is_valid(const struct port_map *m, uint32_t epoch_s, int64_t now_us)
{
    int64_t ours_s = (now_us - m->epoch_at_us) / US_PER_S;
    int64_t theirs_s = (int64_t)epoch_s - (int64_t)m->epoch_s;

    if (!m->has_epoch)
        return true;
    if (theirs_s < -1)
        return false;
    return ours_s + 2 >= theirs_s - theirs_s / 16 && theirs_s + 2 >= ours_s - ours_s / 16;
}

static void note_epoch(struct port_map *m, const struct nat_reply *r, int64_t now_us)
{
    bool forgotten = !epoch_is_valid(m, r->epoch_s, now_us);

    m->has_epoch = true;
    m->epoch_s = r->epoch_s;
    m->epoch_at_us = now_us;
    if (!forgotten)
        return;
    m->address_until_us = 0;
    for (struct port_mapping *at = m->mappings; at < m->mappings + m->n; at++)
        at->renew_us = now_us;
}

static bool is_answer(const struct port_map *m, const struct nat_reply *r)
{
    const struct nat_request *q = &m->question;

    if (!m->asking || (r->protocol != q->protocol && r->result != NAT_BAD_VERSION))
        return false;
    if (r->result != NAT_OK)
        return r->protocol != q->protocol || r->question == q->question;
    if (r->question != q->question)
        return false;
    return q->question == NAT_ADDRESS ||
           (r->inside.transport == q->inside.transport && r->inside.port == q->inside.port &&
            (q->protocol == NAT_PMP || memcmp(r->nonce, q->nonce, sizeof r->nonce) == 0));
}

static uint32_t clamp_lifetime(uint32_t lifetime_s)
{
    if (lifetime_s < LIFETIME_MIN_S)
        return LIFETIME_MIN_S;
    return lifetime_s < LIFETIME_MAX_S ? lifetime_s : LIFETIME_MAX_S;
}

static void take_mapping(struct port_map *m, const struct nat_reply *r, int64_t now_us)
{
    struct port_mapping *at = &m->mappings[m->which];
    int64_t life_us = clamp_lifetime(r->lifetime_s) * US_PER_S;
    struct net_addr outside = r->outside;

    if (r->protocol == NAT_PMP) {
        outside = m->address;
        outside.port = r->outside.port;
    }
    at->expire_us = now_us + life_us;
    /* Between a half and five eighths: RFC 6887 section 11.2.1. */
    at->renew_us = now_us + life_us / 2 + (int64_t)random_below((uint64_t)life_us / 8);
    set_outside(m, m->which, outside.port != 0 ? &outside : NULL);
}

/* A refusal of one mapping says nothing of the others. */
static void refuse(struct port_map *m, const struct nat_reply *r, int64_t now_us)
{
    if (r->result == NAT_BAD_VERSION || r->question == NAT_ADDRESS) {
        give_up(m, PN_ENAT_REFUSED, now_us);
        return;
    }
    end_question(m);
    m->error = PN_ENAT_REFUSED;
    m->mappings[m->which].renew_us = now_us + REST_S * US_PER_S;
}

void port_map_input(struct port_map *m, const void *data, size_t len, int64_t now_us)
{
    struct nat_reply r;

    if (nat_decode(&r, data, len) < 0 || !is_answer(m, &r))
        return;
    if (r.result != NAT_OK) {
        refuse(m, &r, now_us);
        return;
    }
    note_epoch(m, &r, now_us);
    end_question(m);
    m->error = 0;
    if (r.question == NAT_MAPPING) {
        take_mapping(m, &r, now_us);
        return;
    }
    m->address = r.outside;
    m->address_until_us = now_us + ADDRESS_S * US_PER_S;
}

void port_map_end(struct port_map *m)
{
    if (m->asking)
        end_question(m);
    for (unsigned i = 0; i < m->n; i++) {
        struct nat_request q = {
            .protocol = m->protocol, .question = NAT_MAPPING, .inside = m->mappings[i].inside};
        uint8_t packet[NAT_REQUEST_BYTES];

        if (m->mappings[i].outside.kind == NET_NONE || m->ops.open(m->ops.arg, &q.client) < 0)
            continue;
        memcpy(q.nonce, m->mappings[i].nonce, sizeof q.nonce);
        m->ops.send(m->ops.arg, packet, nat_encode(packet, &q));
        m->ops.close(m->ops.arg);
        m->mappings[i].outside.kind = NET_NONE;
    }
}
