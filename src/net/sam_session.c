#include "net/sam_session.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"
#include "codec/hex.h"

void sam_session_init(struct sam_session *s, const struct net_addr *bridge, const char *options)
{
    memset(s, 0, sizeof *s);
    assert(strlen(options) < sizeof s->options);
    s->bridge = *bridge;
    snprintf(s->options, sizeof s->options, "%s", options);
    s->x.fd = -1;
}

void sam_session_close(struct sam_session *s)
{
    if (s->x.fd >= 0)
        close(s->x.fd);
    s->x.fd = -1;
    s->state = SAM_SESSION_NONE;
}

static void fail(struct sam_session *s, int rc)
{
    sam_session_close(s);
    s->error = rc;
}

/* Whether the router has closed the control connection. */
static bool is_closed(const struct sam_session *s)
{
    struct pollfd fd = {.fd = s->x.fd, .events = POLLRDHUP};

    return poll(&fd, 1, 0) > 0;
}

static int begin(struct sam_session *s)
{
    uint8_t secret[(SAM_ID_BYTES - 1) / 2];
    char id[SAM_ID_BYTES];
    int rc;

    random_bytes(secret, sizeof secret);
    hex_encode(id, secret, sizeof secret);
    sam_init_session(&s->machine, id, NULL, s->options);
    s->attempt++;
    s->deadline_us = clock_deadline_ms(SAM_SESSION_TIMEOUT_MS);
    rc = exchange_start(&s->x, &exchange_sam, &s->machine, &s->bridge);
    if (rc < 0)
        fail(s, rc);
    else
        s->state = SAM_SESSION_MAKING;
    return rc;
}

int sam_session_want(struct sam_session *s, uint64_t *attempt)
{
    int rc = 0;

    if (s->state == SAM_SESSION_READY && is_closed(s))
        fail(s, PN_ESAM_SESSION);
    if (s->state == SAM_SESSION_MAKING && clock_mono_us() >= s->deadline_us)
        fail(s, PN_ETIMEDOUT);
    if (s->state == SAM_SESSION_NONE)
        rc = begin(s);
    *attempt = s->attempt;
    return rc;
}

int sam_session_step(struct sam_session *s, uint64_t attempt, short revents)
{
    int rc;

    if (s->attempt != attempt || s->state == SAM_SESSION_NONE)
        return s->error;
    if (s->state == SAM_SESSION_READY)
        return 1;
    rc = exchange_step(&s->x, revents);
    if (rc == 0 && clock_mono_us() >= s->deadline_us)
        rc = PN_ETIMEDOUT;
    if (rc < 0)
        fail(s, rc);
    else if (rc == 1)
        s->state = SAM_SESSION_READY;
    return rc;
}

void sam_session_lost(struct sam_session *s, uint64_t attempt)
{
    if (s->attempt == attempt && s->state == SAM_SESSION_READY)
        fail(s, PN_ESAM_SESSION);
}

const char *sam_session_id(const struct sam_session *s)
{
    return s->machine.id;
}
