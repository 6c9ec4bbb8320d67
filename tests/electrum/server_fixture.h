/* An Electrum server with its threads, over a chain in memory, and clients over socket pairs. */
#ifndef TESTS_ELECTRUM_SERVER_FIXTURE_H
#define TESTS_ELECTRUM_SERVER_FIXTURE_H

#include <cjson/cJSON.h>

#include "chain_double.h"
#include "dial/slots.h"
#include "electrum/electrum.h"
#include "server/server.h"
#include "thread/chan.h"

struct server_fixture {
    struct chain_double *chain;
    struct server *server;
    struct slots slots;
    struct electrum *electrum;
    struct electrum_config config;
    struct chan stopped;
};

/* The configuration that tests begin with; they change it before fixture_start. */
void fixture_init(struct server_fixture *f, uint32_t headers);
void fixture_start(struct server_fixture *f);
void fixture_stop(struct server_fixture *f);

/* A client's end of a connection, and what it has not yet handed out. */
struct client {
    int fd;
    char *data;
    size_t len, cap;
};

void client_connect(struct client *c, struct server_fixture *f);
void client_close(struct client *c);
void client_send(struct client *c, const char *text); /* a line feed is added */
void client_send_bytes(struct client *c, const char *data, size_t len);

/* The next line, without its end. Owns: the caller frees with free. Returns: NULL at the end. */
char *client_line(struct client *c);

/* Send, and compare the next line. */
void client_expect(struct client *c, const char *request, const char *answer);

/* The next line as a tree. Owns: the caller frees. */
cJSON *client_json(struct client *c);

/* Say server.version 1.4 (or another) and take the answer. */
void client_join(struct client *c, struct server_fixture *f, const char *version);

/* Nothing more comes but the end. */
void client_expect_end(struct client *c);

#endif
