#include "bitcoin/wire/msg_cfilter.h"

#include "bitcoin/wire/field.h"
#include "bitcoin/wire/limits.h"

void btc_getcfilters_decode(struct reader *r, struct btc_getcfilters *out, struct arena *a)
{
    (void)a;
    out->type = read_u8(r);
    out->start_height = read_le32(r);
    read_hash(r, out->stop_hash);
}

void btc_getcfilters_encode(struct buf *b, const struct btc_getcfilters *m)
{
    write_u8(b, m->type);
    write_le32(b, m->start_height);
    write_hash(b, m->stop_hash);
}

void btc_cfilter_decode(struct reader *r, struct btc_cfilter *out, struct arena *a)
{
    (void)a;
    out->type = read_u8(r);
    read_hash(r, out->block_hash);
    out->filter = read_var_bytes(r, BTC_CFILTER_MAX_BYTES);
}

void btc_cfilter_encode(struct buf *b, const struct btc_cfilter *m)
{
    write_u8(b, m->type);
    write_hash(b, m->block_hash);
    write_var_bytes(b, m->filter, BTC_CFILTER_MAX_BYTES);
}

void btc_cfheaders_decode(struct reader *r, struct btc_cfheaders *out, struct arena *a)
{
    (void)a;
    out->type = read_u8(r);
    read_hash(r, out->stop_hash);
    read_hash(r, out->prev_header);
    out->hashes = read_hashes(r, &out->count, BTC_CFHEADERS_MAX);
}

void btc_cfheaders_encode(struct buf *b, const struct btc_cfheaders *m)
{
    write_u8(b, m->type);
    write_hash(b, m->stop_hash);
    write_hash(b, m->prev_header);
    write_hashes(b, m->hashes, m->count, BTC_CFHEADERS_MAX);
}

void btc_getcfcheckpt_decode(struct reader *r, struct btc_getcfcheckpt *out, struct arena *a)
{
    (void)a;
    out->type = read_u8(r);
    read_hash(r, out->stop_hash);
}

void btc_getcfcheckpt_encode(struct buf *b, const struct btc_getcfcheckpt *m)
{
    write_u8(b, m->type);
    write_hash(b, m->stop_hash);
}

void btc_cfcheckpt_decode(struct reader *r, struct btc_cfcheckpt *out, struct arena *a)
{
    (void)a;
    out->type = read_u8(r);
    read_hash(r, out->stop_hash);
    out->headers = read_hashes(r, &out->count, BTC_CFCHECKPT_MAX);
}

void btc_cfcheckpt_encode(struct buf *b, const struct btc_cfcheckpt *m)
{
    write_u8(b, m->type);
    write_hash(b, m->stop_hash);
    write_hashes(b, m->headers, m->count, BTC_CFCHECKPT_MAX);
}
