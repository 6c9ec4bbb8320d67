/* Ethereum's codecs and the discovery engine: what reads, writes itself again; and nothing that a
 * node with a valid signature says breaks the engine. */
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "codec/rlp.h"
#include "ethereum/discv4/discv4.h"
#include "ethereum/dnsdisc/entry.h"
#include "fuzz.h"

/* The key that signs what the targets make up. */
static const uint8_t secret[EC_SECRET_BYTES] = {[31] = 1};

static void write_again(struct buf *out, struct reader *r)
{
    while (reader_left(r) > 0) {
        if (rlp_next_is_list(r)) {
            struct reader list = rlp_read_list(r);
            size_t mark = rlp_list_begin(out);

            write_again(out, &list);
            rlp_list_end(out, mark);
        } else {
            struct bytes s = rlp_read_bytes(r, SIZE_MAX);

            rlp_write_bytes(out, s.data, s.len);
        }
        FUZZ_REQUIRE(r->err == 0);
    }
}

void fuzz_rlp(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    struct reader r = reader_of(data, len);
    struct buf b;

    (void)t;
    if (rlp_check(data, len) < 0)
        return;
    buf_init(&b, len);
    write_again(&b, &r);
    FUZZ_REQUIRE(b.err == 0 && b.len == len && memcmp(b.data, data, len) == 0);
    buf_free(&b);
}

/* Sequence number and pairs, which are signed here: else no changed record would get past that. */
void fuzz_enr(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    uint8_t hash[EC_HASH_BYTES], sig[EC_RECOVERABLE_BYTES];
    struct enr record, again;
    char text[ENR_TEXT_BYTES];
    struct buf content, b;
    size_t mark;

    (void)t;
    buf_init(&content, len + 16);
    buf_init(&b, len + 128);
    mark = rlp_list_begin(&content);
    buf_append(&content, data, len);
    rlp_list_end(&content, mark);
    keccak256(hash, content.data, content.len);
    FUZZ_REQUIRE(content.err == 0 && ec_sign(sig, secret, hash) == 0);
    mark = rlp_list_begin(&b);
    rlp_write_bytes(&b, sig, EC_SIG_BYTES);
    buf_append(&b, data, len);
    rlp_list_end(&b, mark);
    FUZZ_REQUIRE(b.err == 0);
    if (enr_decode(&record, b.data, b.len) == 0) {
        FUZZ_REQUIRE(enr_parse(&again, enr_format(text, &record)) == 0);
        FUZZ_REQUIRE(again.seq == record.seq && again.len == b.len);
    }
    buf_free(&content);
    buf_free(&b);
}

void fuzz_enode(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    char *url = malloc(len + 1), text[ENODE_TEXT_BYTES];
    struct eth_node n, again;

    (void)t;
    FUZZ_REQUIRE(url);
    memcpy(url, data, len);
    url[len] = '\0';
    if (enode_parse(&n, url) == 0) {
        FUZZ_REQUIRE(enode_parse(&again, enode_format(text, &n)) == 0);
        FUZZ_REQUIRE(memcmp(again.id, n.id, sizeof n.id) == 0);
        FUZZ_REQUIRE(net_addr_equal(&again.udp, &n.udp) && again.tcp_port == n.tcp_port);
    }
    free(url);
}

void fuzz_dnsdisc(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    char *text = malloc(len + 1);
    uint8_t pubkey[EC_PUBKEY_BYTES];
    struct dnsdisc_entry *e = malloc(sizeof *e);
    struct dnsdisc_root root;

    (void)t;
    FUZZ_REQUIRE(text && e && ec_pubkey(pubkey, secret) == 0);
    memcpy(text, data, len);
    text[len] = '\0';
    FUZZ_REQUIRE(dnsdisc_root_parse(&root, text, pubkey) < 0); /* nobody signed it */
    if (dnsdisc_entry_parse(e, text) == 0 && e->kind == DNSDISC_BRANCH)
        FUZZ_REQUIRE(e->n_children <= DNSDISC_MAX_CHILDREN);
    free(text);
    free(e);
}

/* --- discv4 --- */

/* A packet of this type around a body. Returns: its length; 0 when it would be too long. */
static size_t wrap(uint8_t out[DISCV4_MAX_PACKET_BYTES], uint8_t type, const uint8_t *body,
                   size_t len)
{
    uint8_t hash[EC_HASH_BYTES];

    if (len > DISCV4_MAX_PACKET_BYTES - DISCV4_HEAD_BYTES)
        return 0;
    out[DISCV4_HEAD_BYTES - 1] = type;
    memcpy(out + DISCV4_HEAD_BYTES, body, len);
    keccak256(hash, out + DISCV4_HEAD_BYTES - 1, len + 1);
    FUZZ_REQUIRE(ec_sign(out + KECCAK256_BYTES, secret, hash) == 0);
    keccak256(out, out + KECCAK256_BYTES, DISCV4_HEAD_BYTES - KECCAK256_BYTES + len);
    return DISCV4_HEAD_BYTES + len;
}

static uint8_t type_of(const struct fuzz_target *t)
{
    for (uint8_t type = DISCV4_PING; type < DISCV4_TYPE_COUNT; type++)
        if (strcmp(t->name + strlen("discv4_"), discv4_type_name(type)) == 0)
            return type;
    abort();
}

/* The body of a packet. What is understood of it is written again, and then to the byte. */
void fuzz_discv4(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    uint8_t raw[DISCV4_MAX_PACKET_BYTES];
    struct discv4_packet p;
    struct buf first, second;

    len = wrap(raw, type_of(t), data, len);
    if (len == 0 || discv4_decode(&p, raw, len) < 0)
        return;
    buf_init(&first, 2 * DISCV4_MAX_PACKET_BYTES);
    buf_init(&second, 2 * DISCV4_MAX_PACKET_BYTES);
    FUZZ_REQUIRE(discv4_encode(&first, &p, secret) == 0);
    FUZZ_REQUIRE(discv4_decode(&p, first.data, first.len) == 0);
    FUZZ_REQUIRE(discv4_encode(&second, &p, secret) == 0);
    FUZZ_REQUIRE(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
    buf_free(&first);
    buf_free(&second);
}

struct engine_run {
    struct discv4 *engine;
    struct net_addr from;
    bool has_ping; /* of the engine, not yet answered */
    uint8_t ping_hash[KECCAK256_BYTES];
};

static void on_send(void *arg, const struct net_addr *to, const void *data, size_t len)
{
    struct engine_run *run = arg;
    struct discv4_packet p;

    (void)to;
    FUZZ_REQUIRE(discv4_decode(&p, data, len) == 0);
    if (p.type != DISCV4_PING)
        return;
    run->has_ping = true;
    memcpy(run->ping_hash, p.hash, sizeof p.hash);
}

static void answer_ping(struct engine_run *run)
{
    struct discv4_packet p = {.type = DISCV4_PONG, .expiration = clock_wall_s() + DISCV4_EXPIRY_S};
    struct buf b;

    run->has_ping = false;
    memcpy(p.u.pong.ping_hash, run->ping_hash, sizeof run->ping_hash);
    buf_init(&b, 2 * DISCV4_MAX_PACKET_BYTES);
    FUZZ_REQUIRE(discv4_encode(&b, &p, secret) == 0);
    discv4_input(run->engine, &run->from, b.data, b.len, clock_mono_us());
    buf_free(&b);
}

/* Messages of a node that answers pings: two bytes of length, a type, the body; a type of 0 lets a
 * tenth of a second pass for each byte of length. */
static void talk(struct engine_run *run, struct reader *r)
{
    uint8_t raw[DISCV4_MAX_PACKET_BYTES];

    while (reader_left(r) > 0) {
        uint16_t len = read_be16(r);
        uint8_t type = read_u8(r);
        struct bytes body = read_slice(r, type == 0 ? 0 : len);
        size_t packet_len = type == 0 || r->err ? 0 : wrap(raw, type, body.data, body.len);

        if (packet_len > 0)
            discv4_input(run->engine, &run->from, raw, packet_len, clock_mono_us());
        if (type == 0)
            clock_test_advance_ms(100 * (len & 0xff));
        if (run->has_ping)
            answer_ping(run);
        discv4_tick(run->engine, clock_mono_us());
        FUZZ_REQUIRE(discv4_table_size(run->engine) <= 1);
    }
}

void fuzz_discv4_engine(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    struct engine_run run = {.from = {.kind = NET_IPV4, .port = 30303, .bytes = {88, 7, 6, 5}}};
    struct discv4_config config = {.secret = {[31] = 2},
                                   .max_bonds = 64,
                                   .limits = LIMITS_CONFIG_DEFAULT,
                                   .send = on_send,
                                   .arg = &run};
    struct reader r = reader_of(data, len);

    (void)t;
    random_test_start(1);
    clock_test_start(1000000000); /* before what the seeds say as expiration */
    FUZZ_REQUIRE(discv4_new(&run.engine, &config, clock_mono_us()) == 0);
    talk(&run, &r);
    discv4_free(run.engine, clock_mono_us());
    clock_test_stop();
    random_test_stop();
}
