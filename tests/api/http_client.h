/* An HTTP client for tests of the interface: it turns the server's loop while it waits. */
#ifndef TESTS_API_HTTP_CLIENT_H
#define TESTS_API_HTTP_CLIENT_H

#include <stddef.h>

#include "net/addr.h"
#include "net/loop.h"

#define HTTP_PATIENCE_MS 20000

/* A port on loopback that is free. */
void http_free_port(struct net_addr *at);

/* Returns: a connected socket. */
int http_connect(const struct net_addr *at);

/* Send a request of which `line` is "GET /path"; `headers` each end with \r\n. */
void http_say(int fd, const char *line, const char *headers, const char *body);

/* Turn the loop until the server closes. Owns: closes fd. Returns: the whole answer, in `answer`.
 */
const char *http_hear(char *answer, size_t size, struct loop *loop, int fd);

/* Turn the loop once, and give others a millisecond. */
void http_turn(struct loop *loop);

/* The answer has that part. */
void http_expect(const char *answer, const char *part);

#endif
