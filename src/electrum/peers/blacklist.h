/* Servers that are never contacted: a JSON array of texts, each a host, "*.name.tld", or an IP
 * address, as electrum.org publishes it. The wildcard covers the last two labels, as in ElectrumX.
 */
#ifndef ELECTRUM_PEERS_BLACKLIST_H
#define ELECTRUM_PEERS_BLACKLIST_H

#include <stdbool.h>
#include <stddef.h>

#define BLACKLIST_MAX_ENTRIES 10000
#define BLACKLIST_MAX_BYTES   (1 << 20)

struct blacklist {
    char **entries; /* lower case, sorted */
    size_t n;
};

/* Replace the list by a text. Thread: the owner's. Returns: 0; PN_EFORMAT, PN_ELIMIT, PN_ENOMEM,
 * and then the old list stays. */
int blacklist_load(struct blacklist *b, const char *json, size_t len);
void blacklist_free(struct blacklist *b);

/* Whether it names the host, or the address (text without a port, or NULL). */
bool blacklist_has(const struct blacklist *b, const char *host, const char *address);

#endif
