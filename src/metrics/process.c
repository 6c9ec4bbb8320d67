/* The standard process_* families, read from /proc/self and getrusage(2) before each rendering.
 * What cannot be read is not exposed. Source: Prometheus, "Writing client libraries". */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "metrics/metrics.h"

enum { US_PER_S = 1000000, MS_PER_S = 1000 };

static struct metric_family build_info = {
    .name = "p2pnode_build_info",
    .help = "Always 1; the label names the running version.",
    .type = METRIC_GAUGE,
    .labels = {"version"},
};
static struct metric_family cpu_seconds = {
    .name = "process_cpu_seconds_total",
    .help = "Total user and system CPU time spent in seconds.",
    .type = METRIC_COUNTER,
    .scale = 1e-6,
};
static struct metric_family start_time = {
    .name = "process_start_time_seconds",
    .help = "Start time of the process since unix epoch in seconds.",
    .type = METRIC_GAUGE,
    .scale = 1e-3,
};
static struct metric_family resident_memory = {
    .name = "process_resident_memory_bytes",
    .help = "Resident memory size in bytes.",
    .type = METRIC_GAUGE,
};
static struct metric_family virtual_memory = {
    .name = "process_virtual_memory_bytes",
    .help = "Virtual memory size in bytes.",
    .type = METRIC_GAUGE,
};
static struct metric_family open_fds = {
    .name = "process_open_fds",
    .help = "Number of open file descriptors.",
    .type = METRIC_GAUGE,
};
static struct metric_family max_fds = {
    .name = "process_max_fds",
    .help = "Maximum number of open file descriptors.",
    .type = METRIC_GAUGE,
};

static void collect_cpu(void)
{
    struct rusage use;
    int64_t us;

    if (getrusage(RUSAGE_SELF, &use) < 0)
        return;
    us = (int64_t)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * US_PER_S + use.ru_utime.tv_usec +
         use.ru_stime.tv_usec;
    metric_set(metric_get(&cpu_seconds, NULL), us);
}

/* /proc/self/statm: size and resident set, in pages. proc(5). */
static void collect_memory(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    int64_t pages, resident_pages, page_bytes = sysconf(_SC_PAGESIZE);

    if (!f)
        return;
    if (fscanf(f, "%" SCNd64 " %" SCNd64, &pages, &resident_pages) == 2) {
        metric_set(metric_get(&virtual_memory, NULL), pages * page_bytes);
        metric_set(metric_get(&resident_memory, NULL), resident_pages * page_bytes);
    }
    fclose(f);
}

static void collect_fds(void)
{
    struct rlimit limit;
    DIR *dir = opendir("/proc/self/fd");
    int64_t n = 0;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        metric_set(metric_get(&max_fds, NULL),
                   limit.rlim_cur > INT64_MAX ? INT64_MAX : (int64_t)limit.rlim_cur);
    if (!dir)
        return;
    for (const struct dirent *e; (e = readdir(dir));)
        n += e->d_name[0] != '.';
    closedir(dir);
    metric_set(metric_get(&open_fds, NULL), n - 1); /* without the one that was reading */
}

/* The boot time in seconds since 1970, or 0. /proc/stat, line "btime". */
static int64_t boot_time_s(void)
{
    FILE *f = fopen("/proc/stat", "re");
    int64_t boot_s = 0;
    char line[256];

    if (!f)
        return 0;
    while (fgets(line, sizeof line, f) && sscanf(line, "btime %" SCNd64, &boot_s) != 1)
        ;
    fclose(f);
    return boot_s;
}

/* /proc/self/stat, field 22: ticks between boot and start. The second field is a name in
 * parentheses that may hold anything, so counting starts after its last parenthesis. */
static void set_start_time(void)
{
    FILE *f = fopen("/proc/self/stat", "re");
    int64_t ticks, boot_s = boot_time_s(), ticks_per_s = sysconf(_SC_CLK_TCK);
    char line[1024], *at;

    if (!f)
        return;
    at = fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;
    fclose(f);
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    if (at && boot_s > 0 && ticks_per_s > 0 && sscanf(at, "%" SCNd64, &ticks) == 1)
        metric_set(metric_get(&start_time, NULL),
                   boot_s * MS_PER_S + ticks * MS_PER_S / ticks_per_s);
}

static void collect(void *arg)
{
    (void)arg;
    collect_cpu();
    collect_memory();
    collect_fds();
}

void metrics_register_process(const char *version)
{
    metric_set(metric_get(&build_info, version, NULL), 1);
    set_start_time();
    metrics_remove_collector(collect, NULL);
    metrics_add_collector(collect, NULL);
}
