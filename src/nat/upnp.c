/* Every 20 minutes the thread looks for the gateway, asks for its outside address and for each
 * port, for 40 minutes at a time; a gateway that knows only mappings without end is asked for such.
 * What it has learned it leaves in `found`, and wakes the loop, which tells the difference. */
#include "nat/upnp.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "config.h"
#include "log/log.h"
#include "thread/chan.h"
#include "thread/thread.h"

#ifdef HAVE_MINIUPNPC
#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpcommands.h>

enum {
    SEARCH_MS = 2000,
    RENEW_MS = 1000 * PORT_MAP_LIFETIME_S / 2,
    RETRY_MS = 300 * 1000,
    ONLY_PERMANENT_LEASES = 725, /* WANIPConnection:1, section 2.4.16 */
    LAN_BYTES = 64,
    TEXT_BYTES = 16,
    DEVICE_BYTES = 256,
};

struct upnp {
    struct upnp_config config;
    char device[DEVICE_BYTES]; /* "": to be searched */
    unsigned n;
    struct nat_port ports[PORT_MAP_MAX];
    struct event *told; /* wakes the loop */
    struct chan quit;
    struct thread thread;
    /* the thread's */
    struct UPNPUrls urls;
    struct IGDdatas data;
    bool has_gateway, warned;
    char lan[LAN_BYTES]; /* our address on the way to the gateway */
    /* between the two */
    struct mutex mu;
    struct net_addr found[PORT_MAP_MAX] GUARDED_BY(mu);
    struct net_addr known[PORT_MAP_MAX]; /* the loop's: as told */
};

bool upnp_is_built_in(void)
{
    return true;
}

/* --- the thread --- */

static void forget_gateway(struct upnp *u)
{
    if (u->has_gateway)
        FreeUPNPUrls(&u->urls);
    u->has_gateway = false;
}

/* The first device on the local network that is connected to the outside. */
static bool search(struct upnp *u)
{
    int error = 0, kind;
    struct UPNPDev *devices =
        upnpDiscover(SEARCH_MS, NULL, NULL, UPNP_LOCAL_PORT_ANY, 0, 2, &error);

    if (!devices)
        return false;
#if MINIUPNPC_API_VERSION >= 18
    kind = UPNP_GetValidIGD(devices, &u->urls, &u->data, u->lan, sizeof u->lan, NULL, 0);
#else
    kind = UPNP_GetValidIGD(devices, &u->urls, &u->data, u->lan, sizeof u->lan);
#endif
    freeUPNPDevlist(devices);
    if (kind > 1) /* not connected, or no gateway at all */
        FreeUPNPUrls(&u->urls);
    return kind == 1;
}

static bool find_gateway(struct upnp *u)
{
    forget_gateway(u);
    if (u->device[0])
        u->has_gateway =
            UPNP_GetIGDFromUrl(u->device, &u->urls, &u->data, u->lan, sizeof u->lan) == 1;
    else
        u->has_gateway = search(u);
    return u->has_gateway;
}

static const char *transport_name(const struct nat_port *port)
{
    return port->transport == NAT_UDP ? "UDP" : "TCP";
}

static bool map_one(struct upnp *u, const struct nat_port *port)
{
    char number[TEXT_BYTES], lifetime[TEXT_BYTES];
    int rc;

    snprintf(number, sizeof number, "%" PRIu16, port->port);
    snprintf(lifetime, sizeof lifetime, "%d", PORT_MAP_LIFETIME_S);
    rc = UPNP_AddPortMapping(u->urls.controlURL, u->data.first.servicetype, number, number, u->lan,
                             PACKAGE_NAME, transport_name(port), NULL, lifetime);
    if (rc == ONLY_PERMANENT_LEASES)
        rc = UPNP_AddPortMapping(u->urls.controlURL, u->data.first.servicetype, number, number,
                                 u->lan, PACKAGE_NAME, transport_name(port), NULL, "0");
    return rc == UPNPCOMMAND_SUCCESS;
}

/* Returns: whether the gateway has an address outside. */
static bool find_outside(struct upnp *u, struct net_addr *out)
{
    char text[LAN_BYTES] = "";

    return UPNP_GetExternalIPAddress(u->urls.controlURL, u->data.first.servicetype, text) ==
               UPNPCOMMAND_SUCCESS &&
           net_addr_parse(out, text, 0) == 0 && out->kind == NET_IPV4;
}

/* Returns: how many ports are mapped. */
static unsigned map_all(struct upnp *u)
{
    struct net_addr found[PORT_MAP_MAX] = {{.kind = NET_NONE}}, outside;
    unsigned mapped = 0;

    if (find_gateway(u) && find_outside(u, &outside))
        for (unsigned i = 0; i < u->n && !quit_requested(&u->quit); i++)
            if (map_one(u, &u->ports[i])) {
                found[i] = outside;
                found[i].port = u->ports[i].port;
                mapped++;
            }
    mutex_lock(&u->mu);
    memcpy(u->found, found, sizeof found);
    mutex_unlock(&u->mu);
    event_active(u->told, EV_TIMEOUT, 0);
    return mapped;
}

/* A gateway that does not answer is not waited for again: the program is about to end. */
static void unmap_all(struct upnp *u)
{
    char number[TEXT_BYTES];
    int rc = UPNPCOMMAND_SUCCESS;

    for (unsigned i = 0; i < u->n && u->has_gateway && rc != UPNPCOMMAND_HTTP_ERROR; i++) {
        snprintf(number, sizeof number, "%" PRIu16, u->ports[i].port);
        rc = UPNP_DeletePortMapping(u->urls.controlURL, u->data.first.servicetype, number,
                                    transport_name(&u->ports[i]), NULL);
    }
}

static void run(void *arg)
{
    struct upnp *u = arg;
    int which;

    do {
        struct chan_case quit = {.chan = &u->quit, .op = CHAN_RECV};
        unsigned mapped = map_all(u);

        if (mapped < u->n && !u->warned)
            log_warn("nat", "of %u ports the gateway maps %u by UPnP", u->n, mapped);
        u->warned = mapped < u->n;
        which = chan_select(&quit, 1, clock_deadline_ms(mapped < u->n ? RETRY_MS : RENEW_MS));
    } while (which != 0);
    unmap_all(u);
    forget_gateway(u);
}

/* --- the loop --- */

static void on_told(evutil_socket_t fd, short events, void *arg)
{
    struct upnp *u = arg;
    struct net_addr found[PORT_MAP_MAX];
    char text[NET_ADDR_TEXT_BYTES];

    (void)fd;
    (void)events;
    mutex_lock(&u->mu);
    memcpy(found, u->found, sizeof found);
    mutex_unlock(&u->mu);
    for (unsigned i = 0; i < u->n; i++) {
        if (net_addr_equal(&found[i], &u->known[i]))
            continue;
        u->known[i] = found[i];
        log_info("nat", "%s port %u is reached at %s", transport_name(&u->ports[i]),
                 u->ports[i].port,
                 found[i].kind == NET_NONE ? "no address" : net_addr_format(text, &found[i]));
        u->config.changed(u->config.arg, i, found[i].kind == NET_NONE ? NULL : &found[i]);
    }
}

static int make(struct upnp *u, struct event_base *base)
{
    int rc;

    if (chan_class_register(&quit_class) < 0)
        return PN_ENOMEM;
    rc = chan_init(&u->quit, &quit_class);
    if (rc < 0)
        return rc;
    u->told = event_new(base, -1, 0, on_told, u);
    rc = u->told ? thread_start(&u->thread, "upnp", ROLE_NAT, run, u) : PN_ENOMEM;
    if (rc < 0) {
        if (u->told)
            event_free(u->told);
        chan_destroy(&u->quit, NULL);
    }
    return rc;
}

int upnp_new(struct upnp **out, struct event_base *base, const struct upnp_config *config,
             const struct nat_port *ports, unsigned n)
{
    struct upnp *u = n <= PORT_MAP_MAX ? mem_zalloc(sizeof *u) : NULL;
    int rc;

    if (!u)
        return n <= PORT_MAP_MAX ? PN_ENOMEM : PN_ELIMIT;
    u->config = *config;
    snprintf(u->device, sizeof u->device, "%s", config->device ? config->device : "");
    memcpy(u->ports, ports, n * sizeof *ports);
    u->n = n;
    mutex_init(&u->mu);
    rc = make(u, base);
    if (rc < 0) {
        mutex_destroy(&u->mu);
        mem_free(u);
        return rc;
    }
    *out = u;
    return 0;
}

void upnp_free(struct upnp *u)
{
    if (!u)
        return;
    quit_request(&u->quit);
    thread_join(&u->thread);
    event_free(u->told);
    chan_destroy(&u->quit, NULL);
    mutex_destroy(&u->mu);
    mem_free(u);
}

#else

bool upnp_is_built_in(void)
{
    return false;
}

int upnp_new(struct upnp **out, struct event_base *base, const struct upnp_config *config,
             const struct nat_port *ports, unsigned n)
{
    (void)base;
    (void)config;
    (void)ports;
    (void)n;
    *out = NULL;
    return PN_ENOROUTE;
}

void upnp_free(struct upnp *u)
{
    (void)u;
}

#endif
