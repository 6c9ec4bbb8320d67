#include "bitcoin/wire/msg_misc.h"

#include "bitcoin/wire/field.h"
#include "bitcoin/wire/limits.h"
#include "bitcoin/wire/msg.h"

void btc_empty_decode(struct reader *r, struct btc_empty *out, struct arena *a)
{
    (void)r;
    (void)out;
    (void)a;
}

void btc_empty_encode(struct buf *b, const struct btc_empty *m)
{
    (void)b;
    (void)m;
}

void btc_ping_decode(struct reader *r, struct btc_ping *out, struct arena *a)
{
    (void)a;
    *out = (struct btc_ping){.no_nonce = reader_left(r) == 0};
    if (!out->no_nonce)
        out->nonce = read_le64(r);
}

void btc_ping_encode(struct buf *b, const struct btc_ping *m)
{
    if (!m->no_nonce)
        write_le64(b, m->nonce);
}

void btc_pong_decode(struct reader *r, struct btc_pong *out, struct arena *a)
{
    (void)a;
    out->nonce = read_le64(r);
}

void btc_pong_encode(struct buf *b, const struct btc_pong *m)
{
    write_le64(b, m->nonce);
}

void btc_feefilter_decode(struct reader *r, struct btc_feefilter *out, struct arena *a)
{
    (void)a;
    out->rate_sat_per_kvb = (int64_t)read_le64(r);
}

void btc_feefilter_encode(struct buf *b, const struct btc_feefilter *m)
{
    write_le64(b, (uint64_t)m->rate_sat_per_kvb);
}

void btc_reject_decode(struct reader *r, struct btc_reject *out, struct arena *a)
{
    (void)a;
    out->command = read_var_bytes(r, BTC_COMMAND_BYTES);
    out->code = read_u8(r);
    out->reason = read_var_bytes(r, BTC_REJECT_REASON_MAX);
    out->hash = (struct bytes){0};
    if (reader_left(r) > 0)
        out->hash = read_slice(r, BTC_HASH_BYTES);
}

void btc_reject_encode(struct buf *b, const struct btc_reject *m)
{
    if (m->hash.len != 0 && m->hash.len != BTC_HASH_BYTES)
        buf_fail(b, PN_EFORMAT);
    write_var_bytes(b, m->command, BTC_COMMAND_BYTES);
    write_u8(b, m->code);
    write_var_bytes(b, m->reason, BTC_REJECT_REASON_MAX);
    buf_append(b, m->hash.data, m->hash.len);
}

void btc_alert_decode(struct reader *r, struct btc_alert *out, struct arena *a)
{
    (void)a;
    out->payload = read_var_bytes(r, BTC_ALERT_MAX_BYTES);
    out->signature = read_var_bytes(r, BTC_ALERT_MAX_BYTES);
}

void btc_alert_encode(struct buf *b, const struct btc_alert *m)
{
    write_var_bytes(b, m->payload, BTC_ALERT_MAX_BYTES);
    write_var_bytes(b, m->signature, BTC_ALERT_MAX_BYTES);
}

void btc_sendtxrcncl_decode(struct reader *r, struct btc_sendtxrcncl *out, struct arena *a)
{
    (void)a;
    out->version = read_le32(r);
    out->salt = read_le64(r);
}

void btc_sendtxrcncl_encode(struct buf *b, const struct btc_sendtxrcncl *m)
{
    write_le32(b, m->version);
    write_le64(b, m->salt);
}

void btc_feature_decode(struct reader *r, struct btc_feature *out, struct arena *a)
{
    (void)a;
    out->id = read_var_bytes(r, BTC_FEATURE_ID_MAX);
    if (out->id.len < BTC_FEATURE_ID_MIN)
        reader_fail(r, PN_EFORMAT);
    out->data = read_var_bytes(r, BTC_FEATURE_DATA_MAX);
}

void btc_feature_encode(struct buf *b, const struct btc_feature *m)
{
    if (m->id.len < BTC_FEATURE_ID_MIN)
        buf_fail(b, PN_EFORMAT);
    write_var_bytes(b, m->id, BTC_FEATURE_ID_MAX);
    write_var_bytes(b, m->data, BTC_FEATURE_DATA_MAX);
}
