/* What can be said of a transaction without knowing any account. */
#include <string.h>

#include "codec/rlp.h"
#include "crypto/sha256.h"
#include "ethereum/types/tx.h"

enum {
    GAS_BASE = 21000,
    GAS_CREATE = 32000,
    GAS_ZERO_BYTE = 4,
    GAS_BYTE = 16, /* EIP-2028 */
    GAS_FLOOR_TOKEN = 10,
    TOKENS_PER_BYTE = 4, /* EIP-7623 */
    GAS_ACCESS_ADDRESS = 2400,
    GAS_ACCESS_KEY = 1900,
    GAS_AUTHORISATION = 25000,
    HASH_ITEM_BYTES = 1 + ETH_HASH_BYTES,
    BLOB_HASH_VERSION = 1,
};

uint64_t eth_tx_intrinsic_gas(const struct eth_tx *t, bool prague)
{
    uint64_t zeros = 0, rest, gas, floor;

    for (size_t i = 0; i < t->data.len; i++)
        zeros += t->data.data[i] == 0;
    rest = t->data.len - zeros;
    gas = GAS_BASE + zeros * GAS_ZERO_BYTE + rest * GAS_BYTE +
          (uint64_t)t->n_addresses * GAS_ACCESS_ADDRESS + (uint64_t)t->n_keys * GAS_ACCESS_KEY +
          (uint64_t)t->n_authorisations * GAS_AUTHORISATION;
    if (t->creates)
        gas += GAS_CREATE;
    floor = GAS_BASE + (zeros + rest * TOKENS_PER_BYTE) * GAS_FLOOR_TOKEN;
    return prague && floor > gas ? floor : gas;
}

static bool is_commitment_to(const uint8_t *commitment, const uint8_t *versioned)
{
    uint8_t hash[SHA256_BYTES];

    sha256(hash, commitment, ETH_COMMITMENT_BYTES);
    hash[0] = BLOB_HASH_VERSION;
    return memcmp(hash, versioned, sizeof hash) == 0;
}

static void check_commitments(struct reader *r, const struct eth_tx *t)
{
    struct reader list = rlp_read_list(r);
    uint8_t commitment[ETH_COMMITMENT_BYTES];

    for (unsigned i = 0; i < t->n_blobs; i++) {
        rlp_read_fixed(&list, commitment, sizeof commitment);
        if (!is_commitment_to(commitment, t->blob_hashes.data + i * HASH_ITEM_BYTES + 1))
            reader_fail(&list, PN_EBLOBS);
    }
    rlp_leave(r, &list);
}

/* n strings of exactly this length. */
static void check_strings(struct reader *r, size_t n, size_t len)
{
    struct reader list = rlp_read_list(r);

    while (n-- > 0)
        if (rlp_read_bytes(&list, len).len != len)
            reader_fail(&list, PN_EBLOBS);
    rlp_leave(r, &list);
}

int eth_tx_check_sidecar(const struct eth_tx *t)
{
    struct reader r = reader_of(t->sidecar.data, t->sidecar.len);
    size_t proofs = t->n_blobs;

    if (!rlp_next_is_list(&r)) { /* EIP-7594: version 1, with proofs of cells */
        if (rlp_read_u64(&r) != 1)
            return PN_EBLOBS;
        proofs *= ETH_CELL_PROOFS;
    }
    check_strings(&r, t->n_blobs, ETH_BLOB_BYTES);
    check_commitments(&r, t);
    check_strings(&r, proofs, ETH_COMMITMENT_BYTES);
    return reader_finish(&r) < 0 ? PN_EBLOBS : 0;
}
