#include "sim.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "codec/rlp.h"

/* An answer under way. */
struct sim_event {
    int64_t at_us;
    uint64_t peer;
    enum sync_kind kind;
    struct buf payload;
    size_t n;
    struct sim_event *next;
};

void sim_make_chain(struct sim_chain *c, const struct eth_params *p,
                    const struct eth_header *parent, unsigned n, unsigned seconds, unsigned tag)
{
    c->n = n;
    c->blocks = calloc(n, sizeof *c->blocks);
    ck_assert_ptr_nonnull(c->blocks);
    for (unsigned i = 0; i < n; i++)
        make_block(&c->blocks[i], p, i ? &c->blocks[i - 1].h : parent, seconds, tag + i % 200,
                   i % 2);
}

void sim_free_chain(struct sim_chain *c)
{
    for (unsigned i = 0; i < c->n; i++)
        made_free(&c->blocks[i]);
    free(c->blocks);
}

static struct sim_peer *find(struct sim *s, uint64_t id)
{
    for (unsigned i = 0; i < s->n_peers; i++)
        if (s->peers[i].id == id && !s->peers[i].dropped)
            return &s->peers[i];
    return NULL;
}

/* The block with this number, or hash. */
static const struct made_block *block_at(const struct sim_chain *c, uint64_t number)
{
    uint64_t first = c->blocks[0].h.number;

    return number >= first && number < first + c->n ? &c->blocks[number - first] : NULL;
}

static const struct made_block *block_by(const struct sim_chain *c,
                                         const uint8_t hash[ETH_HASH_BYTES])
{
    for (unsigned i = 0; i < c->n; i++)
        if (memcmp(c->blocks[i].h.hash, hash, ETH_HASH_BYTES) == 0)
            return &c->blocks[i];
    return NULL;
}

static struct sim_event *event_new(struct sim *s, struct sim_peer *p, enum sync_kind kind)
{
    struct sim_event *e = calloc(1, sizeof *e), **at = &s->events;

    ck_assert_ptr_nonnull(e);
    buf_init(&e->payload, 16 << 20);
    e->at_us = clock_mono_us() + p->latency_us;
    e->peer = p->id;
    e->kind = kind;
    while (*at && (*at)->at_us <= e->at_us)
        at = &(*at)->next;
    e->next = *at;
    *at = e;
    return e;
}

static void put_header(struct sim_event *e, const struct made_block *b)
{
    buf_append(&e->payload, b->rlp.data, b->rlp.len);
    e->n++;
}

static bool ask_headers(void *arg, uint64_t peer, const struct eth_header_query *q)
{
    struct sim *s = arg;
    struct sim_peer *p = find(s, peer);
    const struct made_block *b;
    struct sim_event *e;
    uint64_t number = q->number;

    if (!p)
        return false;
    p->asked++;
    if (p->kind == SIM_SILENT)
        return true;
    e = event_new(s, p, SYNC_KIND_HEADERS);
    if (p->kind == SIM_EMPTY)
        return true;
    b = q->by_hash ? block_by(p->chain, q->hash) : block_at(p->chain, number);
    for (uint64_t i = 0; b && i < q->amount; i++) {
        uint64_t step = q->skip + 1;
        bool swap = p->kind == SIM_WRONG_GAPS && q->amount == SYNC_GAP_HEADERS && i == 50;

        put_header(e, swap ? block_at(p->chain, b->h.number - 3) : b);
        if (q->reverse && b->h.number <= step)
            break;
        b = block_at(p->chain, q->reverse ? b->h.number - step : b->h.number + step);
    }
    return true;
}

void sim_heavy_body(struct buf *out)
{
    enum { TX_BYTES = 8 << 20 };
    static const uint8_t large[TX_BYTES];
    size_t outer, list;

    buf_init(out, 2 * TX_BYTES);
    outer = rlp_list_begin(out);
    list = rlp_list_begin(out);
    rlp_write_bytes(out, large, sizeof large);
    rlp_list_end(out, list);
    rlp_list_end(out, rlp_list_begin(out));
    rlp_list_end(out, outer);
    ck_assert_int_eq(out->err, 0);
}

static bool ask_bodies(void *arg, uint64_t peer, const uint8_t (*hashes)[ETH_HASH_BYTES],
                       unsigned n)
{
    struct sim *s = arg;
    struct sim_peer *p = find(s, peer);
    struct sim_event *e;

    if (!p)
        return false;
    p->asked++;
    if (p->kind == SIM_SILENT)
        return true;
    e = event_new(s, p, SYNC_KIND_BODIES);
    if (p->kind == SIM_HEAVY_BODY && n >= SIM_MANY) {
        sim_heavy_body(&e->payload);
        e->n = 1;
        return true;
    }
    for (unsigned i = 0; i < n && p->kind != SIM_EMPTY; i++) {
        const struct made_block *b = block_by(p->chain, hashes[i]);

        if (b && p->kind == SIM_WRONG_BODIES)
            b = b->h.number > 2 ? block_at(p->chain, b->h.number - 2) : NULL;
        if (!b)
            continue;
        buf_append(&e->payload, b->body.data, b->body.len);
        e->n++;
    }
    return true;
}

static bool ask_receipts(void *arg, uint64_t peer, const uint8_t (*hashes)[ETH_HASH_BYTES],
                         unsigned n)
{
    (void)arg, (void)peer, (void)hashes, (void)n;
    ck_abort_msg("nobody wants receipts");
}

static void drop(void *arg, uint64_t peer, int reason)
{
    struct sim_peer *p = find(arg, peer);

    if (p && !p->dropped) {
        p->dropped = 1;
        p->reason = reason;
    }
}

static void advanced(void *arg)
{
    (void)arg;
}

void sim_begin(struct sim *s, const uint8_t *trusted)
{
    struct downloader_config config = {
        .max_peers = SIM_PEERS_MAX,
        .trusted_head = trusted,
        .ops = {ask_headers, ask_bodies, ask_receipts, drop, advanced, s},
    };

    snprintf(s->folder, sizeof s->folder, "/tmp/p2pnode-sync-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(s->folder));
    snprintf(s->path, sizeof s->path, "%s/chain", s->folder);
    ck_assert_int_eq(eth_chain_open(&s->chain, s->path, &s->params), 0);
    config.chain = s->chain;
    ck_assert_int_eq(downloader_new(&s->d, &config), 0);
}

void sim_end(struct sim *s)
{
    char lock[64];

    while (s->events) {
        struct sim_event *e = s->events;

        s->events = e->next;
        buf_free(&e->payload);
        free(e);
    }
    downloader_free(s->d);
    eth_chain_close(s->chain);
    snprintf(lock, sizeof lock, "%s-lock", s->path);
    unlink(lock);
    unlink(s->path);
    rmdir(s->folder);
}

struct sim_peer *sim_add(struct sim *s, enum sim_kind kind, const struct sim_chain *c,
                         int64_t latency_ms)
{
    struct sim_peer *p = &s->peers[s->n_peers++];
    const struct eth_header *head = &c->blocks[c->n - 1].h;
    eth_u128 td = s->params.genesis.difficulty;

    ck_assert_uint_le(s->n_peers, SIM_PEERS_MAX);
    *p = (struct sim_peer){
        .id = s->n_peers, .kind = kind, .chain = c, .latency_us = latency_ms * 1000};
    for (unsigned i = 0; i < c->n; i++)
        td += c->blocks[i].h.difficulty;
    downloader_peer_ready(s->d, p->id, true);
    downloader_peer_head(s->d, p->id, head->hash, td, 0);
    return p;
}

static void flush_onto_full_disk(struct sim *s)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct rlimit before, none = {0};

    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    none.rlim_max = before.rlim_max;
    sigaction(SIGXFSZ, &ignore, NULL);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
    if (eth_chain_flush(s->chain) < 0)
        downloader_chain_shrank(s->d);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
}

static void deliver(struct sim *s)
{
    struct sim_event *e = s->events;
    struct eth_items items = {{e->payload.data, e->payload.len}, e->n};

    s->events = e->next;
    if (s->starve_each > 0 && ++s->answers % s->starve_each == 0)
        mem_fail_at(1, 1);
    if (find(s, e->peer)) {
        if (e->kind == SYNC_KIND_HEADERS)
            downloader_headers(s->d, e->peer, &items);
        else
            downloader_bodies(s->d, e->peer, &items);
    }
    mem_fail_at(0, 0);
    if (s->full_each > 0 && ++s->answers % s->full_each == 0)
        flush_onto_full_disk(s);
    buf_free(&e->payload);
    free(e);
}

/* Those that were dropped leave. */
static void part(struct sim *s)
{
    for (unsigned i = 0; i < s->n_peers; i++)
        if (s->peers[i].dropped == 1) {
            s->peers[i].dropped = 2;
            downloader_peer_gone(s->d, s->peers[i].id);
        }
}

double sim_run(struct sim *s, const struct eth_header *until, unsigned max_s)
{
    int64_t begin_us = clock_mono_us();

    for (;;) {
        const struct eth_head *head = eth_chain_head_of_blocks(s->chain);
        int64_t now_us = clock_mono_us(), next_us;

        if (head->number == until->number &&
            memcmp(head->hash, until->hash, sizeof head->hash) == 0)
            return (double)(now_us - begin_us) / 1e6;
        if (now_us - begin_us > (int64_t)max_s * 1000000)
            return -1;
        next_us = downloader_tick(s->d, now_us);
        part(s);
        if (s->events && s->events->at_us <= now_us) {
            deliver(s);
            part(s);
        } else if (next_us > now_us) {
            if (s->events && s->events->at_us < next_us)
                next_us = s->events->at_us;
            clock_test_advance_ms((next_us - now_us + 999) / 1000);
        }
    }
}
