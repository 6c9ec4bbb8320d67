#include "bitcoin/block/coinbase.h"

#include <assert.h>

#include "crypto/sha256.h"

enum {
    OP_1 = 0x51, /* OP_1 to OP_16 push their number */
    OP_16 = 0x60,
    HEIGHT_MAX_BYTES = 4,
};

static const int64_t first_subsidy_sat = INT64_C(50) * 100000000;

/* Script numbers are little-endian with the sign in the topmost bit, without needless bytes; those
 * up to 16 have opcodes of their own. */
static int pushed_number(struct bytes push, int32_t *out)
{
    uint32_t value = 0;
    uint8_t top = push.data[push.len - 1];

    for (size_t i = 0; i < push.len; i++)
        value |= (uint32_t)push.data[i] << (8 * i);
    if (top & 0x80)
        return PN_EFORMAT; /* negative */
    if (top == 0 && (push.len == 1 || !(push.data[push.len - 2] & 0x80)))
        return PN_EFORMAT; /* longer than needed */
    if (value <= 16)
        return PN_EFORMAT;
    *out = (int32_t)value;
    return 0;
}

int btc_coinbase_height(const struct btc_tx *coinbase, int32_t *out)
{
    struct bytes script = coinbase->in_count ? coinbase->in[0].script : (struct bytes){0};
    uint8_t op;

    if (script.len == 0)
        return PN_EFORMAT;
    op = script.data[0];
    if (op == 0 || (op >= OP_1 && op <= OP_16)) {
        *out = op ? op - OP_1 + 1 : 0;
        return 0;
    }
    if (op > HEIGHT_MAX_BYTES || op > script.len - 1)
        return PN_EFORMAT;
    return pushed_number((struct bytes){.data = script.data + 1, .len = op}, out);
}

void btc_coinbase_height_encode(struct buf *b, int32_t height)
{
    uint8_t push[1 + HEIGHT_MAX_BYTES];
    uint8_t len = 0;

    assert(height >= 0);
    if (height <= 16) {
        write_u8(b, height ? (uint8_t)(OP_1 + height - 1) : 0);
        return;
    }
    for (uint32_t left = (uint32_t)height; left; left >>= 8)
        push[++len] = (uint8_t)left;
    if (push[len] & 0x80)
        push[++len] = 0;
    push[0] = len;
    buf_append(b, push, len + (size_t)1);
}

const uint8_t *btc_coinbase_commitment(const struct btc_tx *coinbase)
{
    static const uint8_t prefix[] = BTC_COMMITMENT_PREFIX;

    for (size_t i = coinbase->out_count; i-- > 0;) {
        struct bytes script = coinbase->out[i].script;

        if (script.len >= BTC_COMMITMENT_SCRIPT_BYTES &&
            memcmp(script.data, prefix, sizeof prefix) == 0)
            return script.data + sizeof prefix;
    }
    return NULL;
}

void btc_commitment_hash(uint8_t out[BTC_HASH_BYTES], const uint8_t witness_root[BTC_HASH_BYTES],
                         const uint8_t reserved[BTC_HASH_BYTES])
{
    sha256d_pair(out, witness_root, BTC_HASH_BYTES, reserved, BTC_HASH_BYTES);
}

int64_t btc_subsidy_sat(int32_t height, int32_t interval)
{
    assert(height >= 0 && interval > 0);
    return height / interval < 64 ? first_subsidy_sat >> (height / interval) : 0;
}
