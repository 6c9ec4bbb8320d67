/* What the address book costs: a million addresses added, draws from full tables, a save and a load
 * of full tables, the memory of each, and how long others wait for the lock meanwhile. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "addrbook/addrbook.h"
#include "addrbook/peers_file.h"
#include "base/clock.h"
#include "base/err.h"
#include "bench.h"
#include "log/log.h"

enum { ADDS = 1000000, BATCH = 1000, SELECTS = 2000000, RUNS = 5, PROBES_MAX = 4000000 };

static void give_up(const char *what, int err)
{
    fprintf(stderr, "bench_addrbook: %s: %s\n", what, pn_strerror(err));
    exit(EXIT_FAILURE);
}

static struct net_addr nth(uint32_t n)
{
    uint32_t mixed = n * UINT32_C(2654435761);

    return (struct net_addr){.kind = NET_IPV4,
                             .port = 8333,
                             .bytes = {(uint8_t)(20 + (mixed >> 24) % 80), (uint8_t)(mixed >> 16),
                                       (uint8_t)(mixed >> 8), (uint8_t)mixed}};
}

/* Add n addresses in messages of a thousand, each message from another group. */
static void add(struct addrbook *b, uint32_t first, uint32_t n)
{
    static struct addrbook_seen batch[BATCH];
    int64_t now_s = clock_wall_s();

    for (uint32_t at = first; at < first + n; at += BATCH) {
        struct net_addr source = nth(at);

        for (uint32_t i = 0; i < BATCH; i++)
            batch[i] = (struct addrbook_seen){
                .addr = nth(at + i), .services = 1033, .last_seen_s = now_s - i % 1000};
        addrbook_add(b, batch, BATCH, &source, ADDRBOOK_GOSSIP_PENALTY_S);
    }
}

/* Until there is hardly a place left in either table. */
static void fill(struct addrbook *b)
{
    struct addrbook_counts c;

    for (uint32_t first = 0; first < 40 * ADDS; first += ADDS / 5) {
        add(b, first, ADDS / 5);
        for (uint32_t i = first; i < first + ADDS / 5; i++) {
            struct net_addr a = nth(i);

            addrbook_good(b, &a);
        }
        addrbook_counts(b, &c);
        if (c.new_slots_used > 65000 && c.n_tried[0] > 16000)
            break;
    }
    add(b, UINT32_C(1) << 30, ADDS);
    addrbook_counts(b, &c);
    bench_value("addrbook_full_new", c.n_new[0], "addresses");
    bench_value("addrbook_full_tried", c.n_tried[0], "addresses");
}

/* A line of /proc/self/status in MiB. */
static double status_mib(const char *name)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    long kib = 0;

    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, name, strlen(name)) == 0)
            kib = strtol(line + strlen(name) + 1, NULL, 10);
    if (f)
        fclose(f);
    return (double)kib / 1024;
}

/* From now on VmHWM is the highest since now. */
static double reset_peak(void)
{
    FILE *f = fopen("/proc/self/clear_refs", "w");

    if (f) {
        fputs("5", f);
        fclose(f);
    }
    return status_mib("VmRSS");
}

static struct addrbook *new_book(void)
{
    struct addrbook *b = addrbook_new(NULL);

    if (!b)
        give_up("a book", PN_ENOMEM);
    return b;
}

static double add_seconds(void *arg)
{
    struct addrbook *b = new_book();
    double start = bench_now(), took;

    (void)arg;
    add(b, 0, ADDS);
    took = bench_now() - start;
    addrbook_free(b);
    return took;
}

static double selects_per_second(void *arg)
{
    struct addrbook_choice c;
    double start = bench_now();

    for (unsigned i = 0; i < SELECTS; i++)
        if (!addrbook_select(arg, &c, ADDRBOOK_ANY, ADDRBOOK_ALL_KINDS))
            give_up("a draw", PN_ENOENT);
    return SELECTS / (bench_now() - start);
}

static char path[] = "/tmp/p2pnode-bench-addrbook-XXXXXX";

static double save_seconds(void *arg)
{
    double start = bench_now();
    int rc = peers_file_save(arg, path);

    if (rc < 0)
        give_up("save", rc);
    return bench_now() - start;
}

static double load_seconds(void *arg)
{
    struct addrbook *b = new_book();
    double start = bench_now(), took;
    int rc = peers_file_load(b, path);

    took = bench_now() - start;
    if (rc < 0)
        give_up("load", rc);
    *(size_t *)arg = addrbook_size(b);
    addrbook_free(b);
    return took;
}

/* --- the lock --- */

struct prober {
    struct addrbook *book;
    atomic_bool stop;
    unsigned n;
    float ms[PROBES_MAX];
};

/* Ask something trivial again and again: how long it takes is how long one waits for the lock, or
 * for a processor. */
static void *probe(void *arg)
{
    struct prober *p = arg;

    while (!atomic_load(&p->stop) && p->n < PROBES_MAX) {
        double start = bench_now();

        addrbook_size(p->book);
        p->ms[p->n++] = (float)(1000 * (bench_now() - start));
    }
    return NULL;
}

static int by_ms(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

static void measure_lock(struct addrbook *b)
{
    static struct prober p;
    pthread_t thread;

    p.book = b;
    if (pthread_create(&thread, NULL, probe, &p) != 0)
        give_up("a thread", PN_EAGAIN);
    for (int i = 0; i < RUNS; i++)
        save_seconds(b);
    atomic_store(&p.stop, true);
    pthread_join(thread, NULL);
    qsort(p.ms, p.n, sizeof p.ms[0], by_ms);
    bench_value("addrbook_wait_during_save_p9999", (double)p.ms[p.n - 1 - p.n / 10000], "ms");
    bench_value("addrbook_wait_during_save_max", (double)p.ms[p.n - 1], "ms");
}

/* The call that holds the lock longest: a sample from a full book in which nothing is worth
 * telling. In time of the processor, since others want it too. */
static double longest_hold_ms(void *arg)
{
    static struct addrbook_seen out[ADDRBOOK_GETADDR_MAX];
    struct timespec start, end;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
    addrbook_sample(arg, out, ADDRBOOK_GETADDR_MAX, ADDRBOOK_KIND_BIT(NET_I2P));
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    return (double)(end.tv_sec - start.tv_sec) * 1e3 + (double)(end.tv_nsec - start.tv_nsec) * 1e-6;
}

void bench_addrbook(void)
{
    int fd = mkstemp(path);
    struct addrbook *b;
    double resting;
    size_t loaded = 0;

    if (fd < 0)
        give_up("a file", PN_ESYS);
    close(fd);
    log_set_level(LOG_LEVEL_WARN);
    resting = reset_peak();
    bench_value("addrbook_add_1000000", bench_median(RUNS, add_seconds, NULL), "s");
    bench_value("addrbook_add_memory", status_mib("VmHWM") - resting, "MiB");
    b = new_book();
    clock_test_start(clock_wall_s() - 60 * 60);
    fill(b);
    clock_test_stop();
    bench_rate("addrbook_select", bench_median(RUNS, selects_per_second, b), "draws");
    resting = reset_peak();
    bench_value("addrbook_save", bench_median(RUNS, save_seconds, b), "s");
    bench_value("addrbook_save_memory", status_mib("VmHWM") - resting, "MiB");
    measure_lock(b);
    bench_value("addrbook_longest_hold", bench_median(RUNS, longest_hold_ms, b), "ms");
    addrbook_free(b);
    resting = reset_peak();
    bench_value("addrbook_load", bench_median(RUNS, load_seconds, &loaded), "s");
    bench_value("addrbook_load_memory", status_mib("VmHWM") - resting, "MiB, book included");
    bench_value("addrbook_loaded", (double)loaded, "addresses");
    unlink(path);
}
