/* A node as a process of its own, and connections to it. What goes wrong ends the bench. */
#ifndef TESTS_BENCH_BENCH_PROCESS_H
#define TESTS_BENCH_BENCH_PROCESS_H

#include <sys/types.h>

#include "bitcoin/wire/frame.h"
#include "net/addr.h"

struct node {
    pid_t pid;
    struct net_addr addr, api;
    unsigned max_peers;
    char dir[64];
};

/* Say what failed and why, and end. */
void bench_die(const char *what) __attribute__((noreturn));

/* On loopback; nobody listens there now. */
struct net_addr node_free_port(void);

/* The program of $P2PNODE on regtest; `more` are further arguments, NULL after the last. */
void node_start(struct node *n, unsigned max_peers, const char *const *more);
void node_stop(struct node *n);

/* End it, keeping its data, and start it with them again. */
void node_end(struct node *n);
void node_start_again(struct node *n, const char *const *more);

/* The value of a metric that has the label chain. Returns: -1 while it is not to be had. */
double node_metric(const struct node *n, const char *name);

/* Its resident memory. */
long node_resident_kib(const struct node *n);

/* Send a whole message. */
void node_send(int fd, const uint8_t *magic, const struct btc_msg *m);

/* A connection that has shaken hands, up to the node's first ping, which shows that its five
 * threads run. With `relay` it wants transactions, by wtxid. Returns: the socket. */
int node_join(const struct node *n, const uint8_t *magic, bool relay);

#endif
