#include "sim.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "harness.h"

enum { STEP_US = 1000, WALL_S = 1800000000, DELAY_US = 5000 };

struct net_addr sim_addr(const char *text)
{
    struct net_addr a;

    ck_assert_int_eq(net_addr_parse(&a, text, 30303), 0);
    return a;
}

void sim_start(struct sim *s)
{
    memset(s, 0, sizeof *s);
    s->packets = calloc(SIM_MAX_PACKETS, sizeof *s->packets);
    ck_assert_ptr_nonnull(s->packets);
    s->delay_us = DELAY_US;
    random_test_start(42);
    clock_test_start(WALL_S);
}

void sim_stop(struct sim *s)
{
    for (unsigned i = 0; i < s->n; i++)
        discv4_free(s->nodes[i].engine, clock_mono_us());
    free(s->packets);
    clock_test_stop();
    random_test_stop();
}

void sim_send(struct sim *s, const struct net_addr *from, const struct net_addr *to,
              const void *data, size_t len)
{
    struct sim_packet *p = &s->packets[(s->head + s->count) % SIM_MAX_PACKETS];

    ck_assert_uint_lt(s->count, SIM_MAX_PACKETS);
    ck_assert_uint_le(len, sizeof p->data);
    s->count++;
    p->at_us = clock_mono_us() + s->delay_us;
    p->from = *from;
    p->to = *to;
    p->len = (uint16_t)len;
    memcpy(p->data, data, len);
}

static void on_send(void *arg, const struct net_addr *to, const void *data, size_t len)
{
    struct sim_node *n = arg;

    n->bytes_out += len;
    sim_send(n->sim, &n->self.udp, to, data, len);
}

void sim_restart(struct sim_node *n)
{
    struct discv4_config config = {
        .db = n->db,
        .max_bonds = 512,
        .limits = LIMITS_CONFIG_DEFAULT,
        .send = on_send,
        .arg = n,
    };

    config.reach[eth_family_of(&n->self.udp)].at =
        (struct eth_endpoint){n->self.udp, n->self.tcp_port};
    memcpy(config.secret, n->secret, sizeof n->secret);
    ck_assert_int_eq(discv4_new(&n->engine, &config, clock_mono_us()), 0);
    n->next_us = 0;
}

void sim_halt(struct sim_node *n)
{
    discv4_free(n->engine, clock_mono_us());
    n->engine = NULL;
}

struct sim_node *sim_add(struct sim *s, const struct net_addr *addr, struct nodedb *db)
{
    struct sim_node *n = &s->nodes[s->n];
    struct net_addr at = {
        .kind = NET_IPV4, .port = 30303, .bytes = {127, 0, 0, (uint8_t)(s->n + 1)}};
    uint8_t pubkey[EC_PUBKEY_BYTES];

    ck_assert_uint_lt(s->n, SIM_MAX_NODES);
    s->n++;
    n->sim = s;
    n->db = db;
    ec_secret_generate(n->secret);
    ck_assert_int_eq(ec_pubkey(pubkey, n->secret), 0);
    eth_node_init(&n->self, pubkey, addr ? addr : &at, 30303);
    sim_restart(n);
    return n;
}

static struct sim_node *node_at(struct sim *s, const struct net_addr *addr)
{
    for (unsigned i = 0; i < s->n; i++)
        if (net_addr_equal(&s->nodes[i].self.udp, addr))
            return &s->nodes[i];
    return NULL;
}

static void deliver(struct sim *s, int64_t now_us)
{
    while (s->count > 0 && s->packets[s->head].at_us <= now_us) {
        struct sim_packet *p = &s->packets[s->head];
        struct sim_node *n = node_at(s, &p->to);

        s->head = (s->head + 1) % SIM_MAX_PACKETS;
        s->count--;
        if (n && n->engine) {
            discv4_input(n->engine, &p->from, p->data, p->len, now_us);
            n->next_us = 0;
        } else if (!n && s->stray) {
            s->stray(s->arg, p);
        }
    }
}

static void turn(struct sim *s)
{
    int64_t now_us = clock_mono_us();

    deliver(s, now_us);
    for (unsigned i = 0; i < s->n; i++)
        if (s->nodes[i].engine && s->nodes[i].next_us <= now_us)
            s->nodes[i].next_us = discv4_tick(s->nodes[i].engine, now_us);
}

/* Milliseconds until anything happens, at least 1 and at most max. */
static int64_t idle_ms(const struct sim *s, int64_t max)
{
    int64_t at_us = s->count > 0 ? s->packets[s->head].at_us : CLOCK_NEVER,
            now_us = clock_mono_us();

    for (unsigned i = 0; i < s->n; i++)
        if (s->nodes[i].engine && s->nodes[i].next_us < at_us)
            at_us = s->nodes[i].next_us;
    if (at_us >= now_us + max * STEP_US)
        return max;
    return at_us <= now_us + STEP_US ? 1 : (at_us - now_us + STEP_US - 1) / STEP_US;
}

bool sim_run_until(struct sim *s, bool (*condition)(void *arg), void *arg, int64_t max_ms)
{
    while (max_ms > 0) {
        int64_t ms;

        if (condition && condition(arg))
            return true;
        turn(s);
        ms = idle_ms(s, max_ms);
        clock_test_advance_ms(ms);
        max_ms -= ms;
    }
    return condition && condition(arg);
}

void sim_run_ms(struct sim *s, int64_t ms)
{
    sim_run_until(s, NULL, NULL, ms);
}

size_t sim_packet_make(uint8_t out[DISCV4_MAX_PACKET_BYTES], struct discv4_packet *p,
                       const uint8_t secret[EC_SECRET_BYTES])
{
    struct buf b;
    size_t len;

    buf_init(&b, 2 * DISCV4_MAX_PACKET_BYTES);
    ck_assert_int_eq(discv4_encode(&b, p, secret), 0);
    len = b.len;
    memcpy(out, b.data, len);
    buf_free(&b);
    return len;
}
