#include "bitcoin/bloom/bloom.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "bitcoin/bloom/murmur3.h"
#include "codec/cursor.h"

enum {
    OP_PUSHDATA1 = 0x4c,
    OP_PUSHDATA2,
    OP_PUSHDATA4,
    OP_1 = 0x51,
    OP_16 = 0x60,
    OP_CHECKSIG = 0xac,
    OP_CHECKMULTISIG = 0xae,
    KEY_BYTES = 33, /* of a public key, */
    LONG_KEY_BYTES = 65,
    OUTPOINT_BYTES = BTC_HASH_BYTES + 4,
    UPDATE_MASK = 3,
};

struct bloom {
    uint32_t funcs, tweak;
    uint8_t flags;
    size_t len;
    uint8_t bits[];
};

struct bloom *bloom_new(const struct btc_filterload *m)
{
    struct bloom *b = mem_alloc(sizeof *b + m->filter.len);

    if (!b)
        return NULL;
    *b = (struct bloom){
        .funcs = m->hash_funcs, .tweak = m->tweak, .flags = m->flags, .len = m->filter.len};
    if (b->len > 0)
        memcpy(b->bits, m->filter.data, b->len);
    return b;
}

void bloom_free(struct bloom *b)
{
    mem_free(b);
}

struct bytes bloom_bits(const struct bloom *b)
{
    return (struct bytes){.data = b->bits, .len = b->len};
}

static size_t bit_of(const struct bloom *b, uint32_t func, struct bytes item)
{
    return murmur3(func * 0xfba4c795 + b->tweak, item.data, item.len) % (b->len * 8);
}

void bloom_add(struct bloom *b, struct bytes item)
{
    for (uint32_t i = 0; i < b->funcs && b->len > 0; i++) {
        size_t bit = bit_of(b, i, item);

        b->bits[bit / 8] |= (uint8_t)(1 << bit % 8);
    }
}

bool bloom_has(const struct bloom *b, struct bytes item)
{
    for (uint32_t i = 0; i < b->funcs && b->len > 0; i++) {
        size_t bit = bit_of(b, i, item);

        if (!(b->bits[bit / 8] & 1 << bit % 8))
            return false;
    }
    return true;
}

/* --- scripts --- */

/* The next operation, and what it pushes. Returns: false at the end, or at a push that is cut
 * short. */
static bool next_op(struct reader *r, uint8_t *op, struct bytes *pushed)
{
    size_t len = 0;

    *pushed = (struct bytes){0};
    if (reader_left(r) == 0)
        return false;
    *op = read_u8(r);
    if (*op < OP_PUSHDATA1)
        len = *op;
    else if (*op == OP_PUSHDATA1)
        len = read_u8(r);
    else if (*op == OP_PUSHDATA2)
        len = read_le16(r);
    else if (*op == OP_PUSHDATA4)
        len = read_le32(r);
    *pushed = read_slice(r, len);
    return !r->err;
}

static bool script_matches(const struct bloom *b, struct bytes script)
{
    struct reader r = reader_of(script.data, script.len);
    struct bytes pushed;
    uint8_t op;

    while (next_op(&r, &op, &pushed))
        if (pushed.len > 0 && bloom_has(b, pushed))
            return true;
    return false;
}

static bool is_key(struct bytes pushed)
{
    return pushed.len == KEY_BYTES || pushed.len == LONG_KEY_BYTES;
}

/* A public key and OP_CHECKSIG; or m, n keys, n and OP_CHECKMULTISIG (Core, script/solver.cpp). */
static bool pays_to_keys(struct bytes script)
{
    struct reader r = reader_of(script.data, script.len);
    struct bytes pushed;
    unsigned keys = 0;
    uint8_t op, need;

    if (!next_op(&r, &need, &pushed))
        return false;
    if (is_key(pushed))
        return next_op(&r, &op, &pushed) && op == OP_CHECKSIG && reader_left(&r) == 0;
    if (need < OP_1 || need > OP_16)
        return false;
    while (next_op(&r, &op, &pushed) && is_key(pushed))
        keys++;
    return !r.err && keys > 0 && op == OP_1 + keys - 1 && op >= need && op <= OP_16 &&
           next_op(&r, &op, &pushed) && op == OP_CHECKMULTISIG && reader_left(&r) == 0;
}

/* --- transactions --- */

static bool has_outpoint(const struct bloom *b, const struct btc_txin *in)
{
    uint8_t outpoint[OUTPOINT_BYTES];

    memcpy(outpoint, in->prev_hash, BTC_HASH_BYTES);
    store_le32(outpoint + BTC_HASH_BYTES, in->prev_index);
    return bloom_has(b, (struct bytes){outpoint, sizeof outpoint});
}

static void add_output(struct bloom *b, const uint8_t txid[BTC_HASH_BYTES], uint32_t index,
                       struct bytes script)
{
    unsigned update = b->flags & UPDATE_MASK;
    uint8_t outpoint[OUTPOINT_BYTES];

    if (update != BLOOM_UPDATE_ALL &&
        (update != BLOOM_UPDATE_P2PUBKEY_ONLY || !pays_to_keys(script)))
        return;
    memcpy(outpoint, txid, BTC_HASH_BYTES);
    store_le32(outpoint + BTC_HASH_BYTES, index);
    bloom_add(b, (struct bytes){outpoint, sizeof outpoint});
}

bool bloom_match(struct bloom *b, const struct btc_tx *tx, const uint8_t txid[BTC_HASH_BYTES])
{
    bool found;

    if (b->len == 0)
        return true;
    found = bloom_has(b, (struct bytes){txid, BTC_HASH_BYTES});
    for (uint32_t i = 0; i < tx->out_count; i++)
        if (script_matches(b, tx->out[i].script)) {
            found = true;
            add_output(b, txid, i, tx->out[i].script);
        }
    for (uint32_t i = 0; i < tx->in_count && !found; i++)
        found = has_outpoint(b, &tx->in[i]) || script_matches(b, tx->in[i].script);
    return found;
}
