#include "app/signals.h"

#include <event2/event.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/mem.h"

struct signals {
    int fd;
    struct event *readable;
    void (*on_signal)(void *arg, int number);
    void *arg;
};

static void wanted(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGUSR1);
}

void signals_block(void)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t set;

    wanted(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL);
}

static void on_readable(evutil_socket_t fd, short events, void *arg)
{
    struct signals *s = arg;
    struct signalfd_siginfo info;

    (void)events;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info)
        s->on_signal(s->arg, (int)info.ssi_signo);
}

struct signals *signals_new(struct event_base *base, void (*on_signal)(void *arg, int number),
                            void *arg)
{
    struct signals *s = mem_zalloc(sizeof *s);
    sigset_t set;

    if (!s)
        return NULL;
    wanted(&set);
    s->on_signal = on_signal;
    s->arg = arg;
    s->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    s->readable = event_new(base, s->fd, EV_READ | EV_PERSIST, on_readable, s);
    if (s->fd < 0 || !s->readable || event_add(s->readable, NULL) < 0) {
        signals_free(s);
        return NULL;
    }
    return s;
}

void signals_free(struct signals *s)
{
    if (!s)
        return;
    if (s->readable)
        event_free(s->readable);
    if (s->fd >= 0)
        close(s->fd);
    mem_free(s);
}
