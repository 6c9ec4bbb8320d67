/* Transactions: published ones with their senders, a real chain's, and malformed ones. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "codec/hex.h"
#include "codec/rlp.h"
#include "crypto/ec.h"
#include "crypto/keccak.h"
#include "crypto/sha256.h"
#include "ethereum/types/body.h"
#include "ethereum/types/tx.h"
#include "harness.h"

static uint8_t room[4096];

static struct bytes from_hex(const char *text)
{
    size_t len = strlen(text) / 2;

    ck_assert_uint_le(len, sizeof room);
    ck_assert_int_eq(hex_decode(room, len, text), 0);
    return (struct bytes){room, len};
}

/* EIP-155's example, and go-ethereum eth/protocols/eth/protocol_test.go. */
START_TEST(legacy_transactions_give_their_sender)
{
    struct eth_tx t;
    uint8_t from[ETH_ADDRESS_BYTES];
    char hex[65];

    ck_assert_int_eq(
        eth_tx_decode(&t,
                      from_hex("f86c098504a817c800825208943535353535353535353535353535353535353535"
                               "880de0b6b3a76400008025a028ef61340bd939bc2195fe537567866003e1a15d"
                               "3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9"
                               "f3dc64214b297fb1966a3b6d83")),
        0);
    ck_assert_int_eq(eth_tx_sender(from, &t), 0);
    hex_encode(hex, from, sizeof from);
    ck_assert_str_eq(hex, "9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f");
    hex_encode(hex, t.sign_hash, sizeof t.sign_hash);
    ck_assert_str_eq(hex, "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53");
    ck_assert_uint_eq(t.chain_id, 1);
    ck_assert(t.is_protected && !t.creates);
    ck_assert_uint_eq(t.nonce, 9);
    ck_assert_uint_eq(t.gas_limit, 21000);
    ck_assert_uint_eq(eth_tx_intrinsic_gas(&t, true), 21000);
}
END_TEST

static const uint8_t secret[EC_SECRET_BYTES] = {[31] = 7};

/* A typed transaction's fields up to the signature. */
static void write_fields(struct buf *b, enum eth_tx_type type, unsigned n_blobs)
{
    static const uint8_t address[20] = {1};
    uint8_t hash[32] = {1};
    size_t list, entry, keys;

    rlp_write_u64(b, 19763);
    rlp_write_u64(b, 3);
    rlp_write_u64(b, 1000000000);
    if (type != ETH_TX_ACCESS)
        rlp_write_u64(b, 2000000000);
    rlp_write_u64(b, 100000);
    rlp_write_bytes(b, address, sizeof address);
    rlp_write_u64(b, 0);
    rlp_write_bytes(b, "\0data", 5);
    list = rlp_list_begin(b);
    entry = rlp_list_begin(b);
    rlp_write_bytes(b, address, sizeof address);
    keys = rlp_list_begin(b);
    rlp_write_bytes(b, hash, sizeof hash);
    rlp_write_bytes(b, hash, sizeof hash);
    rlp_list_end(b, keys);
    rlp_list_end(b, entry);
    rlp_list_end(b, list);
    if (type == ETH_TX_BLOB) {
        uint8_t commitment[ETH_COMMITMENT_BYTES] = {0xc0};

        rlp_write_u64(b, 1);
        list = rlp_list_begin(b);
        for (unsigned i = 0; i < n_blobs; i++) {
            commitment[1] = (uint8_t)i;
            sha256(hash, commitment, sizeof commitment);
            hash[0] = 1;
            rlp_write_bytes(b, hash, sizeof hash);
        }
        rlp_list_end(b, list);
    }
    if (type == ETH_TX_CODE) {
        list = rlp_list_begin(b);
        entry = rlp_list_begin(b);
        rlp_write_u64(b, 19763);
        rlp_write_bytes(b, address, sizeof address);
        for (unsigned i = 0; i < 4; i++)
            rlp_write_u64(b, 1);
        rlp_list_end(b, entry);
        rlp_list_end(b, list);
    }
}

static void write_sidecar(struct buf *b, unsigned n_blobs, bool cells)
{
    static const uint8_t blob[ETH_BLOB_BYTES];
    uint8_t commitment[ETH_COMMITMENT_BYTES] = {0xc0};
    size_t list;

    if (cells)
        rlp_write_u64(b, 1);
    list = rlp_list_begin(b);
    for (unsigned i = 0; i < n_blobs; i++)
        rlp_write_bytes(b, blob, sizeof blob);
    rlp_list_end(b, list);
    list = rlp_list_begin(b);
    for (unsigned i = 0; i < n_blobs; i++) {
        commitment[1] = (uint8_t)i;
        rlp_write_bytes(b, commitment, sizeof commitment);
    }
    rlp_list_end(b, list);
    list = rlp_list_begin(b);
    for (unsigned i = 0; i < n_blobs * (cells ? ETH_CELL_PROOFS : 1); i++)
        rlp_write_bytes(b, commitment, sizeof commitment);
    rlp_list_end(b, list);
}

/* Signed as the EIPs say: Keccak-256 of the type and the list of the fields. */
static void make_typed(struct buf *out, enum eth_tx_type type, unsigned n_blobs, int sidecar)
{
    struct buf fields, tx;
    uint8_t hash[32], sig[EC_RECOVERABLE_BYTES];
    size_t mark, outer = 0;

    buf_init(&fields, 1 << 16);
    buf_init(&tx, 8 << 20);
    write_u8(&fields, (uint8_t)type);
    write_fields(&fields, type, n_blobs);
    write_u8(&tx, (uint8_t)type);
    mark = rlp_list_begin(&tx);
    buf_append(&tx, fields.data + 1, fields.len - 1);
    rlp_list_end(&tx, mark);
    keccak256(hash, tx.data, tx.len);
    ck_assert_int_eq(ec_sign(sig, secret, hash), 0);
    tx.len = 1;
    if (sidecar)
        outer = rlp_list_begin(&tx);
    mark = rlp_list_begin(&tx);
    buf_append(&tx, fields.data + 1, fields.len - 1);
    rlp_write_u64(&tx, sig[64]);
    rlp_write_uint(&tx, sig, 32);
    rlp_write_uint(&tx, sig + 32, 32);
    rlp_list_end(&tx, mark);
    if (sidecar) {
        write_sidecar(&tx, n_blobs, sidecar == 2);
        rlp_list_end(&tx, outer);
    }
    rlp_write_bytes(out, tx.data, tx.len);
    ck_assert_int_eq(out->err, 0);
    buf_free(&fields);
    buf_free(&tx);
}

static void check_sender(const struct eth_tx *t)
{
    uint8_t from[ETH_ADDRESS_BYTES], pubkey[EC_PUBKEY_BYTES], hash[32];

    ck_assert_int_eq(ec_pubkey(pubkey, secret), 0);
    keccak256(hash, pubkey, sizeof pubkey);
    ck_assert_int_eq(eth_tx_sender(from, t), 0);
    ck_assert_mem_eq(from, hash + 12, sizeof from);
}

START_TEST(typed_transactions_give_their_sender)
{
    for (int type = ETH_TX_ACCESS; type <= ETH_TX_CODE; type++) {
        struct eth_tx t;
        struct buf b;

        buf_init(&b, 1 << 16);
        make_typed(&b, (enum eth_tx_type)type, 2, 0);
        ck_assert_int_eq(eth_tx_decode(&t, (struct bytes){b.data, b.len}), 0);
        ck_assert_int_eq((int)t.type, type);
        check_sender(&t);
        ck_assert_uint_eq(t.chain_id, 19763);
        ck_assert_uint_eq(t.n_addresses, 1);
        ck_assert_uint_eq(t.n_keys, 2);
        ck_assert_uint_eq(t.n_blobs, type == ETH_TX_BLOB ? 2 : 0);
        ck_assert_uint_eq(t.n_authorisations, type == ETH_TX_CODE);
        ck_assert_uint_lt(t.size, b.len);
        ck_assert(eth_number_compare(t.tip_cap, t.fee_cap) <= 0);
        /* 21000, a zero byte and four others, one address, two keys, perhaps an authorisation */
        ck_assert_uint_eq(eth_tx_intrinsic_gas(&t, false),
                          21000 + 4 + 64 + 2400 + 3800 + (type == ETH_TX_CODE ? 25000 : 0));
        buf_free(&b);
    }
}
END_TEST

START_TEST(blobs_must_be_those_of_the_hashes)
{
    for (int sidecar = 1; sidecar <= 2; sidecar++) {
        struct eth_tx with, without;
        struct buf b, bare;
        uint8_t *commitments;

        buf_init(&b, 4 << 20);
        buf_init(&bare, 1 << 16);
        make_typed(&b, ETH_TX_BLOB, 2, sidecar);
        make_typed(&bare, ETH_TX_BLOB, 2, 0);
        ck_assert_int_eq(eth_tx_decode(&with, (struct bytes){b.data, b.len}), 0);
        ck_assert_int_eq(eth_tx_decode(&without, (struct bytes){bare.data, bare.len}), 0);
        ck_assert_mem_eq(with.hash, without.hash, sizeof with.hash);
        check_sender(&with);
        ck_assert_int_eq(eth_tx_check_sidecar(&with), 0);
        ck_assert_int_eq(eth_tx_check_sidecar(&without), PN_EBLOBS);
        commitments = memmem(b.data, b.len, "\xb0\xc0\x01", 3);
        ck_assert_ptr_nonnull(commitments);
        commitments[5] ^= 1;
        ck_assert_int_eq(eth_tx_check_sidecar(&with), PN_EBLOBS);
        buf_free(&b);
        buf_free(&bare);
    }
}
END_TEST

START_TEST(what_is_no_transaction_is_refused)
{
    static const struct {
        const char *hex;
        int err;
    } rows[] = {
        {"", PN_ETRUNCATED},
        {"80", PN_EFORMAT},
        {"05", PN_EFORMAT}, /* an unknown type */
        {"8205c0", PN_EFORMAT},
        {"8202c0", PN_ETRUNCATED},
        {"c0", PN_ETRUNCATED},
        /* a value of 33 bytes */
        {"ea80018252089400000000000000000000000000000000000000"
         "00a1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
         "801b0101",
         PN_ETRUNCATED},
        /* v is 29 */
        {"df8001825208940000000000000000000000000000000000000000"
         "80801d0101",
         PN_ESIGNATURE},
    };
    struct eth_tx t;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int rc = eth_tx_decode(&t, from_hex(rows[i].hex));

        ck_assert_msg(rc < 0, "row %zu was taken", i);
        if (i != 6) /* any refusal will do */
            ck_assert_msg(rc == rows[i].err, "row %zu: expected %s, got %s", i,
                          pn_errname(rows[i].err), pn_errname(rc));
    }
}
END_TEST

/* Every transaction of the chain that go-ethereum's conformance tests use was sent by one account.
 */
START_TEST(the_transactions_of_a_real_chain_come_from_its_account)
{
    size_t len;
    uint8_t *file = harness_data(&len, "ethereum/chains/geth-ethtest-v1.10.26-pow/halfchain.rlp");
    struct reader r;
    unsigned n = 0;

    if (!file)
        return;
    r = reader_of(file, len);
    while (reader_left(&r) > 0) {
        struct eth_block block;
        struct reader outer, txs;

        ck_assert_int_eq(eth_block_decode(&block, rlp_read_raw(&r)), 0);
        outer = reader_of(block.body.txs.data, block.body.txs.len);
        txs = rlp_read_list(&outer);
        for (; reader_left(&txs) > 0; n++) {
            uint8_t from[ETH_ADDRESS_BYTES];
            struct eth_tx t;
            char hex[41];

            ck_assert_int_eq(eth_tx_decode(&t, rlp_read_raw(&txs)), 0);
            ck_assert_int_eq(eth_tx_sender(from, &t), 0);
            hex_encode(hex, from, sizeof from);
            ck_assert_str_eq(hex, "71562b71999873db5b286df957af199ec94617f7");
            ck_assert_uint_eq(t.nonce, n);
            ck_assert_uint_eq(t.chain_id, 19763);
        }
    }
    ck_assert_uint_gt(n, 50);
    free(file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("eth transactions");
    TCase *tc = tcase_create("transactions");

    tcase_add_test(tc, legacy_transactions_give_their_sender);
    tcase_add_test(tc, typed_transactions_give_their_sender);
    tcase_add_test(tc, blobs_must_be_those_of_the_hashes);
    tcase_add_test(tc, what_is_no_transaction_is_refused);
    tcase_add_test(tc, the_transactions_of_a_real_chain_come_from_its_account);
    suite_add_tcase(suite, tc);
    return harness_run(suite);
}
