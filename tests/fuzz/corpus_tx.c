/* Seeds for the targets of fuzz_tx.c. */
#include <string.h>

#include "bitcoin/wire/limits.h"
#include "bitcoin/wire/tx.h"
#include "crypto/sha256.h"
#include "fuzz.h"

static void append_step(struct buf *b, uint8_t what, const void *data, size_t len)
{
    write_u8(b, what);
    write_le16(b, (uint16_t)len);
    buf_append(b, data, len);
}

/* One input, one output to a key hash; spends `parent`. */
static void make_tx(struct buf *out, const uint8_t parent[BTC_HASH_BYTES])
{
    static const uint8_t script[22] = {0, 20, 1};
    struct btc_txin in = {.sequence = UINT32_MAX};
    const struct btc_txout to = {.value_sat = 1000, .script = {script, sizeof script}};
    const struct btc_tx tx = {.version = 2, .in = &in, .in_count = 1, .out = &to, .out_count = 1};

    memcpy(in.prev_hash, parent, BTC_HASH_BYTES);
    buf_init(out, BTC_BLOCK_MAX_BYTES);
    btc_tx_encode(out, &tx);
}

static void append_inv(struct buf *b, uint8_t what, const uint8_t hash[BTC_HASH_BYTES])
{
    uint8_t inv[1 + 4 + BTC_HASH_BYTES] = {1, what >> 3 & 3 ? BTC_INV_WTX : BTC_INV_TX};

    memcpy(inv + 5, hash, BTC_HASH_BYTES);
    append_step(b, what, inv, sizeof inv);
}

/* What happens is in the lower three bits (fuzz_tx.c, enum step_kind), to whom in the next two. */
static bool make_history(const char *dir)
{
    static const uint8_t nothing[BTC_HASH_BYTES] = {7};
    uint8_t parent_id[BTC_HASH_BYTES], child_id[BTC_HASH_BYTES];
    struct buf b, parent, child;
    bool done;

    make_tx(&parent, nothing);
    sha256d(parent_id, parent.data, parent.len);
    make_tx(&child, parent_id);
    sha256d(child_id, child.data, child.len);
    buf_init(&b, 1 << 16);
    append_inv(&b, 1 | 1 << 3, parent_id);
    append_inv(&b, 1 | 1 << 3, child_id);
    append_inv(&b, 1 | 0 << 3, child_id);
    append_step(&b, 0 | 1 << 3, child.data, child.len); /* an orphan */
    append_step(&b, 0 | 1 << 3, parent.data, parent.len);
    append_step(&b, 3, "\x3d", 1);
    append_inv(&b, 2 | 0 << 3, child_id);
    append_step(&b, 7 | 2 << 3, NULL, 0);
    append_step(&b, 5, parent.data, parent.len);
    append_step(&b, 4, child.data, child.len);
    append_step(&b, 6 | 1 << 3, NULL, 0);
    append_step(&b, 3, "\xff", 1);
    done = b.err == 0 && fuzz_corpus_put(dir, "txrelay", b.data, b.len, 0);
    buf_free(&b);
    buf_free(&parent);
    buf_free(&child);
    return done;
}

bool fuzz_corpus_make_tx(const char *dir)
{
    static const uint8_t scripts[][40] = {
        {25, 0x76, 0xa9, 20, [24] = 0x88, [25] = 0xac},
        {23, 0xa9, 20, [23] = 0x87},
        {22, 0, 20},
        {34, 0x51, 32},
        {37, 0x51, 33, 2, [36] = 0x51, [37] = 0xae},
        {6, 0x6a, 4, 1, 2, 3, 4},
        {4, 0x4e, 1, 0, 0},
    };
    bool done = make_history(dir);

    for (unsigned i = 0; i < sizeof scripts / sizeof scripts[0]; i++)
        done &= fuzz_corpus_put(dir, "script", scripts[i] + 1, scripts[i][0], i);
    return done;
}
