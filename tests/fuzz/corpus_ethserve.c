/* Seeds for what is asked of a chain: by number and by hash, onwards and back, everything, nothing,
 * and the largest block again and again. */
#include <string.h>

#include "codec/rlp.h"
#include "ethereum/wire/msg.h"
#include "fuzz.h"

/* What the target's chain has; see there. */
enum { HEAD = 40, LARGEST = 20, BESIDE = 41, POOLED = 42, MANY = 1000 };

struct seeds {
    const char *dir;
    unsigned n;
    bool done;
};

static void put(struct seeds *s, const struct eth_msg *m, unsigned version)
{
    struct buf b;

    buf_init(&b, 64 * MANY);
    write_u8(&b, (uint8_t)(version - ETH_VERSION_MIN));
    write_u8(&b, (uint8_t)m->code);
    s->done = s->done && eth_msg_encode(&b, m, version) == 0 &&
              fuzz_corpus_put(s->dir, "eth_serve", b.data, b.len, s->n++);
    buf_free(&b);
}

static void put_headers(struct seeds *s)
{
    static const struct eth_header_query queries[] = {
        {.number = 0, .amount = UINT64_MAX},
        {.number = HEAD, .amount = 50, .reverse = true},
        {.number = 1, .amount = 9, .skip = 4},
        {.number = 2, .amount = 10, .skip = UINT64_MAX - 2},
        {.number = HEAD, .amount = 9, .skip = 7, .reverse = true},
        {.by_hash = true, .hash = {[31] = 5}, .amount = 9},
        {.by_hash = true, .hash = {[31] = BESIDE}, .amount = 9},
        {.by_hash = true, .hash = {[31] = BESIDE}, .amount = 9, .skip = 2, .reverse = true},
        {.by_hash = true, .hash = {1}, .amount = 9},
    };

    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        struct eth_msg m = {.code = ETH_GET_BLOCK_HEADERS, .request_id = 7, .query = queries[i]};

        put(s, &m, i % 2 ? 62 : 68);
    }
}

/* A request for n hashes: those from `first` on, or the same all the time. */
static void put_hashes(struct seeds *s, unsigned code, unsigned version, unsigned first, unsigned n,
                       bool same)
{
    struct eth_msg m = {.code = code, .request_id = 7};
    struct eth_items hashes;
    struct buf b;

    buf_init(&b, 64 * MANY);
    for (unsigned i = 0; i < n; i++) {
        uint8_t hash[ETH_HASH_BYTES] = {[31] = (uint8_t)(same ? first : first + i)};

        rlp_write_bytes(&b, hash, sizeof hash);
    }
    s->done = s->done && b.err == 0;
    hashes = (struct eth_items){{b.data, b.len}, n};
    if (code == ETH_GET_RECEIPTS)
        m.get_receipts.hashes = hashes;
    else
        m.items = hashes;
    put(s, &m, version);
    buf_free(&b);
}

bool fuzz_corpus_make_ethserve(const char *dir)
{
    static const unsigned codes[] = {ETH_GET_BLOCK_BODIES, ETH_GET_RECEIPTS};
    struct seeds s = {.dir = dir, .done = true};

    put_headers(&s);
    for (unsigned i = 0; i < 2; i++) {
        put_hashes(&s, codes[i], 63, 0, POOLED, false);
        put_hashes(&s, codes[i], 68, LARGEST, MANY, true);
        put_hashes(&s, codes[i], 70, 1, 1, true);
    }
    put_hashes(&s, ETH_GET_RECEIPTS, 69, LARGEST, 2, true);
    put_hashes(&s, ETH_GET_POOLED_TXS, 68, BESIDE, 3, false);
    put_hashes(&s, ETH_GET_POOLED_TXS, 65, POOLED, 1, true);
    put_hashes(&s, ETH_GET_NODE_DATA, 66, 1, 2, false);
    return s.done;
}
