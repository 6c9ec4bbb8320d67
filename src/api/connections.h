/* A bound on the HTTP connections that are open at once: above it nobody is accepted until one has
 * gone, so that bodies under way have a bound too. */
#ifndef API_CONNECTIONS_H
#define API_CONNECTIONS_H

struct connections;
struct event_base;
struct evhttp;
struct evhttp_bound_socket;

/* Count the connections of `http`, which come from `socket`, at most `max` of them. Thread: loop,
 * or before it runs. Owns: the caller frees after evhttp_free. Returns: NULL when there is no
 * memory. */
struct connections *connections_new(struct evhttp *http, struct evhttp_bound_socket *socket,
                                    struct event_base *base, unsigned max);

/* How many are open. Thread: loop. */
unsigned connections_count(struct connections *c);

/* Accepts NULL. */
void connections_free(struct connections *c);

#endif
