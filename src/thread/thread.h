/* Threads with a name and a role. The role says who this is in the waits-for graph of
 * doc/architecture.md; channels check it where a thread is about to block. */
#ifndef THREAD_THREAD_H
#define THREAD_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* X(identifier, "name"). Names are metric labels. */
#define THREAD_ROLE_LIST(X)          \
    X(ROLE_LOOP, "loop")             \
    X(ROLE_SERVER, "server")         \
    X(ROLE_DIALER, "dialer")         \
    X(ROLE_DISCOVERY, "discovery")   \
    X(ROLE_DUMP, "dump")             \
    X(ROLE_MANAGER, "manager")       \
    X(ROLE_TX_RELAY, "tx_relay")     \
    X(ROLE_RPC, "rpc")               \
    X(ROLE_PEER_IN, "peer_in")       \
    X(ROLE_PEER_QUEUE, "peer_queue") \
    X(ROLE_PEER_OUT, "peer_out")     \
    X(ROLE_PEER_STALL, "peer_stall") \
    X(ROLE_PEER_PING, "peer_ping")   \
    X(ROLE_STORE, "store")           \
    X(ROLE_FILTERS, "filters")       \
    X(ROLE_NAT, "nat")               \
    X(ROLE_WEB, "web")               \
    X(ROLE_PUBLISHER, "publisher")   \
    X(ROLE_TEST, "test")

enum thread_role {
#define THREAD_ROLE_ENUM_(id, name) id,
    THREAD_ROLE_LIST(THREAD_ROLE_ENUM_)
#undef THREAD_ROLE_ENUM_
        ROLE_COUNT
};

#define ROLE_BIT(role) (UINT32_C(1) << (role))
#define ROLE_ANY       UINT32_MAX

struct thread {
    pthread_t id;
    enum thread_role role;
    bool started;
    char name[16];
    void (*run)(void *arg);
    void *arg;
};

/* Run run(arg) on a new thread with a stack of 128 KiB (more under a sanitizer) and all signals
 * blocked but those that a fault of the thread itself raises. The name is cut to 15 bytes; where
 * the role is one of the program's own threads it is watched under that name (thread/pulse.h). The
 * struct belongs to the caller and lives until thread_join.
 * Thread: any. Returns: 0, PN_EAGAIN (no room for another thread), PN_ENOMEM. */
int thread_start(struct thread *t, const char *name, enum thread_role role, void (*run)(void *),
                 void *arg);

/* Wait for the thread to return; nothing for one that was never started.
 * Thread: any but the thread itself. */
void thread_join(struct thread *t);

/* The calling thread's role; ROLE_LOOP on the main thread until thread_set_role is called. */
enum thread_role thread_role(void);
void thread_set_role(enum thread_role role);

/* Static text for a metric label or the log. */
const char *thread_role_name(enum thread_role role);

/* How many threads started for a role run now; also the gauge p2pnode_threads{role}. One whose run
 * has returned is not counted, at the latest from thread_join on. Thread: any. */
unsigned thread_count(enum thread_role role);

/* Test seam: the n-th thread_start from now on fails with PN_EAGAIN; 0 switches it off. */
void thread_fail_at(unsigned long n);

#endif
