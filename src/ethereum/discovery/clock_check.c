#include "ethereum/discovery/clock_check.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "log/log.h"

enum { ANSWER_US = 2 * 1000000 };

void clock_check_init(struct clock_check *c, void (*find)(void *arg), void *arg)
{
    *c = (struct clock_check){.find = find, .arg = arg, .fd = -1};
}

void clock_check_close(struct clock_check *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* The middle one counts: a single slow or wrong answer says nothing. */
static void conclude(struct clock_check *c, int64_t now_us)
{
    int64_t ahead_us;

    clock_check_close(c);
    c->not_before_us = now_us + CLOCK_CHECK_COOLDOWN_US;
    if (c->n == 0) {
        log_debug("discovery", "the time server does not answer");
        return;
    }
    qsort(c->ahead_us, c->n, sizeof c->ahead_us[0], by_value);
    ahead_us = c->ahead_us[c->n / 2];
    if (llabs(ahead_us) > CLOCK_CHECK_MAX_AHEAD_US)
        log_warn("discovery",
                 "the system's clock is %lld s %s: other nodes ignore what we send until it is set",
                 llabs(ahead_us) / 1000000, ahead_us > 0 ? "slow" : "fast");
}

static void ask(struct clock_check *c, int64_t now_us)
{
    if (c->asked == CLOCK_CHECK_SAMPLES) {
        conclude(c, now_us);
        return;
    }
    c->asked++;
    c->deadline_us = now_us + ANSWER_US;
    c->sent_wall_us = clock_wall_us();
    sntp_make_request(c->request, c->sent_wall_us);
    /* An error shows as a missing answer. */
    (void)!send(c->fd, c->request, sizeof c->request, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void clock_check_found(struct clock_check *c, const struct net_addr *server, int64_t now_us)
{
    struct sockaddr_storage sa;
    socklen_t len;

    if (c->fd >= 0 || net_addr_to_sockaddr(&sa, &len, server) < 0)
        return;
    c->asked = c->n = 0;
    c->fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return;
    if (connect(c->fd, (struct sockaddr *)&sa, len) < 0)
        clock_check_close(c);
    else
        ask(c, now_us);
}

void clock_check_tick(struct clock_check *c, unsigned failures, int64_t now_us)
{
    if (c->fd >= 0 && now_us >= c->deadline_us)
        ask(c, now_us);
    else if (c->fd < 0 && c->find && failures >= CLOCK_CHECK_FAILURES &&
             now_us >= c->not_before_us) {
        c->not_before_us = now_us + CLOCK_CHECK_COOLDOWN_US;
        c->find(c->arg);
    }
}

void clock_check_readable(struct clock_check *c, int64_t now_us)
{
    uint8_t reply[2 * SNTP_PACKET_BYTES];
    ssize_t len = recv(c->fd, reply, sizeof reply, MSG_DONTWAIT);

    if (len < 0)
        return;
    if (sntp_read_reply(&c->ahead_us[c->n], reply, (size_t)len, c->request, c->sent_wall_us,
                        clock_wall_us()) < 0)
        return;
    c->n++;
    ask(c, now_us);
}

int64_t clock_check_deadline(const struct clock_check *c)
{
    return c->fd >= 0 ? c->deadline_us : CLOCK_NEVER;
}
