/* The handshakes of EIP-8, and what a hostile side can make of one. The vectors are those of EIP-8,
 * "RLPx Handshake". */
#include <string.h>

#include "base/err.h"
#include "base/random.h"
#include "codec/hex.h"
#include "harness.h"
#include "rlpx_pair.h"

static const char auth2[] =
    "01b304ab7578555167be8154d5cc456f567d5ba302662433674222360f08d5f1534499d3678b513b"
    "0fca474f3a514b18e75683032eb63fccb16c156dc6eb2c0b1593f0d84ac74f6e475f1b8d56116b84"
    "9634a8c458705bf83a626ea0384d4d7341aae591fae42ce6bd5c850bfe0b999a694a49bbbaf3ef6c"
    "da61110601d3b4c02ab6c30437257a6e0117792631a4b47c1d52fc0f8f89caadeb7d02770bf999cc"
    "147d2df3b62e1ffb2c9d8c125a3984865356266bca11ce7d3a688663a51d82defaa8aad69da39ab6"
    "d5470e81ec5f2a7a47fb865ff7cca21516f9299a07b1bc63ba56c7a1a892112841ca44b6e0034dee"
    "70c9adabc15d76a54f443593fafdc3b27af8059703f88928e199cb122362a4b35f62386da7caad09"
    "c001edaeb5f8a06d2b26fb6cb93c52a9fca51853b68193916982358fe1e5369e249875bb8d0d0ec3"
    "6f917bc5e1eafd5896d46bd61ff23f1a863a8a8dcd54c7b109b771c8e61ec9c8908c733c0263440e"
    "2aa067241aaa433f0bb053c7b31a838504b148f570c0ad62837129e547678c5190341e4f1693956c"
    "3bf7678318e2d5b5340c9e488eefea198576344afbdf66db5f51204a6961a63ce072c8926c";

static const char auth3[] =
    "01b8044c6c312173685d1edd268aa95e1d495474c6959bcdd10067ba4c9013df9e40ff45f5bfd6f7"
    "2471f93a91b493f8e00abc4b80f682973de715d77ba3a005a242eb859f9a211d93a347fa64b597bf"
    "280a6b88e26299cf263b01b8dfdb712278464fd1c25840b995e84d367d743f66c0e54a586725b7bb"
    "f12acca27170ae3283c1073adda4b6d79f27656993aefccf16e0d0409fe07db2dc398a1b7e8ee93b"
    "cd181485fd332f381d6a050fba4c7641a5112ac1b0b61168d20f01b479e19adf7fdbfa0905f63352"
    "bfc7e23cf3357657455119d879c78d3cf8c8c06375f3f7d4861aa02a122467e069acaf513025ff19"
    "6641f6d2810ce493f51bee9c966b15c5043505350392b57645385a18c78f14669cc4d960446c1757"
    "1b7c5d725021babbcd786957f3d17089c084907bda22c2b2675b4378b114c601d858802a55345a15"
    "116bc61da4193996187ed70d16730e9ae6b3bb8787ebcaea1871d850997ddc08b4f4ea668fbf3740"
    "7ac044b55be0908ecb94d4ed172ece66fd31bfdadf2b97a8bc690163ee11f5b575a4b44e36e2bfb2"
    "f0fce91676fd64c7773bac6a003f481fddd0bae0a1f31aa27504e2a533af4cef3b623f4791b2cca6"
    "d490";

static const char ack2[] =
    "01ea0451958701280a56482929d3b0757da8f7fbe5286784beead59d95089c217c9b917788989470"
    "b0e330cc6e4fb383c0340ed85fab836ec9fb8a49672712aeabbdfd1e837c1ff4cace34311cd7f4de"
    "05d59279e3524ab26ef753a0095637ac88f2b499b9914b5f64e143eae548a1066e14cd2f4bd7f814"
    "c4652f11b254f8a2d0191e2f5546fae6055694aed14d906df79ad3b407d94692694e259191cde171"
    "ad542fc588fa2b7333313d82a9f887332f1dfc36cea03f831cb9a23fea05b33deb999e85489e645f"
    "6aab1872475d488d7bd6c7c120caf28dbfc5d6833888155ed69d34dbdc39c1f299be1057810f34fb"
    "e754d021bfca14dc989753d61c413d261934e1a9c67ee060a25eefb54e81a4d14baff922180c395d"
    "3f998d70f46f6b58306f969627ae364497e73fc27f6d17ae45a413d322cb8814276be6ddd13b885b"
    "201b943213656cde498fa0e9ddc8e0b8f8a53824fbd82254f3e2c17e8eaea009c38b4aa0a3f306e8"
    "797db43c25d68e86f262e564086f59a2fc60511c42abfb3057c247a8a8fe4fb3ccbadde17514b7ac"
    "8000cdb6a912778426260c47f38919a91f25f4b5ffb455d6aaaf150f7e5529c100ce62d6d92826a7"
    "1778d809bdf60232ae21ce8a437eca8223f45ac37f6487452ce626f549b3b5fdee26afd2072e4bc7"
    "5833c2464c805246155289f4";

static const char ack3[] =
    "01f004076e58aae772bb101ab1a8e64e01ee96e64857ce82b1113817c6cdd52c09d26f7b90981cd7"
    "ae835aeac72e1573b8a0225dd56d157a010846d888dac7464baf53f2ad4e3d584531fa203658fab0"
    "3a06c9fd5e35737e417bc28c1cbf5e5dfc666de7090f69c3b29754725f84f75382891c561040ea1d"
    "dc0d8f381ed1b9d0d4ad2a0ec021421d847820d6fa0ba66eaf58175f1b235e851c7e2124069fbc20"
    "2888ddb3ac4d56bcbd1b9b7eab59e78f2e2d400905050f4a92dec1c4bdf797b3fc9b2f8e84a482f3"
    "d800386186712dae00d5c386ec9387a5e9c9a1aca5a573ca91082c7d68421f388e79127a5177d4f8"
    "590237364fd348c9611fa39f78dcdceee3f390f07991b7b47e1daa3ebcb6ccc9607811cb17ce51f1"
    "c8c2c5098dbdd28fca547b3f58c01a424ac05f869f49c6a34672ea2cbbc558428aa1fe48bbfd6115"
    "8b1b735a65d99f21e70dbc020bfdface9f724a0d1fb5895db971cc81aa7608baa0920abb0a565c9c"
    "436e2fd13323428296c86385f2384e408a31e104670df0791d93e743a3a5194ee6b076fb6323ca59"
    "3011b7348c16cf58f66b9633906ba54a2ee803187344b394f75dd2e663a57b956cb830dd7a908d4f"
    "39a2336a61ef9fda549180d4ccde21514d117b6c6fd07a9102b5efe710a32af4eeacae2cb3b1dec0"
    "35b9593b48b9d3ca4c13d245d5f04169b0b1";

static const char static_a[] = "49a7b37aa6f6645917e7b807e9d1c00d4fa71f18343b0d4122a4d2df64dd6fee";
static const char static_b[] = "b71c71a67e1177ad4e901695e1b4b9ee17ae16c6668d313eac2f96dbcda3f291";
static const char ephemeral_a[] =
    "869d6ecf5211f1cc60418a13b9d870b22959d0c16f02bec714c960dd2298a32d";
static const char ephemeral_b[] =
    "e238eb8e04fee6511ab04c6dd3c89ce097b11f25d584863ac2b6d5b35b1847e4";
static const char nonce_a[] = "7e968bba13b6c50e2c4cd7f241cc0d64d1ac25c7f5952df231ac6a2bda8ee5d6";
static const char nonce_b[] = "559aead08264d5795d3909718cdd05abd49572e84fe55590eef31a88a08fdffd";

static void from_hex(uint8_t *out, size_t len, const char *text)
{
    ck_assert_int_eq(hex_decode(out, len, text), 0);
}

static void assert_hex(const uint8_t *got, size_t len, const char *want)
{
    char text[2 * 64 + 1];

    hex_encode(text, got, len);
    ck_assert_str_eq(text, want);
}

/* The vector as bytes. */
static struct bytes packet_of(uint8_t out[1024], const char *text)
{
    size_t len = strlen(text) / 2;

    ck_assert_uint_le(len, 1024);
    from_hex(out, len, text);
    return (struct bytes){.data = out, .len = len};
}

static void side_of_vector(struct side *s, const char *secret, const char *ephemeral,
                           const char *nonce)
{
    struct rlpx_fresh fresh;

    from_hex(s->secret, EC_SECRET_BYTES, secret);
    from_hex(fresh.secret, EC_SECRET_BYTES, ephemeral);
    from_hex(fresh.nonce, RLPX_NONCE_BYTES, nonce);
    ck_assert_int_eq(ec_pubkey(s->pubkey, s->secret), 0);
    rlpx_handshake_init(&s->h, s->secret, &fresh);
}

START_TEST(the_auth_packets_of_eip_8_are_understood)
{
    static const char *const packets[] = {auth2, auth3};
    uint8_t raw[1024], ephemeral_pubkey[EC_PUBKEY_BYTES];
    struct side a, b;

    side_of_vector(&a, static_a, ephemeral_a, nonce_a);
    ck_assert_int_eq(ec_pubkey(ephemeral_pubkey, a.h.own.secret), 0);
    for (int i = 0; i < 2; i++) {
        side_of_vector(&b, static_b, ephemeral_b, nonce_b);
        ck_assert_int_eq(rlpx_auth_take(&b.h, packet_of(raw, packets[i])), 0);
        ck_assert_mem_eq(b.h.remote_pubkey, a.pubkey, EC_PUBKEY_BYTES);
        ck_assert_mem_eq(b.h.remote_nonce, a.h.own.nonce, RLPX_NONCE_BYTES);
        ck_assert_mem_eq(b.h.remote_ephemeral, ephemeral_pubkey, EC_PUBKEY_BYTES);
    }
}
END_TEST

START_TEST(the_ack_packets_of_eip_8_are_understood)
{
    static const char *const packets[] = {ack2, ack3};
    uint8_t raw[1024], ephemeral_pubkey[EC_PUBKEY_BYTES];
    struct side a, b;

    side_of_vector(&b, static_b, ephemeral_b, nonce_b);
    ck_assert_int_eq(ec_pubkey(ephemeral_pubkey, b.h.own.secret), 0);
    for (int i = 0; i < 2; i++) {
        side_of_vector(&a, static_a, ephemeral_a, nonce_a);
        ck_assert_int_eq(rlpx_ack_take(&a.h, packet_of(raw, packets[i])), 0);
        ck_assert_mem_eq(a.h.remote_ephemeral, ephemeral_pubkey, EC_PUBKEY_BYTES);
        ck_assert_mem_eq(a.h.remote_nonce, b.h.own.nonce, RLPX_NONCE_BYTES);
    }
}
END_TEST

START_TEST(the_secrets_of_eip_8_are_derived)
{
    uint8_t auth_raw[1024], ack_raw[1024], hash[KECCAK256_BYTES];
    struct bytes auth = packet_of(auth_raw, auth2), ack = packet_of(ack_raw, ack2);
    struct rlpx_secrets secrets;
    struct side b;

    side_of_vector(&b, static_b, ephemeral_b, nonce_b);
    ck_assert_int_eq(rlpx_auth_take(&b.h, auth), 0);
    ck_assert_int_eq(rlpx_secrets_derive(&secrets, &b.h, auth, ack), 0);
    assert_hex(secrets.aes, 32, "80e8632c05fed6fc2a13b0f8d31a3cf645366239170ea067065aba8e28bac487");
    assert_hex(secrets.mac, 32, "2ea74ec5dae199227dff1af715362700e989d889d7a493cb0639691efb8e5f98");
    keccak256_update(&secrets.ingress, "foo", 3);
    keccak256_final(&secrets.ingress, hash);
    assert_hex(hash, 32, "0c7ec6340062cc46f5e9f1e3cf86f8c8c403c5a0964f5df0ebd34a75ddc86db5");
}
END_TEST

START_TEST(both_sides_of_a_handshake_get_the_same_secrets)
{
    uint8_t x[KECCAK256_BYTES], y[KECCAK256_BYTES];

    for (int i = 0; i < 20; i++) {
        struct pair *p;

        p = shake_hands();
        ck_assert_mem_eq(p->of_a.aes, p->of_b.aes, 32);
        ck_assert_mem_eq(p->of_a.mac, p->of_b.mac, 32);
        keccak256_final(&p->of_a.egress, x);
        keccak256_final(&p->of_b.ingress, y);
        ck_assert_mem_eq(x, y, 32);
        keccak256_final(&p->of_a.ingress, x);
        keccak256_final(&p->of_b.egress, y);
        ck_assert_mem_eq(x, y, 32);
        pair_free(p);
    }
}
END_TEST

/* Every way in which a packet can be wrong is one error. */
START_TEST(a_packet_with_any_bit_changed_fails_like_every_other)
{
    struct pair *p;
    struct side other;

    p = shake_hands();
    for (size_t at = 0; at < p->auth.len; at++) {
        p->auth.data[at] ^= (uint8_t)(1u << (at & 7));
        rlpx_handshake_init(&other.h, p->b.secret, NULL);
        ck_assert_int_eq(rlpx_auth_take(&other.h, bytes_of(&p->auth)), PN_EHANDSHAKE);
        p->auth.data[at] ^= (uint8_t)(1u << (at & 7));
    }
    for (size_t len = 0; len < p->ack.len; len++) {
        struct bytes cut = {.data = p->ack.data, .len = len};

        ck_assert_int_eq(rlpx_ack_take(&p->a.h, cut), PN_EHANDSHAKE);
    }
    pair_free(p);
}
END_TEST

START_TEST(a_packet_for_somebody_else_fails)
{
    struct side other;
    struct pair *p;

    p = shake_hands();
    side_new(&other);
    ck_assert_int_eq(rlpx_auth_take(&other.h, bytes_of(&p->auth)), PN_EHANDSHAKE);
    pair_free(p);
}
END_TEST

/* CVE-2026-26315: what is no point of the curve must not meet the node's key. */
START_TEST(points_off_the_curve_fail_like_every_other)
{
    uint8_t plain[64];
    struct side s;

    side_new(&s);
    for (int i = 0; i < 200; i++) {
        uint8_t sealed[ECIES_OVERHEAD + 40] = {4};

        if (i > 0)
            random_bytes(sealed + 1, i == 1 ? 32 : sizeof sealed - 1); /* x with y = 0; anything */
        ck_assert_int_eq(
            ecies_open(plain, s.secret, (struct bytes){sealed, sizeof sealed}, (struct bytes){0}),
            PN_EHANDSHAKE);
    }
}
END_TEST

/* A list that decrypts, but has a point of no curve, a signature of nobody, or too little in it. */
START_TEST(well_sealed_nonsense_fails_like_every_other)
{
    for (unsigned kind = 0; kind < 4; kind++) {
        static const size_t sizes[] = {0, 3, 162, 250};
        uint8_t plain[250], prefix[2];
        struct bytes shared = {.data = prefix, .len = 2};
        struct buf packet;
        struct side s;

        side_new(&s);
        buf_init(&packet, 4096);
        memset(plain, 0xff, sizeof plain);
        if (kind >= 2) { /* the lengths are right, the content is not */
            memcpy(plain, "\xf8\xa7\xb8\x41", 4);
            memcpy(plain + 4 + 65, "\xb8\x40", 2);
            plain[4 + 65 + 2 + 64] = 0xa0;
            plain[4 + 65 + 2 + 64 + 1 + 32 - 1] = 4;
        }
        store_be16(prefix, (uint16_t)(sizes[kind] + ECIES_OVERHEAD));
        buf_append(&packet, prefix, 2);
        ck_assert_int_eq(ecies_seal(&packet, s.pubkey, (struct bytes){plain, sizes[kind]}, shared),
                         0);
        ck_assert_int_eq(rlpx_auth_take(&s.h, bytes_of(&packet)), PN_EHANDSHAKE);
        ck_assert_int_eq(rlpx_ack_take(&s.h, bytes_of(&packet)), PN_EHANDSHAKE);
        buf_free(&packet);
    }
}
END_TEST

START_TEST(nobody_is_dialled_by_a_key_that_is_no_point)
{
    uint8_t pubkey[EC_PUBKEY_BYTES] = {1};
    struct buf packet;
    struct side s;

    side_new(&s);
    buf_init(&packet, 4096);
    ck_assert_int_eq(rlpx_auth_make(&packet, &s.h, pubkey), PN_EFORMAT);
    buf_free(&packet);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("rlpx_handshake");
    TCase *t = tcase_create("rlpx_handshake");

    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, the_auth_packets_of_eip_8_are_understood);
    tcase_add_test(t, the_ack_packets_of_eip_8_are_understood);
    tcase_add_test(t, the_secrets_of_eip_8_are_derived);
    tcase_add_test(t, both_sides_of_a_handshake_get_the_same_secrets);
    tcase_add_test(t, a_packet_with_any_bit_changed_fails_like_every_other);
    tcase_add_test(t, a_packet_for_somebody_else_fails);
    tcase_add_test(t, points_off_the_curve_fail_like_every_other);
    tcase_add_test(t, well_sealed_nonsense_fails_like_every_other);
    tcase_add_test(t, nobody_is_dialled_by_a_key_that_is_no_point);
    return harness_run(s);
}
