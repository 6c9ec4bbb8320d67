#include "net/web/web_get.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "net/addr.h"

int web_init(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : PN_ENOMEM;
}

const char *web_authorities_path(void)
{
    const char *named = getenv("SSL_CERT_FILE");

    return named ? named : curl_version_info(CURLVERSION_NOW)->cainfo;
}

/* --- URLs --- */

static int part_of(char out[NET_HOST_BYTES], CURLU *u, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    int rc = curl_url_get(u, part, &text, flags) == CURLUE_OK && strlen(text) < NET_HOST_BYTES
                 ? 0
                 : PN_EFORMAT;

    if (rc == 0)
        snprintf(out, NET_HOST_BYTES, "%s", text);
    curl_free(text);
    return rc;
}

int web_url_target(struct net_target *out, const char *url)
{
    char scheme[NET_HOST_BYTES], host[NET_HOST_BYTES], port[NET_HOST_BYTES], user[NET_HOST_BYTES];
    CURLU *u = curl_url();
    int rc = u ? 0 : PN_ENOMEM;

    if (rc == 0 && curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK)
        rc = PN_EFORMAT;
    if (rc == 0)
        rc = part_of(scheme, u, CURLUPART_SCHEME, 0);
    if (rc == 0)
        rc = part_of(host, u, CURLUPART_HOST, 0);
    if (rc == 0)
        rc = part_of(port, u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    if (rc == 0 && ((strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0) ||
                    part_of(user, u, CURLUPART_USER, 0) == 0))
        rc = PN_EFORMAT;
    curl_url_cleanup(u);
    return rc == 0 ? net_target_parse(out, host, (uint16_t)strtoul(port, NULL, 10)) : rc;
}

/* --- fetching --- */

static size_t on_data(char *data, size_t size, size_t n, void *arg)
{
    struct buf *out = arg;

    return buf_append(out, data, size * n) == 0 ? n : 0;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct web_get *g = arg;

    (void)a, (void)b, (void)c, (void)d;
    return g->stopped && g->stopped(g->arg);
}

/* "host:port:address", which stands in the place of a lookup. */
static struct curl_slist *answer_lookup(const struct net_target *t, const struct net_addr *addr)
{
    char text[NET_ADDR_TEXT_BYTES], line[NET_TARGET_TEXT_BYTES + NET_ADDR_TEXT_BYTES];
    char *port;

    net_addr_format(text, addr);
    port = strrchr(text, ':');
    if (port)
        *port = '\0';
    snprintf(line, sizeof line, "%s:%u:%s", t->host, t->port, text);
    return curl_slist_append(NULL, line);
}

static void use_proxy(CURL *curl, const struct proxy_server *proxy)
{
    char text[NET_ADDR_TEXT_BYTES], url[NET_ADDR_TEXT_BYTES + 16];

    snprintf(url, sizeof url, "socks5h://%s", net_addr_format(text, &proxy->addr));
    curl_easy_setopt(curl, CURLOPT_PROXY, url);
    if (!proxy->auth.user[0])
        return;
    curl_easy_setopt(curl, CURLOPT_PROXYUSERNAME, proxy->auth.user);
    curl_easy_setopt(curl, CURLOPT_PROXYPASSWORD, proxy->auth.password);
}

static void set_up(CURL *curl, struct buf *out, const struct web_get *g)
{
    struct curl_blob authorities = {(void *)(uintptr_t)g->authorities.data, g->authorities.len,
                                    CURL_BLOB_COPY};

    curl_easy_setopt(curl, CURLOPT_URL, g->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)g->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "p2pnode");
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* none from the environment */
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, g);
    if (authorities.len > 0)
        curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &authorities);
    if (g->proxy)
        use_proxy(curl, g->proxy);
}

static int error_of(CURL *curl, CURLcode code, const struct buf *out)
{
    long status = 0;

    switch (code) {
    case CURLE_OK:
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        return status == 200 ? 0 : PN_EREFUSED;
    case CURLE_OUT_OF_MEMORY:
        return PN_ENOMEM;
    case CURLE_OPERATION_TIMEDOUT:
        return PN_ETIMEDOUT;
    case CURLE_ABORTED_BY_CALLBACK:
        return PN_EQUIT;
    case CURLE_WRITE_ERROR:
        return out->err ? out->err : PN_EIO;
    case CURLE_HTTP_RETURNED_ERROR:
    case CURLE_COULDNT_CONNECT:
        return PN_EREFUSED;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return PN_ESIGNATURE;
    case CURLE_PROXY:
        return PN_EPROXY_FAILED;
    default:
        return PN_EIO;
    }
}

int web_get(struct buf *out, const struct web_get *g)
{
    struct curl_slist *lookups = NULL;
    struct net_target t;
    CURL *curl;
    int rc = web_url_target(&t, g->url);

    if (rc < 0)
        return rc;
    curl = curl_easy_init();
    if (!curl)
        return PN_ENOMEM;
    set_up(curl, out, g);
    if (g->addr && !g->proxy && t.kind == TARGET_NAME) {
        lookups = answer_lookup(&t, g->addr);
        curl_easy_setopt(curl, CURLOPT_RESOLVE, lookups);
    }
    rc = error_of(curl, curl_easy_perform(curl), out);
    curl_easy_cleanup(curl);
    curl_slist_free_all(lookups);
    return rc;
}
