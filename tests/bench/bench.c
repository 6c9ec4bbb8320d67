#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/sha256.h"

enum { CALIBRATION_HASHES = 1000000, RUNS = 5 };

double bench_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double bench_median(int runs, double (*fn)(void *arg), void *arg)
{
    double values[64];

    if (runs > 64)
        runs = 64;
    for (int i = 0; i < runs; i++)
        values[i] = fn(arg);
    qsort(values, (size_t)runs, sizeof values[0], by_value);
    return values[runs / 2];
}

static double hash_headers(void *arg)
{
    unsigned char header[80] = {1}, hash[SHA256_BYTES];
    double start = bench_now();

    (void)arg;
    for (int i = 0; i < CALIBRATION_HASHES; i++) {
        sha256d(hash, header, sizeof header);
        memcpy(header, hash, sizeof hash); /* so that no call can be left out */
    }
    return CALIBRATION_HASHES / (bench_now() - start);
}

double bench_calibration(void)
{
    static double rate;

    if (rate == 0)
        rate = bench_median(RUNS, hash_headers, NULL);
    return rate;
}

void bench_rate(const char *name, double per_second, const char *unit)
{
    printf("%s %.0f %s/s ratio %.4f\n", name, per_second, unit, per_second / bench_calibration());
    fflush(stdout);
}

void bench_value(const char *name, double value, const char *unit)
{
    printf("%s %.3f %s\n", name, value, unit);
    fflush(stdout);
}

static const struct {
    const char *name;
    void (*run)(void);
} groups[] = {
    {"addrbook", bench_addrbook}, {"chan", bench_chan},
    {"wire", bench_wire},         {"chain", bench_chain},
    {"discv4", bench_discv4},     {"rlpx", bench_rlpx},
    {"headers", bench_headers},   {"node", bench_node},
    {"txrelay", bench_txrelay},   {"electrum", bench_electrum},
    {"blocks", bench_blocks},     {"block-relay", bench_block_relay},
    {"eth", bench_eth},           {"eth-peers", bench_eth_peers},
};

int main(int argc, char **argv)
{
    bench_rate("calibration_sha256d_80", bench_calibration(), "hashes");
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        int wanted = argc == 1;

        for (int a = 1; a < argc; a++)
            wanted = wanted || strcmp(argv[a], groups[i].name) == 0;
        if (wanted)
            groups[i].run();
    }
    return 0;
}
