/* Servers that are known without having met them. */
#ifndef ELECTRUM_PEERS_BUILTIN_H
#define ELECTRUM_PEERS_BUILTIN_H

#include <stddef.h>
#include <stdint.h>

struct builtin_server {
    const char *host;
    uint16_t tcp_port, ssl_port;
};

/* Those of a Bitcoin network. Returns: NULL and *n == 0 for one that has none. */
const struct builtin_server *builtin_servers(size_t *n, const char *network);

#endif
