/* Back-pressure between what a peer asks and what it reads: thread `in` rests while answers are
 * being made elsewhere or wait to be written. What others send never stands behind it. */
#include "base/clock.h"
#include "base/err.h"
#include "peer/peer_internal.h"

void peer_hold(struct peer *p)
{
    mutex_lock(&p->pause_mu);
    p->held++;
    mutex_unlock(&p->pause_mu);
}

void peer_release(struct peer *p)
{
    mutex_lock(&p->pause_mu);
    p->held--;
    pthread_cond_signal(&p->resume);
    mutex_unlock(&p->pause_mu);
}

static bool may_read_on(struct peer *p) REQUIRES(p->pause_mu)
{
    return p->held == 0 && atomic_load(&p->queued_bytes) <= p->config->max_send_bytes / 2;
}

bool peer_must_pause(struct peer *p)
{
    bool must;

    mutex_lock(&p->pause_mu);
    must = !may_read_on(p);
    mutex_unlock(&p->pause_mu);
    return must;
}

int peer_pause(struct peer *p)
{
    mutex_lock(&p->pause_mu);
    atomic_store(&p->pausing, true);
    while (!may_read_on(p) && !peer_disconnecting(p))
        clock_cond_wait(&p->resume, &p->pause_mu, CLOCK_NEVER);
    atomic_store(&p->pausing, false);
    mutex_unlock(&p->pause_mu);
    return peer_disconnecting(p) ? PN_EQUIT : 0;
}

static bool has_room(struct peer *p, unsigned n)
{
    return chan_depth(&p->output) + n <= PEER_REPLIES_MAX;
}

int peer_await_room(struct peer *p, unsigned n)
{
    if (has_room(p, n))
        return 0;
    mutex_lock(&p->pause_mu);
    atomic_store(&p->pausing, true); /* before the look: who makes room after it sees this */
    while (!has_room(p, n) && !peer_disconnecting(p))
        clock_cond_wait(&p->resume, &p->pause_mu, CLOCK_NEVER);
    atomic_store(&p->pausing, false);
    mutex_unlock(&p->pause_mu);
    return peer_disconnecting(p) ? PN_EQUIT : 0;
}

void peer_resume(struct peer *p)
{
    /* Nearly always nobody waits: then this is one load on the way of each batch. */
    if (!atomic_load(&p->pausing))
        return;
    mutex_lock(&p->pause_mu);
    pthread_cond_signal(&p->resume);
    mutex_unlock(&p->pause_mu);
}
