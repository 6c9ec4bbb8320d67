/* All types have their fields in the order of what is signed, with the signature at the end. So
 * what was signed is a run of the input with another list header, and need not be encoded anew. */
#include "ethereum/types/tx.h"

#include <string.h>

#include "codec/rlp.h"
#include "crypto/ec.h"
#include "crypto/keccak.h"

enum {
    NUMBER_BYTES = 32,
};

static struct bytes read_number(struct reader *r)
{
    struct bytes b = rlp_read_bytes(r, NUMBER_BYTES);

    if (b.len > 0 && b.data[0] == 0)
        reader_fail(r, PN_ENONCANONICAL);
    return b;
}

static void read_recipient(struct reader *r, struct eth_tx *t)
{
    struct bytes to = rlp_read_bytes(r, ETH_ADDRESS_BYTES);

    t->creates = to.len == 0;
    if (to.len != 0 && to.len != ETH_ADDRESS_BYTES)
        reader_fail(r, PN_EFORMAT);
}

static void read_access_list(struct reader *r, struct eth_tx *t)
{
    struct reader list = rlp_read_list(r);
    uint8_t ignored[NUMBER_BYTES];

    while (reader_left(&list) > 0) {
        struct reader entry = rlp_read_list(&list), keys;

        rlp_read_fixed(&entry, ignored, ETH_ADDRESS_BYTES);
        keys = rlp_read_list(&entry);
        for (; reader_left(&keys) > 0; t->n_keys++)
            rlp_read_fixed(&keys, ignored, ETH_HASH_BYTES);
        rlp_leave(&entry, &keys);
        rlp_leave(&list, &entry);
        t->n_addresses++;
    }
    rlp_leave(r, &list);
}

static void read_blob_hashes(struct reader *r, struct eth_tx *t)
{
    struct reader list = rlp_read_list(r);
    uint8_t ignored[ETH_HASH_BYTES];

    t->blob_hashes = (struct bytes){list.pos, reader_left(&list)};
    t->n_blobs = (unsigned)rlp_count(&list, ETH_TX_BLOBS_MAX);
    for (unsigned i = 0; i < t->n_blobs; i++)
        rlp_read_fixed(&list, ignored, sizeof ignored);
    rlp_leave(r, &list);
}

static void read_authorisations(struct reader *r, struct eth_tx *t)
{
    struct reader list = rlp_read_list(r);
    uint8_t ignored[ETH_ADDRESS_BYTES];

    for (; reader_left(&list) > 0; t->n_authorisations++) {
        struct reader one = rlp_read_list(&list);

        read_number(&one); /* chain id */
        rlp_read_fixed(&one, ignored, sizeof ignored);
        rlp_read_u64(&one);              /* nonce */
        for (unsigned i = 0; i < 3; i++) /* y parity, r, s */
            read_number(&one);
        rlp_leave(&list, &one);
    }
    rlp_leave(r, &list);
}

/* t->sign_hash over the fields before the signature, of which they are a run. */
static void hash_signed(struct eth_tx *t, const uint8_t *from, const uint8_t *to,
                        struct bytes extra)
{
    struct keccak256 k;
    size_t len = (size_t)(to - from);
    uint8_t tag = (uint8_t)t->type, header[9];

    keccak256_init(&k);
    if (t->type != ETH_TX_LEGACY)
        keccak256_update(&k, &tag, sizeof tag);
    keccak256_update(&k, header, rlp_list_header(header, len + extra.len));
    keccak256_update(&k, from, len);
    if (extra.len > 0)
        keccak256_update(&k, extra.data, extra.len);
    keccak256_final(&k, t->sign_hash);
}

static void read_half(struct reader *r, uint8_t out[NUMBER_BYTES])
{
    struct bytes half = read_number(r);

    memset(out, 0, NUMBER_BYTES);
    if (half.len > 0)
        memcpy(out + NUMBER_BYTES - half.len, half.data, half.len);
}

static void read_signature(struct reader *r, struct eth_tx *t, uint64_t recovery_id)
{
    read_half(r, t->signature);
    read_half(r, t->signature + NUMBER_BYTES);
    if (recovery_id > 1)
        reader_fail(r, PN_ESIGNATURE);
    t->signature[2 * NUMBER_BYTES] = (uint8_t)recovery_id;
}

/* v is 27 or 28, or, signed for one chain, 35 or 36 and twice the chain's number (EIP-155). */
static void read_legacy_signature(struct reader *r, struct eth_tx *t, const uint8_t *from)
{
    const uint8_t *to = r->pos;
    uint64_t v = rlp_read_u64(r);
    struct buf extra;

    if (v < 35) {
        hash_signed(t, from, to, (struct bytes){0});
        read_signature(r, t, v - 27); /* anything else is far above 1 */
        return;
    }
    t->is_protected = true;
    t->chain_id = (v - 35) / 2;
    buf_init(&extra, 16);
    rlp_write_u64(&extra, t->chain_id);
    rlp_write_u64(&extra, 0);
    rlp_write_u64(&extra, 0);
    if (extra.err)
        reader_fail(r, extra.err);
    else
        hash_signed(t, from, to, (struct bytes){extra.data, extra.len});
    buf_free(&extra);
    read_signature(r, t, (v - 35) % 2);
}

static void read_legacy(struct reader *r, struct eth_tx *t)
{
    const uint8_t *from = r->pos;

    t->nonce = rlp_read_u64(r);
    t->tip_cap = t->fee_cap = read_number(r);
    t->gas_limit = rlp_read_u64(r);
    read_recipient(r, t);
    t->value = read_number(r);
    t->data = rlp_read_bytes(r, SIZE_MAX);
    read_legacy_signature(r, t, from);
}

static void read_typed(struct reader *r, struct eth_tx *t)
{
    const uint8_t *from = r->pos, *to;

    t->is_protected = true;
    t->chain_id = rlp_read_u64(r);
    t->nonce = rlp_read_u64(r);
    t->tip_cap = t->fee_cap = read_number(r);
    if (t->type != ETH_TX_ACCESS)
        t->fee_cap = read_number(r);
    t->gas_limit = rlp_read_u64(r);
    read_recipient(r, t);
    t->value = read_number(r);
    t->data = rlp_read_bytes(r, SIZE_MAX);
    read_access_list(r, t);
    if (t->type == ETH_TX_BLOB) {
        read_number(r); /* blob fee cap */
        read_blob_hashes(r, t);
    }
    if (t->type == ETH_TX_CODE)
        read_authorisations(r, t);
    to = r->pos;
    hash_signed(t, from, to, (struct bytes){0});
    read_signature(r, t, rlp_read_u64(r));
}

static void read_fields(struct reader *r, struct eth_tx *t)
{
    struct reader ahead = *r;
    struct reader list = rlp_read_list(r);

    t->fields = rlp_read_raw(&ahead);
    if (t->type == ETH_TX_LEGACY)
        read_legacy(&list, t);
    else
        read_typed(&list, t);
    rlp_leave(r, &list);
}

/* What is behind the type: the fields, or a list of the fields and the blobs (EIP-4844). */
static void read_content(struct reader *r, struct eth_tx *t)
{
    struct reader ahead = *r, list = rlp_read_list(&ahead);

    if (t->type != ETH_TX_BLOB || !rlp_next_is_list(&list)) {
        read_fields(r, t);
        return;
    }
    read_fields(&list, t);
    t->sidecar = read_slice(&list, reader_left(&list));
    if (t->sidecar.len == 0)
        reader_fail(&list, PN_ETRUNCATED);
    rlp_leave(&ahead, &list);
    *r = ahead;
}

static void hash_whole(struct eth_tx *t)
{
    struct keccak256 k;
    uint8_t tag = (uint8_t)t->type;

    keccak256_init(&k);
    if (t->type != ETH_TX_LEGACY)
        keccak256_update(&k, &tag, sizeof tag);
    keccak256_update(&k, t->fields.data, t->fields.len);
    keccak256_final(&k, t->hash);
}

int eth_tx_decode(struct eth_tx *t, struct bytes item)
{
    struct reader r = reader_of(item.data, item.len);
    int rc;

    memset(t, 0, sizeof *t);
    t->size = item.len;
    if (!rlp_next_is_list(&r)) {
        struct bytes typed = rlp_read_bytes(&r, SIZE_MAX);
        uint8_t tag;

        if (reader_finish(&r) < 0)
            return r.err;
        t->size = typed.len;
        r = reader_of(typed.data, typed.len);
        tag = read_u8(&r);
        if (r.err || tag < ETH_TX_ACCESS || tag > ETH_TX_CODE)
            return PN_EFORMAT;
        t->type = (enum eth_tx_type)tag;
    }
    read_content(&r, t);
    rc = reader_finish(&r);
    if (rc == 0)
        hash_whole(t);
    return rc;
}

int eth_tx_sender(uint8_t address[ETH_ADDRESS_BYTES], const struct eth_tx *t)
{
    uint8_t pubkey[EC_PUBKEY_BYTES], hash[KECCAK256_BYTES];
    int rc = ec_recover(pubkey, t->signature, t->sign_hash);

    if (rc < 0)
        return rc;
    keccak256(hash, pubkey, sizeof pubkey);
    memcpy(address, hash + sizeof hash - ETH_ADDRESS_BYTES, ETH_ADDRESS_BYTES);
    return 0;
}

int eth_number_compare(struct bytes a, struct bytes b)
{
    if (a.len != b.len)
        return a.len > b.len ? 1 : -1;
    return a.len ? memcmp(a.data, b.data, a.len) : 0;
}
