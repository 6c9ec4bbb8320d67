/* Building, running and taking down.
 *
 * Start: data directory -> loop -> Bitcoin and server -> listeners and API (so that a taken address
 * is known before anyone is dialled) -> manager, server, dialer threads -> signals -> dispatch.
 *
 * Stop, on the loop thread: listeners close, the dialer and the server are told; the server ends
 * when its last peer is gone and stops the loop; then the main thread joins dialer, server and
 * manager, in that order, because each may still wait for the next, and frees everything. */
#include "app/node.h"

#include <event2/event.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/exit_status.h"
#include "app/log_metrics.h"
#include "app/node_api.h"
#include "app/node_discovery.h"
#include "app/node_electrum.h"
#include "app/node_eth.h"
#include "app/node_ethereum.h"
#include "app/node_gate.h"
#include "app/node_health.h"
#include "app/node_i2p.h"
#include "app/node_nat.h"
#include "app/node_setup.h"
#include "app/node_zmq.h"
#include "app/reload.h"
#include "app/service.h"
#include "app/signals.h"
#include "app/state_dump.h"
#include "app/thread_health.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "config.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "rpc/json.h"

enum { STOP_SECONDS = 10, MMAP_FROM_BYTES = 128 * 1024 };

/* --- stopping --- */

static void on_overdue(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    (void)arg;
    log_error("app", "not stopped within %d s: leaving without the rest", STOP_SECONDS);
    _exit(STATUS_FAILURE);
}

static void on_server_stopped(void *arg)
{
    struct node *n = arg;

    loop_stop(n->loop);
}

static void begin_stop(struct node *n)
{
    const struct timeval limit = {.tv_sec = STOP_SECONDS};

    n->stopping = true;
    service_stopping();
    event_add(n->overdue, &limit);
    node_close_listeners(n);
    node_i2p_stop(n);
    dialer_stop(n->dialer);
    server_stop(n->server);
}

static void on_signal(void *arg, int number)
{
    struct node *n = arg;

    switch (number) {
    case SIGHUP:
        service_reloading();
        node_reload(n);
        service_ready();
        break;
    case SIGUSR1:
        state_dump();
        break;
    default:
        if (n->stopping)
            _exit(128 + number);
        log_info("app", "stopping on signal %d", number);
        begin_stop(n);
        break;
    }
}

/* --- running --- */

static int start_threads(struct node *n)
{
    int rc = bitcoin_start(n->bitcoin);

    n->bitcoin_started = rc == 0;
    if (rc == 0)
        rc = server_start(n->server, on_server_stopped, n);
    n->server_started = rc == 0;
    if (rc == 0)
        rc = node_electrum_start(n);
    if (rc == 0)
        rc = dialer_start(n->dialer);
    if (rc == 0)
        rc = node_discovery_start(n);
    if (rc < 0)
        log_error("app", "cannot start a thread: %s", pn_strerror(rc));
    return rc;
}

static void on_housekeeping(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    node_gate_save(arg);
}

static void say_status(void *arg, char out[SERVICE_STATUS_BYTES])
{
    const struct node *n = arg;

    snprintf(out, SERVICE_STATUS_BYTES, "height %" PRIu32 ", %u peers", bitcoin_height(n->bitcoin),
             bitcoin_peers(n->bitcoin));
}

static int begin_service(struct node *n)
{
    const struct service_config config = {.alive = thread_health, .status = say_status, .arg = n};

    n->service = service_new(loop_base(n->loop), &config);
    return n->service ? STATUS_CLEAN : STATUS_FAILURE;
}

static int start(struct node *n)
{
    const struct timeval minute = {.tv_sec = 60};
    int status = node_build(n);
    int rc;

    if (status != STATUS_CLEAN)
        return status;
    n->overdue = evtimer_new(loop_base(n->loop), on_overdue, n);
    n->housekeeping = event_new(loop_base(n->loop), -1, EV_PERSIST, on_housekeeping, n);
    n->signals = signals_new(loop_base(n->loop), on_signal, n);
    if (!n->overdue || !n->signals || !n->housekeeping || event_add(n->housekeeping, &minute) < 0)
        return STATUS_FAILURE;
    if (node_open_listeners(n) < 0 || node_electrum_listen(n) < 0 || node_zmq_open(n) < 0)
        return STATUS_BIND;
    rc = node_ethereum_start(n);
    if (rc < 0)
        return rc == PN_EBUSY ? STATUS_BIND : STATUS_FAILURE;
    if (node_api_start(n) < 0)
        return STATUS_BIND;
    if (start_threads(n) < 0 || node_nat_start(n) < 0 || node_i2p_start(n) < 0)
        return STATUS_FAILURE;
    if (node_health_begin(n) < 0)
        return STATUS_FAILURE;
    return begin_service(n);
}

/* Whatever has been started and made, in the reverse order. */
static void take_down(struct node *n)
{
    node_close_listeners(n);
    node_i2p_stop(n);
    if (n->dialer)
        dialer_stop(n->dialer);
    if (n->server)
        server_stop(n->server);
    if (n->dialer)
        dialer_join(n->dialer);
    if (n->server_started)
        server_join(n->server);
    if (n->bitcoin_started)
        bitcoin_stop(n->bitcoin);
    node_eth_stop(n);
    node_electrum_stop(n);
    node_nat_stop(n);
    node_discovery_stop(n);
    node_api_stop(n); /* its calls reach all that follows */
    node_zmq_close(n);
    node_ethereum_stop(n);
    node_health_end(n);
    service_free(n->service);
    signals_free(n->signals);
    if (n->overdue)
        event_free(n->overdue);
    if (n->housekeeping)
        event_free(n->housekeeping);
    node_free_parts(n);
}

/* Descriptors for every peer, and few memory arenas: with five threads a peer the default of one
 * arena a thread would cost address space and page tables for nothing. */
static void set_process_limits(void)
{
    struct rlimit files;

    mallopt(M_ARENA_MAX, 2);
    /* Batches of headers and blocks come and go: what is as large as they goes back to the system.
     * Without this glibc raises the threshold above the first one that is freed. */
    mallopt(M_MMAP_THRESHOLD, MMAP_FROM_BYTES);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

static int run(struct node *n)
{
    int status = start(n);

    if (status == STATUS_CLEAN)
        loop_run(n->loop);
    take_down(n);
    return status;
}

int node_run(struct options *options, const struct node_arguments *arguments)
{
    struct node *n = mem_zalloc(sizeof *n);
    int status = STATUS_FAILURE;

    set_process_limits();
    json_init();
    metrics_register_process(PACKAGE_VERSION);
    reload_init_metrics();
    log_metrics_register();
    log_info("app", "p2pnode %s, bitcoin %s, data in %s", PACKAGE_VERSION, options->bitcoin,
             options->datadir);
    if (n) {
        n->options = options;
        n->arguments = arguments;
        n->datadir.lock_fd = -1;
        n->started_us = clock_mono_us();
        status = run(n);
        mem_free(n);
    }
    log_info("app", "stopped, status %d", status);
    metrics_reset();
    return status;
}
