#include "app/thread_health.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "metrics/metrics.h"
#include "thread/pulse.h"

enum { THREADS_MAX = 32 }; /* there are about twenty with everything switched on */

static struct metric_family heartbeat_family = {
    .name = "p2pnode_thread_heartbeat_timestamp_seconds",
    .help = "When the thread was last at its wait for work (now, while it waits there), in seconds "
            "since 1970.",
    .type = METRIC_GAUGE,
    .labels = {"thread"},
    .scale = 1e-6,
};

static unsigned read_all(struct pulse_reading all[THREADS_MAX], unsigned *total)
{
    *total = pulse_read(all, THREADS_MAX);
    return *total < THREADS_MAX ? *total : THREADS_MAX;
}

bool thread_health(char *detail, size_t size)
{
    struct pulse_reading all[THREADS_MAX];
    int64_t now_us = clock_mono_us();
    unsigned total, n = read_all(all, &total), stuck = 0;
    size_t used = 0;

    for (unsigned i = 0; i < n; i++)
        if (all[i].stuck) {
            int len =
                snprintf(detail + used, size - used, "%s%s has not turned for %" PRId64 " s",
                         stuck++ > 0 ? ", " : "", all[i].name, (now_us - all[i].seen_us) / 1000000);

            used += len < 0 || (size_t)len >= size - used ? size - used - 1 : (size_t)len;
        }
    if (stuck == 0)
        snprintf(detail, size, "%u turn", total);
    return stuck == 0;
}

/* Of several threads of one name it shows the one that has been away longest. */
static bool is_oldest_of_name(const struct pulse_reading *all, unsigned n, unsigned at)
{
    for (unsigned i = 0; i < n; i++)
        if (strcmp(all[i].name, all[at].name) == 0 && all[i].seen_us < all[at].seen_us)
            return false;
    return true;
}

void thread_health_collect(void)
{
    struct pulse_reading all[THREADS_MAX];
    int64_t since_1970_us = clock_wall_us() - clock_mono_us();
    unsigned total, n = read_all(all, &total);

    for (unsigned i = 0; i < n; i++)
        if (is_oldest_of_name(all, n, i))
            metric_set(metric_get(&heartbeat_family, all[i].name, NULL),
                       since_1970_us + all[i].seen_us);
}
