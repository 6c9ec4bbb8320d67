#include "app/service.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "config.h"
#include "log/log.h"

#ifdef HAVE_LIBSYSTEMD
#include <systemd/sd-daemon.h>
#else
/* Nobody to tell. */
static int sd_notify(int unset_environment, const char *state)
{
    (void)unset_environment;
    (void)state;
    return 0;
}

static int sd_watchdog_enabled(int unset_environment, uint64_t *usec)
{
    (void)unset_environment;
    *usec = 0;
    return 0;
}
#endif

enum { STATUS_US = 10 * 1000000 };

struct service {
    struct service_config config;
    struct event *tick;
    bool watched;
};

static void on_tick(evutil_socket_t fd, short events, void *arg)
{
    struct service *s = arg;
    char text[SERVICE_STATUS_BYTES + 8], line[SERVICE_STATUS_BYTES] = "";

    (void)fd;
    (void)events;
    s->config.status(s->config.arg, line);
    snprintf(text, sizeof text, "STATUS=%s", line);
    sd_notify(0, text);
    if (!s->watched)
        return;
    if (s->config.alive(line, sizeof line))
        sd_notify(0, "WATCHDOG=1");
    else
        log_error("app", "the service manager is not told that all is well: %s", line);
}

struct service *service_new(struct event_base *base, const struct service_config *config)
{
    struct service *s = mem_zalloc(sizeof *s);
    struct timeval period;
    uint64_t usec = 0;

    if (!s)
        return NULL;
    s->config = *config;
    s->watched = sd_watchdog_enabled(0, &usec) > 0;
    usec = s->watched && usec / 2 < STATUS_US ? usec / 2 : STATUS_US;
    period = (struct timeval){.tv_sec = (time_t)(usec / 1000000),
                              .tv_usec = (suseconds_t)(usec % 1000000)};
    s->tick = event_new(base, -1, EV_PERSIST, on_tick, s);
    if (!s->tick || event_add(s->tick, &period) < 0) {
        service_free(s);
        return NULL;
    }
    service_ready();
    on_tick(-1, 0, s);
    return s;
}

void service_free(struct service *s)
{
    if (!s)
        return;
    if (s->tick)
        event_free(s->tick);
    mem_free(s);
}

void service_reloading(void)
{
    char text[64];

    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_mono_us());
    sd_notify(0, text);
}

void service_ready(void)
{
    sd_notify(0, "READY=1");
}

void service_stopping(void)
{
    sd_notify(0, "STOPPING=1");
}
