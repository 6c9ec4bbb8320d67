/* The table of networks. The genesis headers are hashed in the tests, which find any wrong byte of
 * them; the minimum work is that of the public chains when this was written (July 2026).
 * Hashes are in wire order, the reverse of how they are shown. */
#include "bitcoin/chain/params.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "codec/compact.h"
#include "codec/hex.h"
#include "crypto/sha256.h"

enum { MAX_SCRIPT_BYTES = 10000, COMPACT_MAX_BYTES = 9 };

/* Merkle root of the coinbase with the headline of 3 January 2009; all networks but testnet4 share
 * it. */
#define GENESIS_MERKLE_2009                                                                       \
    {                                                                                             \
        0x3b, 0xa3, 0xed, 0xfd, 0x7a, 0x7b, 0x12, 0xb2, 0x7a, 0xc7, 0x2c, 0x3e, 0x67, 0x76, 0x8f, \
            0x61, 0x7f, 0xc8, 0x1b, 0xc3, 0x88, 0x8a, 0x51, 0x32, 0x3a, 0x9f, 0xb8, 0xaa, 0x4b,   \
            0x1e, 0x5e, 0x4a                                                                      \
    }

/* A public key and OP_CHECKSIG: the key of 2009, and testnet4's of zeros. */
static const uint8_t script_2009[] = {
    0x41, 0x04, 0x67, 0x8a, 0xfd, 0xb0, 0xfe, 0x55, 0x48, 0x27, 0x19, 0x67, 0xf1, 0xa6,
    0x71, 0x30, 0xb7, 0x10, 0x5c, 0xd6, 0xa8, 0x28, 0xe0, 0x39, 0x09, 0xa6, 0x79, 0x62,
    0xe0, 0xea, 0x1f, 0x61, 0xde, 0xb6, 0x49, 0xf6, 0xbc, 0x3f, 0x4c, 0xef, 0x38, 0xc4,
    0xf3, 0x55, 0x04, 0xe5, 0x1e, 0xc1, 0x12, 0xde, 0x5c, 0x38, 0x4d, 0xf7, 0xba, 0x0b,
    0x8d, 0x57, 0x8a, 0x4c, 0x70, 0x2b, 0x6b, 0xf1, 0x1d, 0x5f, 0xac};
static const uint8_t script_testnet4[35] = {[0] = 0x21, [34] = 0xac};

static const char *const mainnet_seeds[] = {
    "dnsseed.bluematt.me",
    "seed.bitcoin.jonasschnelli.ch",
    "seed.btc.petertodd.net",
    "seed.bitcoin.sprovoost.nl",
    "dnsseed.emzy.de",
    "seed.bitcoin.wiz.biz",
    "seed.mainnet.achownodes.xyz",
    NULL,
};

static const char *const testnet3_seeds[] = {
    "testnet-seed.bitcoin.jonasschnelli.ch", "seed.tbtc.petertodd.net",
    "seed.testnet.bitcoin.sprovoost.nl",     "testnet-seed.bluematt.me",
    "seed.testnet.achownodes.xyz",           NULL,
};

static const char *const testnet4_seeds[] = {
    "seed.testnet4.bitcoin.sprovoost.nl",
    "seed.testnet4.wiz.biz",
    NULL,
};

static const char *const signet_seeds[] = {
    "seed.signet.bitcoin.sprovoost.nl",
    "seed.signet.achownodes.xyz",
    NULL,
};

static const char *const no_seeds[] = {NULL};

/* Those of mainnet are ends and beginnings of difficulty periods, as bitcoinj publishes them; that
 * of testnet3 is the one Bitcoin Core had. */
static const struct btc_checkpoint mainnet_checkpoints[] = {
    {12096, "0000000083f8b6d4f1d818b7e8771e1505cb9fd2259702257ea409afa5ff63e0"},
    {32256, "000000004f2886a170adb7204cb0c7a824217dd24d11a74423d564c4e0904967"},
    {106848, "000000000000be2bc4445d0c929adaa79e6106528b8cc8651f1a0bba37bc0c1b"},
    {211680, "0000000000000411474b575b792c9cbaf01eecfb6b33ff03766d51fc4133b668"},
    {316512, "00000000000000000dc32808fc3f3f0ce02c8c7d17258ad6e651b8ba1e02384d"},
    {421344, "000000000000000000a3b691d6bc7b772b8035a2104ca168b02e3adac6be52d9"},
    {526176, "00000000000000000009978b58e807d626b81d4c224813a2d2fd51a1a8682f2f"},
    {631008, "0000000000000000000afe86c660a568a750c603f72dba13b32abb1f31125188"},
    {735840, "0000000000000000000153990bd58860af764cc7a49c8755416e12d4b6df6233"},
    {878976, "00000000000000000002819359a9af460f342404bec23e7478512a619584083b"},
    {0, NULL},
};

static const struct btc_checkpoint testnet3_checkpoints[] = {
    {546, "000000002a936ca763904c3c35fce2f3556c559c0214345d31b1bcebf76acb70"},
    {0, NULL},
};

static const struct btc_params mainnet = {
    .name = "mainnet",
    .magic = {0xf9, 0xbe, 0xb4, 0xd9},
    .default_port = 8333,
    .address = {0, 5, "bc"},
    .genesis = {.version = 1,
                .merkle_root = GENESIS_MERKLE_2009,
                .time = 1231006505,
                .bits = 0x1d00ffff,
                .nonce = 2083236893},
    .genesis_hash = {0x6f, 0xe2, 0x8c, 0x0a, 0xb6, 0xf1, 0xb3, 0x72, 0xc1, 0xa6, 0xa2,
                     0x46, 0xae, 0x63, 0xf7, 0x4f, 0x93, 0x1e, 0x83, 0x65, 0xe1, 0x5a,
                     0x08, 0x9c, 0x68, 0xd6, 0x19, 0x00, 0x00, 0x00, 0x00, 0x00},
    .genesis_script = {script_2009, sizeof script_2009},
    .pow_limit = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT32_MAX}},
    .pow_limit_bits = 0x1d00ffff,
    .bip34_height = 227931,
    .bip66_height = 363725,
    .bip65_height = 388381,
    .segwit_height = 481824,
    .csv_height = 419328,
    .min_work = BTC_WORK(0x1128750f8, 0x2f4c366153a3a030),
    .presync_period = 641,
    .presync_buffer = 15218,
    .checkpoints = mainnet_checkpoints,
    .seeds = mainnet_seeds,
};

static const struct btc_params testnet3 = {
    .name = "testnet3",
    .magic = {0x0b, 0x11, 0x09, 0x07},
    .default_port = 18333,
    .address = {111, 196, "tb"},
    .genesis = {.version = 1,
                .merkle_root = GENESIS_MERKLE_2009,
                .time = 1296688602,
                .bits = 0x1d00ffff,
                .nonce = 414098458},
    .genesis_hash = {0x43, 0x49, 0x7f, 0xd7, 0xf8, 0x26, 0x95, 0x71, 0x08, 0xf4, 0xa3,
                     0x0f, 0xd9, 0xce, 0xc3, 0xae, 0xba, 0x79, 0x97, 0x20, 0x84, 0xe9,
                     0x0e, 0xad, 0x01, 0xea, 0x33, 0x09, 0x00, 0x00, 0x00, 0x00},
    .genesis_script = {script_2009, sizeof script_2009},
    .pow_limit = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT32_MAX}},
    .pow_limit_bits = 0x1d00ffff,
    .min_difficulty = true,
    .bip34_height = 21111,
    .bip66_height = 330776,
    .bip65_height = 581885,
    .segwit_height = 834624,
    .csv_height = 770112,
    .min_work = BTC_WORK(0x17dd, 0xe1c649f3708d14b6),
    .presync_period = 673,
    .presync_buffer = 14460,
    .checkpoints = testnet3_checkpoints,
    .seeds = testnet3_seeds,
};

static const struct btc_params testnet4 = {
    .name = "testnet4",
    .magic = {0x1c, 0x16, 0x3f, 0x28},
    .default_port = 48333,
    .address = {111, 196, "tb"},
    .genesis = {.version = 1,
                .merkle_root = {0x4e, 0x7b, 0x2b, 0x91, 0x28, 0xfe, 0x02, 0x91, 0xdb, 0x06, 0x93,
                                0xaf, 0x2a, 0xe4, 0x18, 0xb7, 0x67, 0xe6, 0x57, 0xcd, 0x40, 0x7e,
                                0x80, 0xcb, 0x14, 0x34, 0x22, 0x1e, 0xae, 0xa7, 0xa0, 0x7a},
                .time = 1714777860,
                .bits = 0x1d00ffff,
                .nonce = 393743547},
    .genesis_hash = {0x43, 0xf0, 0x8b, 0xda, 0xb0, 0x50, 0xe3, 0x5b, 0x56, 0x7c, 0x86,
                     0x4b, 0x91, 0xf4, 0x7f, 0x50, 0xae, 0x72, 0x5a, 0xe2, 0xde, 0x53,
                     0xbc, 0xfb, 0xba, 0xf2, 0x84, 0xda, 0x00, 0x00, 0x00, 0x00},
    .genesis_script = {script_testnet4, sizeof script_testnet4},
    .pow_limit = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT32_MAX}},
    .pow_limit_bits = 0x1d00ffff,
    .min_difficulty = true,
    .bip94 = true,
    .bip34_height = 1,
    .bip66_height = 1,
    .bip65_height = 1,
    .segwit_height = 1,
    .csv_height = 1,
    .min_work = BTC_WORK(0x9a0, 0xfe15d0177d086304),
    .presync_period = 606,
    .presync_buffer = 16092,
    .seeds = testnet4_seeds,
};

static const struct btc_params signet = {
    .name = "signet",
    .magic = {0x0a, 0x03, 0xcf, 0x40},
    .default_port = 38333,
    .address = {111, 196, "tb"},
    .genesis = {.version = 1,
                .merkle_root = GENESIS_MERKLE_2009,
                .time = 1598918400,
                .bits = 0x1e0377ae,
                .nonce = 52613770},
    .genesis_hash = {0xf6, 0x1e, 0xee, 0x3b, 0x63, 0xa3, 0x80, 0xa4, 0x77, 0xa0, 0x63,
                     0xaf, 0x32, 0xb2, 0xbb, 0xc9, 0x7c, 0x9f, 0xf9, 0xf0, 0x1f, 0x2c,
                     0x42, 0x25, 0xe9, 0x73, 0x98, 0x81, 0x08, 0x00, 0x00, 0x00},
    .genesis_script = {script_2009, sizeof script_2009},
    .pow_limit = {{0, 0, 0, 0x00000377ae000000}},
    .pow_limit_bits = 0x1e0377ae,
    .bip34_height = 1,
    .bip66_height = 1,
    .bip65_height = 1,
    .segwit_height = 1,
    .csv_height = 1,
    .min_work = BTC_WORK(0x0, 0x00000b463ea0a4b8),
    .presync_period = 620,
    .presync_buffer = 15724,
    .seeds = signet_seeds,
};

static const struct btc_params regtest = {
    .name = "regtest",
    .magic = {0xfa, 0xbf, 0xb5, 0xda},
    .default_port = 18444,
    .address = {111, 196, "bcrt"},
    .genesis = {.version = 1,
                .merkle_root = GENESIS_MERKLE_2009,
                .time = 1296688602,
                .bits = 0x207fffff,
                .nonce = 2},
    .genesis_hash = {0x06, 0x22, 0x6e, 0x46, 0x11, 0x1a, 0x0b, 0x59, 0xca, 0xaf, 0x12,
                     0x60, 0x43, 0xeb, 0x5b, 0xbf, 0x28, 0xc3, 0x4f, 0x3a, 0x5e, 0x33,
                     0x2a, 0x1f, 0xc7, 0xb2, 0xb7, 0x3c, 0xf1, 0x88, 0x91, 0x0f},
    .genesis_script = {script_2009, sizeof script_2009},
    .pow_limit = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX >> 1}},
    .pow_limit_bits = 0x207fffff,
    .no_retarget = true,
    .min_difficulty = true,
    .bip34_height = 1,
    .bip66_height = 1,
    .bip65_height = 1,
    .segwit_height = 0,
    .csv_height = 1,
    .presync_period = 275,
    .presync_buffer = 7017,
    .seeds = no_seeds,
};

static const struct btc_params *const networks[] = {&mainnet, &testnet3, &testnet4, &signet,
                                                    &regtest};

const struct btc_params *btc_params_at(unsigned n)
{
    return n < sizeof networks / sizeof networks[0] ? networks[n] : NULL;
}

const struct btc_params *btc_params_find(const char *name)
{
    const struct btc_params *p;

    for (unsigned n = 0; (p = btc_params_at(n)) != NULL; n++)
        if (strcmp(p->name, name) == 0)
            return p;
    return NULL;
}

/* Append the script with its length before it, as BIP325 hashes it. */
static int write_challenge(struct buf *b, const char *hex)
{
    size_t digits = strlen(hex), len = digits / 2;
    uint8_t *script;

    if (len == 0 || digits % 2)
        return PN_EFORMAT;
    if (len > MAX_SCRIPT_BYTES)
        return PN_ETOOLARGE;
    write_compact(b, len);
    script = buf_extend(b, len);
    return script ? hex_decode(script, len, hex) : b->err;
}

int btc_params_signet(struct btc_params *out, const char *challenge_hex)
{
    uint8_t hash[SHA256_BYTES];
    struct buf b;
    int rc;

    buf_init(&b, MAX_SCRIPT_BYTES + COMPACT_MAX_BYTES);
    rc = write_challenge(&b, challenge_hex);
    if (rc == 0) {
        sha256d(hash, b.data, b.len);
        *out = signet;
        memcpy(out->magic, hash, sizeof out->magic);
        out->min_work = 0;
        out->checkpoints = NULL;
        out->seeds = no_seeds;
    }
    buf_free(&b);
    return rc;
}
