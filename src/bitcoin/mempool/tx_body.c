#include "bitcoin/mempool/tx_body.h"

#include "base/err.h"
#include "base/mem.h"
#include "bitcoin/wire/msg.h"

static struct frame *wrap(const uint8_t magic[BTC_MAGIC_BYTES], const void *payload, size_t len)
{
    struct frame *f = NULL;
    struct buf b;

    buf_init(&b, BTC_FRAME_HEADER_BYTES + BTC_PAYLOAD_MAX_BYTES);
    if (btc_frame_wrap(&b, magic, BTC_CMD_TX, payload, len) == 0)
        f = frame_new(BTC_CMD_TX, b.data, b.len);
    buf_free(&b);
    return f;
}

/* The same bytes at their new place; an empty slice points nowhere. */
static struct bytes moved(struct bytes s, const uint8_t *from, const uint8_t *to)
{
    return s.len ? (struct bytes){.data = to + (s.data - from), .len = s.len} : (struct bytes){0};
}

static void copy_parts(struct tx_body *t, struct btc_txin *in, struct btc_txout *out,
                       const struct btc_tx *tx)
{
    const uint8_t *from = tx->raw.data, *to = t->frame->data + BTC_FRAME_HEADER_BYTES;

    t->tx = *tx;
    t->tx.in = in;
    t->tx.out = out;
    t->tx.raw.data = to;
    for (uint32_t i = 0; i < tx->in_count; i++) {
        in[i] = tx->in[i];
        in[i].script = moved(tx->in[i].script, from, to);
        in[i].witness = moved(tx->in[i].witness, from, to);
    }
    for (uint32_t i = 0; i < tx->out_count; i++) {
        out[i] = tx->out[i];
        out[i].script = moved(tx->out[i].script, from, to);
    }
}

int tx_body_new(struct tx_body **out, const struct btc_tx *tx, const uint8_t magic[BTC_MAGIC_BYTES])
{
    size_t ins = tx->in_count * sizeof *tx->in, outs = tx->out_count * sizeof *tx->out;
    struct tx_body *t;
    int rc;

    if (tx->raw.len > BTC_PAYLOAD_MAX_BYTES)
        return PN_ETOOLARGE;
    t = mem_zalloc(sizeof *t + ins + outs);
    if (!t)
        return PN_ENOMEM;
    atomic_init(&t->refs, 1);
    t->weight = (uint32_t)btc_tx_weight(tx);
    t->frame = wrap(magic, tx->raw.data, tx->raw.len);
    rc = t->frame ? btc_tx_id(tx, t->txid) : PN_ENOMEM;
    if (rc == 0)
        rc = btc_tx_wtxid(tx, t->wtxid);
    if (rc < 0) {
        tx_body_unref(t);
        return rc;
    }
    t->bytes = sizeof *t + ins + outs + sizeof *t->frame + t->frame->len;
    copy_parts(t, (struct btc_txin *)(void *)(t + 1),
               (struct btc_txout *)(void *)((uint8_t *)(t + 1) + ins), tx);
    *out = t;
    return 0;
}

int tx_body_parse(struct tx_body **out, const uint8_t magic[BTC_MAGIC_BYTES], const void *raw,
                  size_t len)
{
    struct btc_msg m;
    struct arena a;
    int rc;

    arena_init(&a, BTC_MSG_MEMORY(len));
    rc = btc_msg_decode(&m, &a, BTC_CMD_TX, raw, len);
    if (rc == 0)
        rc = tx_body_new(out, &m.u.tx, magic);
    arena_free(&a);
    return rc;
}

struct frame *tx_body_stripped(const struct tx_body *t, const uint8_t magic[BTC_MAGIC_BYTES])
{
    struct frame *f = NULL;
    struct buf b;

    if (!btc_tx_has_witness(&t->tx))
        return frame_ref(t->frame);
    buf_init(&b, t->tx.raw.len);
    btc_tx_encode_stripped(&b, &t->tx);
    if (!b.err)
        f = wrap(magic, b.data, b.len);
    buf_free(&b);
    return f;
}

struct tx_body *tx_body_ref(struct tx_body *t)
{
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    return t;
}

void tx_body_unref(struct tx_body *t)
{
    if (!t || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
        return;
    frame_unref(t->frame);
    mem_free(t);
}
