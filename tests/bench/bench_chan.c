/* What it costs to hand one element from one thread to another. */
#include <stdint.h>
#include <stdlib.h>

#include "bench.h"
#include "thread/chan.h"
#include "thread/thread.h"

enum { RUNS = 5, HOPS = 1000000, HOPS_UNBUFFERED = 100000 };

struct hop {
    struct chan chan;
    const struct chan_class *cls;
    unsigned n;
};

static struct chan_class hop_1 = {
    .name = "bench_1", .elem_size = sizeof(uint64_t), .capacity = 1, .block_roles = ROLE_ANY};
static struct chan_class hop_64 = {
    .name = "bench_64", .elem_size = sizeof(uint64_t), .capacity = 64, .block_roles = ROLE_ANY};
static struct chan_class hop_1024 = {
    .name = "bench_1024", .elem_size = sizeof(uint64_t), .capacity = 1024, .block_roles = ROLE_ANY};

static void send_all(void *arg)
{
    struct hop *hop = arg;

    for (uint64_t i = 0; i < hop->n; i++)
        if (chan_send(&hop->chan, &i, CLOCK_NEVER) < 0)
            abort();
}

static void receive_all(void *arg)
{
    struct hop *hop = arg;
    uint64_t v;

    for (uint64_t i = 0; i < hop->n; i++)
        if (chan_recv(&hop->chan, &v, CLOCK_NEVER) < 0 || v != i)
            abort();
}

/* Returns: seconds an element, from starting both threads to joining them. */
static double measure(void *arg)
{
    struct hop *hop = arg;
    struct thread sender, receiver;
    double start;

    if (chan_init(&hop->chan, hop->cls) < 0)
        abort();
    start = bench_now();
    if (thread_start(&receiver, "bench_recv", ROLE_TEST, receive_all, hop) < 0 ||
        thread_start(&sender, "bench_send", ROLE_TEST, send_all, hop) < 0)
        abort();
    thread_join(&sender);
    thread_join(&receiver);
    start = bench_now() - start;
    chan_destroy(&hop->chan, NULL);
    return start / hop->n;
}

static void report(const char *name, const char *rate_name, struct chan_class *cls, unsigned n)
{
    struct hop hop = {.cls = cls, .n = n};
    double seconds;

    if (chan_class_register(cls) < 0)
        abort();
    seconds = bench_median(RUNS, measure, &hop);
    bench_value(name, seconds * 1e9, "ns");
    bench_rate(rate_name, 1 / seconds, "items");
}

void bench_chan(void)
{
    report("chan_hop_1", "chan_rate_1", &hop_1, HOPS_UNBUFFERED);
    report("chan_hop_64", "chan_rate_64", &hop_64, HOPS);
    report("chan_hop_1024", "chan_rate_1024", &hop_1024, HOPS);
}
