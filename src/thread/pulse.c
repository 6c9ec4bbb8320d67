#include "thread/pulse.h"

#include <stdio.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "base/mutex.h"

static _Thread_local struct pulse *own;

static struct mutex mu = MUTEX_INITIALIZER;
static struct pulse *watched GUARDED_BY(mu);

void pulse_begin(struct pulse *p, const char *name, int64_t patience_ms)
{
    *p = (struct pulse){.patience_us = patience_ms * 1000};
    snprintf(p->name, sizeof p->name, "%s", name);
    own = p;
    pulse_turn();
    mutex_lock(&mu);
    DL_APPEND(watched, p);
    mutex_unlock(&mu);
}

void pulse_end(struct pulse *p)
{
    mutex_lock(&mu);
    DL_DELETE(watched, p);
    mutex_unlock(&mu);
    own = NULL;
}

/* Relaxed: a time tells of itself alone. */
void pulse_rest(void)
{
    if (own)
        atomic_store_explicit(&own->away_since_us, 0, memory_order_relaxed);
}

void pulse_turn(void)
{
    if (own)
        atomic_store_explicit(&own->away_since_us, clock_mono_us(), memory_order_relaxed);
}

int pulse_poll(struct pollfd *fds, nfds_t n, int64_t deadline_us)
{
    int rc;

    pulse_rest();
    rc = poll(fds, n, clock_poll_ms(deadline_us));
    pulse_turn();
    return rc;
}

static void look(struct pulse_reading *out, const struct pulse *p, int64_t now_us)
{
    int64_t since_us = atomic_load_explicit(&p->away_since_us, memory_order_relaxed);

    memcpy(out->name, p->name, sizeof out->name);
    out->seen_us = since_us == 0 ? now_us : since_us;
    out->stuck = now_us - out->seen_us > p->patience_us;
}

unsigned pulse_read(struct pulse_reading *out, unsigned max)
{
    int64_t now_us = clock_mono_us();
    const struct pulse *p;
    unsigned n = 0;

    mutex_lock(&mu);
    DL_FOREACH (watched, p) {
        if (n < max)
            look(&out[n], p, now_us);
        n++;
    }
    mutex_unlock(&mu);
    return n;
}
