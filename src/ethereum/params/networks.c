/* The known networks as data. Sources: go-ethereum params/config.go and core/genesis.go (mainnet,
 * Sepolia, Hoodi), core-geth params/config_classic.go and config_mordor.go, the ECIPs and EIPs
 * named beside them. Each genesis header must hash to the network's published genesis hash, and
 * each list of forks give its published fork ids: tests/ethereum/params hold them to both. */
#include <string.h>

#include "base/err.h"
#include "codec/hex.h"
#include "ethereum/params/params.h"
#include "ethereum/trie/trie.h"

#define CANCUN_BLOBS(at)                                                \
    {                                                                   \
        .time = (at), .target = 3, .max = 6, .update_fraction = 3338477 \
    }
#define PRAGUE_BLOBS(at)                                                \
    {                                                                   \
        .time = (at), .target = 6, .max = 9, .update_fraction = 5007716 \
    }
#define BPO1_BLOBS(at)                                                    \
    {                                                                     \
        .time = (at), .target = 10, .max = 15, .update_fraction = 8346193 \
    }
#define BPO2_BLOBS(at)                                                     \
    {                                                                      \
        .time = (at), .target = 14, .max = 21, .update_fraction = 11684671 \
    }

/* The header of a genesis block, as far as it is not zero. */
struct genesis_row {
    const char *state_root; /* hexadecimal; NULL: the empty state */
    const char *extra;
    uint64_t difficulty, gas_limit, time, nonce, base_fee;
};

static const struct genesis_row frontier_genesis = {
    .state_root = "d7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544",
    .extra = "11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa",
    .difficulty = UINT64_C(17179869184),
    .gas_limit = 5000,
    .nonce = 0x42,
};

static const struct genesis_row sepolia_genesis = {
    .state_root = "5eb6e371a698b8d68f665192350ffcecbbbf322916f4b51bd79bb6887da3f494",
    /* "Sepolia, Athens, Attica, Greece!" */
    .extra = "5365706f6c69612c20417468656e732c204174746963612c2047726565636521",
    .difficulty = 131072,
    .gas_limit = 30000000,
    .time = 1633267481,
    .base_fee = 1000000000,
};

static const struct genesis_row hoodi_genesis = {
    .state_root = "da87d7f5f91c51508791bbcbd4aa5baf04917830b86985eeb9ad3d5bfb657576",
    .extra = "",
    .difficulty = 1,
    .gas_limit = 36000000,
    .time = 1742212800,
    .nonce = 0x1234,
    .base_fee = 1000000000,
};

static const struct genesis_row mordor_genesis = {
    /* "phoenix chicken absurd banana" */
    .extra = "70686f656e697820636869636b656e206162737572642062616e616e61",
    .difficulty = 131072,
    .gas_limit = 3141592,
    .time = 1570141915,
};

static void set_genesis(struct eth_params *p, const struct genesis_row *row)
{
    struct eth_header *h = &p->genesis;

    memcpy(h->state_root, trie_empty_root, ETH_HASH_BYTES);
    if (row->state_root)
        (void)hex_decode(h->state_root, ETH_HASH_BYTES, row->state_root);
    memcpy(h->tx_root, trie_empty_root, ETH_HASH_BYTES);
    memcpy(h->receipts_root, trie_empty_root, ETH_HASH_BYTES);
    h->extra = (struct bytes){p->genesis_extra, strlen(row->extra) / 2};
    (void)hex_decode(p->genesis_extra, h->extra.len, row->extra);
    h->difficulty = row->difficulty;
    h->gas_limit = row->gas_limit;
    h->time = row->time;
    for (unsigned i = 0; i < ETH_NONCE_BYTES; i++)
        h->nonce[i] = (uint8_t)(row->nonce >> (8 * (ETH_NONCE_BYTES - 1 - i)));
    h->base_fee = row->base_fee;
    if (p->london == 0)
        h->n_fields = ETH_FIELDS_LONDON;
}

/* Hoodi began after these forks, whose fields its genesis header has. */
static void set_genesis_of_cancun(struct eth_params *p)
{
    memcpy(p->genesis.withdrawals_root, trie_empty_root, ETH_HASH_BYTES);
    p->genesis.n_fields = ETH_FIELDS_CANCUN;
}

static void set_forks(struct eth_params *p, const uint64_t *blocks, size_t n_blocks,
                      const uint64_t *times, size_t n_times)
{
    if (n_blocks > 0)
        memcpy(p->fork_blocks, blocks, n_blocks * sizeof *blocks);
    if (n_times > 0)
        memcpy(p->fork_times, times, n_times * sizeof *times);
    p->n_fork_blocks = (unsigned)n_blocks;
    p->n_fork_times = (unsigned)n_times;
}

static void set_blobs(struct eth_params *p, const struct eth_blob_rule *rules, size_t n)
{
    memcpy(p->blobs, rules, n * sizeof *rules);
    p->n_blobs = (unsigned)n;
}

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void mainnet(struct eth_params *p)
{
    static const uint64_t blocks[] = {1150000, 1920000, 2463000,  2675000,  4370000,  7280000,
                                      9069000, 9200000, 12244000, 12965000, 13773000, 15050000};
    static const uint64_t times[] = {1681338455, 1710338135, 1746612311,
                                     1764798551, 1765290071, 1767747671};
    static const struct eth_blob_rule blobs[] = {CANCUN_BLOBS(1710338135), PRAGUE_BLOBS(1746612311),
                                                 BPO1_BLOBS(1765290071), BPO2_BLOBS(1767747671)};

    p->chain_id = p->network_id = 1;
    p->homestead = 1150000;
    p->eip155 = 2675000;
    p->byzantium = 4370000;
    p->constantinople = 7280000;
    p->muir_glacier = 9200000;
    p->berlin = 12244000;
    p->london = 12965000;
    p->arrow_glacier = 13773000;
    p->gray_glacier = 15050000;
    p->merge_difficulty = (eth_u128)UINT64_C(58750000000000000) * 1000000;
    p->merged = true;
    p->shanghai = 1681338455;
    p->cancun = 1710338135;
    p->prague = 1746612311;
    p->osaka = 1764798551;
    /* Since the fork of the DAO; what distinguishes it from Classic (EIP-779). */
    p->required_number = 1920000;
    (void)hex_decode(p->required_hash, ETH_HASH_BYTES,
                     "4985f5ca3d2afbec36529aa96f74de3cc10a2a4a6c44f2157a57d2c6059a11bb");
    set_forks(p, blocks, COUNT(blocks), times, COUNT(times));
    set_blobs(p, blobs, COUNT(blobs));
    set_genesis(p, &frontier_genesis);
}

/* Every fork up to London at the genesis. */
static void all_early_forks(struct eth_params *p)
{
    p->homestead = p->eip155 = p->byzantium = p->constantinople = 0;
    p->muir_glacier = p->berlin = p->london = 0;
}

static void sepolia(struct eth_params *p)
{
    static const uint64_t blocks[] = {1735371}; /* MergeNetsplitBlock */
    static const uint64_t times[] = {1677557088, 1706655072, 1741159776,
                                     1760427360, 1761017184, 1761607008};
    static const struct eth_blob_rule blobs[] = {CANCUN_BLOBS(1706655072), PRAGUE_BLOBS(1741159776),
                                                 BPO1_BLOBS(1761017184), BPO2_BLOBS(1761607008)};

    p->chain_id = p->network_id = 11155111;
    all_early_forks(p);
    p->merge_difficulty = UINT64_C(17000000000000000);
    p->merged = true;
    p->shanghai = 1677557088;
    p->cancun = 1706655072;
    p->prague = 1741159776;
    p->osaka = 1760427360;
    set_forks(p, blocks, COUNT(blocks), times, COUNT(times));
    set_blobs(p, blobs, COUNT(blobs));
    set_genesis(p, &sepolia_genesis);
}

static void hoodi(struct eth_params *p)
{
    static const uint64_t times[] = {1742999832, 1761677592, 1762365720, 1762955544};
    static const struct eth_blob_rule blobs[] = {CANCUN_BLOBS(0), PRAGUE_BLOBS(1742999832),
                                                 BPO1_BLOBS(1762365720), BPO2_BLOBS(1762955544)};

    p->chain_id = p->network_id = 560048;
    all_early_forks(p);
    p->merge_difficulty = 0;
    p->merged = true;
    p->shanghai = p->cancun = 0;
    p->prague = 1742999832;
    p->osaka = 1761677592;
    set_forks(p, NULL, 0, times, COUNT(times));
    set_blobs(p, blobs, COUNT(blobs));
    set_genesis(p, &hoodi_genesis);
    set_genesis_of_cancun(p);
}

static void classic(struct eth_params *p)
{
    static const uint64_t blocks[] = {1150000, 2500000,  3000000,  5000000,  5900000,  8772000,
                                      9573000, 10500839, 11700000, 13189133, 14525000, 19250000};

    p->chain_id = 61;
    p->network_id = 1;
    p->homestead = 1150000;
    p->eip155 = 3000000;
    p->byzantium = 8772000; /* Atlantis, ECIP-1054 */
    p->berlin = 13189133;   /* Magneto, ECIP-1103 */
    p->bomb_pause = 3000000;
    p->bomb_resume = 5000000;
    p->bomb_disposal = 5900000;
    p->ethash_end = 11700000;     /* Thanos, ECIP-1099 */
    p->required_number = 1920000; /* without the fork of the DAO */
    (void)hex_decode(p->required_hash, ETH_HASH_BYTES,
                     "94365e3a8c0b35089c1d1195081fe7489b528a84b22199c916180db8b28ade7f");
    set_forks(p, blocks, COUNT(blocks), NULL, 0);
    set_genesis(p, &frontier_genesis);
}

static void mordor(struct eth_params *p)
{
    static const uint64_t blocks[] = {301243, 999983, 2520000, 3985893, 5520000, 9957000};

    p->chain_id = 63;
    p->network_id = 7;
    p->homestead = p->eip155 = p->byzantium = 0;
    p->berlin = 3985893;
    p->bomb_disposal = 0;
    p->ethash_end = 2520000;
    set_forks(p, blocks, COUNT(blocks), NULL, 0);
    set_genesis(p, &mordor_genesis);
}

static const struct {
    const char *name;
    void (*fill)(struct eth_params *p);
} networks[] = {
    {"mainnet", mainnet}, {"sepolia", sepolia}, {"hoodi", hoodi},
    {"classic", classic}, {"mordor", mordor},
};

const char *const eth_params_names[] = {"mainnet", "sepolia", "hoodi", "classic", "mordor", NULL};

int eth_params_known(struct eth_params *p, const char *name)
{
    for (size_t i = 0; i < COUNT(networks); i++) {
        if (strcmp(networks[i].name, name) != 0)
            continue;
        eth_params_init(p, name);
        networks[i].fill(p);
        return eth_header_rehash(&p->genesis);
    }
    return PN_ENOENT;
}
