/* Makes a node list for DNS (EIP-1459), for the tests with a real name server:
 *
 *     dns_tree DOMAIN ENTRIES RECORD...
 *
 * The records, "enr:...", and made-up ones of nobody stand in one branch of so many entries. Prints
 * the list's URL, then a line an entry: its name, a space, its text. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/base32.h"
#include "codec/base64url.h"
#include "ethereum/enr/record.h"

/* In a branch: 15 characters and 27 for each child. */
enum { HASH_BYTES = 16, ENTRIES_MAX = 20, TEXT_BYTES = 1024 };

static const char *domain;

static void fail(const char *what)
{
    fprintf(stderr, "dns_tree: %s\n", what);
    exit(2);
}

static void print_upper(char *out, const uint8_t *data, size_t len)
{
    base32_encode(out, data, len);
    for (; *out; out++)
        *out = (char)toupper((unsigned char)*out);
}

/* Print an entry. Its name below the domain is written to `name`. */
static void put(char name[BASE32_CHARS(HASH_BYTES) + 1], const char *text)
{
    uint8_t hash[KECCAK256_BYTES];

    keccak256(hash, text, strlen(text));
    print_upper(name, hash, HASH_BYTES);
    printf("%s.%s %s\n", name, domain, text);
}

/* A node where nobody is. */
static const char *make_up(char text[ENR_TEXT_BYTES])
{
    const struct eth_endpoint at[ETH_FAMILIES] = {
        {{.kind = NET_IPV4, .port = 9, .bytes = {127, 0, 0, 1}}, 9}};
    uint8_t secret[EC_SECRET_BYTES];
    struct enr record;

    ec_secret_generate(secret);
    if (enr_sign(&record, secret, 1, at, NULL) < 0)
        fail("cannot sign a record");
    return enr_format(text, &record);
}

static void put_root(const char *nodes, const char *links, const uint8_t secret[EC_SECRET_BYTES])
{
    char text[TEXT_BYTES], sig_text[BASE64URL_LEN(EC_RECOVERABLE_BYTES) + 1];
    uint8_t hash[KECCAK256_BYTES], sig[EC_RECOVERABLE_BYTES];

    snprintf(text, sizeof text, "enrtree-root:v1 e=%s l=%s seq=1", nodes, links);
    keccak256(hash, text, strlen(text));
    if (ec_sign(sig, secret, hash) < 0)
        fail("cannot sign the root");
    base64url_encode(sig_text, sig, sizeof sig);
    printf("%s %s sig=%s\n", domain, text, sig_text);
}

static void put_url(const uint8_t secret[EC_SECRET_BYTES])
{
    uint8_t pubkey[EC_PUBKEY_BYTES], key[EC_COMPRESSED_BYTES];
    char text[BASE32_CHARS(EC_COMPRESSED_BYTES) + 1];

    if (ec_pubkey(pubkey, secret) < 0 || ec_compress(key, pubkey) < 0)
        fail("no key");
    print_upper(text, key, sizeof key);
    printf("enrtree://%s@%s\n", text, domain);
}

int main(int argc, char **argv)
{
    char branch[TEXT_BYTES] = "enrtree-branch:", record[ENR_TEXT_BYTES];
    char name[BASE32_CHARS(HASH_BYTES) + 1], links[sizeof name];
    long entries = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
    uint8_t secret[EC_SECRET_BYTES];

    if (argc < 3 || entries < argc - 3 || entries > ENTRIES_MAX)
        fail("usage: dns_tree DOMAIN ENTRIES RECORD...");
    domain = argv[1];
    ec_secret_generate(secret);
    put_url(secret);
    put(links, branch);
    for (long i = 0; i < entries; i++) {
        size_t len = strlen(branch);

        put(name, 3 + i < argc ? argv[3 + i] : make_up(record));
        snprintf(branch + len, sizeof branch - len, "%s%s", i > 0 ? "," : "", name);
    }
    put(name, branch);
    put_root(name, links, secret);
    return 0;
}
