/* Two conversations with the router: `control` makes the private key when there is none, then the
 * session, and stays open, since the session lasts as long. `caller` asks who calls; when somebody
 * does its descriptor is the stream, and the next one is started. Whatever goes wrong with either,
 * both are ended, and after a pause all begins anew. */
#include "dial/i2p_listener.h"

#include <event2/event.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "codec/hex.h"
#include "dial/intake.h"
#include "log/log.h"
#include "net/exchange.h"
#include "net/i2p_key.h"
#include "net/sam.h"
#include "net/sam_session.h"
#include "store/atomic_file.h"
#include "store/read_file.h"

enum {
    QUESTION_MS = 60000, /* for answers that need no tunnel */
    PAUSE_MAX_S = 300,
    PAUSE_DOUBLINGS_MAX = 9,
};

struct talk {
    struct i2p_listener *listener;
    struct exchange x;
    struct sam machine;
    struct event *ready;
    void (*done)(struct i2p_listener *l);
};

struct i2p_listener {
    struct i2p_listener_config config;
    struct event_base *base;
    struct event *timer; /* the end of a talk's patience, or of a pause */
    struct talk control, caller;
    char id[SAM_ID_BYTES];
    char key[SAM_KEY_BYTES]; /* "": to be made */
    struct net_addr own;
    bool pausing, is_reachable;
    unsigned failures; /* in a row */
};

static void begin(struct i2p_listener *l);

/* --- talks --- */

static void set_timer(struct i2p_listener *l, int64_t ms)
{
    const struct timeval wait = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    event_add(l->timer, &wait);
}

static void end_talk(struct talk *t)
{
    if (t->ready)
        event_free(t->ready);
    t->ready = NULL;
    if (t->x.fd >= 0)
        close(t->x.fd);
    t->x.fd = -1;
}

static void set_reachable(struct i2p_listener *l, bool is)
{
    char text[NET_ADDR_TEXT_BYTES];

    if (is == l->is_reachable)
        return;
    l->is_reachable = is;
    if (is)
        log_info("dial", "%s listening on %s", l->config.listener.network,
                 net_addr_format(text, &l->own));
    l->config.reachable(l->config.listener.arg, is ? &l->own : NULL);
}

static void fail(struct i2p_listener *l, int rc)
{
    unsigned doublings = l->failures < PAUSE_DOUBLINGS_MAX ? l->failures : PAUSE_DOUBLINGS_MAX;
    int64_t pause_s = INT64_C(1) << doublings;

    end_talk(&l->control);
    end_talk(&l->caller);
    set_reachable(l, false);
    if (l->failures++ == 0)
        log_warn("dial", "cannot listen in I2P: %s; trying again", pn_strerror(rc));
    l->pausing = true;
    set_timer(l, 1000 * (pause_s < PAUSE_MAX_S ? pause_s : PAUSE_MAX_S));
}

static void on_ready(evutil_socket_t fd, short events, void *arg);

/* Wait for what the exchange waits for. */
static void arm(struct talk *t)
{
    struct i2p_listener *l = t->listener;
    short events = exchange_events(&t->x) & POLLOUT ? EV_WRITE : EV_READ;

    if (t->ready)
        event_free(t->ready);
    t->ready = event_new(l->base, t->x.fd, events, on_ready, t);
    if (!t->ready || event_add(t->ready, NULL) < 0)
        fail(l, PN_ENOMEM);
}

/* The router is ready for callers, and nobody has called yet. */
static void note_waiting(struct i2p_listener *l)
{
    event_del(l->timer);
    l->failures = 0;
    set_reachable(l, true);
}

static void on_ready(evutil_socket_t fd, short events, void *arg)
{
    struct talk *t = arg;
    struct i2p_listener *l = t->listener;
    int rc = exchange_step(&t->x, events & EV_WRITE ? POLLOUT : POLLIN);

    (void)fd;
    if (rc < 0)
        fail(l, rc);
    else if (rc == 1)
        t->done(l);
    else {
        if (t->machine.state == SAM_CALLER)
            note_waiting(l);
        arm(t);
    }
}

static void start_talk(struct talk *t, int64_t patience_ms)
{
    int rc = exchange_start(&t->x, &exchange_sam, &t->machine, &t->listener->config.listener.addr);

    set_timer(t->listener, patience_ms);
    if (rc < 0) {
        fail(t->listener, rc);
        return;
    }
    /* A router that is gone without a word would else be waited for for ever. */
    setsockopt(t->x.fd, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof(int));
    arm(t);
}

/* --- callers --- */

static void ask_for_caller(struct i2p_listener *l)
{
    sam_init_caller(&l->caller.machine, l->id);
    start_talk(&l->caller, QUESTION_MS);
}

static void on_caller(struct i2p_listener *l)
{
    uint8_t destination[I2P_KEY_MAX_BYTES];
    struct net_addr from;
    size_t text_len, len;
    const char *text = sam_value(&l->caller.machine, &text_len);
    int rc = i2p_decode(destination, &len, text, text_len);

    if (rc == 0)
        rc = i2p_address(&from, destination, len);
    if (rc < 0) {
        fail(l, rc);
        return;
    }
    intake_take(&l->config.listener, l->caller.x.fd, &from);
    l->caller.x.fd = -1;
    end_talk(&l->caller);
    ask_for_caller(l);
}

/* --- the key and the session --- */

/* On the control connection nothing comes any more, but its end. */
static void on_control_ended(evutil_socket_t fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    fail(arg, PN_ESAM_SESSION);
}

static void on_session(struct i2p_listener *l)
{
    event_free(l->control.ready);
    l->control.ready = event_new(l->base, l->control.x.fd, EV_READ, on_control_ended, l);
    if (!l->control.ready || event_add(l->control.ready, NULL) < 0)
        fail(l, PN_ENOMEM);
    else
        ask_for_caller(l);
}

static void ask_for_session(struct i2p_listener *l)
{
    uint8_t secret[(SAM_ID_BYTES - 1) / 2];

    random_bytes(secret, sizeof secret);
    hex_encode(l->id, secret, sizeof secret);
    l->control.done = on_session;
    sam_init_session(&l->control.machine, l->id, l->key, l->config.options);
    start_talk(&l->control, SAM_SESSION_TIMEOUT_MS);
}

static int use_key(struct i2p_listener *l, const uint8_t *key, size_t len)
{
    int rc = i2p_address(&l->own, key, len);

    if (rc < 0 || I2P_TEXT_BYTES(len) > sizeof l->key)
        return rc < 0 ? rc : PN_EFORMAT;
    i2p_encode(l->key, key, len);
    return 0;
}

static void on_key(struct i2p_listener *l)
{
    uint8_t key[I2P_KEY_MAX_BYTES];
    size_t text_len, len;
    const char *text = sam_value(&l->control.machine, &text_len);
    int rc = i2p_decode(key, &len, text, text_len);

    if (rc == 0)
        rc = use_key(l, key, len);
    if (rc == 0)
        rc = atomic_file_replace(l->config.key_path, key, len);
    explicit_bzero(key, sizeof key);
    end_talk(&l->control);
    explicit_bzero(&l->control.machine, sizeof l->control.machine);
    if (rc == 0) {
        ask_for_session(l);
        return;
    }
    l->key[0] = '\0';
    fail(l, rc);
}

static void begin(struct i2p_listener *l)
{
    l->pausing = false;
    if (l->key[0]) {
        ask_for_session(l);
        return;
    }
    l->control.done = on_key;
    sam_init_key(&l->control.machine);
    start_talk(&l->control, QUESTION_MS);
}

static void on_timer(evutil_socket_t fd, short events, void *arg)
{
    struct i2p_listener *l = arg;

    (void)fd;
    (void)events;
    if (l->pausing)
        begin(l);
    else
        fail(l, PN_ETIMEDOUT);
}

/* --- construction --- */

static int load_key(struct i2p_listener *l)
{
    uint8_t *key;
    size_t len;
    int rc = read_file(&key, &len, l->config.key_path, I2P_KEY_MAX_BYTES);

    if (rc < 0)
        return rc == PN_ENOENT ? 0 : rc;
    rc = use_key(l, key, len);
    explicit_bzero(key, len);
    mem_free(key);
    return rc;
}

int i2p_listener_new(struct i2p_listener **out, struct event_base *base,
                     const struct i2p_listener_config *config)
{
    struct i2p_listener *l = mem_zalloc(sizeof *l);
    int rc;

    if (!l)
        return PN_ENOMEM;
    l->config = *config;
    l->base = base;
    l->control = (struct talk){.listener = l, .x.fd = -1};
    l->caller = (struct talk){.listener = l, .x.fd = -1, .done = on_caller};
    l->timer = evtimer_new(base, on_timer, l);
    rc = l->timer ? load_key(l) : PN_ENOMEM;
    if (rc < 0) {
        i2p_listener_free(l);
        return rc;
    }
    begin(l);
    *out = l;
    return 0;
}

void i2p_listener_free(struct i2p_listener *l)
{
    if (!l)
        return;
    end_talk(&l->control);
    end_talk(&l->caller);
    if (l->timer)
        event_free(l->timer);
    explicit_bzero(l, sizeof *l);
    mem_free(l);
}
