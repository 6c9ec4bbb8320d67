/* Node lists in DNS, EIP-1459: the texts of a tree. The root is signed by the list's key; every
 * other entry is found under the hash of its text, so that the signature covers it too. Pure; no
 * I/O. */
#ifndef ETHEREUM_DNSDISC_ENTRY_H
#define ETHEREUM_DNSDISC_ENTRY_H

#include "ethereum/enr/record.h"

#define DNSDISC_HASH_MIN_BYTES 12 /* of an abbreviated hash */
#define DNSDISC_HASH_CHARS     52 /* of a whole one, at most */
#define DNSDISC_MAX_CHILDREN   20 /* go-ethereum writes at most 13, which is what fits a packet */
#define DNSDISC_DOMAIN_BYTES   254
#define DNSDISC_TEXT_BYTES     1024

struct dnsdisc_hash {
    char text[DNSDISC_HASH_CHARS + 1]; /* base 32, as it stands in the tree */
};

/* "enrtree://KEY@DOMAIN": where a tree is, and who signs it. */
struct dnsdisc_link {
    uint8_t pubkey[EC_PUBKEY_BYTES];
    char domain[DNSDISC_DOMAIN_BYTES];
};

struct dnsdisc_root {
    struct dnsdisc_hash nodes, links; /* the roots of the two subtrees */
    uint64_t seq;
};

enum dnsdisc_kind { DNSDISC_BRANCH, DNSDISC_LINK, DNSDISC_NODE };

struct dnsdisc_entry {
    enum dnsdisc_kind kind;
    unsigned n_children;
    struct dnsdisc_hash children[DNSDISC_MAX_CHILDREN];
    struct dnsdisc_link link;
    struct enr node;
};

/* Thread: any, all of these. Returns: 0 or PN_EFORMAT. */
int dnsdisc_link_parse(struct dnsdisc_link *out, const char *text);

/* Returns: 0; PN_EFORMAT; PN_ESIGNATURE. */
int dnsdisc_root_parse(struct dnsdisc_root *out, const char *text,
                       const uint8_t pubkey[EC_PUBKEY_BYTES]);

/* A branch, link or node. Returns: 0; PN_EFORMAT; PN_ECOUNT; what enr_parse returns. */
int dnsdisc_entry_parse(struct dnsdisc_entry *out, const char *text);

/* Whether this text belongs under this hash. */
bool dnsdisc_hash_matches(const struct dnsdisc_hash *hash, const char *text);

/* Whether a text is an abbreviated hash: base 32 of 12 to 32 bytes. */
bool dnsdisc_hash_parse(struct dnsdisc_hash *out, const char *text, size_t len);

#endif
