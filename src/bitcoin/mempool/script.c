#include "bitcoin/mempool/script.h"

#include "codec/compact.h"

enum {
    OP_0 = 0x00,
    OP_PUSHDATA1 = 0x4c,
    OP_PUSHDATA2 = 0x4d,
    OP_PUSHDATA4 = 0x4e,
    OP_1 = 0x51,
    OP_16 = 0x60,
    OP_RETURN = 0x6a,
    OP_DUP = 0x76,
    OP_EQUAL = 0x87,
    OP_EQUALVERIFY = 0x88,
    OP_HASH160 = 0xa9,
    OP_CHECKSIG = 0xac,
    OP_CHECKSIGVERIFY = 0xad,
    OP_CHECKMULTISIG = 0xae,
    OP_CHECKMULTISIGVERIFY = 0xaf,
};

enum {
    MULTISIG_SIGOPS = 20,
    MULTISIG_KEYS_MAX = 3,   /* policy.cpp, IsStandard */
    SCRIPT_MAX_BYTES = 10000 /* longer ones fail when run */
};

/* The next operation of `rest`, and what it pushes. Returns: its code, or -1 at the end and where
 * a push is longer than the script. */
static int next_op(struct bytes *data, struct bytes *rest)
{
    const uint8_t *p = rest->data;
    size_t left = rest->len, len = 0, width;
    int op;

    *data = (struct bytes){0};
    if (left == 0)
        return -1;
    op = *p++;
    left--;
    width = op == OP_PUSHDATA1 ? 1 : op == OP_PUSHDATA2 ? 2 : op == OP_PUSHDATA4 ? 4 : 0;
    if (left < width)
        return -1;
    if (op < OP_PUSHDATA1)
        len = (size_t)op;
    for (size_t i = 0; i < width; i++)
        len |= (size_t)p[i] << (8 * i);
    p += width;
    left -= width;
    if (left < len)
        return -1;
    *data = (struct bytes){.data = p, .len = len};
    *rest = (struct bytes){.data = p + len, .len = left - len};
    return op;
}

bool script_is_push_only(struct bytes script)
{
    struct bytes data;

    while (script.len > 0) {
        int op = next_op(&data, &script);

        if (op < 0 || op > OP_16)
            return false;
    }
    return true;
}

unsigned script_sigops(struct bytes script)
{
    struct bytes data;
    unsigned n = 0;
    int op;

    while ((op = next_op(&data, &script)) >= 0) {
        if (op == OP_CHECKSIG || op == OP_CHECKSIGVERIFY)
            n++;
        else if (op == OP_CHECKMULTISIG || op == OP_CHECKMULTISIGVERIFY)
            n += MULTISIG_SIGOPS;
    }
    return n;
}

/* The length that its first byte calls for (pubkey.h, GetLen). */
static bool is_pubkey(struct bytes key)
{
    if (key.len == 0)
        return false;
    switch (key.data[0]) {
    case 2:
    case 3:
        return key.len == 33;
    case 4:
    case 6:
    case 7:
        return key.len == 65;
    default:
        return false;
    }
}

static bool is_pay_to_pubkey(struct bytes s)
{
    return (s.len == 35 || s.len == 67) && s.data[0] == s.len - 2 &&
           s.data[s.len - 1] == OP_CHECKSIG &&
           is_pubkey((struct bytes){.data = s.data + 1, .len = s.len - 2});
}

static bool is_multisig(struct bytes s)
{
    struct bytes data;
    int need = next_op(&data, &s) - OP_1 + 1, keys = 0, op;

    if (need < 1 || need > MULTISIG_KEYS_MAX)
        return false;
    while ((op = next_op(&data, &s)) >= 0 && is_pubkey(data))
        keys++;
    return keys >= need && keys <= MULTISIG_KEYS_MAX && op == OP_1 + keys - 1 &&
           next_op(&data, &s) == OP_CHECKMULTISIG && s.len == 0;
}

/* BIP141: a version and one push of 2 to 40 bytes. */
static bool is_witness_program(struct bytes s)
{
    return s.len >= 4 && s.len <= 42 &&
           (s.data[0] == OP_0 || (s.data[0] >= OP_1 && s.data[0] <= OP_16)) &&
           s.data[1] + 2U == s.len;
}

static enum script_type witness_type(struct bytes s)
{
    static const uint8_t anchor[] = {0x4e, 0x73};
    size_t len = s.len - 2;

    if (s.data[0] == OP_0)
        return len == 20   ? SCRIPT_WITNESS_KEY_HASH
               : len == 32 ? SCRIPT_WITNESS_SCRIPT_HASH
                           : SCRIPT_NONSTANDARD;
    if (s.data[0] == OP_1 && len == 32)
        return SCRIPT_TAPROOT;
    if (s.data[0] == OP_1 && len == sizeof anchor && memcmp(s.data + 2, anchor, len) == 0)
        return SCRIPT_ANCHOR;
    return SCRIPT_WITNESS_UNKNOWN;
}

enum script_type script_type(struct bytes s)
{
    if (s.len == 23 && s.data[0] == OP_HASH160 && s.data[1] == 20 && s.data[22] == OP_EQUAL)
        return SCRIPT_SCRIPT_HASH;
    if (is_witness_program(s))
        return witness_type(s);
    if (s.len > 0 && s.data[0] == OP_RETURN)
        return script_is_push_only((struct bytes){.data = s.data + 1, .len = s.len - 1})
                   ? SCRIPT_NULL_DATA
                   : SCRIPT_NONSTANDARD;
    if (s.len == 25 && s.data[0] == OP_DUP && s.data[1] == OP_HASH160 && s.data[2] == 20 &&
        s.data[23] == OP_EQUALVERIFY && s.data[24] == OP_CHECKSIG)
        return SCRIPT_PUBKEY_HASH;
    if (is_pay_to_pubkey(s))
        return SCRIPT_PUBKEY;
    return is_multisig(s) ? SCRIPT_MULTISIG : SCRIPT_NONSTANDARD;
}

/* policy.cpp, GetDustThreshold: the output, and the input that would spend it. */
int64_t script_dust_limit_sat(struct bytes s)
{
    enum { SPEND_BYTES = 148, SPEND_WITNESS_BYTES = 67, RATE_SAT_PER_BYTE = 3 };
    size_t size = 8 + compact_size(s.len) + s.len;

    if ((s.len > 0 && s.data[0] == OP_RETURN) || s.len > SCRIPT_MAX_BYTES)
        return 0;
    return (int64_t)(size + (is_witness_program(s) ? SPEND_WITNESS_BYTES : SPEND_BYTES)) *
           RATE_SAT_PER_BYTE;
}
