#include "network_double.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "harness.h"
#include "net/sock.h"

enum { JOURNAL_RECORDS = 256 };

struct network_double network;
static struct gate gate;
static struct journal *journal;

static int double_connect_start(int *fd, const struct net_addr *to)
{
    unsigned n = atomic_load(&network.dials);
    int fds[2];

    network.last_to = *to;
    if (atomic_load(&network.undecided)) {
        if (pipe(fds) < 0) /* the reading end is never writable */
            return PN_ESYS;
    } else if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) < 0) {
        return PN_ESYS;
    }
    network.last_far_end = fds[1];
    if (n < DIALS_MAX)
        atomic_store(&network.dial_times_us[n], clock_mono_us());
    atomic_fetch_add(&network.dials, 1);
    if (atomic_load(&network.refuse)) {
        close(fds[0]);
        close(fds[1]);
        return PN_EREFUSED;
    }
    *fd = fds[0];
    return 0; /* the other end stays open until the test's process ends */
}

static int double_connect_result(int fd)
{
    (void)fd;
    return 0;
}

static const struct sock_ops ops = {
    .connect_start = double_connect_start,
    .connect_result = double_connect_result,
};

struct gate *gate_for(const struct subnet_list *permitted)
{
    static const struct subnet_list nobody;
    gate_free(&gate);
    journal_free(journal);
    journal = journal_new(JOURNAL_RECORDS);
    ck_assert_ptr_nonnull(journal);
    ck_assert_int_eq(gate_init(&gate, permitted, &nobody, NULL, journal, 3600), 0);
    return &gate;
}

struct gate *gate_of_test(void)
{
    return &gate;
}

struct journal *dial_journal(void)
{
    return journal;
}

int network_double_far_end(void)
{
    return network.last_far_end;
}

struct dial_paths *direct_paths(void)
{
    static const struct proxy_config none;
    static struct dial_paths *paths;

    if (!paths)
        paths = dial_paths_new(&none, "");
    ck_assert_ptr_nonnull(paths);
    return paths;
}

void network_double_start(void)
{
    network = (struct network_double){0};
    clock_test_start(1700000000);
    sock_set_ops(&ops);
}

void network_double_stop(void)
{
    sock_set_ops(NULL);
    clock_test_stop();
}

int network_double_connected(void *arg, unsigned number, struct conn *c,
                             const struct net_addr *addr, enum conn_kind kind, uint64_t request_id,
                             struct chan *quit)
{
    (void)arg;
    (void)number;
    (void)kind;
    (void)quit;
    network.last_connected = *addr;
    atomic_store(&network.last_request_id, request_id);
    atomic_fetch_add(&network.connections, 1);
    conn_close(c);
    return 0;
}

void await_count(atomic_uint *counter, unsigned n)
{
    for (int i = 0; i < 10000 && atomic_load(counter) < n; i++)
        poll(NULL, 0, 1);
    ck_assert_uint_eq(atomic_load(counter), n);
}

void await_dials(unsigned n)
{
    for (int moved = 0; moved < 4000 && atomic_load(&network.dials) < n; moved++) {
        clock_test_advance_ms(500);
        poll(NULL, 0, 5);
    }
    ck_assert_uint_ge(atomic_load(&network.dials), n);
}
