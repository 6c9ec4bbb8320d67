/* The eth protocol's messages and what they carry: what reads, writes itself again to the byte. */
#include <string.h>

#include "codec/rlp.h"
#include "ethereum/types/receipts.h"
#include "ethereum/types/tx.h"
#include "ethereum/wire/msg.h"
#include "fuzz.h"

static unsigned code_of(const struct fuzz_target *t)
{
    for (unsigned code = 0; code < ETH_CODES; code++)
        if (strcmp(t->name + strlen("eth_"), eth_code_name(code)) == 0)
            return code;
    abort();
}

/* Every walk ends, whatever is in the list. */
static void walk(const struct eth_msg *m)
{
    struct eth_items items = m->items;
    struct eth_tx_announce announce = m->announce;
    uint8_t hash[ETH_HASH_BYTES], type;
    struct bytes item;
    uint64_t number;
    size_t n = 0;

    switch (m->code) {
    case ETH_NEW_BLOCK_HASHES:
        while (eth_items_next_block_hash(&items, hash, &number))
            n++;
        FUZZ_REQUIRE(n == m->items.n);
        break;
    case ETH_NEW_POOLED_TX_HASHES:
        while (eth_announce_next(&announce, hash, &type, &number))
            n++;
        FUZZ_REQUIRE(n == m->announce.hashes.n);
        break;
    case ETH_TRANSACTIONS:
    case ETH_BLOCK_HEADERS:
    case ETH_BLOCK_BODIES:
        while (eth_items_next(&items, &item))
            n++;
        FUZZ_REQUIRE(n == m->items.n);
        break;
    default:
        break;
    }
}

/* The first byte chooses the version. */
void fuzz_eth_msg(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    unsigned version;
    struct eth_msg m;
    struct buf b;

    if (len == 0)
        return;
    version = ETH_VERSION_MIN + data[0] % (ETH_VERSION_MAX - ETH_VERSION_MIN + 1);
    if (eth_msg_decode(&m, version, code_of(t), data + 1, len - 1) < 0)
        return;
    walk(&m);
    buf_init(&b, len);
    FUZZ_REQUIRE(eth_msg_encode(&b, &m, version) == 0);
    FUZZ_REQUIRE(b.len == len - 1 && memcmp(b.data, data + 1, b.len) == 0);
    buf_free(&b);
}

void fuzz_eth_header(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    struct eth_header h;
    struct buf b;

    (void)t;
    if (eth_header_decode(&h, (struct bytes){data, len}) < 0)
        return;
    buf_init(&b, len);
    eth_header_encode(&b, &h);
    FUZZ_REQUIRE(b.err == 0 && b.len == len && memcmp(b.data, data, len) == 0);
    buf_free(&b);
}

/* A block, checked against the header that it brings. */
void fuzz_eth_block(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    struct eth_block block;
    struct eth_header h;
    struct buf b;

    (void)t;
    if (eth_block_decode(&block, (struct bytes){data, len}) < 0)
        return;
    buf_init(&b, len);
    eth_block_encode(&b, &block);
    FUZZ_REQUIRE(b.err == 0 && b.len == len && memcmp(b.data, data, len) == 0);
    buf_free(&b);
    if (eth_header_decode(&h, block.header) == 0)
        (void)eth_body_check(&block.body, &h);
}

void fuzz_eth_tx(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    uint8_t address[ETH_ADDRESS_BYTES];
    struct eth_tx tx;

    (void)t;
    if (eth_tx_decode(&tx, (struct bytes){data, len}) < 0)
        return;
    FUZZ_REQUIRE(tx.size <= len && tx.fields.len <= tx.size);
    FUZZ_REQUIRE(eth_tx_intrinsic_gas(&tx, true) >= eth_tx_intrinsic_gas(&tx, false));
    (void)eth_tx_sender(address, &tx);
    (void)eth_tx_check_sidecar(&tx);
}

/* Receipts that no header vouches for are still read to the end, in both forms; and what has been
 * understood can be written in both. */
void fuzz_eth_receipts(const struct fuzz_target *t, const uint8_t *data, size_t len)
{
    const struct eth_header h = {.gas_used = 100000000};

    (void)t;
    for (int form = ETH_RECEIPTS_CONSENSUS; form <= ETH_RECEIPTS_FLAT; form++) {
        struct buf flat, again;
        int rc;

        buf_init(&flat, 2 * len + 16);
        buf_init(&again, 300 * len + 16);
        rc = eth_receipts_check(&flat, (struct bytes){data, len}, (enum eth_receipt_form)form, &h);
        if (rc == PN_ERECEIPTS) { /* read whole, and the root is another one, of course */
            struct bytes kept = {flat.data, flat.len};

            FUZZ_REQUIRE(eth_receipts_write(&again, kept, ETH_RECEIPTS_FLAT) == 0);
            FUZZ_REQUIRE(again.len == flat.len && memcmp(again.data, flat.data, flat.len) == 0);
            FUZZ_REQUIRE(form != ETH_RECEIPTS_FLAT ||
                         (flat.len == len && memcmp(flat.data, data, len) == 0));
            buf_reset(&again);
            FUZZ_REQUIRE(eth_receipts_write(&again, kept, ETH_RECEIPTS_CONSENSUS) == 0);
        }
        buf_free(&flat);
        buf_free(&again);
    }
}
