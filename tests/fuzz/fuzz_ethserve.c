/* Requests of the eth protocol, answered from a small chain and a pool: an answer is always made,
 * stays within the limits that are promised, and is what was asked for. */
#include <string.h>

#include "codec/hex.h"
#include "ethereum/eth/serve.h"
#include "fuzz.h"
#include "maker.h"

enum { BLOCKS = 40, LARGE_TXS = 380, HASHES = BLOCKS + 3 };

/* Made once; serving changes nothing in it. */
struct scene {
    struct made_chain made;
    struct pool pool;
    uint8_t hashes[HASHES][ETH_HASH_BYTES]; /* the chain from its genesis, a block beside it, the
                                               transaction of the pool */
};

static struct scene *s;

static void add_block(struct eth_header *h, const struct eth_header *parent, unsigned tag,
                      unsigned txs)
{
    struct made_block b;

    make_block(&b, &s->made.params, parent, 13, tag, txs);
    made_chain_add(&s->made, &b);
    *h = b.h;
    h->extra = (struct bytes){0};
    made_free(&b);
}

static void add_pooled_tx(uint8_t hash[ETH_HASH_BYTES])
{
    uint8_t raw[256];
    size_t len = strlen(fuzz_eth_tx_hex) / 2;
    struct pool_tx *t;

    s->made.params.chain_id = 1; /* it is one of mainnet's */
    FUZZ_REQUIRE(len <= sizeof raw && hex_decode(raw, len, fuzz_eth_tx_hex) == 0);
    FUZZ_REQUIRE(pool_tx_make(&t, &s->made.params, (struct bytes){raw, len}) == 0);
    memcpy(hash, t->hash, ETH_HASH_BYTES);
    FUZZ_REQUIRE(pool_add(&s->pool, t) == 0);
}

static void free_scene(void)
{
    pool_free(&s->pool);
    made_chain_close(&s->made);
    free(s);
}

static void make_scene(void)
{
    struct eth_header h, before = {0};

    s = calloc(1, sizeof *s);
    FUZZ_REQUIRE(s && atexit(free_scene) == 0);
    made_chain_open(&s->made, false);
    pool_init(&s->pool);
    h = s->made.params.genesis;
    memcpy(s->hashes[0], h.hash, ETH_HASH_BYTES);
    for (unsigned i = 1; i <= BLOCKS; i++) {
        before = h;
        add_block(&h, &before, 0, i == BLOCKS / 2 ? LARGE_TXS : i % 3);
        memcpy(s->hashes[i], h.hash, ETH_HASH_BYTES);
    }
    add_block(&h, &before, 1, 1);
    memcpy(s->hashes[BLOCKS + 1], h.hash, ETH_HASH_BYTES);
    add_pooled_tx(s->hashes[BLOCKS + 2]);
    FUZZ_REQUIRE(eth_chain_flush(s->made.chain) == 0);
}

/* No input guesses a hash: one that begins with a zero stands for the one whose number is its
 * last byte. */
static void put_hash(uint8_t hash[ETH_HASH_BYTES])
{
    if (hash[0] == 0)
        memcpy(hash, s->hashes[hash[ETH_HASH_BYTES - 1] % HASHES], ETH_HASH_BYTES);
}

/* The hashes are in the target's own copy of the input. */
static void put_hashes(struct eth_msg *m)
{
    struct eth_items hashes = m->code == ETH_GET_RECEIPTS ? m->get_receipts.hashes : m->items;
    uint8_t ignored[ETH_HASH_BYTES];

    if (m->code == ETH_GET_BLOCK_HEADERS) {
        put_hash(m->query.hash);
        return;
    }
    while (eth_items_next_hash(&hashes, ignored))
        put_hash((uint8_t *)hashes.payload.data - ETH_HASH_BYTES);
}

static size_t items_max(const struct eth_msg *m)
{
    switch (m->code) {
    case ETH_GET_BLOCK_HEADERS:
        return m->query.amount < SERVE_HEADERS_MAX ? m->query.amount : SERVE_HEADERS_MAX;
    case ETH_GET_RECEIPTS:
        return m->get_receipts.hashes.n < SERVE_RECEIPTS_MAX ? m->get_receipts.hashes.n
                                                             : SERVE_RECEIPTS_MAX;
    case ETH_GET_BLOCK_BODIES:
        return m->items.n < SERVE_BODIES_MAX ? m->items.n : SERVE_BODIES_MAX;
    case ETH_GET_POOLED_TXS:
        return m->items.n;
    default:
        return 0;
    }
}

/* Headers stand as far apart as was asked for, in the direction that was asked for. */
static void check_header(const struct eth_header_query *q, struct bytes rlp, uint64_t *number,
                         size_t n)
{
    struct eth_header h;

    FUZZ_REQUIRE(eth_header_decode(&h, rlp) == 0);
    if (n == 0)
        FUZZ_REQUIRE(q->by_hash ? memcmp(h.hash, q->hash, sizeof h.hash) == 0
                                : h.number == q->number);
    else
        FUZZ_REQUIRE((q->reverse ? *number - h.number : h.number - *number) == q->skip + 1);
    *number = h.number;
}

static void check_items(const struct eth_msg *request, const struct eth_msg *answer)
{
    struct eth_items items = answer->code == ETH_RECEIPTS ? answer->receipts.lists : answer->items;
    size_t whole = items.payload.len, last = 0, n = 0;
    uint64_t number = 0;
    struct bytes item;

    for (; eth_items_next(&items, &item); n++) {
        if (request->code == ETH_GET_BLOCK_HEADERS)
            check_header(&request->query, item, &number, n);
        last = item.len;
    }
    FUZZ_REQUIRE(items.payload.len == 0 && n <= items_max(request));
    FUZZ_REQUIRE(whole - last < SERVE_SOFT_BYTES);
}

static void check_answer(const struct eth_msg *request, unsigned version)
{
    const struct serve_source from = {s->made.chain, &s->pool};
    struct serve_answer a;
    struct eth_msg said;
    struct buf b;

    serve_make(&a, &from, request, version);
    buf_init(&b, ETH_MESSAGE_MAX_BYTES);
    FUZZ_REQUIRE(eth_msg_encode(&b, &a.msg, version) == 0);
    FUZZ_REQUIRE(eth_msg_decode(&said, version, a.msg.code, b.data, b.len) == 0);
    FUZZ_REQUIRE(said.request_id == (version >= 66 ? request->request_id : 0));
    FUZZ_REQUIRE((said.code == ETH_RECEIPTS ? said.receipts.lists.n : said.items.n) == a.n);
    FUZZ_REQUIRE(a.hashes.len == (said.code == ETH_POOLED_TXS ? a.n * ETH_HASH_BYTES : 0));
    check_items(request, &said);
    buf_free(&b);
    serve_answer_free(&a);
}

/* The first byte chooses the version, the second the message. */
void fuzz_eth_serve(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    unsigned version;
    uint8_t *payload;
    struct eth_msg m;

    (void)t;
    if (!s)
        make_scene();
    if (len < 2 || !serve_is_request(data[1]))
        return;
    version = ETH_VERSION_MIN + data[0] % (ETH_VERSION_MAX - ETH_VERSION_MIN + 1);
    payload = malloc(len);
    FUZZ_REQUIRE(payload);
    memcpy(payload, data + 2, len - 2);
    if (eth_msg_decode(&m, version, data[1], payload, len - 2) == 0) {
        put_hashes(&m);
        check_answer(&m, version);
    }
    free(payload);
}
