#include "ethereum/dnsdisc/entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "codec/base32.h"
#include "codec/base64url.h"
#include "crypto/keccak.h"

enum { KEY_CHARS = BASE32_CHARS(EC_COMPRESSED_BYTES) };

static const char link_prefix[] = "enrtree://";
static const char branch_prefix[] = "enrtree-branch:";
static const char root_prefix[] = "enrtree-root:v1 ";

/* Returns: what follows the prefix; NULL when it is not there. */
static const char *after(const char *text, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

bool dnsdisc_hash_parse(struct dnsdisc_hash *out, const char *text, size_t len)
{
    uint8_t raw[KECCAK256_BYTES];
    size_t bytes = len * 5 / 8;

    if (bytes < DNSDISC_HASH_MIN_BYTES || bytes > KECCAK256_BYTES || BASE32_CHARS(bytes) != len)
        return false;
    memcpy(out->text, text, len);
    out->text[len] = '\0';
    return base32_decode(raw, bytes, out->text) == 0;
}

bool dnsdisc_hash_matches(const struct dnsdisc_hash *hash, const char *text)
{
    uint8_t want[KECCAK256_BYTES], have[KECCAK256_BYTES];
    size_t bytes = strlen(hash->text) * 5 / 8;

    keccak256(have, text, strlen(text));
    return bytes <= sizeof want && base32_decode(want, bytes, hash->text) == 0 &&
           memcmp(want, have, bytes) == 0;
}

/* Names that DNS can hold; what else stands there is not asked for. */
static bool is_domain(const char *text)
{
    size_t len = strlen(text);

    return len > 0 && len < DNSDISC_DOMAIN_BYTES &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == len;
}

int dnsdisc_link_parse(struct dnsdisc_link *out, const char *text)
{
    uint8_t key[EC_COMPRESSED_BYTES];
    const char *at;

    text = after(text, link_prefix);
    at = text ? strchr(text, '@') : NULL;
    if (!at || at - text != KEY_CHARS || base32_decode(key, sizeof key, text) < 0 ||
        ec_decompress(out->pubkey, key) < 0 || !is_domain(at + 1))
        return PN_EFORMAT;
    snprintf(out->domain, sizeof out->domain, "%s", at + 1);
    return 0;
}

/* The value of "name=" up to the next blank or the end. Returns: behind it; NULL when it is not
 * there. */
static const char *read_field(const char **value, size_t *len, const char *text, const char *name)
{
    text = text ? after(text, name) : NULL;
    if (!text)
        return NULL;
    *value = text;
    *len = strcspn(text, " ");
    return text + *len + (text[*len] == ' ');
}

static int read_seq(uint64_t *out, const char *text, size_t len)
{
    *out = 0;
    if (len == 0 || len > 19) /* no 64-bit number overflows with so many digits */
        return PN_EFORMAT;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return PN_EFORMAT;
        *out = 10 * *out + (uint64_t)(text[i] - '0');
    }
    return 0;
}

int dnsdisc_root_parse(struct dnsdisc_root *out, const char *text,
                       const uint8_t pubkey[EC_PUBKEY_BYTES])
{
    const char *nodes, *links, *seq, *sig_text, *at;
    size_t nodes_len, links_len, seq_len, sig_len, signed_len;
    uint8_t sig[EC_RECOVERABLE_BYTES], hash[KECCAK256_BYTES];

    at = read_field(&nodes, &nodes_len, after(text, root_prefix), "e=");
    at = read_field(&links, &links_len, at, "l=");
    at = read_field(&seq, &seq_len, at, "seq=");
    at = read_field(&sig_text, &sig_len, at, "sig=");
    if (!at || *at != '\0' || !dnsdisc_hash_parse(&out->nodes, nodes, nodes_len) ||
        !dnsdisc_hash_parse(&out->links, links, links_len) || read_seq(&out->seq, seq, seq_len) < 0)
        return PN_EFORMAT;
    signed_len = (size_t)(seq + seq_len - text);
    if (base64url_decode(sig, &sig_len, sizeof sig, sig_text, sig_len) < 0 || sig_len != sizeof sig)
        return PN_ESIGNATURE;
    keccak256(hash, text, signed_len);
    return ec_verify(sig, pubkey, hash);
}

static int parse_branch(struct dnsdisc_entry *out, const char *text)
{
    out->kind = DNSDISC_BRANCH;
    out->n_children = 0;
    while (*text != '\0') {
        size_t len = strcspn(text, ",");

        if (out->n_children == DNSDISC_MAX_CHILDREN)
            return PN_ECOUNT;
        if (!dnsdisc_hash_parse(&out->children[out->n_children], text, len))
            return PN_EFORMAT;
        out->n_children++;
        text += len;
        if (*text == ',' && *++text == '\0')
            return PN_EFORMAT;
    }
    return 0;
}

int dnsdisc_entry_parse(struct dnsdisc_entry *out, const char *text)
{
    const char *rest = after(text, branch_prefix);

    if (rest)
        return parse_branch(out, rest);
    if (after(text, link_prefix)) {
        out->kind = DNSDISC_LINK;
        return dnsdisc_link_parse(&out->link, text);
    }
    out->kind = DNSDISC_NODE;
    return enr_parse(&out->node, text);
}
