#include "electrum/blacklist_source.h"

#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "dial/gate.h"
#include "electrum/internal.h"
#include "log/log.h"
#include "net/dial_path.h"
#include "net/web/web_get.h"
#include "store/atomic_file.h"
#include "store/read_file.h"

enum {
    FILE_LOOK_MS = 2000,
    RETRY_MS = 60 * 1000, /* after a failure */
    FETCH_TIMEOUT_MS = 30 * 1000,
    LOOKUP_TIMEOUT_MS = 20 * 1000,
    AUTHORITIES_MAX_BYTES = 8 << 20,
};

struct fetched {
    char *text;
    size_t len;
};

struct found {
    int rc;
    struct net_addr addr;
};

static struct chan_class refresh_class = {.name = "electrum_blacklist_refresh", .capacity = 1};
static struct chan_class fetched_class = {
    .name = "electrum_blacklist", .elem_size = sizeof(struct fetched), .capacity = 1};
static struct chan_class found_class = {
    .name = "electrum_blacklist_found", .elem_size = sizeof(struct found), .capacity = 1};

struct blacklist_source {
    struct electrum *e;
    char *path; /* the file, or where a fetched list is kept; or NULL */
    char *url;  /* or NULL */
    atomic_bool again;

    /* thread electrum */
    struct timespec file_time;
    int64_t look_us;
    bool begun;

    /* thread web */
    struct net_target host;
    uint8_t *authorities;
    size_t authorities_len;
    struct chan refresh, quit, fetched, found;
    struct thread thread;
};

/* --- thread web --- */

static void on_found(void *arg, int rc, const struct net_addr *addrs, size_t count)
{
    struct blacklist_source *s = arg;
    struct found f = {.rc = rc == 0 && count == 0 ? PN_EDNS_NONAME : rc};

    if (f.rc == 0)
        f.addr = addrs[0];
    chan_try_send(&s->found, &f);
}

/* An answer that came too late for the question before is thrown away first. */
static int look_up(struct blacklist_source *s, struct net_addr *out)
{
    const struct electrum_peers_config *c = &s->e->config.peers;
    struct found f = {0};
    struct chan_case cases[] = {
        {.chan = &s->found, .op = CHAN_RECV, .elem = &f},
        {.chan = &s->quit, .op = CHAN_RECV},
    };
    int rc;

    if (!c->lookup)
        return PN_ENOROUTE;
    while (chan_try_recv(&s->found, &f) == 0)
        continue;
    rc = c->lookup(c->lookup_arg, &s->host, on_found, s);
    if (rc < 0)
        return rc;
    rc = chan_select(cases, 2, clock_deadline_ms(LOOKUP_TIMEOUT_MS));
    if (rc != 0)
        return rc == 1 ? PN_EQUIT : PN_ETIMEDOUT;
    *out = f.addr;
    return f.rc;
}

static int permit(const struct blacklist_source *s, const struct net_addr *addr)
{
    struct gate *gate = s->e->config.peers.gate;

    return gate ? gate_permit_dial(gate, addr) : 0;
}

/* The way to the host, as for a server: a proxy, or an address that our rules let us dial. With
 * --netrestrict nobody knows where a proxy would find a name. */
static int find_way(struct blacklist_source *s, struct net_addr *addr, struct proxy_server *proxy,
                    bool *has_proxy)
{
    const struct electrum_peers_config *c = &s->e->config.peers;
    struct proxy_route route;
    int rc = 0;

    if (s->host.kind == TARGET_ADDR)
        rc = permit(s, &s->host.addr);
    else if (c->gate && c->gate->permitted->n > 0)
        rc = PN_EFILTERED;
    if (rc < 0)
        return rc;
    rc = proxy_route(&route, dial_paths_config(c->paths), &s->host);
    *has_proxy = rc == 0 && route.way != PROXY_WAY_DIRECT;
    if (*has_proxy)
        *proxy = (struct proxy_server){route.hop, route.auth};
    if (rc == 0)
        return route.way == PROXY_WAY_SAM ? PN_ENOROUTE : 0;
    if (rc != PN_EINVAL)
        return rc;
    rc = look_up(s, addr);
    return rc == 0 ? permit(s, addr) : rc;
}

static bool is_stopped(void *arg)
{
    struct blacklist_source *s = arg;

    return quit_requested(&s->quit);
}

static int fetch(struct blacklist_source *s, struct buf *out)
{
    struct net_addr addr = {.kind = NET_NONE};
    struct proxy_server proxy;
    bool has_proxy = false;
    int rc = find_way(s, &addr, &proxy, &has_proxy);
    const struct web_get get = {
        .url = s->url,
        .addr = addr.kind == NET_NONE ? NULL : &addr,
        .proxy = has_proxy ? &proxy : NULL,
        .authorities = {s->authorities, s->authorities_len},
        .timeout_ms = FETCH_TIMEOUT_MS,
        .stopped = is_stopped,
        .arg = s,
    };

    return rc == 0 ? web_get(out, &get) : rc;
}

/* Owns: gives the text to the thread electrum. */
static int hand_over(struct blacklist_source *s, const struct buf *text)
{
    struct fetched old, f = {.text = mem_dup(text->data, text->len), .len = text->len};

    if (text->len == 0)
        return PN_EFORMAT;
    if (!f.text)
        return PN_ENOMEM;
    while (chan_try_recv(&s->fetched, &old) == 0) /* it was not even looked at */
        mem_free(old.text);
    if (chan_try_send(&s->fetched, &f) < 0)
        mem_free(f.text);
    return 0;
}

static int round_trip(struct blacklist_source *s)
{
    struct buf text;
    int rc;

    buf_init(&text, BLACKLIST_MAX_BYTES);
    rc = fetch(s, &text);
    if (rc == 0)
        rc = hand_over(s, &text);
    if (rc < 0 && rc != PN_EQUIT)
        log_warn("electrum", "cannot fetch the blacklist %s: %s", s->url, pn_strerror(rc));
    buf_free(&text);
    return rc;
}

static void run(void *arg)
{
    struct blacklist_source *s = arg;
    struct chan_case cases[] = {
        {.chan = &s->refresh, .op = CHAN_RECV},
        {.chan = &s->quit, .op = CHAN_RECV},
    };

    do {
        int rc = round_trip(s);
        int64_t pause_ms = rc < 0 ? RETRY_MS : s->e->config.peers.blacklist_interval_ms;

        if (rc == PN_EQUIT)
            return;
        if (pause_ms > s->e->config.peers.blacklist_interval_ms)
            pause_ms = s->e->config.peers.blacklist_interval_ms;
        if (chan_select(cases, 2, clock_deadline_ms(pause_ms)) == 1)
            return;
    } while (!quit_requested(&s->quit));
}

/* --- thread electrum --- */

static int take_text(struct blacklist_source *s, const char *text, size_t len, const char *from)
{
    struct electrum *e = s->e;
    int rc = blacklist_load(&e->blacklist, text, len);

    if (rc < 0)
        log_warn("electrum", "cannot use the blacklist %s: %s", from, pn_strerror(rc));
    else
        log_info("electrum", "the blacklist has %zu entries", e->blacklist.n);
    return rc;
}

static void read_list(struct blacklist_source *s, bool silent)
{
    uint8_t *data;
    size_t len;
    int rc = read_file(&data, &len, s->path, BLACKLIST_MAX_BYTES);

    if (rc == 0) {
        take_text(s, (const char *)data, len, s->path);
        mem_free(data);
    } else if (!silent) {
        log_warn("electrum", "cannot read the blacklist %s: %s", s->path, pn_strerror(rc));
    }
}

/* The file has changed, or is to be read in any case. */
static void look_at_file(struct blacklist_source *s)
{
    bool again = atomic_exchange(&s->again, false);
    struct stat st;

    if (!again && clock_mono_us() < s->look_us)
        return;
    s->look_us = clock_deadline_ms(FILE_LOOK_MS);
    if (stat(s->path, &st) < 0) {
        if (again)
            log_warn("electrum", "there is no blacklist %s", s->path);
        return;
    }
    if (!again && st.st_mtim.tv_sec == s->file_time.tv_sec &&
        st.st_mtim.tv_nsec == s->file_time.tv_nsec)
        return;
    s->file_time = st.st_mtim;
    read_list(s, false);
}

static void take_fetched(struct blacklist_source *s, const struct fetched *f)
{
    int rc = take_text(s, f->text, f->len, s->url);

    if (rc == 0 && s->path)
        rc = atomic_file_replace(s->path, f->text, f->len);
    else
        return;
    if (rc < 0)
        log_warn("electrum", "cannot write %s: %s", s->path, pn_strerror(rc));
}

void blacklist_source_take(struct blacklist_source *s)
{
    struct fetched f;

    if (!s)
        return;
    if (!s->url) {
        look_at_file(s);
        return;
    }
    if (!s->begun && s->path)
        read_list(s, true); /* the last run's */
    s->begun = true;
    while (chan_try_recv(&s->fetched, &f) == 0) {
        take_fetched(s, &f);
        mem_free(f.text);
    }
}

/* --- life --- */

void blacklist_source_refresh(struct blacklist_source *s)
{
    if (!s)
        return;
    atomic_store(&s->again, true);
    if (s->url)
        chan_try_send(&s->refresh, NULL);
}

static int make_channels(struct blacklist_source *s)
{
    struct {
        struct chan *chan;
        struct chan_class *class;
    } const all[] = {{&s->quit, &quit_class},
                     {&s->refresh, &refresh_class},
                     {&s->fetched, &fetched_class},
                     {&s->found, &found_class}};
    size_t n = 0;
    int rc = 0;

    for (; n < sizeof all / sizeof all[0] && rc == 0; n += rc == 0) {
        rc = chan_class_register(all[n].class);
        if (rc == 0)
            rc = chan_init(all[n].chan, all[n].class);
    }
    while (rc < 0 && n > 0)
        chan_destroy(all[--n].chan, NULL);
    return rc;
}

static int prepare_fetching(struct blacklist_source *s)
{
    const char *authorities;
    int rc = web_url_target(&s->host, s->url);

    if (rc == 0)
        rc = web_init();
    authorities = rc == 0 ? web_authorities_path() : NULL;
    if (authorities &&
        read_file(&s->authorities, &s->authorities_len, authorities, AUTHORITIES_MAX_BYTES) < 0)
        log_warn("electrum", "cannot read the authorities in %s", authorities);
    return rc;
}

int blacklist_source_new(struct blacklist_source **out, struct electrum *e)
{
    const struct electrum_peers_config *c = &e->config.peers;
    struct blacklist_source *s;
    int rc;

    *out = NULL;
    if (!c->blacklist_path && !c->blacklist_url)
        return 0;
    s = mem_zalloc(sizeof *s);
    if (!s)
        return PN_ENOMEM;
    s->e = e;
    rc = make_channels(s);
    if (rc < 0) {
        mem_free(s);
        return rc;
    }
    *out = s;
    s->path = c->blacklist_path ? mem_strdup(c->blacklist_path) : NULL;
    s->url = c->blacklist_url ? mem_strdup(c->blacklist_url) : NULL;
    if ((c->blacklist_path && !s->path) || (c->blacklist_url && !s->url))
        return PN_ENOMEM;
    return s->url ? prepare_fetching(s) : 0;
}

int blacklist_source_start(struct blacklist_source *s)
{
    if (!s || !s->url)
        return 0;
    chan_set_notify(&s->fetched, electrum_wake, s->e);
    return thread_start(&s->thread, "blacklist", ROLE_WEB, run, s);
}

void blacklist_source_stop(struct blacklist_source *s)
{
    if (!s)
        return;
    quit_request(&s->quit);
    thread_join(&s->thread);
}

void blacklist_source_free(struct blacklist_source *s)
{
    struct fetched f;

    if (!s)
        return;
    while (chan_try_recv(&s->fetched, &f) == 0)
        mem_free(f.text);
    chan_destroy(&s->quit, NULL);
    chan_destroy(&s->refresh, NULL);
    chan_destroy(&s->fetched, NULL);
    chan_destroy(&s->found, NULL);
    mem_free(s->authorities);
    mem_free(s->path);
    mem_free(s->url);
    mem_free(s);
}
