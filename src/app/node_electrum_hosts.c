#include "app/node_electrum_hosts.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "log/log.h"
#include "net/target.h"

/* "host:port:kind", as Electrum writes it. Several for one host are one server. */
static int add_host(struct electrum_host *list, unsigned *n, unsigned max, const char *text,
                    size_t len)
{
    char one[sizeof list->name + 16];
    struct net_target target;
    unsigned at = 0;
    int rc;

    if (len < 3 || len >= sizeof one || text[len - 2] != ':' ||
        (text[len - 1] != 't' && text[len - 1] != 's'))
        return PN_EFORMAT;
    memcpy(one, text, len - 2);
    one[len - 2] = '\0';
    rc = net_target_parse(&target, one, 0);
    if (rc < 0 || target.port == 0)
        return PN_EFORMAT;
    while (at < *n && strcmp(list[at].name, target.host) != 0)
        at++;
    if (at == max)
        return PN_ELIMIT;
    if (at == *n)
        list[(*n)++] = (struct electrum_host){0};
    snprintf(list[at].name, sizeof list[at].name, "%s", target.host);
    *(text[len - 1] == 't' ? &list[at].tcp_port : &list[at].ssl_port) = target.port;
    return 0;
}

int node_electrum_hosts(struct electrum_host *list, unsigned *n, unsigned max, const char *text,
                        const char *option)
{
    int rc = 0;

    *n = 0;
    while (text && *text && rc == 0) {
        size_t len = strcspn(text, ",");

        rc = add_host(list, n, max, text, len);
        if (rc < 0)
            log_error("app", "--%s: %.*s: %s", option, (int)len, text, pn_strerror(rc));
        text += len + (text[len] == ',');
    }
    return rc;
}
