/* Handler `stall`: a response that is due and does not come ends the connection.
 *
 * `out` sets a bit of peer.expecting and sends STALL_SENT; `in` clears it and sends STALL_RECEIVED;
 * both only try to send, so neither waits for this thread. The bits are the truth: an event lost to
 * a full channel costs at most one response time of patience, never a false verdict. While a
 * message is being handled no other is read, so the time of the handlers since the last tick is
 * added to the deadlines (btcd peer.go, stallHandler). */
#include "base/clock.h"
#include "base/err.h"
#include "log/log.h"
#include "peer/peer_internal.h"

struct stall_state {
    int64_t deadline_us[PEER_STALL_RULES_MAX]; /* 0: none */
    int64_t handler_since_us;                  /* 0: no handler is active */
    int64_t offset_us;                         /* handler time since the last tick */
    int64_t tick_us;
};

void peer_stall_note(struct peer *p, enum stall_event event, unsigned rule)
{
    struct stall_msg m = {.event = event, .rule = rule, .at_us = clock_mono_us()};

    chan_try_send(&p->stall, &m);
}

void peer_stall_sent(struct peer *p, unsigned cmd)
{
    for (unsigned i = 0; i < p->proto->n_stall_rules; i++)
        if (p->proto->stall_rules[i].sent_cmd == cmd) {
            atomic_fetch_or_explicit(&p->expecting, 1u << i, memory_order_release);
            peer_stall_note(p, STALL_SENT, i);
        }
}

void peer_stall_received(struct peer *p, unsigned cmd)
{
    unsigned answered = 0;

    for (unsigned i = 0; i < p->proto->n_stall_rules; i++)
        if (cmd < 64 && (p->proto->stall_rules[i].answers >> cmd & 1))
            answered |= 1u << i;
    if (answered && (atomic_fetch_and(&p->expecting, ~answered) & answered))
        peer_stall_note(p, STALL_RECEIVED, 0);
}

static int64_t response_us(const struct peer *p, unsigned rule)
{
    return p->config->stall_response_ms * 1000 * p->proto->stall_rules[rule].factor;
}

static void take_event(struct peer *p, struct stall_state *s, const struct stall_msg *m)
{
    switch (m->event) {
    case STALL_SENT:
        s->deadline_us[m->rule] = m->at_us + response_us(p, m->rule);
        break;
    case STALL_RECEIVED:
        break; /* the bits say which */
    case STALL_HANDLER_START:
        s->handler_since_us = m->at_us;
        break;
    case STALL_HANDLER_DONE:
        if (s->handler_since_us)
            s->offset_us += m->at_us - s->handler_since_us;
        s->handler_since_us = 0;
        break;
    }
}

/* One tick. Returns: false when a response is overdue. */
static bool check_deadlines(struct peer *p, struct stall_state *s, int64_t now_us)
{
    unsigned expecting = atomic_load(&p->expecting);
    int64_t offset_us = s->offset_us;

    if (s->handler_since_us) {
        offset_us += now_us - s->handler_since_us;
        s->handler_since_us = now_us; /* what is counted now is not counted again */
    }
    s->offset_us = 0;
    for (unsigned i = 0; i < p->proto->n_stall_rules; i++) {
        if (!(expecting >> i & 1)) {
            s->deadline_us[i] = 0;
            continue;
        }
        if (s->deadline_us[i] == 0) /* its event was lost */
            s->deadline_us[i] = now_us + response_us(p, i);
        s->deadline_us[i] += offset_us;
        if (now_us < s->deadline_us[i])
            continue;
        log_debug("peer", "peer=%llu no answer to %s", (unsigned long long)p->id,
                  p->proto->cmd_name(p->proto->stall_rules[i].sent_cmd));
        return false;
    }
    return true;
}

void peer_stall_run(void *arg)
{
    struct peer *p = arg;
    struct stall_state s = {.tick_us = CLOCK_NEVER};

    for (;;) {
        struct stall_msg m;
        int rc = chan_recv(&p->stall, &m, s.tick_us);

        if (rc == PN_ECLOSED)
            break;
        if (rc == 0) {
            take_event(p, &s, &m);
            if (s.tick_us == CLOCK_NEVER)
                s.tick_us = clock_deadline_ms(p->config->stall_tick_ms);
        }
        if (clock_mono_us() < s.tick_us)
            continue;
        if (!check_deadlines(p, &s, clock_mono_us())) {
            peer_disconnect(p, PN_ESTALLED);
            break;
        }
        /* The ticker rests while nothing is due. */
        s.tick_us =
            atomic_load(&p->expecting) ? clock_deadline_ms(p->config->stall_tick_ms) : CLOCK_NEVER;
    }
    peer_leave(p);
}
