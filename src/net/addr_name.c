/* An onion service of version 3 is named by base32 of its key, two bytes of checksum and the
 * version (rend-spec-v3, section 6); an I2P destination by base32 of its SHA-256, without padding.
 */
#include "net/addr_name.h"

#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "codec/base32.h"
#include "crypto/sha3.h"

enum { KEY_BYTES = 32, CHECKSUM_BYTES = 2, ONION_VERSION = 3 };
enum { ONION_BYTES = KEY_BYTES + CHECKSUM_BYTES + 1 };

static const char onion_suffix[] = ".onion";
static const char i2p_suffix[] = ".b32.i2p";

static int onion_checksum(uint8_t out[CHECKSUM_BYTES], const uint8_t key[KEY_BYTES])
{
    static const char prefix[] = ".onion checksum";
    uint8_t text[sizeof prefix - 1 + KEY_BYTES + 1], hash[SHA3_256_BYTES];
    int rc;

    memcpy(text, prefix, sizeof prefix - 1);
    memcpy(text + sizeof prefix - 1, key, KEY_BYTES);
    text[sizeof text - 1] = ONION_VERSION;
    rc = sha3_256(hash, text, sizeof text);
    memcpy(out, hash, CHECKSUM_BYTES);
    return rc;
}

static int parse_onion(struct net_addr *out, const char *host)
{
    uint8_t raw[ONION_BYTES], checksum[CHECKSUM_BYTES];
    int rc = base32_decode(raw, sizeof raw, host);

    if (rc == 0)
        rc = onion_checksum(checksum, raw);
    if (rc < 0)
        return rc;
    if (memcmp(raw + KEY_BYTES, checksum, CHECKSUM_BYTES) != 0 ||
        raw[ONION_BYTES - 1] != ONION_VERSION)
        return PN_EFORMAT;
    out->kind = NET_TORV3;
    memcpy(out->bytes, raw, KEY_BYTES);
    return 0;
}

static int parse_i2p(struct net_addr *out, const char *host)
{
    int rc = base32_decode(out->bytes, KEY_BYTES, host);

    if (rc == 0)
        out->kind = NET_I2P;
    return rc;
}

int addr_name_parse(struct net_addr *out, const char *host)
{
    size_t len = strlen(host);

    if (len == BASE32_CHARS(ONION_BYTES) + sizeof onion_suffix - 1 &&
        strcasecmp(host + BASE32_CHARS(ONION_BYTES), onion_suffix) == 0)
        return parse_onion(out, host);
    if (len == BASE32_CHARS(KEY_BYTES) + sizeof i2p_suffix - 1 &&
        strcasecmp(host + BASE32_CHARS(KEY_BYTES), i2p_suffix) == 0)
        return parse_i2p(out, host);
    return PN_EFORMAT;
}

int addr_name_format(char out[ADDR_NAME_BYTES], const struct net_addr *a)
{
    uint8_t raw[ONION_BYTES];
    int rc;

    if (a->kind == NET_I2P) {
        base32_encode(out, a->bytes, KEY_BYTES);
        memcpy(out + BASE32_CHARS(KEY_BYTES), i2p_suffix, sizeof i2p_suffix);
        return 0;
    }
    memcpy(raw, a->bytes, KEY_BYTES);
    rc = onion_checksum(raw + KEY_BYTES, a->bytes);
    raw[ONION_BYTES - 1] = ONION_VERSION;
    base32_encode(out, raw, sizeof raw);
    memcpy(out + BASE32_CHARS(ONION_BYTES), onion_suffix, sizeof onion_suffix);
    if (rc < 0)
        out[0] = '\0';
    return rc;
}
