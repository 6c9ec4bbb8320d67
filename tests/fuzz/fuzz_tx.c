/* Transactions: any bytes as a script, and any history of a pool and its relay.
 *
 * The input of `txrelay` is a list of steps: a byte that says what happens and to which peer, two
 * bytes of length, and that many bytes: a transaction or a list of inventory. */
#include "base/clock.h"
#include "base/random.h"
#include "bitcoin/mempool/script.h"
#include "bitcoin/txrelay/txrelay.h"
#include "fuzz.h"

void fuzz_script(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    const struct bytes s = {.data = data, .len = len};
    enum script_type type = script_type(s);

    (void)t;
    FUZZ_REQUIRE(script_sigops(s) <= 20 * len);
    FUZZ_REQUIRE(script_dust_limit_sat(s) >= 0);
    if (type == SCRIPT_NULL_DATA)
        FUZZ_REQUIRE(script_dust_limit_sat(s) == 0 && !script_is_push_only(s));
    if (script_is_push_only(s))
        FUZZ_REQUIRE(script_sigops(s) == 0 && type != SCRIPT_PUBKEY_HASH &&
                     type != SCRIPT_MULTISIG);
}

enum { PEERS = 4, POOL_COUNT = 8, POOL_BYTES = 1 << 20 };

struct fuzz_peer {
    int place; /* or -1 */
    struct tx_told told;
};

struct machine {
    struct txpool *pool;
    struct txrelay *relay;
    struct fuzz_peer peers[PEERS];
};

static void on_items(void *arg, void *peer, const struct btc_inv_item *items, size_t n)
{
    (void)arg;
    FUZZ_REQUIRE(((struct fuzz_peer *)peer)->place >= 0);
    for (size_t i = 0; i < n; i++)
        FUZZ_REQUIRE(items[i].type != 0);
}

static void on_rate(void *arg, void *peer, int64_t rate)
{
    (void)arg;
    (void)peer;
    FUZZ_REQUIRE(rate >= 0);
}

static int64_t their_rate(void *arg, void *peer)
{
    (void)arg;
    (void)peer;
    return 1000;
}

static void on_refused(void *arg, void *peer, const struct tx_body *body, enum tx_refusal why)
{
    (void)arg;
    (void)peer;
    (void)body;
    FUZZ_REQUIRE(why != TX_OK);
}

static void on_accepted(void *arg, void *peer, const struct tx_body *body)
{
    struct machine *m = arg;

    (void)peer;
    FUZZ_REQUIRE(tx_check(&body->tx) == TX_OK);
    FUZZ_REQUIRE(txpool_has_wtxid(m->pool, body->wtxid));
}

static void on_event(void *arg, const struct txrelay_event *e)
{
    (void)arg;
    FUZZ_REQUIRE(e->txid && e->wtxid);
}

static void on_left(void *arg, struct tx_body *body, bool own, enum txpool_exit exit)
{
    struct machine *m = arg;

    if (own)
        txrelay_departed(m->relay, body->wtxid, exit);
}

static void join(struct machine *m, unsigned i)
{
    struct fuzz_peer *p = &m->peers[i];
    const struct txrelay_peer_info info = {
        .handle = p,
        .told = &p->told,
        .inbound = i % 2,
        .preferred = i<2, .by_wtxid = i> 0,
        .wants = true,
        .gives = i != 3,
        .fee_filter = true,
        .source = i,
    };

    tx_told_init(&p->told);
    p->place = txrelay_peer_ready(m->relay, &info);
    FUZZ_REQUIRE(p->place >= 0);
}

static void leave(struct machine *m, unsigned i)
{
    txrelay_peer_gone(m->relay, (unsigned)m->peers[i].place);
    m->peers[i].place = -1;
    tx_told_free(&m->peers[i].told);
}

static void start(struct machine *m)
{
    static const struct txpool_config pool = {
        .max_bytes = POOL_BYTES, .max_count = POOL_COUNT, .max_age_ms = 3600 * 1000};
    static const struct txrelay_config config = {
        .max_peers = PEERS, .inbound_ms = 5000, .outbound_ms = 2000};
    static const struct txrelay_ops ops = {on_items,   on_items,    on_rate, their_rate,
                                           on_refused, on_accepted, on_event};

    clock_test_start(1700000000);
    random_test_start(1);
    FUZZ_REQUIRE(txpool_new(&m->pool, &pool, on_left, m) == 0);
    FUZZ_REQUIRE(txrelay_new(&m->relay, m->pool, &config, &ops, m) == 0);
    txrelay_tip(m->relay, 100, 1699990000);
    for (unsigned i = 0; i < PEERS; i++)
        join(m, i);
}

static void stop(struct machine *m)
{
    for (unsigned i = 0; i < PEERS; i++)
        leave(m, i);
    txrelay_free(m->relay);
    txpool_free(m->pool);
    random_test_stop();
    clock_test_stop();
}

enum step_kind {
    STEP_TX,
    STEP_INV,
    STEP_NOTFOUND,
    STEP_TIME,
    STEP_OWN,
    STEP_BLOCK,
    STEP_REJOIN,
    STEP_LIST
};

static void step_tx(struct machine *m, enum step_kind kind, unsigned peer, struct bytes raw)
{
    struct tx_body *body;
    const struct btc_tx *tx;

    if (tx_body_parse(&body, fuzz_magic, raw.data, raw.len) < 0)
        return;
    tx = &body->tx;
    FUZZ_REQUIRE(body->weight == btc_tx_weight(tx));
    if (kind == STEP_TX) {
        txrelay_tx(m->relay, peer, tx_body_ref(body), tx_check(tx));
    } else if (kind == STEP_OWN && tx_check(tx) == TX_OK) {
        if (txpool_add(m->pool, body, 0, true) == TX_OK) {
            FUZZ_REQUIRE(txpool_add(m->pool, body, 0, true) == TX_KNOWN);
            txrelay_submitted(m->relay, tx_body_ref(body));
            txrelay_asked(m->relay, body->wtxid);
        }
    } else if (kind == STEP_BLOCK) {
        txpool_block(m->pool, tx, (const uint8_t(*)[BTC_HASH_BYTES])body->txid, 1);
        FUZZ_REQUIRE(!txpool_has_txid(m->pool, body->txid));
        FUZZ_REQUIRE(txpool_confirmed(m->pool, body->txid));
    }
    tx_body_unref(body);
}

static void step_list(struct machine *m, enum step_kind kind, unsigned peer, struct bytes raw)
{
    struct btc_msg msg;
    struct arena a;

    arena_init(&a, BTC_MSG_MEMORY(raw.len));
    if (btc_msg_decode(&msg, &a, BTC_CMD_INV, raw.data, raw.len) == 0) {
        if (kind == STEP_INV)
            txrelay_inv(m->relay, peer, msg.u.inv.items, msg.u.inv.count);
        else
            txrelay_notfound(m->relay, peer, msg.u.inv.items, msg.u.inv.count);
    }
    arena_free(&a);
}

static void step(struct machine *m, uint8_t what, struct bytes raw)
{
    enum step_kind kind = what & 7;
    unsigned i = what >> 3 & (PEERS - 1), place = (unsigned)m->peers[i].place;
    struct txpool_counts counts;

    switch (kind) {
    case STEP_TX:
    case STEP_OWN:
    case STEP_BLOCK:
        step_tx(m, kind, place, raw);
        break;
    case STEP_INV:
    case STEP_NOTFOUND:
        step_list(m, kind, place, raw);
        break;
    case STEP_TIME:
        clock_test_advance_ms(raw.len > 0 ? raw.data[0] * 1000 : 1);
        break;
    case STEP_REJOIN:
        leave(m, i);
        join(m, i);
        break;
    case STEP_LIST:
        txrelay_list(m->relay, place);
        break;
    }
    FUZZ_REQUIRE(txrelay_tick(m->relay) >= clock_mono_us());
    txpool_counts(m->pool, &counts);
    FUZZ_REQUIRE(counts.count <= POOL_COUNT && counts.bytes <= POOL_BYTES);
    FUZZ_REQUIRE(counts.own <= counts.count && counts.unasked <= counts.own);
}

void fuzz_txrelay(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    static struct machine m;
    struct reader r = reader_of(data, len);

    (void)t;
    start(&m);
    while (!r.err && reader_left(&r) >= 3) {
        uint8_t what = read_u8(&r);
        size_t size = read_le16(&r);

        if (size > reader_left(&r))
            size = reader_left(&r);
        step(&m, what, (struct bytes){.data = reader_take(&r, size), .len = size});
    }
    stop(&m);
}
