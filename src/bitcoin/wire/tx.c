/* The transaction codec, where most bytes of a block are spent. A decoded transaction is a few
 * small structs that point into the payload: scripts are slices, and a witness stack stays one
 * slice, measured but not taken apart, so that a stack of empty items costs no more memory than
 * it has bytes. */
#include "bitcoin/wire/tx.h"

#include "base/mem.h"
#include "bitcoin/wire/field.h"
#include "crypto/sha256.h"

enum {
    TXIN_MIN_BYTES = 41,    /* outpoint, an empty script, sequence */
    TXOUT_MIN_BYTES = 9,    /* value, an empty script */
    TX_FIXED_BYTES = 4 + 4, /* version, lock time */
    WITNESS_FLAG = 1,       /* BIP144 */
};

/* --- decode --- */

static struct btc_txin *inputs_decode(struct reader *r, struct btc_tx *out, struct arena *a)
{
    size_t count = read_compact_count(r, COMPACT_MAX, TXIN_MIN_BYTES);
    struct btc_txin *in = read_array(r, a, count, sizeof *in);

    for (size_t i = 0; i < count && !r->err; i++) {
        read_hash(r, in[i].prev_hash);
        in[i].prev_index = read_le32(r);
        in[i].script = read_var_bytes(r, COMPACT_MAX);
        in[i].sequence = read_le32(r);
        in[i].witness = (struct bytes){0};
        in[i].witness_count = 0;
    }
    out->in = in;
    out->in_count = (uint32_t)count;
    return in;
}

static void outputs_decode(struct reader *r, struct btc_tx *out, struct arena *a)
{
    size_t count = read_compact_count(r, COMPACT_MAX, TXOUT_MIN_BYTES);
    struct btc_txout *outputs = read_array(r, a, count, sizeof *outputs);

    for (size_t i = 0; i < count && !r->err; i++) {
        outputs[i].value_sat = (int64_t)read_le64(r);
        outputs[i].script = read_var_bytes(r, COMPACT_MAX);
    }
    out->out = outputs;
    out->out_count = (uint32_t)count;
}

static void witness_decode(struct reader *r, struct btc_txin *in)
{
    size_t count = read_compact_count(r, COMPACT_MAX, 1);
    const uint8_t *start = r->pos;

    for (size_t i = 0; i < count && !r->err; i++)
        reader_take(r, read_compact_len(r, COMPACT_MAX));
    if (r->err)
        return;
    in->witness = (struct bytes){.data = start, .len = (size_t)(r->pos - start)};
    in->witness_count = (uint32_t)count;
}

static void witnesses_decode(struct reader *r, struct btc_txin *in, size_t count)
{
    bool any = false;

    for (size_t i = 0; i < count && !r->err; i++) {
        witness_decode(r, &in[i]);
        any |= in[i].witness_count > 0;
    }
    if (!any)
        reader_fail(r, PN_EFORMAT); /* the flag promised one: a second encoding of the same */
}

void btc_tx_decode(struct reader *r, struct btc_tx *out, struct arena *a)
{
    const uint8_t *start = r->pos;
    struct btc_txin *in;
    uint8_t flag = 0;

    *out = (struct btc_tx){.version = (int32_t)read_le32(r)};
    in = inputs_decode(r, out, a);
    if (out->in_count == 0) {
        /* BIP144's marker; and for a flag of 0, Core's empty transaction without outputs. */
        flag = read_u8(r);
        if (flag)
            in = inputs_decode(r, out, a);
    }
    if (out->in_count > 0)
        outputs_decode(r, out, a);
    if (flag > WITNESS_FLAG)
        reader_fail(r, PN_EFORMAT);
    if (flag)
        witnesses_decode(r, in, out->in_count);
    out->lock_time = read_le32(r);
    if (!r->err)
        out->raw = (struct bytes){.data = start, .len = (size_t)(r->pos - start)};
}

struct bytes btc_witness_next(struct bytes *rest)
{
    struct reader r = reader_of(rest->data, rest->len);
    struct bytes item = read_var_bytes(&r, rest->len);

    *rest = (struct bytes){.data = r.pos, .len = reader_left(&r)};
    return item;
}

/* --- encode --- */

static void body_encode(struct buf *b, const struct btc_tx *tx)
{
    write_compact(b, tx->in_count);
    for (size_t i = 0; i < tx->in_count; i++) {
        const struct btc_txin *in = &tx->in[i];

        write_hash(b, in->prev_hash);
        write_le32(b, in->prev_index);
        write_var_bytes(b, in->script, COMPACT_MAX);
        write_le32(b, in->sequence);
    }
    write_compact(b, tx->out_count);
    for (size_t i = 0; i < tx->out_count; i++) {
        write_le64(b, (uint64_t)tx->out[i].value_sat);
        write_var_bytes(b, tx->out[i].script, COMPACT_MAX);
    }
    /* Without inputs, the number of outputs would be read as the flag of a witness. */
    if (tx->in_count == 0 && tx->out_count > 0)
        buf_fail(b, PN_EFORMAT);
}

void btc_tx_encode_stripped(struct buf *b, const struct btc_tx *tx)
{
    write_le32(b, (uint32_t)tx->version);
    body_encode(b, tx);
    write_le32(b, tx->lock_time);
}

void btc_tx_encode(struct buf *b, const struct btc_tx *tx)
{
    if (!btc_tx_has_witness(tx)) {
        btc_tx_encode_stripped(b, tx);
        return;
    }
    write_le32(b, (uint32_t)tx->version);
    write_u8(b, 0);
    write_u8(b, WITNESS_FLAG);
    body_encode(b, tx);
    for (size_t i = 0; i < tx->in_count; i++) {
        write_compact(b, tx->in[i].witness_count);
        buf_append(b, tx->in[i].witness.data, tx->in[i].witness.len);
    }
    write_le32(b, tx->lock_time);
}

/* --- what it is --- */

bool btc_tx_has_witness(const struct btc_tx *tx)
{
    for (size_t i = 0; i < tx->in_count; i++)
        if (tx->in[i].witness_count > 0)
            return true;
    return false;
}

bool btc_tx_is_coinbase(const struct btc_tx *tx)
{
    static const uint8_t none[BTC_HASH_BYTES];

    return tx->in_count == 1 && tx->in[0].prev_index == UINT32_MAX &&
           memcmp(tx->in[0].prev_hash, none, sizeof none) == 0;
}

size_t btc_tx_stripped_size(const struct btc_tx *tx)
{
    size_t size = TX_FIXED_BYTES + compact_size(tx->in_count) + compact_size(tx->out_count);

    for (size_t i = 0; i < tx->in_count; i++)
        size += TXIN_MIN_BYTES - 1 + compact_size(tx->in[i].script.len) + tx->in[i].script.len;
    for (size_t i = 0; i < tx->out_count; i++)
        size += TXOUT_MIN_BYTES - 1 + compact_size(tx->out[i].script.len) + tx->out[i].script.len;
    return size;
}

size_t btc_tx_size(const struct btc_tx *tx)
{
    size_t size = btc_tx_stripped_size(tx);

    if (!btc_tx_has_witness(tx))
        return size;
    size += 2; /* marker and flag */
    for (size_t i = 0; i < tx->in_count; i++)
        size += compact_size(tx->in[i].witness_count) + tx->in[i].witness.len;
    return size;
}

size_t btc_tx_weight(const struct btc_tx *tx)
{
    return 3 * btc_tx_stripped_size(tx) + btc_tx_size(tx);
}

/* --- ids --- */

/* Hash what `encode` writes: for a transaction built in memory. */
static int hash_encoded(const struct btc_tx *tx, size_t size,
                        void (*encode)(struct buf *, const struct btc_tx *),
                        uint8_t out[BTC_HASH_BYTES])
{
    struct buf b;
    int rc;

    buf_init(&b, size);
    encode(&b, tx);
    rc = b.err;
    if (rc == 0)
        sha256d(out, b.data, b.len);
    buf_free(&b);
    return rc;
}

/* The stripped encoding is the raw one without marker, flag and witness: cut them out. */
static int hash_stripped(const struct btc_tx *tx, uint8_t out[BTC_HASH_BYTES])
{
    uint8_t small[1024];
    size_t size = btc_tx_stripped_size(tx);
    uint8_t *p = size <= sizeof small ? small : mem_alloc(size);

    if (!p)
        return PN_ENOMEM;
    memcpy(p, tx->raw.data, 4);
    memcpy(p + 4, tx->raw.data + 6, size - TX_FIXED_BYTES);
    memcpy(p + size - 4, tx->raw.data + tx->raw.len - 4, 4);
    sha256d(out, p, size);
    if (p != small)
        mem_free(p);
    return 0;
}

int btc_tx_id(const struct btc_tx *tx, uint8_t out[BTC_HASH_BYTES])
{
    if (tx->raw.len == 0)
        return hash_encoded(tx, btc_tx_stripped_size(tx), btc_tx_encode_stripped, out);
    if (btc_tx_has_witness(tx))
        return hash_stripped(tx, out);
    sha256d(out, tx->raw.data, tx->raw.len);
    return 0;
}

int btc_tx_wtxid(const struct btc_tx *tx, uint8_t out[BTC_HASH_BYTES])
{
    if (tx->raw.len == 0)
        return hash_encoded(tx, btc_tx_size(tx), btc_tx_encode, out);
    sha256d(out, tx->raw.data, tx->raw.len);
    return 0;
}
