#include "ethereum/types/header.h"

#include <string.h>

#include "codec/rlp.h"
#include "crypto/keccak.h"

enum { HEADER_MAX_BYTES = ETH_EXTRA_MAX + 1024 };

const uint8_t eth_empty_list_hash[ETH_HASH_BYTES] = {
    0x1d, 0xcc, 0x4d, 0xe8, 0xde, 0xc7, 0x5d, 0x7a, 0xab, 0x85, 0xb5, 0x67, 0xb6, 0xcc, 0xd4, 0x1a,
    0xd3, 0x12, 0x45, 0x1b, 0x94, 0x8a, 0x74, 0x13, 0xf0, 0xa1, 0x42, 0xfd, 0x40, 0xd4, 0x93, 0x47,
};

const uint8_t eth_empty_requests_hash[ETH_HASH_BYTES] = {
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
};

static void read_frontier(struct reader *r, struct eth_header *h)
{
    rlp_read_fixed(r, h->parent, sizeof h->parent);
    rlp_read_fixed(r, h->uncles_hash, sizeof h->uncles_hash);
    rlp_read_fixed(r, h->coinbase, sizeof h->coinbase);
    rlp_read_fixed(r, h->state_root, sizeof h->state_root);
    rlp_read_fixed(r, h->tx_root, sizeof h->tx_root);
    rlp_read_fixed(r, h->receipts_root, sizeof h->receipts_root);
    rlp_read_fixed(r, h->bloom, sizeof h->bloom);
    h->difficulty = eth_u128_read(r);
    h->number = rlp_read_u64(r);
    h->gas_limit = rlp_read_u64(r);
    h->gas_used = rlp_read_u64(r);
    h->time = rlp_read_u64(r);
    h->extra = rlp_read_bytes(r, ETH_EXTRA_MAX);
    rlp_read_fixed(r, h->mix, sizeof h->mix);
    rlp_read_fixed(r, h->nonce, sizeof h->nonce);
    h->n_fields = ETH_FIELDS_FRONTIER;
}

/* Later fields come in the order of the forks; a header of a fork has all of the earlier ones. */
static void read_later(struct reader *r, struct eth_header *h)
{
    if (reader_left(r) == 0)
        return;
    h->base_fee = rlp_read_u64(r);
    h->n_fields = ETH_FIELDS_LONDON;
    if (reader_left(r) == 0)
        return;
    rlp_read_fixed(r, h->withdrawals_root, sizeof h->withdrawals_root);
    h->n_fields = ETH_FIELDS_SHANGHAI;
    if (reader_left(r) == 0)
        return;
    h->blob_gas_used = rlp_read_u64(r);
    h->excess_blob_gas = rlp_read_u64(r);
    rlp_read_fixed(r, h->beacon_root, sizeof h->beacon_root);
    h->n_fields = ETH_FIELDS_CANCUN;
    if (reader_left(r) == 0)
        return;
    rlp_read_fixed(r, h->requests_hash, sizeof h->requests_hash);
    h->n_fields = ETH_FIELDS_PRAGUE;
    if (reader_left(r) > 0)
        reader_fail(r, PN_ECOUNT);
}

int eth_header_decode(struct eth_header *h, struct bytes rlp)
{
    struct reader r = reader_of(rlp.data, rlp.len);
    struct reader list = rlp_read_list(&r);
    int rc;

    memset(h, 0, sizeof *h);
    read_frontier(&list, h);
    read_later(&list, h);
    rlp_leave(&r, &list);
    rc = reader_finish(&r);
    if (rc == 0)
        keccak256(h->hash, rlp.data, rlp.len);
    return rc;
}

static void write_later(struct buf *b, const struct eth_header *h)
{
    if (h->n_fields >= ETH_FIELDS_LONDON)
        rlp_write_u64(b, h->base_fee);
    if (h->n_fields >= ETH_FIELDS_SHANGHAI)
        rlp_write_bytes(b, h->withdrawals_root, sizeof h->withdrawals_root);
    if (h->n_fields >= ETH_FIELDS_CANCUN) {
        rlp_write_u64(b, h->blob_gas_used);
        rlp_write_u64(b, h->excess_blob_gas);
        rlp_write_bytes(b, h->beacon_root, sizeof h->beacon_root);
    }
    if (h->n_fields >= ETH_FIELDS_PRAGUE)
        rlp_write_bytes(b, h->requests_hash, sizeof h->requests_hash);
}

static void write_header(struct buf *b, const struct eth_header *h, bool sealed)
{
    size_t mark = rlp_list_begin(b);

    rlp_write_bytes(b, h->parent, sizeof h->parent);
    rlp_write_bytes(b, h->uncles_hash, sizeof h->uncles_hash);
    rlp_write_bytes(b, h->coinbase, sizeof h->coinbase);
    rlp_write_bytes(b, h->state_root, sizeof h->state_root);
    rlp_write_bytes(b, h->tx_root, sizeof h->tx_root);
    rlp_write_bytes(b, h->receipts_root, sizeof h->receipts_root);
    rlp_write_bytes(b, h->bloom, sizeof h->bloom);
    eth_u128_write(b, h->difficulty);
    rlp_write_u64(b, h->number);
    rlp_write_u64(b, h->gas_limit);
    rlp_write_u64(b, h->gas_used);
    rlp_write_u64(b, h->time);
    rlp_write_bytes(b, h->extra.data, h->extra.len);
    if (sealed) {
        rlp_write_bytes(b, h->mix, sizeof h->mix);
        rlp_write_bytes(b, h->nonce, sizeof h->nonce);
    }
    write_later(b, h);
    rlp_list_end(b, mark);
}

void eth_header_encode(struct buf *b, const struct eth_header *h)
{
    write_header(b, h, true);
}

void eth_header_encode_unsealed(struct buf *b, const struct eth_header *h)
{
    write_header(b, h, false);
}

int eth_header_rehash(struct eth_header *h)
{
    struct buf b;
    int rc;

    buf_init(&b, HEADER_MAX_BYTES);
    eth_header_encode(&b, h);
    rc = b.err;
    if (rc == 0)
        keccak256(h->hash, b.data, b.len);
    buf_free(&b);
    return rc;
}
